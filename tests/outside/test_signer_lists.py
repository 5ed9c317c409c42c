"""Signers of the EU's test certificates, imported from lists in the forms these had, and what they really signed."""

from __future__ import annotations

import base64
import functools
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from certcore import cose
from certcore.keys import PublicKey
from certcore.trust import KeyUsage, TrustedIssuer, TrustListContents
from certcore.trust.signer_lists import ImportedCountries, read_eu, read_jwks, read_x509
from tests.conftest import VECTORS, vector_files
from tests.outside.cases import outcome_of, read_json, result_of

pytestmark = [pytest.mark.vectors, pytest.mark.usefixtures("vectors")]

CASES = vector_files("dgc-testdata/*/2DCode/raw/*.json")
HCERT = "ehn-hcert-testdata"
USAGE = KeyUsage.CERTIFICATE

LEFT_OUT = {
    "4dfc0b3070d7230b": "key-usage",  # the certificate of a CA
    "74a81336de8fafff": "key-usage",  # another, whose key usage has signing beside certifying
    "07805b250c759584": "key-usage",  # for clients of TLS and mail
    "b4233ced69da6901": "key-usage",  # the same
    "c927ce52404c90e9": "key-usage",  # for servers and clients of TLS
    "75997941cd2d9b21": "key-malformed",  # a default value is written out, which DER forbids
    "f4a4929a81d44844": "key-malformed",  # an empty extended key usage
}
"""The listed signers that are no use, and why: their certificates' key usage forbids it or cannot be read."""

NOT_OPENED = {"CBO2", "CO20", "CO22", "CO23", "CO28", "CO5"}
"""The messages among the common cases that do not verify under any key, each for its own reason; CO28 names another."""


@functools.cache
def listed() -> tuple[dict[str, Any], ...]:
    """The document signers of the EU's test data: key id in hexadecimal and certificate."""
    return tuple(json.loads((VECTORS / "dgc-testdata" / "trust_store_derived.json").read_text("utf-8")))


@functools.cache
def imported() -> ImportedCountries:
    """All of them, from a list in the gateway's form."""
    entries = [
        {
            "kid": base64.b64encode(bytes.fromhex(one["kid_hex"])).decode(),
            "country": "EU",
            "certificateType": "DSC",
            "rawData": one["cert_der_b64"],
        }
        for one in listed()
    ]
    return read_eu(json.dumps(entries), usage=USAGE, skip_unusable=True)


@functools.cache
def by_key_id() -> dict[bytes, list[PublicKey]]:
    """The imported keys by each id that a trust list would state."""
    found: dict[bytes, list[PublicKey]] = {}
    for key in imported().countries["EU"]:
        for key_id in key.key_ids:
            found.setdefault(key_id, []).append(key.public_key)
    return found


def test_every_listed_signer(vectors: Path) -> None:
    """Each is imported under its id and within its certificate's window, or told to be left out and why."""
    del vectors
    left_out = {listed()[int(one.place[1:-1])]["kid_hex"]: one.code for one in imported().left_out}
    assert LEFT_OUT == left_out
    kept = [one for one in listed() if one["kid_hex"] not in LEFT_OUT]
    windows = {key_id: key for key in imported().countries["EU"] for key_id in key.key_ids}
    assert {bytes.fromhex(one["kid_hex"]) for one in kept} <= windows.keys()
    for one in kept:
        key = windows[bytes.fromhex(one["kid_hex"])]
        stated = [datetime.fromisoformat(one[name]) for name in ("not_before", "not_after")]
        assert key.not_before <= stated[0] < stated[1] <= key.not_after
    assert (90, 81) == (len(listed()), len(imported().countries["EU"]))


def test_the_same_signers_in_other_forms(vectors: Path) -> None:
    """As one file of PEM, one of DER, and a DSC trust list by country, they come to the same keys."""
    del vectors
    ders = [base64.b64decode(one["cert_der_b64"]) for one in listed()]
    pems = b"".join(
        b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n" for der in ders
    )
    dsc_list = {"dsc_trust_list": {"EU": {"keys": [{"x5c": [one["cert_der_b64"]]} for one in listed()]}}}
    expected = imported().countries["EU"]
    assert expected == read_x509(pems, usage=USAGE, skip_unusable=True).keys
    assert expected == read_x509(b"".join(ders), usage=USAGE, skip_unusable=True).keys
    assert expected == read_eu(json.dumps(dsc_list), usage=USAGE, skip_unusable=True).countries["EU"]


def test_they_make_a_trust_list(vectors: Path) -> None:
    """All of them fit into one issuer of one list, and none of their key ids leads to more than four keys."""
    del vectors
    issuer = TrustedIssuer(id="EU", name="EU", country="EU", time_zone="UTC", keys=imported().countries["EU"])
    contents = TrustListContents(
        version=1,
        issued_at=datetime(2021, 6, 1, tzinfo=UTC),
        next_update_at=datetime(2021, 7, 1, tzinfo=UTC),
        issuers=[issuer],
    )
    assert 81 == len(contents.issuers[0].keys)


def test_what_they_signed(vectors: Path) -> None:
    """The messages of the test data open under the imported keys that go by their key ids; no others do."""
    opened, not_opened, left_out = 0, set(), 0
    for path in CASES:
        case = read_json(vectors / path)
        if not case.get("COSE"):
            continue
        signer = PublicKey.from_x509(base64.b64decode(case["TESTCTX"]["CERTIFICATE"]))
        outcome = outcome_of(bytes.fromhex(case["COSE"]), by_key_id().get(signer.key_id, []))
        if isinstance(outcome, bytes):
            opened += 1
        elif signer.key_id.hex() in LEFT_OUT:
            left_out += 1
        else:
            not_opened.add(Path(path).stem)
    assert (103, 11, NOT_OPENED) == (opened, left_out, not_opened)


def test_hcert_certificates_and_jwks(vectors: Path) -> None:
    """Four issuers as X.509 files and as a JWK Set give the same keys and ids; the first one's sample opens."""
    files = [(vectors / HCERT / f"issuer{number}.crt").read_bytes() for number in (1, 2, 3, 4)]
    by_file = read_x509(b"".join(files), usage=USAGE).keys
    by_jwks = read_jwks(
        (vectors / HCERT / "jwks.json").read_bytes(),
        usage=USAGE,
        not_before=by_file[0].not_before,
        not_after=by_file[0].not_after,
        base64url_kids=True,
    ).keys
    assert [(key.key_ids, key.public_key.thumbprint) for key in by_file] == [
        (key.key_ids, key.public_key.thumbprint) for key in by_jwks
    ]
    message = (vectors / HCERT / "test1.bin").read_bytes()
    for keys in (by_file, by_jwks):
        opened = cose.open_sign1(message, keys=[key.public_key for key in reversed(keys)])
        assert keys[0].key_ids[0] == opened.key.key_id == opened.protected[cose.KID]


def test_a_signed_jwk_set_is_not_read(vectors: Path) -> None:
    """The same set with a signature around it is refused: nobody has checked that."""
    data = (vectors / HCERT / "jwks_signed.json").read_bytes()
    begin, end = datetime(2021, 1, 1, tzinfo=UTC), datetime(2023, 1, 1, tzinfo=UTC)
    outcome = result_of(functools.partial(read_jwks, usage=USAGE, not_before=begin, not_after=end), data)
    assert "signer-list-malformed" == outcome
