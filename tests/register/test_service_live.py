"""The service presents certificates live: for whoever may ask, and only what is the issuer's and in force."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from certcore import armor, cose, payload
from certcore.issue import Issuer
from certcore.keys import LocalSigner
from certcore.register.access import BY_PLATE, LIVE, Principal
from certcore.register.log import StatusRegistry
from certcore.register.service import create_app
from tests.register.asgi import Answer, ask
from tests.register.cast import DAY, NOW, SIGNER, SetClock, certificate, issue

LIVE_SIGNER = LocalSigner.generate()
PRINCIPALS = {"app": Principal("app", {LIVE}), "plates": Principal("plates", {BY_PLATE})}


def authorize(request: Request) -> Principal | None:
    """Takes everybody's word for who they are."""
    return PRINCIPALS.get(request.headers.get("authorization", ""))


@pytest.fixture
def issuer(lite: StatusRegistry, clock: SetClock) -> Issuer:
    """The issuer whose register it is, with a key for live presentations."""
    return Issuer(signer=SIGNER, country="CN", registry=lite, live_signer=LIVE_SIGNER, clock=clock)


def present(lite: StatusRegistry, folder: Path, issuer: Issuer | None, text: str, who: str = "app") -> Answer:
    """Ask for a presentation."""
    app = create_app(lite, signer=None, trust_list=b"", folder=folder, authorize=authorize, issuer=issuer)
    return ask(app, "/live", method="POST", headers={"Authorization": who}, body=[text.encode()])


def test_a_certificate_in_force_is_presented(
    lite: StatusRegistry, clock: SetClock, tmp_path: Path, issuer: Issuer
) -> None:
    """The answer is a live presentation of the certificate, by the live key, for five minutes, and is not cached."""
    _, text = issue(lite, clock)
    clock.at = NOW
    found = present(lite, tmp_path, issuer, text)
    assert (200, "no-store") == (found.status, found.headers["cache-control"])
    envelope = cose.read_certificate(armor.decode(found.body.decode()))
    shown = payload.decode(envelope.verify(LIVE_SIGNER.public_key))
    assert shown.presented_at is not None
    assert shown.expires_at is not None
    assert 300 == (shown.expires_at - shown.presented_at).total_seconds()


def test_what_is_refused(lite: StatusRegistry, clock: SetClock, tmp_path: Path, issuer: Issuer) -> None:
    """Nobody's token, one without the scope, too much, rubbish, and a revoked certificate."""
    ref, text = issue(lite, clock)
    clock.at = NOW
    assert 401 == present(lite, tmp_path, issuer, text, who="nobody").status
    assert 403 == present(lite, tmp_path, issuer, text, who="plates").status
    assert 413 == present(lite, tmp_path, issuer, "A" * 5000).status
    lite.revoke(ref, effective_at=NOW, actor="clerk-7", reason="entered in error")
    for refused in (text, text[:-2], "", "\x00é", "HC1:ABC"):
        found = present(lite, tmp_path, issuer, refused)
        assert 422 == found.status
        assert "http-422" == json.loads(found.body)["code"]


@pytest.mark.parametrize("changes", [{"registration_number": "闽C99999"}, {"vin": "LSVAA418777777777"}, {}], ids=str)
def test_what_is_not_recorded_is_refused(
    lite: StatusRegistry, clock: SetClock, tmp_path: Path, changes: dict[str, Any]
) -> None:
    """A text under a recorded reference that a stolen former key signed is no certificate of this register."""
    stolen = LocalSigner.generate()
    ref, text = issue(lite, clock)
    forged = Issuer(signer=stolen, country="CN", clock=clock).issue(certificate(status=ref, issued_at=NOW, **changes))
    issuer = Issuer(
        signer=SIGNER,
        country="CN",
        registry=lite,
        live_signer=LIVE_SIGNER,
        clock=clock,
        former_keys=[stolen.public_key],
    )
    assert 422 == present(lite, tmp_path, issuer, forged).status
    assert 200 == present(lite, tmp_path, issuer, text).status
    lite.revoke(ref, effective_at=NOW + DAY, actor="clerk-7", reason="sold abroad")
    issue(lite, clock, supersedes_from=NOW)
    lite.erase(ref, actor="data-protection", reason="on request")
    assert 422 == present(lite, tmp_path, issuer, text).status


@pytest.mark.parametrize("has_issuer", [True, False], ids=["with a live key", "without"])
def test_the_route_is_there_with_a_live_key_alone(
    lite: StatusRegistry,
    tmp_path: Path,
    issuer: Issuer,
    has_issuer: bool,  # noqa: FBT001  a column
) -> None:
    """It is served and described with a live key, and is neither without one."""
    app = create_app(
        lite, signer=None, trust_list=b"", folder=tmp_path, authorize=authorize, issuer=issuer if has_issuer else None
    )
    assert has_issuer == ("/live" in json.loads(ask(app, "/openapi.json").body)["paths"])
    assert (405 if has_issuer else 404) == ask(app, "/live").status


def test_a_register_that_shows_no_texts_presents_nothing(lite: StatusRegistry, clock: SetClock, tmp_path: Path) -> None:
    """An app over such an issuer is refused when it is made, not when somebody asks."""
    issuer = Issuer(signer=SIGNER, country="CN", live_signer=LIVE_SIGNER, clock=clock)
    with pytest.raises(ValueError, match="recorded texts"):
        create_app(lite, signer=None, trust_list=b"", folder=tmp_path, authorize=authorize, issuer=issuer)
