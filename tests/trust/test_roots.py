"""Trust roots and their rotation: who counts as a member, which root set follows which, and everything refused."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certcore import _cbor, cose
from certcore import trust as trust_module
from certcore.errors import CertcoreError, IssuingError, RejectedInputError, UntrustedError
from certcore.keys import EDDSA, ES256, ES384, ML_DSA_65, LocalSigner, PublicKey
from certcore.trust import roots
from certcore.trust._lists import MEDIA_TYPE as TRUST_LIST_TYPE
from certcore.trust.roots import (
    MAX_CHAIN_BYTES,
    MAX_CHAIN_DOCUMENTS,
    MAX_ROOT_KEYS,
    MAX_ROOT_SET_BYTES,
    MEDIA_TYPE,
    RootSetContents,
    TrustRoot,
    decode_chain,
    encode_chain,
    read_unverified,
)
from tests.outside.cases import result_of
from tests.strategies import CborValue, cbor_values, fixed_signer

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)

A, B, C, D, E = (fixed_signer(EDDSA, seed) for seed in range(21, 26))
A_PQ = fixed_signer(ML_DSA_65, 21)
P = fixed_signer(ES384, 26)
OUTSIDER = fixed_signer(ES256, 99)


def keys_of(*signers: LocalSigner) -> list[PublicKey]:
    """Their public keys."""
    return [signer.public_key for signer in signers]


def root_set(version: int, /, *members: LocalSigner | Sequence[LocalSigner], **changes: Any) -> RootSetContents:  # noqa: ANN401  any field
    """A root set that begins as many years after 2025 as its version, two of whose members must sign."""
    fields: dict[str, Any] = {
        "version": version,
        "members": [keys_of(*([one] if isinstance(one, LocalSigner) else one)) for one in members],
        "threshold": 2,
        "valid_from": BEGIN + (version - 1) * YEAR,
    }
    return RootSetContents(**(fields | changes))


FIRST = TrustRoot(keys=keys_of(A, B, C), threshold=2)
TWO = root_set(2, B, C, D)
THREE = root_set(3, C, D, E)
FOUR = root_set(4, D, E, A)
TWO_SIGNED = TWO.sign(B, C)
THREE_SIGNED = THREE.sign(C, D)
FOUR_SIGNED = FOUR.sign(D, E)
CHAIN = encode_chain([TWO_SIGNED, THREE_SIGNED, FOUR_SIGNED])


def refusal(call: Callable[[bytes], object], data: bytes) -> tuple[str, dict[str, str | int]]:
    """The code and the facts with which bytes are refused."""
    with pytest.raises((RejectedInputError, UntrustedError)) as caught:
        call(data)
    return caught.value.code, dict(caught.value.detail)


def code_of(call: Callable[[bytes], object], data: bytes) -> str:
    """The code with which bytes are refused."""
    return refusal(call, data)[0]


# What a root is made of


def test_a_root_of_keys() -> None:
    """Each key is a member, the version is 1, nothing is retired, and it has signed since ever."""
    assert (tuple(keys_of(A, B, C)), 2, 1) == (FIRST.keys, FIRST.threshold, FIRST.version)
    assert tuple((key,) for key in keys_of(A, B, C)) == FIRST.members
    assert ((), ()) == (FIRST.retired, FIRST.chain)
    assert 1970 == FIRST.current.valid_from.year
    assert FIRST == TrustRoot(keys=keys_of(A, B, C), threshold=2)
    assert FIRST != TrustRoot(keys=keys_of(A, B), threshold=2)
    assert hash(FIRST) == hash(TrustRoot(keys=keys_of(A, B, C), threshold=2))


def test_it_is_one_class_wherever_it_is_imported_from() -> None:
    """The front door, `certcore.trust` and `certcore.trust.roots` give the same."""
    import certcore

    assert roots.TrustRoot is trust_module.TrustRoot is certcore.TrustRoot


@pytest.mark.parametrize("root", [FIRST, FIRST.rotate(CHAIN)], ids=["stated", "rotated"])
def test_a_root_pickles(root: TrustRoot) -> None:
    """A root goes to another process whole: retired sets, windows and documents included."""
    other = pickle.loads(pickle.dumps(root))  # noqa: S301  our own bytes

    assert (root, root.chain, root.retired) == (other, other.chain, other.retired)


def test_a_root_is_immutable() -> None:
    """Rotating gives another root; the one before is as it was."""
    rotated = FIRST.rotate(TWO_SIGNED)

    assert (1, 2) == (FIRST.version, rotated.version)
    with pytest.raises(AttributeError):
        FIRST.chain = ()  # type: ignore[misc]  # the mistake under test


def test_a_repr_shows_no_key() -> None:
    """A log says which root it is."""
    assert "TrustRoot(version=4, threshold=2, members=3, retired=3)" == repr(FIRST.rotate(CHAIN))


@pytest.mark.parametrize(
    "changes",
    [
        {"threshold": 0},
        {"threshold": 4},
        {"threshold": True},
        {"members": []},
        {"members": [[]]},
        {"members": [[A.public_key], [A.public_key]], "threshold": 1},
        {"members": [[A.public_key, B.public_key], [B.public_key]], "threshold": 1},
        {"version": 0},
        {"version": 1 << 32},
        {"version": True},
        {"valid_from": datetime(2026, 1, 1)},  # noqa: DTZ001  the mistake under test
        {"valid_until": BEGIN - timedelta(seconds=1), "valid_from": BEGIN},
        {"members": [[fixed_signer(EDDSA, seed).public_key] for seed in range(1, 66)]},
        {"members": [[fixed_signer(EDDSA, seed).public_key] for seed in range(1, 18)], "threshold": 17},
    ],
    ids=lambda changes: ascii(changes)[:50],
)
def test_root_sets_that_cannot_be(changes: dict[str, Any]) -> None:
    """A threshold that nobody can meet, a key of two members, and numbers that are none are the caller's mistake."""
    with pytest.raises(ValueError, match=r".+"):
        root_set(2, A, B, C, **changes)


