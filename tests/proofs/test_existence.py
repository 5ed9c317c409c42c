"""Proofs of existence: each sound kind gives its instant, and nothing unsound gives one or raises."""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certcore import Policy, Verifier, _cbor, armor, cose, reasons
from certcore.errors import RejectedInputError
from certcore.keys import ES384, Signer
from certcore.keys._trusted import KeyUsage, proved_at
from certcore.proofs import existence, timestamps
from certcore.proofs.existence import (
    BODY,
    EVALUATED_AT,
    EVIDENCE_FORMAT,
    EVIDENCE_TYPE,
    FORMAT,
    MAX_PROOF_BYTES,
    MAX_PROOFS,
    TEXT,
    Existence,
    Kind,
    Unproven,
)
from certcore.proofs.receipts import RECEIPT_TYPE, issue_receipt
from certcore.testing import FixedClock, make_trust
from tests import tsa
from tests.proofs.existence_cases import (
    AT,
    CERTIFICATE,
    CERTIFICATE_SIGNER,
    OTHER_SIGNER,
    REGISTER_SIGNER,
    SECOND,
    issue,
    trusted,
    varied,
)
from tests.proofs.existence_cases import TEXT as CERTIFICATE_TEXT
from tests.strategies import fixed_signer

pytest.importorskip("rfc3161_client", reason="rfc3161-client is missing: the timestamp extra is not installed")

HOUR: Final = timedelta(hours=1)
TSA: Final = tsa.authority()
SEAL_SIGNER: Final = fixed_signer(seed=4)


def stamped(text: str = CERTIFICATE_TEXT, *, at: datetime = AT, by: tsa.Authority = TSA) -> bytes:
    """A time-stamp of a certificate."""
    return by.answer(existence.timestamp_request(text), at=at)


def sealed(
    text: str = CERTIFICATE_TEXT,
    *,
    at: datetime = AT,
    signer: Signer = SEAL_SIGNER,
    typ: str = EVIDENCE_TYPE,
    **members: Any,  # noqa: ANN401  whatever stands in an evidence file
) -> bytes:
    """A sealed statement about a certificate, with other members beside those that count here."""
    evidence = {FORMAT: EVIDENCE_FORMAT, 1: 1, TEXT: text, EVALUATED_AT: micros(at), 9: [b"answers"]}
    return sealed_map({**evidence, **{int(key[1:]): value for key, value in members.items()}}, signer, typ)


def micros(at: datetime) -> int:
    """An instant as evidence states it."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def filed(*statement: Any, **how: Any) -> bytes:  # noqa: ANN401  as sealed takes it
    """An evidence file around the sealed statement, with a document beside it."""
    return _cbor.encode({FORMAT: EVIDENCE_FORMAT, BODY: sealed(*statement, **how), 2: [b"list"]})


def sealed_map(evidence: object, signer: Signer = SEAL_SIGNER, typ: str = EVIDENCE_TYPE) -> bytes:
    """Any content, sealed as evidence is."""
    return cose.sign1(_cbor.encode(evidence), signer=signer, protected={cose.TYP: typ})


def receipt(text: str = CERTIFICATE_TEXT, *, at: datetime = AT, signer: Signer = REGISTER_SIGNER) -> bytes:
    """The register's receipt for a certificate."""
    return issue_receipt(text, issuer="CN", signer=signer, issued_at=at)


SETTINGS: Final[dict[str, Any]] = {
    "text": CERTIFICATE_TEXT,
    "authorities": [TSA.root],
    "seal_keys": [SEAL_SIGNER.public_key],
    "register_keys": [trusted()],
}


def examined(*proofs: Any, **how: Any) -> tuple[Existence | Unproven, ...]:  # noqa: ANN401  proofs of any type
    """What each proof comes to; all that there is is pinned unless something else is."""
    return existence.examine(CERTIFICATE, proofs, **{**SETTINGS, **how})


