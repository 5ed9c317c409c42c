"""The examples of the COSE working group: each opens, or is refused for a reason that stands in a table here.

certcore opens one kind of them, COSE_Sign1. Of COSE_Sign it reads the trust list's profile alone, so these examples are
refused as messages, but their signatures are checked one by one: they are over other bytes than those of COSE_Sign1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from certcore import _cbor, cose
from certcore.errors import CertcoreError
from certcore.keys import PublicKey
from tests.conftest import vector_files
from tests.outside.cases import outcome_of, read_json, result_of, sig_structure, usable_keys

pytestmark = [pytest.mark.vectors, pytest.mark.usefixtures("vectors")]

FOLDER: Final = "cose-wg-examples"
EXAMPLES: Final = vector_files(f"{FOLDER}/*/*.json")

KINDS: Final = {"sign0": 21, "sign": 34, "mac": 63, "mac0": 25, "encrypted": 30, "enveloped": 133}
"""The member of an example's input that tells its kind, and how many examples are of that kind."""

OPENED: Final = frozenset(
    {
        "CWT/A_3",
        "RFC8152/Appendix_C_2_1",
        "countersign/signed1-01",
        "countersign/signed1-02",
        "countersign1/signed1-01",
        "ecdsa-examples/ecdsa-sig-01",
        "ecdsa-examples/ecdsa-sig-02",
        "eddsa-examples/eddsa-sig-01",
        "sign1-tests/sign-pass-02",
    }
)
"""Every COSE_Sign1 that must open."""

FAILING: Final[Mapping[str, str]] = {
    "sign1-tests/sign-fail-01": "malformed",  # tag 998
    "sign1-tests/sign-fail-02": "signature-invalid",  # another payload
    "sign1-tests/sign-fail-03": "key-unknown",  # algorithm -999
    "sign1-tests/sign-fail-04": "malformed",  # an algorithm named in text
    "sign1-tests/sign-fail-06": "signature-invalid",  # a protected header more
    "sign1-tests/sign-fail-07": "signature-invalid",  # a protected header less
}
"""Every COSE_Sign1 that nobody may open, and the code it is refused with."""

NOT_OPENED: Final[Mapping[str, tuple[str, str]]] = {
    "ecdsa-examples/ecdsa-sig-03": ("key-unknown", "ES512 with a P-521 key, which certcore does not use"),
    "ecdsa-examples/ecdsa-sig-04": ("key-unknown", "ES512 with a P-256 key: P-256 goes with SHA-256 alone"),
    "eddsa-examples/eddsa-sig-02": ("signature-invalid", "Ed448, which certcore does not use"),
    "hashsig/hsssig-sig-01": ("key-unknown", "HSS-LMS, which certcore does not use"),
    "sign1-tests/sign-pass-01": ("malformed", "the algorithm is in the unprotected header alone"),
    "sign1-tests/sign-pass-03": ("malformed", "there is no tag, and certcore guesses no kind of message"),
    "sign": ("malformed", "COSE_Sign with other headers than the trust list's, which is all that certcore reads of it"),
    "mac": ("malformed", "a MAC for several recipients: certcore holds no shared secrets"),
    "mac0": ("malformed", "a MAC: certcore holds no shared secrets"),
    "encrypted": ("malformed", "COSE_Encrypt0, which `open_sign1` does not open"),
    "enveloped": ("malformed", "encrypted for several recipients: certcore does not decrypt"),
}
"""Every other example, by name or by kind: the code it is refused with, and why certcore does not open it."""