def test_a_key_belongs_to_one_member() -> None:
    """A key that stands alone and in a member of several would let one holder count twice."""
    with pytest.raises(ValueError, match="one member"):
        TrustRoot(keys=keys_of(A), members=[keys_of(A, B)])


# Members with several keys

HYBRID = TrustRoot(members=[keys_of(A, A_PQ), keys_of(B, P)], keys=keys_of(C), threshold=2)


@pytest.mark.parametrize(
    ("signers", "signed"),
    [
        ([A, A_PQ, C], 2),
        ([A, A_PQ, B, P], 2),
        ([A, A_PQ, B, P, C], 3),
        ([A, C], 1),
        ([A_PQ, C], 1),
        ([A, B, C], 1),
        ([A, A_PQ], 1),
        ([A, P], 0),
        ([OUTSIDER, A, A_PQ, OUTSIDER], 1),
    ],
)
def test_a_member_counts_with_all_its_keys(signers: list[LocalSigner], signed: int) -> None:
    """Who needs ES256 and ML-DSA-65 has not signed with one of them; two halves of two members make no member."""
    document = root_set(2, C, D, valid_from=BEGIN).sign(*dict.fromkeys(signers), D)
    message = cose.read_sign(document)

    assert signed == HYBRID.current.signed_by(message)
    if signed >= HYBRID.threshold and C in signers:
        assert 2 == HYBRID.rotate(document).version
    elif signed < HYBRID.threshold:
        assert ("root-threshold", {"members": "old", "signed": signed, "needed": 2}) == refusal(HYBRID.rotate, document)


def test_members_may_change_their_keys() -> None:
    """From one key each to two, of another algorithm, and back."""
    hybrid = root_set(2, [A, A_PQ], [B, P], C)
    root = FIRST.rotate(hybrid.sign(A, A_PQ, B, P))
    back = root.rotate(root_set(3, A, B, C).sign(A, A_PQ, B, P))

    assert (5, 3) == (len(root.keys), len(back.keys))


# One after the other


def test_a_rotation() -> None:
    """Enough of the old and enough of the new have signed: the new ones count from then on, the old are retired."""
    root = FIRST.rotate(TWO_SIGNED)

    assert (2, TWO, (TWO_SIGNED,)) == (root.version, root.current, root.chain)
    (retired,) = root.retired
    assert (FIRST.members, 1) == (retired.members, retired.version)
    assert TWO.valid_from - timedelta(seconds=1) == retired.valid_until


def test_two_rotations_behind() -> None:
    """A chain leads a client over all the sets it missed; the windows follow each other without a gap."""
    root = FIRST.rotate(CHAIN)

    assert (4, FOUR, decode_chain(CHAIN)) == (root.version, root.current, root.chain)
    assert [1, 2, 3] == [retired.version for retired in root.retired]
    for earlier, later in zip(root.retired, [*root.retired[1:], root.current], strict=True):
        assert earlier.valid_until == later.valid_from - timedelta(seconds=1)
    assert root == FIRST.rotate(TWO_SIGNED).rotate(CHAIN)
    assert root == FIRST.rotate(TWO_SIGNED).rotate(THREE_SIGNED).rotate(FOUR_SIGNED)