def code_of(proof: object, **how: Any) -> str:  # noqa: ANN401  as above
    """The code, and the word that says why, of a proof that is passed over."""
    (found,) = examined(proof, **how)
    assert isinstance(found, Unproven), found
    assert found.code in reasons.REASONS
    return " ".join([found.code, *(str(value) for name, value in found.detail if name == "why")])


def earliest(*proofs: bytes, **how: Any) -> Existence | None:  # noqa: ANN401  as above
    """The earliest sound one."""
    return existence.earliest(CERTIFICATE, proofs, **{**SETTINGS, **how})


KINDS: Final = [
    pytest.param(stamped, Kind.TIME_STAMP, id="time-stamp"),
    pytest.param(sealed, Kind.SEAL, id="seal"),
    pytest.param(filed, Kind.SEAL, id="sealed-file"),
    pytest.param(receipt, Kind.RECEIPT, id="receipt"),
]

# --- sound proofs


@pytest.mark.parametrize(("make", "kind"), KINDS)
def test_each_kind_proves(make: Any, kind: Kind) -> None:  # noqa: ANN401  a function of the kinds above
    """Each kind by itself gives its instant, and says what it is."""
    assert Existence(at=AT, kind=kind) == earliest(make())


def test_a_bare_token_proves() -> None:
    """A time-stamp may be kept as it came, or as the token alone."""
    assert Existence(at=AT, kind=Kind.TIME_STAMP) == earliest(tsa.token_of(stamped()))


def test_the_request_is_over_the_whole_certificate() -> None:
    """What an authority is asked to stamp is the COSE_Sign1, signature included."""
    assert timestamps.request(CERTIFICATE, nonce=False) == existence.timestamp_request(CERTIFICATE_TEXT, nonce=False)


@pytest.mark.parametrize(
    ("text", "code"), [("", "no-certificate"), ("WIFI:", "foreign-format"), ("VIC1:00", "malformed")]
)
def test_requests_for_no_certificate(text: str, code: str) -> None:
    """Nothing is sent to be stamped by mistake."""
    with pytest.raises(RejectedInputError) as caught:
        existence.timestamp_request(text)

    assert code == caught.value.code


def test_the_accuracy_counts() -> None:
    """A time-stamp that may be off proves existence only that much later."""
    answer = TSA.answer(existence.timestamp_request(CERTIFICATE_TEXT), at=AT, accuracy=HOUR)

    assert Existence(at=AT + HOUR, kind=Kind.TIME_STAMP) == earliest(answer)


@given(st.permutations([(stamped, 0), (sealed, 1), (receipt, 2)]), st.permutations([0, 1, 2]))
def test_the_earliest_counts(makers: Sequence[tuple[Any, int]], hours: Sequence[int]) -> None:
    """Of several sound proofs the earliest counts, wherever it stands."""
    proofs = [make(at=AT + hours[place] * HOUR) for make, place in makers]
    first = list(Kind)[hours.index(0)]

    assert Existence(at=AT, kind=first) == earliest(*proofs)


def test_one_sound_proof_is_enough() -> None:
    """Unsound proofs take nothing from a sound one, however early they claim to be."""
    early = AT - 1000 * HOUR
    unsound = [b"", stamped(issue("闽C54321"), at=early), sealed(signer=OTHER_SIGNER, at=early), receipt()[:-1]]

    for place in range(len(unsound) + 1):
        assert Existence(at=AT, kind=Kind.RECEIPT) == earliest(*unsound[:place], receipt(), *unsound[place:])


def test_no_proofs() -> None:
    """Nothing proves nothing."""
    assert None is earliest()
    assert () == examined()


# --- proofs of something else


