"""Confidential fields: readable by the group, in their own certificate, and never in the clear by accident."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certcore import _cbor, armor, cose, payload
from certcore.certificate import confidential
from certcore.certificate._claims import FIELDS, INSPECTION
from certcore.certificate.confidential import MAY_BE_CONFIDENTIAL
from certcore.errors import IssuingError, RejectedInputError
from certcore.issue import Issuer
from certcore.keys._group import A128GCM, A256GCM, AES_CCM_16_64_128, GroupKey
from certcore.payload import (
    Basis,
    Deficiency,
    DeficiencyCounts,
    InspectionCertificate,
    Result,
    StatusListEntry,
    StatusRef,
)
from certcore.testing import FixedClock
from certcore.vocabulary._vins import pack_vin
from tests.strategies import certificates, fixed_signer

NOW: Final = datetime(2026, 9, 30, 4, 30, tzinfo=UTC)
VIN: Final = "LSVAA4181E2184211"
KEY: Final = GroupKey(key_id=b"ins1", algorithm=A256GCM, secret=bytes(range(32)))
OTHER_KEY: Final = GroupKey(key_id=b"ins1", algorithm=A256GCM, secret=bytes(32))
REFERENCE: Final = StatusRef(list=12, index=524287)
FULL: Final = InspectionCertificate(
    registration_number="闽C12345",
    country="CN",
    vin=VIN,
    valid_until=date(2027, 9, 30),
    basis=Basis.INSPECTED,
    result=Result.MINOR,
    authority="闽C",
    inspected_on=date(2026, 9, 29),
    plate_type=2,
    vehicle_category="K33",
    usage="A",
    status=REFERENCE,
    odometer_km=84_210,
    deficiencies=(Deficiency(code="1.1.13 (a)", severity=Result.MINOR),),
    test_place="Xiamen",
    inspector="X-1",
    report_digest=bytes(range(16)),
    next_test_due=date(2027, 8, 1),
    document_number="D-1",
    previous=StatusRef(list=1, index=1),
    issued_at=NOW,
    unknown_claims={2: "kept"},
    unknown_fields={98: "seen", 99: [1, {2: b"kept"}]},
)
"""Everything that can be stated, issued by CN."""

ALL: Final[tuple[str | int, ...]] = (*sorted(MAY_BE_CONFIDENTIAL), 99)


def sealed(
    certificate: InspectionCertificate = FULL,
    fields: Iterable[str | int] = ("vin",),
    *,
    key: GroupKey = KEY,
    issuer_id: str = "CN",
) -> bytes:
    """The payload of a certificate with some fields sealed."""
    return payload.encode(confidential.seal(certificate, fields=fields, group_key=key, issuer_id=issuer_id))


def opened(data: bytes, *keys: GroupKey, issuer_id: str = "CN") -> InspectionCertificate:
    """The certificate, its sealed part opened."""
    found = confidential.unseal(data, group_keys=keys or [KEY], issuer_id=issuer_id)
    assert found is not None
    return found.certificate


def plain(certificate: InspectionCertificate) -> InspectionCertificate:
    """An opened certificate, but for the marks of having been opened."""
    return attrs.evolve(certificate, confidential=None, confidential_fields=None)


def refused(data: bytes, *keys: GroupKey, issuer_id: str = "CN") -> None:
    """The sealed part is refused, the certificate around it can be read, and no error shows what is in it."""
    assert payload.decode(data).confidential is not None
    with pytest.raises(RejectedInputError) as caught:
        confidential.unseal(data, group_keys=keys or [KEY], issuer_id=issuer_id)
    error: BaseException | None = caught.value
    assert "confidential-invalid" == caught.value.code
    while error is not None:
        assert VIN not in f"{error} {error!r}"
        error = error.__cause__


def changed(data: bytes, claims: dict[int, Any] | None = None, inspection: dict[int, Any] | None = None) -> bytes:
    """A payload with some claims, or some keys of the inspection, replaced; None takes them away."""
    read = _cbor.decode(data, max_bytes=3000, text_keys=frozenset({"status_list", "idx", "uri"}))
    read |= claims or {}
    read[INSPECTION] |= inspection or {}
    read[INSPECTION] = {key: value for key, value in read[INSPECTION].items() if value is not None}
    return _cbor.encode({key: value for key, value in read.items() if value is not None})


def forged(content: object, certificate: InspectionCertificate = FULL, *, raw: bytes | None = None) -> bytes:
    """A payload with other content sealed into its place, as only an issuer's own software could."""
    data = sealed(certificate)
    claims = _cbor.decode(data, max_bytes=3000)
    bound = {6: claims[6]}
    public = {key: value for key, value in claims[INSPECTION].items() if key != 20}
    aad = _cbor.encode(["certcore/confidential/1", "CN", bound, public])
    plaintext = _cbor.encode(content) if raw is None else raw
    return changed(data, inspection={20: cose.seal(plaintext, key=KEY, external_aad=aad)})


