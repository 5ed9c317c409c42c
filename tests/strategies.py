"""Every Hypothesis strategy of the tests, in one place: CBOR, text, keys, and certificates of every shape.

The keys are fixed, so that an example that fails once fails again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import attrs
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import strategies as st

from certcore import payload
from certcore.certificate import _claims
from certcore.keys import EDDSA, ES256, ES384, ML_DSA_65, LocalSigner, PublicKey
from certcore.keys._algorithms import ED25519, ESP256, ESP384, ML_DSA_44
from certcore.payload import (
    Basis,
    Deficiency,
    DeficiencyCounts,
    InspectionCertificate,
    Result,
    StatusListEntry,
    StatusRef,
)

CborValue: TypeAlias = Any
"""What `certcore._cbor` writes: int, bytes, str, bool, None, and lists and maps of them."""

# CBOR

_EDGES: Final = sorted(
    {edge + step for power in (5, 8, 16, 32, 64) for edge in (2**power, -(2**power), 24, -24) for step in (-1, 0)}
    - {2**64, -(2**64) - 1}
)

cbor_integers: Final = st.one_of(
    st.integers(-300, 300), st.sampled_from(_EDGES), st.integers(-(2**64), 2**64 - 1)
)  # the values at which an encoding grows are over-represented
cbor_scalars: Final[st.SearchStrategy[CborValue]] = st.one_of(
    cbor_integers, st.booleans(), st.none(), st.binary(max_size=40), st.text(max_size=40)
)


def cbor_values(*, depth: int = 5, keys: st.SearchStrategy[int | str] = cbor_integers) -> st.SearchStrategy[CborValue]:
    """Values of the strict profile, at most this many containers deep."""
    if depth == 0:
        return cbor_scalars
    inner = cbor_values(depth=depth - 1, keys=keys)
    return st.one_of(
        cbor_scalars, st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4).map(_in_any_order)
    )


def _in_any_order(value: dict[Any, Any]) -> dict[Any, Any]:
    """The same map in an order that has nothing to do with its keys' encodings."""
    return dict(sorted(value.items(), key=lambda item: str(item[0])))


# Text

BASE45: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

base45_like: Final = st.text(BASE45, max_size=60)
any_text: Final = st.text(st.characters(), max_size=60)

# Keys


def _local(handle: Any, algorithm: int) -> LocalSigner:  # noqa: ANN401  whichever private key cryptography made
    pem = handle.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return LocalSigner.from_pem(pem, algorithm=algorithm)


_MAKERS: Final[Mapping[int, Callable[[int], Any]]] = {
    ES256: lambda seed: ec.derive_private_key(1000 + seed, ec.SECP256R1()),
    ESP256: lambda seed: ec.derive_private_key(2000 + seed, ec.SECP256R1()),
    ES384: lambda seed: ec.derive_private_key(3000 + seed, ec.SECP384R1()),
    ESP384: lambda seed: ec.derive_private_key(4000 + seed, ec.SECP384R1()),
    EDDSA: lambda seed: ed25519.Ed25519PrivateKey.from_private_bytes(seed.to_bytes(32, "big")),
    ED25519: lambda seed: ed25519.Ed25519PrivateKey.from_private_bytes((1000 + seed).to_bytes(32, "big")),
    ML_DSA_44: lambda seed: mldsa.MLDSA44PrivateKey.from_seed_bytes(seed.to_bytes(32, "big")),
    ML_DSA_65: lambda seed: mldsa.MLDSA65PrivateKey.from_seed_bytes(seed.to_bytes(32, "big")),
}

CERTIFICATE_ALGORITHMS: Final = (ES256, ESP256, ES384, ESP384, EDDSA, ED25519)
"""The algorithms a certificate may be signed with."""

SIGNING_ALGORITHMS: Final = (*CERTIFICATE_ALGORITHMS, ML_DSA_44, ML_DSA_65)
"""The algorithms certcore signs with at all."""


@functools.cache
def fixed_signer(algorithm: int = ES256, seed: int = 1) -> LocalSigner:
    """The same key for the same arguments, in every run."""
    return _local(_MAKERS[algorithm](seed), algorithm)


signers: Final = st.builds(fixed_signer, st.sampled_from(SIGNING_ALGORITHMS), st.integers(1, 3))


@attrs.frozen
class BrokenSigner:
    """A signer that raises its answer, or gives it: something else than a signature."""

    answer: Any
    public_key: PublicKey = attrs.field(factory=lambda: fixed_signer().public_key)

    def sign(self, _: bytes, /) -> bytes:
        """Raise the answer, or give it."""
        if isinstance(self.answer, Exception):
            raise self.answer
        result: bytes = self.answer
        return result


# Certificates

_PLATES: Final = ("闽C12345", "闽C·12345", "粤BD12345", "京AF12345", "B-AB 123", "AB-12-CD", "Ж123ХХ77", "12가3456")
_VIN_SYMBOLS: Final = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"

plates: Final = st.one_of(
    st.sampled_from(_PLATES),
    st.text("闽粤京ABCXYZ0123456789ÉŽ", min_size=1, max_size=9),
    st.builds("{}-{}".format, st.text("ABC", min_size=1, max_size=3), st.integers(0, 9999)),
)
vins: Final = st.text(_VIN_SYMBOLS, min_size=17, max_size=17)
chassis_numbers: Final = st.one_of(
    vins,
    st.from_regex(r"[A-Z]{2,4}[0-9]{2}-[0-9]{7}", fullmatch=True),
    st.text("IOQ0123456789", min_size=1, max_size=20),
)
printable_texts: Final = st.one_of(
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "M"]), min_size=1, max_size=20),
    st.text("ab 闽", min_size=1, max_size=128),
)
LAST_DAY: Final = date(9998, 12, 31)
"""The latest day a certificate may name."""