def test_a_window_of_its_own_ends_earlier() -> None:
    """A set that says when it ends is not stretched to the beginning of the next."""
    end = TWO.valid_from + timedelta(days=10)
    root = FIRST.rotate(attrs.evolve(TWO, valid_until=end).sign(B, C)).rotate(THREE_SIGNED)

    assert end == root.retired[1].valid_until
    assert [True, True, False] == [
        root.retired[1].covers(at) for at in (TWO.valid_from, end, end + timedelta(seconds=1))
    ]


def test_what_it_has_is_passed_over() -> None:
    """The same document or chain again changes nothing, and a chain with known beginnings is taken from there on."""
    root = FIRST.rotate(CHAIN)

    assert root is root.rotate(FOUR_SIGNED)
    assert root is root.rotate(CHAIN)
    assert root is root.rotate(encode_chain([THREE_SIGNED, FOUR_SIGNED]))


def test_signatures_added_later_make_no_other_document() -> None:
    """What was signed is compared: a third member's signature on a document that is held is no conflict."""
    root = FIRST.rotate(TWO_SIGNED)
    more = cose.add_signature(TWO_SIGNED, signer=A)

    assert root is root.rotate(more)
    assert (TWO_SIGNED,) == root.rotate(encode_chain([more, THREE_SIGNED])).chain[:1]


def test_a_root_stated_as_a_later_version() -> None:
    """A client that ships with the third set takes the fourth from the same file; what was before it does not know."""
    shipped = TrustRoot(keys=keys_of(C, D, E), threshold=2, version=3, valid_from=THREE.valid_from)
    root = shipped.rotate(CHAIN)

    assert (4, (FOUR_SIGNED,)) == (root.version, root.chain)
    assert [3] == [retired.version for retired in root.retired]


def test_the_document_of_a_stated_root() -> None:
    """The document of the version that was stated is passed over if it names the same members, else a conflict."""
    document = root_set(1, A, B, C).sign(A, B)
    other = root_set(1, A, B, D).sign(A, B)

    assert FIRST is FIRST.rotate(document)
    assert "root-conflict" == code_of(FIRST.rotate, other)
    assert "root-conflict" == code_of(FIRST.rotate, root_set(1, A, B, C, threshold=1).sign(A, B))


def test_a_root_from_a_document() -> None:
    """A root set that is trusted for where it is from is a root; its document goes into the chain."""
    document = root_set(1, A, B, C).sign(A, C)
    root = TrustRoot.from_document(document)

    assert (1, (document,), FIRST.keys) == (root.version, root.chain, root.keys)
    rotated = root.rotate(CHAIN)
    assert rotated == TrustRoot.from_document(encode_chain(rotated.chain))
    assert (document, *decode_chain(CHAIN)) == rotated.chain


@pytest.mark.parametrize(
    ("documents", "code"),
    [
        ([root_set(1, A, B, C).sign(A)], "root-threshold"),
        ([root_set(1, A, B, C).sign(A, OUTSIDER)], "root-threshold"),
        ([root_set(1, A, B, C).sign(A, B), THREE_SIGNED], "root-gap"),
        ([root_set(1, A, B, C).sign(A, B), TWO.sign(C, D)], "root-threshold"),
    ],
)
def test_files_that_are_no_root(documents: list[bytes], code: str) -> None:
    """Too few of its own members, or a chain that does not lead on, make no root."""
    assert code == code_of(TrustRoot.from_document, encode_chain(documents))


# Everything refused


@pytest.mark.parametrize(
    ("signers", "whose", "signed"),
    [
        ([B], "old", 1),
        ([D, OUTSIDER], "old", 0),
        ([B, D], "old", 1),
        ([A, B], "new", 1),
        ([A, B, OUTSIDER], "new", 1),
    ],
)
def test_too_few(signers: list[LocalSigner], whose: str, signed: int) -> None:
    """Two of the old and two of the new must have signed; the error says which are missing."""
    assert ("root-threshold", {"members": whose, "signed": signed, "needed": 2}) == refusal(
        FIRST.rotate, TWO.sign(*signers)
    )


def test_one_key_under_two_ids_counts_once() -> None:
    """A member that signs under two ids is one member, in the old set and in the new."""
    again = LocalSigner.from_pem(B.to_pem(), key_id=b"again")
    root = TrustRoot(keys=[*keys_of(A, B, C), again.public_key], threshold=2)

    assert "root-threshold" == code_of(root.rotate, TWO.sign(B, again))
    assert 3 == len(root.members)