@pytest.mark.parametrize(
    ("proof", "code"),
    [
        (stamped(issue("闽C54321")), "timestamp-untrusted imprint"),
        (sealed(issue("闽C54321")), "seal-untrusted subject"),
        (receipt(issue("闽C54321")), "receipt-untrusted subject"),
    ],
    ids=["time-stamp", "seal", "receipt"],
)
def test_another_certificate(proof: bytes, code: str) -> None:
    """A proof is of one certificate alone."""
    assert code == code_of(proof)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (stamped, "timestamp-untrusted imprint"),
        (sealed, "seal-untrusted subject"),
        (receipt, "receipt-untrusted subject"),
    ],
    ids=["time-stamp", "seal", "receipt"],
)
def test_other_signature_bytes(make: Any, code: str) -> None:  # noqa: ANN401  a function of the kinds above
    """Anybody can turn an ECDSA signature round (r, n - s): the copy is not what was proven to exist."""
    copy = armor.encode(varied(CERTIFICATE))

    assert code == code_of(make(copy))
    (found,) = existence.examine(varied(CERTIFICATE), [make()], **{**SETTINGS, "text": copy})
    assert isinstance(found, Unproven)
    assert code.split(maxsplit=1)[0] == found.code


# --- proofs by somebody else


@pytest.mark.parametrize(
    ("proof", "code"),
    [
        (stamped(by=tsa.authority(seed=2)), "timestamp-untrusted signature"),
        (stamped(by=tsa.authority(usage=tsa.CODE_SIGNING)), "timestamp-untrusted signature"),
        (stamped(at=tsa.EXPIRES + HOUR), "timestamp-untrusted signature"),
        (sealed(signer=OTHER_SIGNER), "seal-untrusted signature"),
        (sealed(signer=REGISTER_SIGNER), "seal-untrusted signature"),
        (receipt(signer=OTHER_SIGNER), "receipt-untrusted signature"),
        (receipt(signer=SEAL_SIGNER), "receipt-untrusted signature"),
    ],
    ids=["tsa", "usage", "expired", "seal", "seal-by-register", "receipt", "receipt-by-seal"],
)
def test_foreign_keys(proof: bytes, code: str) -> None:
    """Each kind has keys of its own: one kind's never stand in for another's."""
    assert code == code_of(proof)


@pytest.mark.parametrize("name", ["authorities", "seal_keys", "register_keys"])
def test_nothing_is_pinned(name: str) -> None:
    """What nobody pinned proves nothing; the other kinds are not touched by that."""
    found = examined(stamped(), sealed(), receipt(), **{name: []})

    assert [name != pinned for pinned in ("authorities", "seal_keys", "register_keys")] == [
        isinstance(one, Existence) for one in found
    ]


def test_the_certificate_s_own_key() -> None:
    """The key at stake proves nothing, even where a policy or a list allows it to."""
    own = CERTIFICATE_SIGNER.public_key
    claims = cose.open_sign1(receipt(), keys=[REGISTER_SIGNER.public_key]).payload
    forged = cose.sign1(claims, signer=CERTIFICATE_SIGNER, protected={cose.TYP: RECEIPT_TYPE})

    assert "seal-untrusted key" == code_of(sealed(signer=CERTIFICATE_SIGNER), seal_keys=[own])
    assert "receipt-untrusted key" == code_of(forged, register_keys=[trusted(CERTIFICATE_SIGNER)])


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (trusted(compromised_since=AT), "receipt-untrusted compromised"),
        (trusted(compromised_since=AT + HOUR), "receipt-untrusted compromised"),
        (trusted(not_after=AT - SECOND), "receipt-untrusted window"),
        (trusted(not_before=AT + SECOND), "receipt-untrusted window"),
        (trusted(usage=KeyUsage.STATUS), "receipt-untrusted signature"),
    ],
    ids=["compromised", "compromised-later", "ended", "not-begun", "usage"],
)
def test_register_keys_that_do_not_count(key: Any, code: str) -> None:  # noqa: ANN401  a TrustedKey
    """A receipt is worth what its key was."""
    assert code == code_of(receipt(), register_keys=[key])