# Sealing and opening


@pytest.mark.parametrize("field", ALL)
def test_each_field(field: str | int) -> None:
    """Each field that may be confidential is gone from what everybody sees, and there for the group."""
    data = sealed(fields=[field], certificate=FULL)
    public, found = payload.decode(data), opened(data)

    assert field not in public.unknown_fields if isinstance(field, int) else getattr(public, field) is None
    assert (field,) == found.confidential_fields
    assert plain(found) == FULL


def test_all_of_them() -> None:
    """All at once; their names are told in the order of their keys."""
    found = opened(sealed(fields=ALL))

    assert ("vin", "vehicle_category", "usage", "odometer_km", "deficiencies") == (found.confidential_fields or ())[:5]
    assert set(ALL) == set(found.confidential_fields or ())
    assert plain(found) == FULL


@given(certificate=certificates(), data=st.data())
def test_any_certificate(certificate: InspectionCertificate, data: st.DataObject) -> None:
    """Whatever a certificate states, what is sealed comes back, and nothing else changes."""
    certificate = attrs.evolve(certificate, vin=certificate.vin or VIN, confidential=None)
    fields = data.draw(st.sets(st.sampled_from(sorted(MAY_BE_CONFIDENTIAL))), label="fields")
    unknown = data.draw(st.sets(st.sampled_from(sorted(certificate.unknown_fields) or [1000])), label="unknown")
    public = confidential.seal(certificate, fields=fields | unknown, group_key=KEY, issuer_id="CN")
    encoded = payload.encode(public)

    assert public == payload.decode(encoded)
    if public.confidential is None:
        assert certificate == public
    else:
        assert certificate == plain(opened(encoded))
        assert all(getattr(public, name) is None for name in fields)


def test_what_is_not_there_is_passed_over() -> None:
    """One list of confidential fields serves every certificate; where none of them is there, nothing is sealed."""
    bare = attrs.evolve(FULL, odometer_km=None, usage=None)
    one = confidential.seal(bare, fields={"vin", "odometer_km"}, group_key=KEY, issuer_id="CN")

    assert ("vin",) == opened(payload.encode(one)).confidential_fields
    assert bare == confidential.seal(bare, fields={"odometer_km", "usage", 1000}, group_key=KEY, issuer_id="CN")
    assert bare == confidential.seal(bare, fields=(), group_key=KEY, issuer_id="CN")


def test_what_may_be_confidential() -> None:
    """Never what says which plate it is, whether and when it is in force, and where its status stands."""
    stays = {"registration_number", "country", "plate_type", "valid_until", "valid_from", "inspected_on"} | {
        "basis",
        "result",
        "authority",
        "status",
        "previous",
        "confidential",
    }

    assert {field.name for field in FIELDS.values()} == stays | MAY_BE_CONFIDENTIAL
    others: tuple[str | int, ...] = (
        *stays,
        "issued_at",
        "issuer",
        "certificate_id",
        "unknown_fields",
        "VIN",
        "",
        2,
        20,
        -1,
        True,
    )
    for name in others:
        with pytest.raises(ValueError, match="confidential may be"):
            confidential.seal(FULL, fields={"vin", name}, group_key=KEY, issuer_id="CN")


def test_a_name_alone_is_a_name() -> None:
    """``fields="vin"`` is the field, not its letters."""
    assert ("vin",) == opened(sealed(fields="vin")).confidential_fields