def test_rollback() -> None:
    """Row 60: an older root set, or a file that ends before the root held, is refused, and the root stays."""
    root = FIRST.rotate(CHAIN)
    for older in (TWO_SIGNED, THREE_SIGNED, encode_chain([TWO_SIGNED, THREE_SIGNED])):
        assert ("root-rollback", {"held": 4}) == refusal(root.rotate, older)


def test_a_gap() -> None:
    """The third set does not follow the first, whoever signed it."""
    everybody = THREE.sign(A, B, C, D, E)
    for document in (THREE_SIGNED, everybody, encode_chain([FOUR_SIGNED]), encode_chain([TWO_SIGNED, FOUR_SIGNED])):
        assert "root-gap" == code_of(FIRST.rotate, document)


def test_a_fork() -> None:
    """Two sets of one version, both properly signed: the second is a conflict, in one file and in two."""
    other = root_set(2, B, C, E).sign(B, C)

    assert ("root-conflict", {"version": 2}) == refusal(FIRST.rotate(TWO_SIGNED).rotate, other)
    assert "root-conflict" == code_of(FIRST.rotate, encode_chain([TWO_SIGNED, other]))
    assert "root-conflict" == code_of(FIRST.rotate(CHAIN).rotate, encode_chain([other, THREE_SIGNED]))


def test_mix_and_match() -> None:
    """Row 60: signatures over another version's bytes are none over this one's."""
    parts = _cbor.decode(TWO_SIGNED[2:], max_bytes=1 << 16)
    for other in (root_set(2, B, C, OUTSIDER), attrs.evolve(TWO, threshold=1), THREE):
        body = cose.read_sign(other.sign(B)).payload
        mixed = b"\xd8\x62" + _cbor.encode([parts[0], {}, body, parts[3]])
        assert code_of(FIRST.rotate, mixed) in {"root-threshold", "root-gap"}


def test_a_set_begins_after_the_one_before() -> None:
    """A beginning that is not later would leave the old set no window, or a backward one."""
    root = FIRST.rotate(TWO_SIGNED)
    for begin in (TWO.valid_from, BEGIN):
        document = attrs.evolve(THREE, valid_from=begin).sign(C, D)
        assert "root-rollback" == code_of(root.rotate, document)


def test_a_chain_is_taken_whole_or_not_at_all() -> None:
    """A chain whose last link does not hold changes nothing."""
    assert "root-threshold" == code_of(FIRST.rotate, encode_chain([TWO_SIGNED, THREE_SIGNED, FOUR.sign(D, OUTSIDER)]))
    assert 1 == FIRST.version


def test_another_kind_of_document() -> None:
    """What the members signed for another purpose is no root set; a root set is no trust list."""
    payload = cose.read_sign(TWO_SIGNED).payload
    for content_type in (TRUST_LIST_TYPE, MEDIA_TYPE.upper(), "application/cbor"):
        document = cose.sign(payload, signers=[B, C], content_type=content_type)
        assert "root-malformed" == code_of(FIRST.rotate, document)
    assert "trust-list-malformed" == code_of(partial(trust_module.TrustList.open, root=FIRST), TWO_SIGNED)


def test_too_many_documents() -> None:
    """Row 60: a chain above the number of documents or of bytes is refused before any of them is read."""
    with pytest.raises(ValueError, match="128"):
        encode_chain([b"x"] * (MAX_CHAIN_DOCUMENTS + 1))
    with pytest.raises(ValueError, match="128"):
        encode_chain([])
    chains: list[CborValue] = [
        [b"x"] * (MAX_CHAIN_DOCUMENTS + 1),
        [bytes(MAX_CHAIN_BYTES)],
        [],
        {},
        0,
        [TWO_SIGNED, 5],
        [[TWO_SIGNED]],
        TWO_SIGNED,
    ]
    for chain in chains:
        data = _cbor.encode(chain)
        assert "root-malformed" == code_of(FIRST.rotate, data)
    with pytest.raises(RejectedInputError):
        FIRST.extended([TWO_SIGNED] * (MAX_CHAIN_DOCUMENTS + 1))
    big = cose.sign(bytes(MAX_ROOT_SET_BYTES), signers=[B, C], content_type=MEDIA_TYPE)
    assert "root-malformed" == code_of(FIRST.rotate, big)


def test_a_chain_of_many() -> None:
    """As many rotations as a chain may have are taken in one go."""
    documents = [
        root_set(version, A, B, valid_from=BEGIN + timedelta(days=version)).sign(A, B)
        for version in range(2, MAX_CHAIN_DOCUMENTS + 2)
    ]

    assert MAX_CHAIN_DOCUMENTS + 1 == FIRST.rotate(encode_chain(documents)).version