SIGNATURES_NOT_VERIFIED: Final[Mapping[str, tuple[str, str]]] = {
    "RFC8152/Appendix_C_1_2#1": ("key-unsupported", "ES512 with a P-521 key, which certcore does not use"),
    "ecdsa-examples/ecdsa-03#0": ("key-unsupported", "ES512 with a P-521 key, which certcore does not use"),
    "ecdsa-examples/ecdsa-04#0": ("algorithm", "ES512 with a P-256 key: P-256 goes with SHA-256 alone"),
    "eddsa-examples/eddsa-02#0": ("key-unsupported", "Ed448, which certcore does not use"),
    "hashsig/hashsig-01#0": ("key-unsupported", "HSS-LMS, which certcore does not use"),
    "rsa-pss-examples/rsa-pss-02#0": ("algorithm", "PS384: an RSA key goes with PS256 alone"),
    "rsa-pss-examples/rsa-pss-03#0": ("algorithm", "PS512: an RSA key goes with PS256 alone"),
    "sign-tests/sign-fail-02#0": ("signature-invalid", "must fail: another payload"),
    "sign-tests/sign-fail-03#0": ("algorithm", "must fail: algorithm -999"),
    "sign-tests/sign-fail-04#0": ("algorithm", "must fail: an algorithm named in text"),
    "sign-tests/sign-fail-06#0": ("signature-invalid", "must fail: a protected header more"),
    "sign-tests/sign-fail-07#0": ("signature-invalid", "must fail: a protected header less"),
}
"""The signatures inside COSE_Sign examples, by example and place, that certcore does not verify."""


def name_of(path: str) -> str:
    """The name of an example in the tables: its folder and file."""
    return path.removeprefix(f"{FOLDER}/").removesuffix(".json")


def kind_of(example: Mapping[str, Any]) -> str:
    """The one kind of message that an example is of."""
    (kind,) = [kind for kind in KINDS if kind in example["input"]]
    return kind


def message_of(example: Mapping[str, Any]) -> bytes:
    """The encoded message of an example."""
    return bytes.fromhex(example["output"]["cbor"])


def content_of(example: Mapping[str, Any]) -> bytes:
    """The payload that an example says it signs."""
    data = example["input"]
    return bytes.fromhex(data["plaintext_hex"]) if "plaintext_hex" in data else data["plaintext"].encode()


def array_of(example: Mapping[str, Any]) -> list[Any]:
    """The array in the message of an example, whatever tag is before it."""
    message = message_of(example)
    array = message[message.index(b"\x84") :]
    assert message[: -len(array)] in {b"", b"\xd2", b"\xd8\x62", b"\xd9\x03\xe6"}
    return list(_cbor.decode_general(array, max_bytes=len(array)))


def signed_header(header: bytes) -> bytes:
    """A protected header as it is signed: an empty map as nothing (RFC 9052 section 4.4)."""
    return b"" if header == b"\xa0" else header


def ring(vectors: Path) -> list[PublicKey]:
    """Every key that signs a COSE_Sign1 example and that certcore uses."""
    signed = [example["input"] for path in EXAMPLES if "sign0" in (example := read_json(vectors / path))["input"]]
    return [key for data in signed for key in usable_keys(data["sign0"]["key"])]


@pytest.mark.parametrize("path", EXAMPLES)
def test_example(vectors: Path, path: str) -> None:
    """An example opens under its key when it must, and otherwise under no key there is, with the code in the tables."""
    example, name = read_json(vectors / path), name_of(path)
    message, kind = message_of(example), kind_of(example)
    if name in OPENED:
        signed = example["input"]["sign0"]
        external_aad = bytes.fromhex(signed.get("external", ""))
        assert content_of(example) == outcome_of(message, usable_keys(signed["key"]), external_aad=external_aad)
        return
    code = FAILING[name] if name in FAILING else NOT_OPENED[name if kind == "sign0" else kind][0]
    assert code == outcome_of(message, ring(vectors))


@pytest.mark.parametrize("path", EXAMPLES)
def test_example_is_no_document_of_certcore(vectors: Path, path: str) -> None:
    """None of the examples passes for a certificate or a trust list."""
    message = message_of(read_json(vectors / path))
    for read in (cose.read_certificate, cose.read_sign):
        with pytest.raises(CertcoreError) as caught:
            read(message)
        assert "malformed" == caught.value.code