@pytest.mark.parametrize("since", [SECOND, HOUR])
def test_receipts_that_are_older_than_the_compromise(since: timedelta) -> None:
    """What a compromised register key dated earlier counts where something else proves that the receipt existed."""
    own = receipt()
    stamp_before, stamp_after = (TSA.answer(timestamps.request(own), at=at) for at in (AT, AT + since))
    keys = [trusted(compromised_since=AT + since)]
    named = sealed(_9=[own], at=AT)

    for proof, counts in ((stamp_before, True), (stamp_after, False), (named, True), (stamped(), False)):
        found = existence.examine(CERTIFICATE, [own, proof], **{**SETTINGS, "register_keys": keys})
        assert counts is (Existence(at=AT, kind=Kind.RECEIPT) == found[0])


# --- documents of a register

DOCUMENT: Final = b"\xd2 a status list"
NAMED: Final = [1, [[hashlib.sha256(DOCUMENT).digest(), "application/statuslist+cwt"]]]
PINNED: Final[dict[str, Any]] = {"authorities": [TSA.root], "seal_keys": [SEAL_SIGNER.public_key]}


def proved(*proofs: Any, **how: Any) -> datetime | None:  # noqa: ANN401  proofs of any type
    """By when the document is proved to have existed."""
    return proved_at(DOCUMENT, existence.existing_documents(proofs, **{**PINNED, **how}))


def test_documents_that_existed() -> None:
    """A time-stamp over the document; a seal, or a time-stamp, over evidence that names it or holds it."""
    named, held = sealed(_14=NAMED), sealed(_15=[3, b"request", DOCUMENT])
    proofs = sealed(_9=[b"proof", DOCUMENT])
    stamp = TSA.answer(timestamps.request(DOCUMENT), at=AT - HOUR)
    unsealed = _cbor.encode({0: 1, 3: micros(AT), 14: NAMED})
    filed = {0: 1, 1: unsealed, 3: [b"junk", 7, TSA.answer(timestamps.request(unsealed), at=AT)]}

    for proof in (named, held, proofs, _cbor.encode({0: 1, 1: named}), _cbor.encode(filed)):
        assert AT == proved(proof)
    assert AT - HOUR == proved(named, stamp) == proved(stamp, named)


def test_what_proves_nothing_of_documents() -> None:
    """Another document; another key, authority or type; the document's own key; attested facts; a receipt; junk."""
    named, other = sealed(_14=NAMED), trusted(SEAL_SIGNER, usage=KeyUsage.STATUS)
    stamp = TSA.answer(timestamps.request(DOCUMENT), at=AT)
    unsealed = _cbor.encode({0: 1, 3: micros(AT), 14: NAMED})

    assert [None] * 11 == [
        proved(TSA.answer(timestamps.request(DOCUMENT + b"!"), at=AT)),
        proved(named, seal_keys=[OTHER_SIGNER.public_key]),
        proved(named, seal_keys=[]),
        proved(stamp, authorities=[]),
        proved(stamp, authorities=[tsa.authority("another").root]),
        proved(sealed(_14=NAMED, typ="application/cbor")),
        proved(named, but_not_by=[other]),
        proved(sealed(_14=[2, {0: DOCUMENT}, []])),
        proved(_cbor.encode({0: 1, 1: unsealed}), _cbor.encode({0: 1, 1: unsealed, 3: stamp})),
        proved(receipt(), CERTIFICATE, b"", None, 7, "text"),
        proved(*[b"junk"] * MAX_PROOFS, named),
    ]


@given(st.data())
def test_documents_never_raise(data: st.DataObject) -> None:
    """Whatever is brought forward, nothing is raised, and nothing is proved by what was changed."""
    known = [sealed(_14=NAMED), _cbor.encode({0: 1, 1: sealed(_14=NAMED), 3: [b"stamp"]})]
    proof = data.draw(st.sampled_from(known) | st.binary(max_size=64))
    place = data.draw(st.integers(0, max(0, len(proof) - 1)))
    changed = proof[:place] + data.draw(st.binary(max_size=3)) + proof[place + 1 :]

    assert proved(changed) in {None, AT}


