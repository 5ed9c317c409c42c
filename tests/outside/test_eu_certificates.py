"""The EU's digital COVID certificates, as many issuers made them for tests: from the picture to the signature.

Each case states what must come of some steps, and of the others nothing; both are compared with what came of all of
them, and the tables below hold every exception. Schemas, dates and key usages are the health authorities', and not
tested.
"""

from __future__ import annotations

import base64
import csv
import functools
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from certcore import _cbor, armor, cose, payload, qr
from certcore.errors import RejectedInputError
from certcore.keys import PublicKey
from tests.conftest import VECTORS, vector_files
from tests.outside.cases import outcome_of, read_json, result_of

pytestmark = [pytest.mark.vectors, pytest.mark.usefixtures("vectors")]

FOLDER: Final = "dgc-testdata"
CASES: Final = vector_files(f"{FOLDER}/*/2DCode/raw/*.json")
PREFIX: Final = "HC1:"
MAX_BYTES: Final = 1 << 16

PICTURE, UNPREFIX, BASE45, INFLATE, VERIFY = (
    "EXPECTEDPICTUREDECODE",
    "EXPECTEDUNPREFIX",
    "EXPECTEDB45DECODE",
    "EXPECTEDCOMPRESSION",
    "EXPECTEDVERIFY",
)

NOT_AS_STATED: Final[Mapping[tuple[str, str], str]] = {
    ("common/CO20", VERIFY): "the algorithm is in the unprotected header alone, which certcore refuses by design",
}
"""Every step that goes otherwise than its case states, and why."""

FAILED_UNSTATED: Final[Mapping[tuple[str, str], str]] = {
    ("common/B1", INFLATE): "there are no bytes, since the text is not Base45",
    ("common/B1", VERIFY): "there is no message, since the text is not Base45",
}
"""Every step that does not succeed where its case states nothing; all the others do."""

REFUSED: Final[Mapping[str, str]] = {
    "common/CBO2": "malformed",  # no COSE message
    "common/CO20": "malformed",  # see NOT_AS_STATED
    "common/CO22": "malformed",  # the algorithm is in the unprotected header alone, and no key goes by the key id
    "common/CO23": "malformed",  # as CO22
    "common/CO5": "signature-invalid",  # no signature of the key
}
"""The code that each message is refused with which does not verify."""

KEY_ID_UNKNOWN: Final = frozenset({"common/CBO2", "common/CO22", "common/CO23"})
"""The messages whose key id no trusted certificate goes by; the first has none."""

WITHOUT_PICTURE: Final = {
    "common/B1",
    *(f"FR/DGC_QrCode_{number:05}_Raw" for number in range(1, 19)),
    *(f"FR/{name}" for name in ("recovery_ok", "test_pcr_ok", "vaccin_ok")),
}
"""The cases that state how their picture reads and have none: their text is where the steps start."""


def name_of(path: str) -> str:
    """The name of a case in the tables: its issuer and file."""
    return path.removeprefix(f"{FOLDER}/").removesuffix(".json").replace("/2DCode/raw/", "/")


@functools.cache
def trust_store() -> dict[bytes, tuple[PublicKey, ...]]:
    """The keys of all document signers by key id: those listed, and the signer each case names."""
    listed = json.loads((VECTORS / FOLDER / "trust_store_derived.json").read_text("utf-8"))
    certificates = [entry["cert_der_b64"] for entry in listed]
    certificates += [read_json(VECTORS / path)["TESTCTX"]["CERTIFICATE"] for path in CASES]
    store: dict[bytes, dict[bytes, PublicKey]] = {}
    for certificate in certificates:
        key = PublicKey.from_x509(base64.b64decode(certificate))
        store.setdefault(key.key_id, {})[key.thumbprint] = key
    return {key_id: tuple(keys.values()) for key_id, keys in store.items()}


def keys_for(message: bytes) -> tuple[PublicKey, ...]:
    """The trusted keys that go by the key id of a message, the protected one first; none where it cannot be read."""
    try:
        array = _cbor.decode_general(message.removeprefix(b"\xd8\x3d").removeprefix(b"\xd2"), max_bytes=MAX_BYTES)
        protected = _cbor.decode_general(array[0], max_bytes=MAX_BYTES) if array[0] else {}
    except RejectedInputError:
        return ()
    return trust_store().get(protected.get(cose.KID, array[1].get(cose.KID)), ())