def test_external_aad_is_signed(vectors: Path) -> None:
    """The example with an external_aad does not open without it, and those without do not open with one."""
    for name in OPENED:
        example = read_json(vectors / FOLDER / f"{name}.json")
        signed = example["input"]["sign0"]
        other = b"" if "external" in signed else b"\x00"
        keys = usable_keys(signed["key"])
        assert "signature-invalid" == outcome_of(message_of(example), keys, external_aad=other), name


def test_to_be_signed(vectors: Path) -> None:
    """The signed bytes of every sound example are those it states: these tests build them as its authors did."""
    compared = 0
    for path in EXAMPLES:
        example = read_json(vectors / path)
        kind = kind_of(example)
        if kind not in {"sign0", "sign"} or example.get("fail"):
            continue
        stated = example["intermediates"]
        for data, steps in zip(structures_of(example), stated.get("signers", [stated]), strict=True):
            assert steps["ToBeSign_hex"].lower() == data.hex(), path
            compared += 1
    assert 44 == compared


def structures_of(example: Mapping[str, Any]) -> list[bytes]:
    """The bytes under each signature of an example."""
    header, _, payload, signatures = array_of(example)
    body, data = signed_header(header), example["input"]
    if "sign0" in data:
        return [sig_structure("Signature1", body, bytes.fromhex(data["sign0"].get("external", "")), payload)]
    return [
        sig_structure("Signature", body, signature[0], bytes.fromhex(signer.get("external", "")), payload)
        for signature, signer in zip(signatures, data["sign"]["signers"], strict=True)
    ]


def signature_outcome(signer: Mapping[str, Any], signature: list[Any], structure: bytes) -> str:
    """What comes of one signature of a COSE_Sign under the key of its signer: ``verified``, or why it is not."""
    keys = usable_keys(signer["key"])
    if not keys:
        return "key-unsupported"
    header, unprotected, value = signature
    headers = unprotected | (_cbor.decode_general(header, max_bytes=len(header)) if header else {})
    if headers[cose.ALG] not in keys[0].algorithms:
        return "algorithm"
    return result_of(keys[0].verify, value, structure) or "verified"


def test_signatures_of_several(vectors: Path) -> None:
    """Each signature in a COSE_Sign example verifies under its signer's key, but for those in the table."""
    outcomes = {}
    for path in EXAMPLES:
        example = read_json(vectors / path)
        if kind_of(example) == "sign":
            signers, signatures = example["input"]["sign"]["signers"], array_of(example)[3]
            for place, signed in enumerate(zip(signers, signatures, structures_of(example), strict=True)):
                outcomes[f"{name_of(path)}#{place}"] = signature_outcome(*signed)
    assert {place: code for place, (code, _) in SIGNATURES_NOT_VERIFIED.items()} == {
        place: code for place, code in outcomes.items() if code != "verified"
    }
    assert 23 == sum(code == "verified" for code in outcomes.values())


@pytest.mark.parametrize("file", ["alice.der", "alice.crt"])
def test_certificate_of_the_signer(vectors: Path, file: str) -> None:
    """The certificate of the X.509 examples' signer, DER or PEM, holds the key that they state."""
    key = PublicKey.from_x509((vectors / FOLDER / "x509-examples" / file).read_bytes())
    example = read_json(vectors / FOLDER / "x509-examples" / "signed-01.json")
    assert usable_keys(example["input"]["sign"]["signers"][0]["key"])[0].thumbprint == key.thumbprint


def test_tables_are_exact(vectors: Path) -> None:
    """Every COSE_Sign1 example stands in one table, each other kind under its name, and none is missing."""
    examples = {name_of(path): read_json(vectors / path) for path in EXAMPLES}
    assert KINDS == Counter(map(kind_of, examples.values()))
    singles = {name for name, example in examples.items() if kind_of(example) == "sign0"}
    assert {name for name in singles if examples[name].get("fail")} == FAILING.keys()
    assert singles - OPENED - FAILING.keys() == {name for name in NOT_OPENED if name not in KINDS}
    assert KINDS.keys() - {"sign0"} == NOT_OPENED.keys() & KINDS.keys()
    assert not OPENED & (FAILING.keys() | NOT_OPENED.keys())
