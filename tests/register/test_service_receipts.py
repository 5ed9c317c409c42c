"""The service gives receipts: for whoever may ask, and only for what the register holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from certcore import armor
from certcore.keys import LocalSigner
from certcore.proofs.receipts import RECEIPT_TYPE, open_receipt
from certcore.register.access import LIVE, RECEIPT, Principal
from certcore.register.log import StatusRegistry
from certcore.register.service import create_app
from certcore.trust import KeyUsage, TrustedKey
from tests.register.asgi import Answer, ask
from tests.register.cast import BEGIN, DAY, NOW, SIGNER, SetClock, issue

REGISTER_SIGNER = LocalSigner.generate()
KEY = TrustedKey(
    public_key=REGISTER_SIGNER.public_key, usage=KeyUsage.REGISTER, not_before=BEGIN, not_after=NOW + 1000 * DAY
)
PRINCIPALS = {"insurer": Principal("insurer", {RECEIPT}), "app": Principal("app", {LIVE})}


def authorize(request: Request) -> Principal | None:
    """Takes everybody's word for who they are."""
    return PRINCIPALS.get(request.headers.get("authorization", ""))


@pytest.fixture
def registry(tmp_path: Path, clock: SetClock) -> Iterator[StatusRegistry]:
    """A register that knows whose it is."""
    found = StatusRegistry(f"sqlite:///{tmp_path / 'own.db'}", clock=clock, issuer="CN", list_size=256)
    yield found
    found.close()


def app_of(registry: StatusRegistry, folder: Path, **changes: Any) -> Starlette:  # noqa: ANN401  create_app's own
    """The app over a register."""
    given: dict[str, Any] = {"signer": REGISTER_SIGNER, "trust_list": b"", "folder": folder, "authorize": authorize}
    return create_app(registry, **(given | changes))


def receipt(app: Starlette, text: str, *, who: str = "insurer") -> Answer:
    """Ask for a receipt."""
    return ask(app, "/receipts", method="POST", headers={"Authorization": who}, body=[text.encode()])


@pytest.mark.parametrize("line_end", ["", "\n", "\r\n"], ids=repr)
def test_a_recorded_certificate_gets_a_receipt(
    registry: StatusRegistry, clock: SetClock, tmp_path: Path, line_end: str
) -> None:
    """Under the register's key, with the time of the record, and not cached; a file's line end is dropped."""
    _, text = issue(registry, clock)
    clock.pass_by(DAY)
    found = receipt(app_of(registry, tmp_path), text + line_end)
    assert (200, RECEIPT_TYPE, "no-store", "nosniff") == (
        found.status,
        *(found.headers[name] for name in ("content-type", "cache-control", "x-content-type-options")),
    )
    held = open_receipt(found.body, certificate=armor.decode(text), keys=[KEY])
    assert NOW + timedelta(seconds=1) == held


def test_who_may_not_ask_gets_none(registry: StatusRegistry, clock: SetClock, tmp_path: Path) -> None:
    """Nobody's token, and one with another scope: before the text is looked at."""
    _, text = issue(registry, clock)
    app = app_of(registry, tmp_path)
    for asked in (text, "HC1:ABC"):
        assert [401, 403] == [receipt(app, asked, who=who).status for who in ("nobody", "app")]


def test_what_is_not_held_gets_none(registry: StatusRegistry, clock: SetClock, tmp_path: Path) -> None:
    """Too much, rubbish, another text, and one that was erased; the problem names no vehicle."""
    ref, text = issue(registry, clock)
    _, other = issue(registry, clock, 2)
    registry.revoke(ref, effective_at=None, actor="clerk-7", reason="entered in error")
    registry.erase(ref, actor="clerk-7", reason="on request")
    app = app_of(registry, tmp_path)
    assert 413 == receipt(app, "A" * 5000).status
    for asked, status, code in (
        ("", 400, "no-certificate"),
        ("HC1:ABC", 400, "foreign-format"),
        ("\x00é", 400, "foreign-format"),
        (other[:-2], 400, "malformed"),
        (text, 422, "http-422"),
    ):
        found = receipt(app, asked)
        assert (status, code) == (found.status, found.code)
        assert b"10001" not in found.body


def test_a_key_that_may_not_sign_receipts_is_unavailable(
    registry: StatusRegistry, clock: SetClock, tmp_path: Path
) -> None:
    """The certificate's own key proves nothing: 503, and no traceback."""
    _, text = issue(registry, clock)
    assert 503 == receipt(app_of(registry, tmp_path, signer=SIGNER), text).status


def test_a_register_that_fails_is_unavailable(registry: StatusRegistry, clock: SetClock, tmp_path: Path) -> None:
    """503 with the code."""
    _, text = issue(registry, clock)
    app = app_of(registry, tmp_path)
    registry.close()
    (tmp_path / "own.db").write_bytes(b"no database" * 1000)
    found = receipt(app, text)
    assert (503, "status-unavailable") == (found.status, found.code)


@pytest.mark.parametrize("missing", ["signer", "authorize", "issuer"])
def test_without_key_guard_or_name_there_are_no_receipts(
    registry: StatusRegistry, lite: StatusRegistry, tmp_path: Path, missing: str
) -> None:
    """The route is neither served nor described; with all of them it is both."""
    whole = app_of(registry, tmp_path)
    lacking = app_of(lite, tmp_path) if missing == "issuer" else app_of(registry, tmp_path, **{missing: None})
    for app, status in ((whole, 405), (lacking, 404)):
        description = json.loads(ask(app, "/openapi.json").body)
        assert status == ask(app, "/receipts").status
        assert (status == 405) == ("/receipts" in description["paths"])


def test_answers_are_as_described(registry: StatusRegistry, clock: SetClock, tmp_path: Path) -> None:
    """Each answer's status and type are in the description."""
    _, text = issue(registry, clock)
    app = app_of(registry, tmp_path)
    described = json.loads(ask(app, "/openapi.json").body)["paths"]["/receipts"]["post"]["responses"]
    found = [receipt(app, text), receipt(app, ""), receipt(app, "A" * 5000), receipt(app, text, who="nobody")]
    for answer in found:
        assert answer.headers["content-type"] in described[str(answer.status)]["content"]