def test_the_form_is_the_published_one() -> None:
    """Opened with nothing but the format page: the context, the issuer, the bound claims, the public inspection."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    claims = _cbor.decode(sealed(fields={"vin", "odometer_km"}), max_bytes=3000)
    inspection = claims[INSPECTION]
    header, unprotected, ciphertext = _cbor.decode(inspection.pop(20), max_bytes=3000)
    bound = ["certcore/confidential/1", "CN", {6: claims[6]}, inspection]
    structure = _cbor.encode(["Encrypt0", header, _cbor.encode(bound)])
    plaintext = AESGCM(KEY.secret).decrypt(unprotected[5], ciphertext, structure)

    assert (b"\xa1\x01\x03", b"ins1") == (header, unprotected[4])
    assert {2: pack_vin(VIN), 12: 84_210} == _cbor.decode(plaintext, max_bytes=3000)


def test_two_seals_differ() -> None:
    """The same fields sealed twice share neither IV nor ciphertext."""
    assert sealed() != sealed()


@pytest.mark.parametrize(
    "reference",
    [
        {"status": None, "certificate_id": bytes(12)},
        {"status": StatusListEntry(uri="https://status.example/1", index=2)},
        {"issuer": "CN"},
        {"expires_at": NOW + timedelta(days=1)},
    ],
    ids=str,
)
def test_every_kind_of_reference(reference: dict[str, Any]) -> None:
    """With an id, with the standard status claim, with a stated issuer, and of short life."""
    certificate = attrs.evolve(FULL, **reference)

    assert certificate == plain(opened(sealed(certificate)))


LISTED: Final = (Deficiency(code="1", severity=Result.MINOR),)
COUNTED: Final = DeficiencyCounts(minor=1)


@pytest.mark.parametrize(
    ("hidden", "public", "inside"),
    [(COUNTED, LISTED, {13: [1, 0, 0]}), (LISTED, COUNTED, {22: [["1", 2]]})],
    ids=["counted", "listed"],
)
def test_deficiencies_in_both_forms(hidden: Any, public: Any, inside: dict[int, object]) -> None:  # noqa: ANN401  either form
    """Both forms can be sealed; beside the other form in public it is one thing said twice, and refused."""
    certificate = attrs.evolve(FULL, deficiencies=hidden)

    assert certificate == plain(opened(sealed(certificate, ["deficiencies"])))
    refused(forged({2: pack_vin(VIN), **inside}, attrs.evolve(FULL, deficiencies=public)))


# What is sealed is bound to its place


BOUND: Final[dict[str, tuple[dict[int, Any], dict[int, Any]]]] = {
    "iat": ({6: int(NOW.timestamp()) + 1}, {}),
    "plate": ({}, {0: "闽C54321"}),
    "country": ({}, {1: None}),
    "last day": ({}, {3: 30_000}),
    "result": ({}, {5: 1}),
    "status": ({}, {11: [12, 524286]}),
    "an id instead": ({7: bytes(12)}, {11: None}),
    "standard status instead": ({65535: {"status_list": {"idx": 1, "uri": "https://a.example/1"}}}, {11: None}),
    "a field more": ({}, {21: 20_000}),
    "an unknown field more": ({}, {77: 1}),
    "an unknown field less": ({}, {98: None}),
    "an unknown field changed": ({}, {99: [1, {2: b"lost"}]}),
}


@pytest.mark.parametrize(("claims", "inspection"), BOUND.values(), ids=list(BOUND))
def test_a_transplanted_ciphertext(claims: dict[int, Any], inspection: dict[int, Any]) -> None:
    """In a certificate that differs in anything public, the sealed part opens nowhere."""
    refused(changed(sealed(), claims, inspection))


def test_another_certificates() -> None:
    """Two vehicles' sealed parts, exchanged: neither opens."""
    one, other = sealed(), sealed(attrs.evolve(FULL, vin="LSVAA418777777777", registration_number="闽C54321"))
    parts = [payload.decode(data).confidential for data in (one, other)]
    refused(changed(one, inspection={20: parts[1]}))
    refused(changed(other, inspection={20: parts[0]}))


def test_another_issuers() -> None:
    """A certificate copied claim for claim by another issuer does not open under that one's id."""
    refused(sealed(issuer_id="DE"))
    refused(sealed(), issuer_id="DE")
    assert FULL == plain(opened(sealed(issuer_id="DE"), issuer_id="DE"))


def test_live_presentations_and_other_claims_are_not_bound() -> None:
    """The claims nbf and exp come and go, and unknown claims as well: the same sealed part opens."""
    begin = int(NOW.timestamp())
    found = opened(changed(sealed(), {5: begin + 60, 4: begin + 360, 2: "other"}))

    assert found.is_live
    assert VIN == found.vin