def texts_in(picture: str) -> list[str]:
    """The texts of the QR symbols in a picture in Base64; none where it is no picture."""
    symbols = result_of(qr.read, base64.b64decode(picture))
    if isinstance(symbols, str):
        assert "image-format" == symbols
        return []
    return [symbol.text for symbol in symbols]


def unarmoured(text: str) -> bytes | None:
    """The bytes of a Base45 text, or nothing where it is refused as malformed."""
    data = result_of(armor.base45_decode, text)
    if isinstance(data, str):
        assert "malformed" == data
        return None
    return data


def inflated(data: bytes | None) -> bytes | None:
    """What zlib makes of the bytes, or nothing where it cannot, or where it would be more than `MAX_BYTES`."""
    inflater = zlib.decompressobj()
    try:
        message = inflater.decompress(data or b"", MAX_BYTES)
    except zlib.error:
        return None
    return message if inflater.eof else None


def is_stated(case: Mapping[str, Any], member: str, data: bytes | None) -> bool:
    """Whether there are bytes, and they are those in the case's member where it has it."""
    return data is not None and case.get(member, data.hex()).lower() == data.hex()


@functools.cache
def steps_of(path: str) -> tuple[dict[str, bool], bytes | None]:
    """Which steps of a case succeed, and its message: what was carried, or what the case states where nothing was."""
    case = read_json(VECTORS / path)
    steps: dict[str, bool] = {}
    text = case["PREFIX"]
    if case.get("2DCODE"):
        texts = texts_in(case["2DCODE"])
        steps[PICTURE] = texts == [text]
    body = text.removeprefix(PREFIX)
    steps[UNPREFIX] = text.startswith(PREFIX) and body == case.get("BASE45", body)
    compressed = unarmoured(body if text.startswith(PREFIX) else case["BASE45"])
    steps[BASE45] = is_stated(case, "COMPRESSED", compressed)
    message = inflated(compressed)
    steps[INFLATE] = is_stated(case, "COSE", message)
    if message is None and "COSE" in case:
        message = bytes.fromhex(case["COSE"])
    steps[VERIFY] = message is not None and isinstance(outcome_of(message, keys_for(message)), bytes)
    return steps, message


@pytest.mark.parametrize("path", CASES)
def test_case(vectors: Path, path: str) -> None:
    """Every step of a case goes as the case states, and succeeds where it states nothing, each exception apart."""
    stated, name = read_json(vectors / path)["EXPECTEDRESULTS"], name_of(path)
    steps, _ = steps_of(path)
    expected = {
        step: stated[step] != ((name, step) in NOT_AS_STATED) if step in stated else (name, step) not in FAILED_UNSTATED
        for step in steps
    }
    assert expected == steps


@pytest.mark.parametrize("path", CASES)
def test_refusal(path: str) -> None:
    """A message that does not verify is refused with the code in the table; its key id is known unless stated."""
    steps, message = steps_of(path)
    name = name_of(path)
    if message is None:
        assert "common/B1" == name
        return
    outcome = outcome_of(message, keys_for(message))
    assert REFUSED.get(name) == (None if steps[VERIFY] else outcome)
    assert (name in KEY_ID_UNKNOWN) is (keys_for(message) == ())


@pytest.mark.parametrize("path", CASES)
def test_text_is_not_a_certificate_of_certcore(vectors: Path, path: str) -> None:
    """The text is refused as another kind of code, and as the EU's where it has the EU's prefix."""
    text = read_json(vectors / path)["PREFIX"]
    with pytest.raises(RejectedInputError) as caught:
        armor.decode(text)
    kind = "eu-dcc" if text.startswith(PREFIX) else "unknown"
    assert ("foreign-format", (("format", kind),)) == (caught.value.code, caught.value.detail)


@pytest.mark.parametrize("path", CASES)
def test_message_is_not_a_certificate_of_certcore(path: str) -> None:
    """The message is no certificate of certcore's: where its envelope is like one, its payload is refused."""
    _, message = steps_of(path)
    envelope = result_of(cose.read_certificate, message or b"")
    if isinstance(envelope, str):
        assert "malformed" == envelope
        return
    content = outcome_of(message or b"", keys_for(message or b""))
    assert isinstance(content, bytes)
    with pytest.raises(RejectedInputError) as caught:
        payload.decode(content)
    assert "malformed" == caught.value.code