civil_days: Final = st.one_of(st.dates(date(1970, 1, 1), LAST_DAY), st.sampled_from([date(1970, 1, 1), LAST_DAY]))
instants: Final = st.datetimes(
    datetime(1970, 1, 1),  # noqa: DTZ001  Hypothesis wants naive bounds and adds the zone
    datetime(9998, 12, 30),  # noqa: DTZ001  as above
    timezones=st.just(UTC),
).map(lambda value: value.replace(microsecond=0))
uint32s: Final = st.one_of(st.integers(0, 300), st.integers(0, 2**32 - 1), st.just(2**32 - 1))
status_refs: Final = st.builds(StatusRef, list=uint32s, index=uint32s)
list_entries: Final = st.builds(
    StatusListEntry,
    uri=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=60),
    index=uint32s,
)
certificate_ids: Final = st.binary(min_size=8, max_size=16)
bases: Final[st.SearchStrategy[Basis | int]] = st.one_of(
    st.sampled_from(Basis), uint32s.filter(lambda code: not 1 <= code <= len(Basis))
)
results: Final[st.SearchStrategy[Result | int]] = st.one_of(
    st.sampled_from(Result), uint32s.filter(lambda code: code >= len(Result))
)
deficiency_lists: Final = st.lists(
    st.builds(
        Deficiency, code=printable_texts, severity=st.sampled_from([Result.MINOR, Result.MAJOR, Result.DANGEROUS])
    ),
    min_size=1,
    max_size=4,
).map(tuple)
deficiencies: Final = st.one_of(
    st.builds(DeficiencyCounts, minor=uint32s, major=uint32s, dangerous=uint32s), deficiency_lists
)

KNOWN_CLAIMS: Final = frozenset({1, 4, 5, 6, 7, 65535, -65537})
KNOWN_FIELDS: Final = frozenset(_claims.FIELDS)

unknown_claims: Final = st.dictionaries(
    cbor_integers.filter(lambda key: key not in KNOWN_CLAIMS), cbor_values(depth=2), max_size=3
)
unknown_fields: Final = st.dictionaries(st.integers(max(KNOWN_FIELDS) + 1, 2**64 - 1), cbor_values(depth=2), max_size=3)

_OPTIONAL: Final[Mapping[str, st.SearchStrategy[Any]]] = MappingProxyType(
    {
        "country": st.sampled_from(["CN", "DE", "MN", "ZZ"]),
        "valid_from": civil_days,
        "inspected_on": civil_days,
        "plate_type": uint32s,
        "vehicle_category": st.sampled_from(["M1", "K33", "N2"]),
        "usage": st.sampled_from("ABCDEFZ"),
        "odometer_km": uint32s,
        "deficiencies": deficiencies,
        "test_place": printable_texts,
        "inspector": printable_texts,
        "report_digest": st.binary(min_size=16, max_size=16),
        "next_test_due": civil_days,
        "document_number": printable_texts,
        "previous": st.one_of(status_refs, certificate_ids),
        "issuer": printable_texts,
        "unknown_claims": unknown_claims,
        "unknown_fields": unknown_fields,
    }
)
"""The fields that may be left out whatever the others are."""


@st.composite
def _identities(draw: st.DrawFn) -> dict[str, Any]:
    """A chassis number in the clear, or confidential claims, or both; and a last day where the result needs one."""
    result = draw(results)
    fields: dict[str, Any] = {"result": result}
    if not isinstance(result, Result) or not result.passes:
        fields["valid_until"] = draw(st.none() | civil_days)
    else:
        fields["valid_until"] = draw(civil_days)
    fields["vin"] = draw(st.none() | chassis_numbers)
    fields["confidential"] = draw(st.binary(min_size=1, max_size=60) if fields["vin"] is None else st.none())
    return fields


@st.composite
def _references(draw: st.DrawFn) -> dict[str, Any]:
    """Exactly one of the three ways in which a certificate is found in a register."""
    return draw(
        st.one_of(
            st.fixed_dictionaries({"status": status_refs}),
            st.fixed_dictionaries({"status": list_entries}),
            st.fixed_dictionaries({"certificate_id": certificate_ids}),
        )
    )


@st.composite
def _times(draw: st.DrawFn) -> dict[str, Any]:
    """A time of issue; perhaps an end, perhaps the window of a live presentation."""
    issued_at = draw(instants)
    fields = {"issued_at": issued_at}
    kind = draw(st.sampled_from(["lasting", "lasting", "short", "live"]))
    if kind != "lasting":
        presented_at = issued_at + timedelta(seconds=draw(st.integers(0, 3600)))
        if kind == "live":
            fields["presented_at"] = presented_at
        fields["expires_at"] = presented_at + timedelta(seconds=draw(st.integers(1, 3600)))
    return fields


@st.composite
def certificates(draw: st.DrawFn) -> InspectionCertificate:
    """Certificates of every shape : both profiles, every reference, live ones, all that may be unknown."""
    named = draw(st.sets(st.sampled_from(sorted(_OPTIONAL)), max_size=len(_OPTIONAL)))
    fields = {name: draw(_OPTIONAL[name]) for name in sorted(named)}
    return InspectionCertificate(
        registration_number=draw(plates),
        basis=draw(bases),
        authority=draw(printable_texts),
        **draw(_identities()),
        **draw(_references()),
        **draw(_times()),
        **fields,
    )


payloads: Final = certificates().map(payload.encode)
"""The bytes of certificates' payloads."""