# Keys


def test_without_the_key() -> None:
    """Nothing sealed, or no key by that id: None, and the caller keeps the certificate it has."""
    stranger = attrs.evolve(KEY, key_id=b"ins2")

    assert confidential.unseal(sealed(), group_keys=[], issuer_id="CN") is None
    assert confidential.unseal(sealed(), group_keys=[stranger], issuer_id="CN") is None
    assert confidential.unseal(payload.encode(FULL), group_keys=[KEY], issuer_id="CN") is None


def test_which_key() -> None:
    """The key that opened it is named; keys with one id are all tried."""
    stranger = attrs.evolve(KEY, key_id=b"ins2")
    found = confidential.unseal(sealed(), group_keys=[stranger, OTHER_KEY, KEY], issuer_id="CN")

    assert found is not None
    assert (b"ins1", VIN) == (found.key_id, found.certificate.vin)


def test_what_was_decoded_already() -> None:
    """A certificate that was decoded before, its country filled in, is filled in as it is."""
    data = sealed(attrs.evolve(FULL, country=None))
    decoded = payload.decode(data, country="CN")
    found = confidential.unseal(data, decoded, group_keys=[KEY], issuer_id="CN")

    assert found is not None
    assert ("CN", VIN, decoded.confidential) == (
        found.certificate.country,
        found.certificate.vin,
        found.certificate.confidential,
    )


@pytest.mark.parametrize(
    "key",
    [
        OTHER_KEY,
        GroupKey(key_id=b"ins1", algorithm=A128GCM, secret=bytes(range(16))),
        GroupKey(key_id=b"ins1", algorithm=AES_CCM_16_64_128, secret=bytes(range(16))),
    ],
    ids=repr,
)
def test_another_key_by_that_id(key: GroupKey) -> None:
    """A key that goes by the id and is not the one, by its secret or its algorithm: refused, not passed over."""
    refused(sealed(), key)


def test_too_many_keys_by_one_id() -> None:
    """Five keys by one id are the caller's mistake."""
    keys = [GroupKey.generate(key_id=b"ins1") for _ in range(5)]
    with pytest.raises(ValueError, match="one id"):
        confidential.unseal(sealed(), group_keys=keys, issuer_id="CN")


# What a sealed part may say


PACKED: Final = pack_vin(VIN)
_LEFT_OUT: Final[dict[str, Any]] = dict.fromkeys(
    [*sorted(MAY_BE_CONFIDENTIAL - {"vin"}), "previous", "plate_type", "inspected_on"]
)
BARE: Final = attrs.evolve(FULL, **_LEFT_OUT)

NOT_SAID: Final[dict[str, object]] = {
    "no map": [2, PACKED],
    "nothing": {},
    "no chassis number": {12: 5},
    "a public field, the same": {2: PACKED, 0: "闽C12345"},
    "a public field, another": {2: PACKED, 5: 4},
    "a public unknown field": {2: PACKED, 98: "other"},
    "a first day": {2: PACKED, 21: 20_000},
    "a day of inspection": {2: PACKED, 7: 20_000},
    "a plate type": {2: PACKED, 8: 52},
    "a previous one": {2: PACKED, 19: bytes(8)},
    "a sealed part": {2: PACKED, 20: b"\x83"},
    "critical": {2: PACKED, -1: 1},
    "a text key": {"vin": PACKED},
    "a VIN in text": {2: VIN},
    "a VIN of 10 bytes": {2: PACKED[1:]},
    "a VIN out of range": {2: b"\xff" * 11},
    "an odometer in text": {2: PACKED, 12: "5"},
    "an odometer below zero": {2: PACKED, 12: -5},
    "an odometer that is true": {2: PACKED, 12: True},
    "a null": {2: PACKED, 12: None},
    "a digest of 15 bytes": {2: PACKED, 16: bytes(15)},
    "deficiencies twice": {2: PACKED, 13: [1, 0, 0], 22: [["1", 2]]},
    "too deep": {2: PACKED, 77: [[[[[[[1]]]]]]]},
}