def test_the_certificate_itself() -> None:
    """A certificate, its own or a live presentation's, is no proof of when it was made."""
    assert "proof-malformed form" == code_of(CERTIFICATE)


# --- seals


def test_other_members_are_not_looked_at() -> None:
    """Whatever else an evidence file holds is its own business: text keys, depth and all."""
    deep: object = b""
    for _ in range(10):
        deep = [deep]

    assert Existence(at=AT, kind=Kind.SEAL) == earliest(sealed(_20={"text": 1}, _21=deep, _1=None))


def test_other_algorithms_seal() -> None:
    """A verifier's seal may be of any kind of key that signs."""
    signer = fixed_signer(ES384)

    assert Existence(at=AT, kind=Kind.SEAL) == earliest(sealed(signer=signer), seal_keys=[signer.public_key])


@pytest.mark.parametrize(
    "evidence",
    [
        [],
        {},
        {TEXT: CERTIFICATE_TEXT, EVALUATED_AT: 1},
        {FORMAT: 2, TEXT: CERTIFICATE_TEXT, EVALUATED_AT: 1},
        {FORMAT: True, TEXT: CERTIFICATE_TEXT, EVALUATED_AT: 1},
        {FORMAT: 1, EVALUATED_AT: 1},
        {FORMAT: 1, TEXT: CERTIFICATE_TEXT.encode(), EVALUATED_AT: 1},
        {FORMAT: 1, TEXT: CERTIFICATE_TEXT},
        {FORMAT: 1, TEXT: CERTIFICATE_TEXT, EVALUATED_AT: -1},
        {FORMAT: 1, TEXT: CERTIFICATE_TEXT, EVALUATED_AT: True},
        {FORMAT: 1, TEXT: CERTIFICATE_TEXT, EVALUATED_AT: 2**63},
        {FORMAT: 1, TEXT: CERTIFICATE_TEXT, EVALUATED_AT: None},
    ],
)
def test_sealed_content_that_does_not_hold(evidence: object) -> None:
    """A sealed file has to say in which format it is, what was judged and when."""
    assert "seal-malformed" == code_of(sealed_map(evidence))


def test_sealed_content_that_is_no_cbor() -> None:
    """Sealed is not yet readable."""
    assert "seal-malformed" == code_of(cose.sign1(b"\xff", signer=SEAL_SIGNER, protected={cose.TYP: EVIDENCE_TYPE}))


def test_sealed_as_something_else() -> None:
    """A verifier's key may sign other things; only what is typed as evidence counts as such."""
    assert "proof-malformed form" == code_of(sealed(typ="application/cbor"))
    assert "seal-untrusted type" == code_of(sealed(typ=EVIDENCE_TYPE + "-draft"))


@pytest.mark.parametrize("at", [AT, AT + timedelta(microseconds=1)])
def test_evidence_of_a_verdict(at: datetime) -> None:
    """What `Verdict.evidence` writes, sealed, is such a proof, to the microsecond; unsealed it is none."""
    trust = make_trust(CERTIFICATE_SIGNER)
    verifier = Verifier(trust=trust, status=None, policy=Policy.counterparty(), clock=FixedClock(at))
    evidence = verifier.verify(CERTIFICATE_TEXT, as_of=at).evidence
    file = evidence.sealed(SEAL_SIGNER).to_bytes(detached=True)

    assert Existence(at=at, kind=Kind.SEAL) == earliest(file)
    assert len(file) < 2_000
    assert "seal-untrusted unsealed" == code_of(evidence.to_bytes(detached=True))
    assert "seal-untrusted signature" == code_of(evidence.sealed(OTHER_SIGNER).to_bytes(detached=True))


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ({}, "seal-malformed"),
        ({FORMAT: 2, BODY: sealed()}, "seal-malformed"),
        ({FORMAT: 1}, "seal-malformed"),
        ({FORMAT: 1, BODY: "text"}, "seal-malformed"),
        ({FORMAT: 1, BODY: b"\xd2"}, "seal-malformed"),
        ({FORMAT: 1, BODY: b"\xa0"}, "seal-untrusted unsealed"),
        ({FORMAT: 1, BODY: receipt()}, "seal-untrusted signature"),
    ],
)
def test_files_that_are_none(file: object, code: str) -> None:
    """A map that holds no sealed statement where one belongs."""
    assert code == code_of(_cbor.encode(file))


