"""Signers from other lists as trusted keys: X.509 certificates, JWKS (RFC 7517), and the lists of the EU's members.

Each reader gives `TrustedKey`s that go into a `TrustListContents`; the caller says what they may sign, for whom and
when, because the trust list's signers will confirm it. A certificate's own window always counts; the caller's can only
narrow it.

What is checked: that every key can be used; that a stated key id is the certificate's; that a certificate may sign
documents: by its key usage and extended key usage where it has them, not as a CA's, and without a critical extension
that is not known. A certificate with unreadable extensions, such as some in the EU's test data, is unusable: it is not
known what its key may do. What is *not* checked: who issued a certificate, whether it was revoked, and any signature
around a list. The caller must first check and remove a JWS, a line with a signature, or a gateway's CMS.

By default one unusable entry makes the list refused; with ``skip_unusable=True`` it is left out, and the result says
so. An entry that is not a signer (a CA in a gateway's list, a key for encryption) is always left out, and the result
says so. A list with a private key is always refused. Nothing is fetched: no ``x5u``, no ``jku``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from types import MappingProxyType
from typing import Any, Final, NoReturn, TypeAlias

import attrs

from certcore._instants import EPOCH, LAST_SECOND, utc_second
from certcore.errors import CertcoreError, RejectedInputError
from certcore.keys._signing import KEY_ID_BYTES
from certcore.keys._trusted import KeyUsage, TrustedKey
from certcore.trust import _signers
from certcore.vocabulary._codes import is_country_code

__all__ = [
    "read_eu",
    "read_jwks",
    "read_x509",
]

MAX_SIGNER_LIST_BYTES: Final = _signers.MAX_SIGNER_LIST_BYTES

MAX_SIGNERS: Final = 10_000
"""Entries of one list."""

_LAST: Final = datetime.fromtimestamp(LAST_SECOND - 1, UTC)
"""The ends of what a trust list can state; certificates without an end say 9999 (RFC 5280 section 4.1.2.5)."""


def _texts(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


@attrs.frozen(kw_only=True)
class LeftOut:
    """An entry of a list that gave no key.

    Attributes:
        place: where it stands, counted from 0.
        code: what was wrong; ``key-usage`` for one that never was a signer.
        why: in words.
    """

    place: str
    code: str
    why: str


@attrs.frozen(kw_only=True)
class Imported:
    """What a list came to.

    Attributes:
        keys: for a `TrustedIssuer`. A public key that stood in several entries is there once, with all their key ids.
        left_out: every entry that gave none.
    """

    keys: tuple[TrustedKey, ...]
    left_out: tuple[LeftOut, ...]


@attrs.frozen(kw_only=True)
class ImportedCountries:
    """What a list of several countries came to.

    Attributes:
        countries: the keys by country, two letters as the list states them.
        left_out: every entry that gave none.
    """

    countries: Mapping[str, tuple[TrustedKey, ...]]
    left_out: tuple[LeftOut, ...]


@attrs.frozen(kw_only=True)
class _Terms:
    """What the caller says of every key of a list."""

    usage: KeyUsage = attrs.field(converter=KeyUsage)
    authorities: tuple[str, ...] = attrs.field(converter=_texts)
    not_before: datetime | None = attrs.field(converter=attrs.converters.optional(utc_second))
    not_after: datetime | None = attrs.field(converter=attrs.converters.optional(utc_second))

    def __attrs_post_init__(self) -> None:
        if self.not_before is not None and self.not_after is not None and self.not_after <= self.not_before:
            msg = "a key's window ends after it begins"
            raise ValueError(msg)


_Entry: TypeAlias = tuple[str, Callable[[], _signers.Signer]]
"""A place, and what reads what stands there: a signer, a CertcoreError, or a `_signers.NotASignerError`."""


def read_x509(
    data: bytes,
    /,
    *,
    usage: KeyUsage,
    authorities: Collection[str] = ("*",),
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    purposes: Collection[str] = (),
    skip_unusable: bool = False,
) -> Imported:
    """The signers in X.509 certificates: PEM or DER, one or several after another.

    Each goes by the EU's key id, the first 8 bytes of SHA-256 over the DER, and by certcore's own beside it. Its window
    is the certificate's.

    Args:
        data: the certificates. Text between PEM blocks is passed over.
        usage: the one kind of document they may sign.
        authorities: for whom, as in `TrustedKey`.
        not_before: no earlier than this, whatever the certificates say.
        not_after: no later than this.
        purposes: extended key usages, as dotted numbers, that let a certificate sign, beside those for documents.
        skip_unusable: whether an unusable entry is left out rather than refusing all.

    Raises:
        RejectedInputError: ``signer-list-malformed``, ``signer-list-entry``, ``signer-list-private``.
        ValueError: for a usage, authority or instant that cannot be.
    """
    terms = _Terms(usage=usage, authorities=authorities, not_before=not_before, not_after=not_after)
    _signers.check_size(data)
    if b"-----BEGIN " in data:
        blocks = _signers.pem_blocks(data)
    else:
        blocks = ((b"CERTIFICATE", item) for item in _signers.der_items(data))
    entries: list[_Entry] = [
        (f"certificates[{at}]", functools.partial(_signers.from_pem_block, *block, purposes=purposes))
        for at, block in enumerate(islice(blocks, MAX_SIGNERS + 1))
    ]
    return _collect(entries, terms, skip_unusable=skip_unusable)


def read_jwks(
    data: bytes | str,
    /,
    *,
    usage: KeyUsage,
    not_before: datetime,
    not_after: datetime,
    authorities: Collection[str] = ("*",),
    base64url_kids: bool = False,
    skip_unusable: bool = False,
) -> Imported:
    """The signers in a JWK Set (RFC 7517 section 5).

    A JWK states no window: the caller does. Each key goes by its ``kid``, if it has one, and by certcore's own id.
    Certificates in ``x5c`` are not looked at.

    Args:
        data: the JSON.
        usage: the one kind of document they may sign.
        not_before: from when they may have signed.
        not_after: until when.
        authorities: for whom, as in `TrustedKey`.
        base64url_kids: whether a ``kid`` is base64url of the bytes that messages carry, as in JWKS beside COSE, or, by
            default, those bytes as UTF-8 text. More than 32 bytes are not taken.
        skip_unusable: whether an unusable entry is left out rather than refusing all.

    Raises:
        RejectedInputError: ``signer-list-malformed``, ``signer-list-entry``, ``signer-list-private``.
        ValueError: for a usage, authority or instant that cannot be.
    """
    terms = _Terms(usage=usage, authorities=authorities, not_before=not_before, not_after=not_after)
    match _signers.read_json(data):
        case {"keys": list() as jwks}:
            entries = [
                (f"keys[{at}]", functools.partial(_signers.from_jwk, jwk, base64url_kids=base64url_kids))
                for at, jwk in enumerate(jwks)
            ]
        case {"payload": _}:
            raise _signers.malformed("it is signed: check the signature, then import the payload")
        case _:
            raise _signers.malformed("a JWK Set is an object with an array of keys")
    return _collect(entries, terms, skip_unusable=skip_unusable)


def read_eu(
    data: bytes | str,
    /,
    *,
    usage: KeyUsage,
    countries: Collection[str] | None = None,
    authorities: Collection[str] = ("*",),
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    purposes: Collection[str] = (),
    skip_unusable: bool = False,
) -> ImportedCountries:
    """The signers in a list of the EU's members, in any of the forms in which these were handed out as JSON.

    - The gateway's: an array, or an object with ``certificates``, of entries with ``kid``, ``country``, and a
      certificate in ``rawData`` or a public key in ``publicKey``; where ``certificateType`` is there, ``DSC``.
    - The DSC trust list: ``dsc_trust_list``, by country, of JWKs with a certificate in ``x5c``.
    - Public keys alone: ``eu_keys``, by key id, of entries with ``subjectPk`` and the country in ``ian``.

    Bytes are Base64, certificates DER. Where there is a certificate, its window counts; where not, the caller states
    one.

    Args:
        data: the JSON, without a signature around it.
        usage: the one kind of document they may sign.
        countries: whose signers are wanted; all, unless given. The entries of others are not read.
        authorities: for whom, as in `TrustedKey`.
        not_before: no earlier than this; needed for a key without a certificate.
        not_after: no later than this; as above.
        purposes: as for `read_x509`.
        skip_unusable: whether an unusable entry is left out rather than refusing all.

    Raises:
        RejectedInputError: ``signer-list-malformed``, ``signer-list-entry``, ``signer-list-private``.
        ValueError: for a usage, authority or instant that cannot be.
    """
    terms = _Terms(usage=usage, authorities=authorities, not_before=not_before, not_after=not_after)
    by_country: dict[str, list[_Entry]] = {}
    for place, country, read in _eu_entries(_signers.read_json(data), purposes):
        if countries is None or country is None or country in countries:
            by_country.setdefault(country or "", []).append((place, read if country else _without_country))
    _refuse_too_many(sum(map(len, by_country.values())))
    collected = {
        country: _collect(entries, terms, skip_unusable=skip_unusable, may_be_none=True)
        for country, entries in by_country.items()
    }
    found = {country: imported.keys for country, imported in sorted(collected.items()) if imported.keys}
    if not found:
        raise _signers.malformed("it names no signer that is wanted")
    return ImportedCountries(
        countries=MappingProxyType(found),
        left_out=tuple(one for imported in collected.values() for one in imported.left_out),
    )


# --- from entries to keys
# ------------------------------------------------------------------------------------------------------------------


def _collect(entries: Collection[_Entry], terms: _Terms, *, skip_unusable: bool, may_be_none: bool = False) -> Imported:
    _refuse_too_many(len(entries))
    keys: dict[bytes, TrustedKey] = {}
    left_out = []
    for place, read in entries:
        try:
            key = _trusted(read(), terms)
            held = keys.get(key.public_key.thumbprint)
            keys[key.public_key.thumbprint] = key if held is None else _merge(held, key)
        except _signers.NotASignerError as cause:
            left_out.append(LeftOut(place=place, code="key-usage", why=str(cause)))
        except CertcoreError as cause:
            if cause.code == "signer-list-private":
                raise
            if not skip_unusable:
                raise RejectedInputError(
                    "signer-list-entry", f"{place}: {cause.message}", place=place, cause=cause.code
                ) from cause
            left_out.append(LeftOut(place=place, code=cause.code, why=cause.message))
    if not keys and not may_be_none:
        raise _signers.malformed("it names no signer")
    return Imported(keys=tuple(keys.values()), left_out=tuple(left_out))


def _trusted(found: _signers.Signer, terms: _Terms) -> TrustedKey:
    start, end = found.window or (terms.not_before, terms.not_after)
    if start is None or end is None:
        raise _signers.unusable("the entry states no window, and none was given")
    start, end = max(start, terms.not_before or start, EPOCH), min(end, terms.not_after or end, _LAST)
    if end <= start:
        raise _signers.unusable("nothing is left of its window")
    return TrustedKey(
        public_key=found.key,
        usage=terms.usage,
        authorities=terms.authorities,
        not_before=start,
        not_after=end,
        key_ids=tuple(dict.fromkeys((*found.key_ids, found.key.thumbprint[:KEY_ID_BYTES]))),
    )


def _merge(held: TrustedKey, again: TrustedKey) -> TrustedKey:
    """One entry for a key that has two certificates: all ids, and the stretch of time that both cover."""
    second = timedelta(seconds=1)
    if again.not_before > held.not_after + second or held.not_before > again.not_after + second:
        raise _signers.unusable("the same key stands before it, and between the two windows is a gap")
    return attrs.evolve(
        held,
        key_ids=tuple(dict.fromkeys((*held.key_ids, *again.key_ids))),
        not_before=min(held.not_before, again.not_before),
        not_after=max(held.not_after, again.not_after),
    )


# --- the EU's lists
# ------------------------------------------------------------------------------------------------------------------

_EuEntry: TypeAlias = tuple[str, str | None, Callable[[], _signers.Signer]]


def _eu_entries(members: object, purposes: Collection[str]) -> Iterator[_EuEntry]:
    match members:
        case {"dsc_trust_list": dict() as countries}:
            yield from _dsc_trust_list(countries, purposes)
        case {"eu_keys": dict() as by_key_id}:
            yield from _eu_keys(by_key_id)
        case {"certificates": list() as entries}:
            yield from _gateway(entries, "certificates", purposes)
        case list():
            yield from _gateway(members, "", purposes)
        case _:
            raise _signers.malformed("it has none of the forms of the EU's lists")


def _gateway(entries: Iterable[object], name: str, purposes: Collection[str]) -> Iterator[_EuEntry]:
    for at, entry in enumerate(entries):
        members = _signers.members_of(entry)
        yield f"{name}[{at}]", _country(members.get("country")), functools.partial(_gateway_signer, members, purposes)


def _gateway_signer(entry: Mapping[str, Any], purposes: Collection[str]) -> _signers.Signer:
    if entry.get("certificateType", "DSC") != "DSC":
        raise _signers.NotASignerError("it is not a document signer")
    key_id = None if entry.get("kid") is None else _signers.base64_bytes(entry["kid"])
    if "rawData" in entry:
        return _signers.from_certificate(_signers.base64_bytes(entry["rawData"]), stated_id=key_id, purposes=purposes)
    return _signers.from_public_key(entry.get("publicKey"), key_id)


def _dsc_trust_list(countries: Mapping[str, object], purposes: Collection[str]) -> Iterator[_EuEntry]:
    for at, (name, signers) in enumerate(countries.items()):
        country = _country(name)
        keys = _signers.members_of(signers).get("keys")
        if not isinstance(keys, list):
            raise _signers.malformed("a country of the list has no array of keys")
        for number, jwk in enumerate(keys):
            place = f"dsc_trust_list.{country or at}.keys[{number}]"
            yield place, country, functools.partial(_dsc, _signers.members_of(jwk), purposes)


def _dsc(jwk: Mapping[str, Any], purposes: Collection[str]) -> _signers.Signer:
    _signers.refuse_private(jwk)
    match jwk.get("x5c"):
        case [str() as certificate, *_]:
            key_id = None if jwk.get("kid") is None else _signers.base64_bytes(jwk["kid"])
            found = _signers.from_certificate(_signers.base64_bytes(certificate), stated_id=key_id, purposes=purposes)
        case _:
            raise _signers.unusable("it has no certificate")
    if "kty" in jwk and _signers.jwk_key(jwk).thumbprint != found.key.thumbprint:
        raise _signers.unusable("its key is not the certificate's")
    return found


def _eu_keys(by_key_id: Mapping[str, object]) -> Iterator[_EuEntry]:
    for at, (kid, signers) in enumerate(by_key_id.items()):
        if not isinstance(signers, list):
            raise _signers.malformed("a key id of the list leads to no array")
        for number, signer in enumerate(signers):
            members = _signers.members_of(signer)
            place = f"eu_keys[{at}][{number}]"
            yield place, _country(members.get("ian")), functools.partial(_eu_key, kid, members)


def _eu_key(kid: str, members: Mapping[str, Any]) -> _signers.Signer:
    return _signers.from_public_key(members.get("subjectPk"), _signers.base64_bytes(kid))


def _country(value: object) -> str | None:
    return value if isinstance(value, str) and is_country_code(value) else None


def _without_country() -> NoReturn:
    raise _signers.unusable("it states no country of two letters")


def _refuse_too_many(entries: int) -> None:
    if entries > MAX_SIGNERS:
        raise _signers.malformed(f"it has more than {MAX_SIGNERS} entries")