@pytest.mark.parametrize("content", NOT_SAID.values(), ids=list(NOT_SAID))
def test_what_it_must_not_say(content: object) -> None:
    """The rules of public fields hold inside, and what everybody has to see is not there."""
    refused(forged(content, BARE))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xa0",
        b"\xff",
        b"not CBOR",
        b"\xa1\x18\x02\x4b" + PACKED,
        b"\xa2\x0c\x05\x02\x4b" + PACKED,
        b"\xa2\x02\x4b" + PACKED + b"\x02\x4b" + PACKED,
        b"\xbf\x02\x4b" + PACKED + b"\xff",
        b"\xa1\x02\x4b" + PACKED + b"\x00",
        b"\xa2\x02\x4b" + PACKED + b"\x0c\xf9\x00\x00",
        b"\xa1\x02\xc2\x4b" + PACKED,
    ],
    ids=bytes.hex,
)
def test_other_encodings(raw: bytes) -> None:
    """What is inside is deterministic CBOR, too."""
    refused(forged(None, BARE, raw=raw))


def test_what_it_may_say_besides() -> None:
    """Unknown positive keys are kept, marked as what must not be shown."""
    found = opened(forged({2: PACKED, 12: 5, 77: [1, 2]}, BARE))

    assert ("vin", "odometer_km", 77) == found.confidential_fields
    assert (5, (1, 2), "seen") == (found.odometer_km, found.unknown_fields[77], found.unknown_fields[98])


@pytest.mark.parametrize("part", [b"\xd0", b"\x83\x40\xa0\x40", b"x", bytes(2000)], ids=["tag", "empty", "x", "zeros"])
def test_what_is_no_sealed_message(part: bytes) -> None:
    """Bytes that are no COSE_Encrypt0 are refused by whoever holds a key."""
    refused(changed(sealed(), inspection={20: part}))


@given(st.binary(min_size=1, max_size=80))
def test_any_part(part: bytes) -> None:
    """Whatever stands in its place, there is one code."""
    refused(changed(sealed(), inspection={20: part}))


# Never in the clear by accident


def test_an_opened_certificate_is_not_written() -> None:
    """Written as it is, it would show what was sealed: refused, with the names and not the values."""
    found = opened(sealed(fields={"vin", "odometer_km", 99}))
    with pytest.raises(IssuingError) as caught:
        payload.encode(found)

    assert "confidential-exposed" == caught.value.code
    assert {"fields": "vin, odometer_km, 99"} == dict(caught.value.detail)
    assert VIN not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"registration_number": "闽C54321"},
        {"vin": "LSVAA418777777777"},
        {"confidential": None},
        {"confidential": b"\0"},
        {"issued_at": NOW + timedelta(days=1)},
        {"status": None, "certificate_id": bytes(12)},
    ],
    ids=str,
)
def test_changes_do_not_wash_it(changes: dict[str, Any]) -> None:
    """However an opened certificate is changed, it remembers; so does its pickle."""
    found = attrs.evolve(opened(sealed()), **changes)
    for certificate in (found, pickle.loads(pickle.dumps(found))):  # noqa: S301  a pickle of our own
        assert ("vin",) == certificate.confidential_fields
        with pytest.raises(IssuingError) as caught:
            payload.encode(certificate)
        assert "confidential-exposed" == caught.value.code


def test_the_public_part_of_an_opened_certificate() -> None:
    """With the confidential fields taken away again, it is written byte for byte as it came."""
    data = sealed(fields={"vin", "odometer_km", 99})
    public = attrs.evolve(opened(data), vin=None, odometer_km=None, unknown_fields={98: "seen"})

    assert data == payload.encode(public)


def test_making_it_public_on_purpose() -> None:
    """Who says so outright makes the fields public."""
    assert payload.encode(FULL) == payload.encode(plain(opened(sealed())))


def test_sealing_anew() -> None:
    """An opened certificate is sealed anew when all that was confidential is named, and more if wanted."""
    old = attrs.evolve(opened(sealed(fields={"vin", "usage"})), registration_number="闽C54321")
    with pytest.raises(IssuingError) as caught:
        confidential.seal(old, fields={"vin"}, group_key=KEY, issuer_id="CN")
    new = confidential.seal(old, fields={"vin", "usage", "inspector"}, group_key=KEY, issuer_id="CN")

    assert "confidential-exposed" == caught.value.code
    assert new.confidential_fields is None
    assert "闽C54321" == new.registration_number
    assert {"vin", "usage", "inspector"} == set(opened(payload.encode(new)).confidential_fields or ())