# On the wire


@pytest.mark.parametrize(
    "contents",
    [TWO, root_set(2, [A, A_PQ], [B, P], C, valid_until=BEGIN + 9 * YEAR), root_set(1, A, threshold=1)],
    ids=["small", "full", "one"],
)
def test_round_trip(contents: RootSetContents) -> None:
    """Everything comes back, and is signed as the same bytes again."""
    data = contents.sign(A)

    assert contents == read_unverified(data)
    assert cose.read_sign(data).payload == cose.read_sign(read_unverified(data).sign(B)).payload


def signed(content: CborValue, *signers: LocalSigner) -> bytes:
    """Any content, signed by enough members."""
    return cose.sign(_cbor.encode(content), signers=signers or [A, B, C, D], content_type=MEDIA_TYPE)


def plain() -> dict[int, Any]:
    """The content of the second set."""
    content: dict[int, Any] = _cbor.decode(cose.read_sign(TWO_SIGNED).payload, max_bytes=1 << 16)
    return content


VALUES: list[CborValue] = [None, True, -1, 0, 2**63, "x", b"x", [], [[]], [[b"x"]], [[], []], [5], {}, {-1: 1}]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_wrong_values(value: CborValue) -> None:
    """Whatever stands under a number, even properly signed, there is a root or one error."""
    for place in range(1, 6):
        outcome = result_of(FIRST.rotate, signed(plain() | {place: value}))
        if isinstance(outcome, str):
            assert outcome in {"root-malformed", "root-threshold", "root-gap", "root-conflict", "root-rollback"}
        else:
            assert 2 == outcome.version


@pytest.mark.parametrize("place", range(1, 6))
def test_missing_parts(place: int) -> None:
    """Only the end may be left out."""
    content = plain()
    content.pop(place, None)
    if place == 3:
        assert TWO == FIRST.rotate(signed(content)).current
    else:
        assert "root-malformed" == code_of(FIRST.rotate, signed(content))


def test_unknown_keys() -> None:
    """A newer document may say more; what must not be ignored has a negative key."""
    assert 2 == FIRST.rotate(signed(plain() | {6: "more", 99: [None]})).version
    assert "too-new" == code_of(FIRST.rotate, signed(plain() | {-1: 0}))


def test_more_keys_than_a_set_has() -> None:
    """Too many keys are refused before any of them is looked at, in one member or in many."""
    for members in ([[b"no key"]] * (MAX_ROOT_KEYS + 1), [[b"no key"] * (MAX_ROOT_KEYS + 1)]):
        document = signed(plain() | {5: members})
        with pytest.raises(RejectedInputError, match=str(MAX_ROOT_KEYS)) as caught:
            FIRST.rotate(document)
        assert "root-malformed" == caught.value.code


@given(cbor_values(depth=4))
def test_arbitrary_signed_content(content: CborValue) -> None:
    """Whatever the members signed, there is a root or an error of certcore's."""
    with pytest.raises(CertcoreError):
        FIRST.rotate(signed(content))


@given(st.binary(max_size=80))
def test_arbitrary_bytes(data: bytes) -> None:
    """Whatever the bytes, rotating raises a CertcoreError."""
    for candidate in (data, b"\xd8\x62" + data, b"\xd8\x62\x84" + data, b"\x81" + data):
        with pytest.raises(CertcoreError):
            FIRST.rotate(candidate)
        with pytest.raises(CertcoreError):
            TrustRoot.from_document(candidate)


def test_every_byte() -> None:
    """Cut off anywhere, longer by a byte, or changed in any byte, a document is refused: nothing in it is idle."""
    for place in range(len(TWO_SIGNED)):
        assert "root-malformed" == code_of(FIRST.rotate, TWO_SIGNED[:place])
        mutated = bytearray(TWO_SIGNED)
        mutated[place] ^= 0x01
        assert code_of(FIRST.rotate, bytes(mutated)) in {
            *("root-malformed", "root-threshold", "root-gap", "root-conflict", "root-rollback", "too-new"),
        }
    assert "root-malformed" == code_of(FIRST.rotate, TWO_SIGNED + b"\x00")


def test_signatures_are_added_later() -> None:
    """Members sign one after the other; nobody signs twice."""
    data = cose.add_signature(TWO.sign(B), signer=C)

    assert 2 == FIRST.rotate(data).version
    with pytest.raises(IssuingError) as caught:
        cose.add_signature(data, signer=C)
    assert "already-signed" == caught.value.code