# --- whatever the proofs are


@pytest.mark.parametrize(
    "proof",
    [b"", b"\x00", b"\xd2", b"\xd2\x84", b"VIC1:", None, "text", 1, [b""], bytearray(receipt()), memoryview(stamped())],
    ids=lambda proof: type(proof).__name__,
)
def test_no_proofs_at_all(proof: object) -> None:
    """Other bytes, and what is not bytes."""
    assert "proof-malformed form" == code_of(proof)


def test_too_many() -> None:
    """From the seventeenth on nothing is looked at."""
    proofs = [stamped(issue("闽C54321"))] * MAX_PROOFS

    assert None is earliest(*proofs, receipt())
    assert Existence(at=AT, kind=Kind.RECEIPT) == earliest(*proofs[1:], receipt())
    last = examined(*proofs, receipt())[-1]
    assert Unproven(code="proof-malformed", detail=(("why", "too-many"),)) == last


def test_too_large() -> None:
    """The size is looked at before anything else."""
    for proof in (stamped(), sealed(), filed(), receipt()):
        assert "proof-malformed size" == code_of(proof + bytes(MAX_PROOF_BYTES))
    assert Existence(at=AT, kind=Kind.SEAL) == earliest(sealed(_9=bytes(MAX_PROOF_BYTES - 1000)))


def test_an_unfit_authority_is_the_caller_s_mistake() -> None:
    """A policy that pins something else than a root is found out, not passed over."""
    with pytest.raises(ValueError, match="self-signed"):
        examined(stamped(), authorities=[b"no certificate"])


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where time-stamps cannot be checked they prove nothing and say what is missing; the other kinds still count."""
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)

    assert "timestamp-unsupported" == code_of(stamped())
    assert Existence(at=AT, kind=Kind.SEAL) == earliest(stamped(at=AT - HOUR), sealed())


PROOFS: Final = (stamped(), tsa.token_of(stamped()), sealed(), filed(), receipt())


@given(st.lists(st.binary(max_size=60) | st.sampled_from(PROOFS), max_size=20))
def test_any_proofs(proofs: list[bytes]) -> None:
    """Any number of any bytes gives as many findings, and the one instant or none."""
    found = examined(*proofs)

    assert len(proofs) == len(found)
    assert {one.at for one in found if isinstance(one, Existence)} <= {AT}
    assert [proof in PROOFS for proof in proofs[:MAX_PROOFS]] == [
        isinstance(one, Existence) for one in found[:MAX_PROOFS]
    ]


@given(st.sampled_from(PROOFS), st.integers(0, 800), st.integers(0, 30), st.binary(max_size=30))
def test_any_bytes_within(proof: bytes, start: int, length: int, data: bytes) -> None:
    """A proof in which something was changed says the same, or nothing."""
    (found,) = examined(proof[:start] + data + proof[start + length :])

    assert isinstance(found, Unproven) or found.at == AT


@pytest.mark.slow
def test_every_byte_changed() -> None:
    """One byte of a seal or a receipt changed anywhere is enough."""
    flips = random.Random(1)
    for proof in (sealed(), receipt()):
        for place in range(len(proof)):
            changed = proof[:place] + bytes((proof[place] ^ flips.randrange(1, 256),)) + proof[place + 1 :]
            (found,) = examined(changed)
            assert isinstance(found, Unproven), place


def test_a_certificate_that_is_none() -> None:
    """Even bytes that are no certificate raise nothing for the proofs' sake."""
    found = existence.examine(b"", list(PROOFS), **SETTINGS)

    assert not any(isinstance(one, Existence) for one in found)