def test_what_was_not_opened_is_not_sealed_again() -> None:
    """A sealed part that nobody opened would be lost: refused."""
    closed = payload.decode(sealed())
    with pytest.raises(ValueError, match="sealed part already"):
        confidential.seal(closed, fields={"usage"}, group_key=KEY, issuer_id="CN")


def test_a_chassis_number_is_stated_somewhere() -> None:
    """A certificate whose VIN was taken away is not sealed without one."""
    without = attrs.evolve(opened(sealed(fields={"vin", "usage"})), vin=None)
    with pytest.raises(ValueError, match="chassis number"):
        confidential.seal(without, fields={"vin", "usage"}, group_key=KEY, issuer_id="CN")


@pytest.mark.parametrize("changes", [{"issued_at": None}, {"status": None}, {"certificate_id": bytes(12)}], ids=str)
def test_an_incomplete_certificate_is_not_sealed(changes: dict[str, Any]) -> None:
    """What it is bound to has to be there first."""
    with pytest.raises(IssuingError) as caught:
        sealed(attrs.evolve(FULL, **changes))

    assert "certificate-incomplete" == caught.value.code


def test_an_issuer_without_an_id() -> None:
    """The issuer's id is text; without one nothing is bound to anybody."""
    for issuer_id in ("", " " * 513, None):
        with pytest.raises(ValueError, match="text"):
            sealed(issuer_id=issuer_id)  # type: ignore[arg-type]  # the mistake under test


def test_too_much() -> None:
    """More than any certificate holds is refused before it is sealed."""
    many = tuple(Deficiency(code="1" * 100, severity=Result.MINOR) for _ in range(40))
    with pytest.raises(IssuingError) as caught:
        sealed(attrs.evolve(FULL, deficiencies=many), ["deficiencies"])

    assert "qr-too-large" == caught.value.code


def test_marks_are_checked() -> None:
    """What is marked as confidential is a field that may be; each once, none for nothing."""
    assert ("vin", "usage", 99) == attrs.evolve(
        FULL, confidential_fields=[99, "usage", "vin", "usage"]
    ).confidential_fields
    assert attrs.evolve(FULL, confidential_fields=()).confidential_fields is None
    for names in (["status"], ["nothing"], [1], [None], [b"vin"]):
        with pytest.raises(ValueError, match="confidential may be"):
            attrs.evolve(FULL, confidential_fields=names)  # type: ignore[arg-type]  # the mistake under test


def test_a_draft_can_be_marked() -> None:
    """Marked before it is issued, a field cannot be forgotten: without a group key nothing is signed."""
    draft = attrs.evolve(FULL, confidential_fields={"vin"})
    with pytest.raises(IssuingError) as caught:
        payload.encode(draft)

    assert "confidential-exposed" == caught.value.code


# What it costs


@pytest.mark.parametrize(("algorithm", "extra"), [(A128GCM, 48), (A256GCM, 48), (AES_CCM_16_64_128, 40)])
def test_size(algorithm: int, extra: int) -> None:
    """A sealed VIN under a key id of four bytes costs 48 bytes with GCM, and 40 with CCM."""
    data = sealed(key=GroupKey.generate(algorithm))

    assert extra == len(data) - len(payload.encode(FULL))


# In the register


def test_the_register_records_what_is_public(tmp_path: Path) -> None:
    """A register of one file keeps the certificate, and no chassis number anywhere in it."""
    pytest.importorskip("sqlalchemy", reason="the register extra is not installed")
    from certcore.register import StatusRegistry
    from certcore.status import StatusQuery

    database = tmp_path / "register.db"
    clock = FixedClock(NOW)
    registry = StatusRegistry(f"sqlite:///{database}", issuer="CN", country="CN", clock=clock)
    issuer = Issuer(signer=fixed_signer(), country="CN", registry=registry, clock=clock)
    ready = issuer.complete(attrs.evolve(FULL, status=None))
    text = issuer.issue(ready, confidential={"vin"}, group_key=KEY)
    record = registry.lookup(StatusQuery(issuer="CN", ref=ready.status, as_of=NOW, asked_at=NOW))
    registry.close()

    assert ["issued"] == [event.kind.value for event in record.events]
    assert VIN.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert VIN == opened(cose.read_certificate(armor.decode(text)).unverified_payload).vin
