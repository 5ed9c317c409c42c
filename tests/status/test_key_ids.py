"""A key id selects, in every document of a register: one that names another key counts under none of the list's."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

import pytest

from certcore import armor
from certcore._base64url import encode
from certcore.errors import CertcoreError
from certcore.keys import LocalSigner
from certcore.proofs import receipts
from certcore.status import VehicleQuery, VehicleRecord
from certcore.status.tokenlist import (
    StatusList,
    issue_events,
    issue_token,
    open_events,
    open_jwt_token,
    open_token,
)
from certcore.status.vehicledoc import encode_request, issue_answer, open_answer
from certcore.trust import KeyUsage, TrustedKey
from tests.verify_cases import NOW, certificate, seal, trusted_key

URI: Final = "https://status.example/lists/7"
END: Final = NOW + timedelta(hours=1)
SIGNER: Final = LocalSigner.generate()
ENTRIES: Final = StatusList.from_values({0: 1}, size=8)
TEXT: Final = seal(certificate())
QUERY: Final = VehicleQuery(country="CN", vin="LSVAA4181E2184211", as_of=NOW, asked_at=NOW)
REQUEST: Final = encode_request(QUERY, nonce=bytes(8))

Keys = Sequence[TrustedKey]
Document = tuple[Callable[[LocalSigner], Any], Callable[[Any, Keys], object], KeyUsage]


def jwt(signer: LocalSigner) -> str:
    """A status list token as a JWS, its kid the signer's id as text."""
    header = {"alg": "ES256", "typ": "statuslist+jwt", "kid": signer.public_key.key_id.decode()}
    entries = {"bits": 1, "lst": encode(zlib.compress(b"\x02"))}
    claims = {"sub": URI, "iat": int(NOW.timestamp()), "status_list": entries}
    signed = ".".join(encode(json.dumps(part).encode()) for part in (header, claims))
    return f"{signed}.{encode(signer.sign(signed.encode()))}"


DOCUMENTS: Final[dict[str, Document]] = {
    "list": (
        lambda signer: issue_token(ENTRIES, uri=URI, signer=signer, issued_at=NOW, expires_at=END),
        lambda data, keys: open_token(data, uri=URI, keys=keys, now=NOW),
        KeyUsage.STATUS,
    ),
    "jwt": (jwt, lambda data, keys: open_jwt_token(data, uri=URI, keys=keys, now=NOW), KeyUsage.STATUS),
    "events": (
        lambda signer: issue_events({}, uri=URI, signer=signer, history_from=NOW, issued_at=NOW, expires_at=END),
        lambda data, keys: open_events(data, uri=URI, keys=keys, now=NOW),
        KeyUsage.STATUS,
    ),
    "answer": (
        lambda signer: issue_answer(
            VehicleRecord(known=False, observed_at=NOW), request=REQUEST, signer=signer, issued_at=NOW, expires_at=END
        ),
        lambda data, keys: open_answer(data, request=REQUEST, keys=keys, now=NOW),
        KeyUsage.REGISTER,
    ),
    "receipt": (
        lambda signer: receipts.issue_receipt(TEXT, issuer="CN", signer=signer, issued_at=NOW),
        lambda data, keys: receipts.open_receipt(data, certificate=armor.decode(TEXT), keys=keys),
        KeyUsage.REGISTER,
    ),
}


def named(key_id: bytes) -> LocalSigner:
    """The signer under another id."""
    return LocalSigner.from_pem(SIGNER.to_pem(), key_id=key_id)


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_document_that_names_another_key(kind: str) -> None:
    """A retired key's id on what a current key signed, or an id of nobody's."""
    issue, opening, usage = DOCUMENTS[kind]
    retired = LocalSigner.generate()
    mine = trusted_key(SIGNER, usage=usage, key_ids=[b"mine"])
    others = trusted_key(retired, usage=usage, key_ids=[b"retired"])
    for keys in ([mine], [mine, others]):
        assert opening(issue(named(b"mine")), keys)
        for key_id in (b"retired", b"nobody", b"min", b"mine2", b"x" * 32):
            with pytest.raises(CertcoreError) as caught:
                opening(issue(named(key_id)), keys)
            assert caught.value.code.endswith(("-signature", "-untrusted"))


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_document_under_one_of_several_ids(kind: str) -> None:
    """Each of the ids that the trust list states finds the key."""
    issue, opening, usage = DOCUMENTS[kind]
    key = trusted_key(SIGNER, usage=usage, key_ids=[b"one", b"two"])
    for key_id in (b"one", b"two"):
        assert opening(issue(named(key_id)), [key])