def test_totals(vectors: Path) -> None:
    """As many pictures are read and signatures verified as when this was written; the tables name nothing else."""
    steps = {name_of(path): steps_of(path)[0] for path in CASES}
    stated = [read_json(vectors / path)["EXPECTEDRESULTS"] for path in CASES]
    pictures = [case[PICTURE] for case in steps.values() if PICTURE in case]
    verified = [case[VERIFY] for case in steps.values()]
    assert (132, 75, 74) == (len(steps), len(pictures), sum(pictures))
    assert (126, 6) == (verified.count(True), verified.count(False))
    assert (102, 4) == tuple(sum(case.get(VERIFY) is result for case in stated) for result in (True, False))
    assert WITHOUT_PICTURE == {
        name for name, case in zip(steps, stated, strict=True) if PICTURE in case and PICTURE not in steps[name]
    }
    assert {name for name, _ in (*NOT_AS_STATED, *FAILED_UNSTATED)} | REFUSED.keys() | KEY_ID_UNKNOWN <= steps.keys()


def test_known_issues_are_no_excuse(vectors: Path) -> None:
    """No exception in the tables leans on an expectation that is known to be wrong upstream."""
    with (vectors / FOLDER / "tests" / "known_issues.csv").open(encoding="utf-8", newline="") as file:
        known = [row["country"] for row in csv.DictReader(file)]
    assert 15 == len(known)
    assert set() == set(known) & {name.partition("/")[0] for name, _ in NOT_AS_STATED}


def test_key_ids_of_certificates(vectors: Path) -> None:
    """The key id of a certificate is the one that is stated for it in the list of signers."""
    listed = json.loads((vectors / FOLDER / "trust_store_derived.json").read_text("utf-8"))
    key_ids = [PublicKey.from_x509(base64.b64decode(entry["cert_der_b64"])).key_id.hex() for entry in listed]
    assert 90 == len(key_ids)
    assert [entry["kid_hex"] for entry in listed] == key_ids
    assert set(key_ids) <= {key_id.hex() for key_id in trust_store()}


HCERT: Final = "ehn-hcert-testdata"
HCERT_ISSUER_KEY_ID: Final = bytes.fromhex("ab374d001ccc4a33")


def hcert_issuers(vectors: Path) -> list[PublicKey]:
    """The keys of the four issuers, from their certificates."""
    return [PublicKey.from_x509((vectors / HCERT / f"issuer{n}.crt").read_bytes()) for n in (1, 2, 3, 4)]


def test_hcert_picture(vectors: Path) -> None:
    """The first sample is read from its picture, opens under the first of four issuers, and says what its JSON does."""
    (symbol,) = qr.read(vectors / HCERT / "test1.png")
    message = inflated(armor.base45_decode(symbol.text.removeprefix(PREFIX)))
    assert (vectors / HCERT / "test1.bin").read_bytes() == message
    first, *others = hcert_issuers(vectors)
    opened = cose.open_sign1(message, keys=[*others, first])
    assert (HCERT_ISSUER_KEY_ID, first) == (opened.protected[cose.KID], opened.key)
    claims = _cbor.decode_general(opened.payload, max_bytes=MAX_BYTES)
    assert read_json(vectors / HCERT / "test1.json") == claims[-260][1]


def test_hcert_other_issuers(vectors: Path) -> None:
    """The sample does not open under any of the other issuers."""
    message = (vectors / HCERT / "test1.bin").read_bytes()
    codes = [outcome_of(message, [key]) for key in hcert_issuers(vectors)[1:]]
    assert 3 * ["signature-invalid"] == codes


def test_hcert_keys_in_json(vectors: Path) -> None:
    """The issuers' keys as JWKs are the keys in their certificates, and their ``kid`` is the key id in base64url."""
    jwks = {jwk["kid"]: PublicKey.from_jwk(jwk) for jwk in read_json(vectors / HCERT / "jwks.json")["keys"]}
    for key in hcert_issuers(vectors):
        kid = base64.urlsafe_b64encode(key.key_id).rstrip(b"=").decode()
        assert key.thumbprint == jwks[kid].thumbprint
    assert 4 == len(jwks)
