"""One issuer: who it is, where its register is, and what each of its keys may sign.

One entry of a trust list; see `certcore.trust`. It has the rules within one entry, and which authorities a key may sign
for. It does not check signatures on lists, or certificates.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import attrs

from certcore import _urls
from certcore._instants import time_zone, utc_second
from certcore.keys._trusted import KeyUsage, TrustedKey, text_tuple
from certcore.vocabulary._characters import is_text
from certcore.vocabulary._codes import is_country_code

__all__ = [
    "ListTemplate",
    "TrustedIssuer",
]

_LIST_NUMBER: Final = "{list}"
_LAST_LIST: Final = (1 << 32) - 1
"""The largest number of a list, and so the longest URI that a template leads to."""

_MAX_TEXT: Final = 512
"""Characters of a name or a URI in a trust list."""


def _keys(value: Iterable[TrustedKey]) -> tuple[TrustedKey, ...]:
    return tuple(value)


def _templates(value: Iterable[ListTemplate]) -> tuple[ListTemplate, ...]:
    return tuple(value)


@lru_cache(maxsize=1024)  # an issuer has a list for every million certificates
def _resolved(template: str, list_number: int) -> str:
    return template.replace(_LIST_NUMBER, str(list_number))


@attrs.frozen(kw_only=True)
class ListTemplate:
    """Where an issuer's status lists are, for a stretch of time: a URI with ``{list}`` where the list's number goes.

    Attributes:
        uri: the template.
        not_before: from when lists are there.
        not_after: until when; None while they are.
    """

    uri: str
    not_before: datetime = attrs.field(converter=utc_second)
    not_after: datetime | None = attrs.field(default=None, converter=attrs.converters.optional(utc_second))

    def __attrs_post_init__(self) -> None:
        if self.uri.count(_LIST_NUMBER) != 1:
            msg = f"a list template holds {_LIST_NUMBER} once"
            raise ValueError(msg)
        _urls.parse(self.resolve(_LAST_LIST))

    def resolve(self, list_number: int) -> str:
        """The URI of one list."""
        return _resolved(self.uri, list_number)


@attrs.frozen(kw_only=True)
class TrustedIssuer:
    """One issuer: who it is, where it is, how it keeps its register, and its keys.

    Attributes:
        id: stable and unique in the list, e.g. CN.
        name: for people.
        country: ISO 3166-1 alpha-2; the country of a certificate that states none.
        time_zone: IANA name; the zone whose civil days its dates are.
        query_endpoint: where vehicles are looked up.
        list_templates: where its status lists are.
        uri_prefixes: under which a certificate's own status URI must lie; each ends in ``/``.
        max_entries: the most entries one of its lists has.
        suspends: whether an entry that is not valid may become valid again.
        retroactive: whether a revocation may reach back before it was recorded.
        countries: for which other countries it may issue certificates and answer.
        keys: its keys, retired ones included.
    """

    id: str
    name: str
    country: str
    time_zone: str
    keys: tuple[TrustedKey, ...] = attrs.field(converter=_keys)
    query_endpoint: str | None = None
    list_templates: tuple[ListTemplate, ...] = attrs.field(default=(), converter=_templates)
    uri_prefixes: tuple[str, ...] = attrs.field(default=(), converter=text_tuple)
    max_entries: int = 1 << 20
    suspends: bool = True
    retroactive: bool = True
    countries: tuple[str, ...] = attrs.field(default=(), converter=text_tuple)
    zone: ZoneInfo = attrs.field(init=False, repr=False, eq=False)
    status_keys: tuple[TrustedKey, ...] = attrs.field(init=False, repr=False, eq=False)
    register_keys: tuple[TrustedKey, ...] = attrs.field(init=False, repr=False, eq=False)

    @status_keys.default
    def _status_keys(self) -> tuple[TrustedKey, ...]:
        """The keys that may sign its status documents."""
        return tuple(key for key in self.keys if key.usage is KeyUsage.STATUS)

    @register_keys.default
    def _register_keys(self) -> tuple[TrustedKey, ...]:
        """The keys that may sign its answers about vehicles."""
        return tuple(key for key in self.keys if key.usage is KeyUsage.REGISTER)

    @zone.default
    def _zone(self) -> ZoneInfo:
        return time_zone(self.time_zone)

    def __attrs_post_init__(self) -> None:
        if not (_is_text(self.id) and _is_text(self.name)):
            msg = f"an issuer has an id and a name of 1 to {_MAX_TEXT} printable characters"
            raise ValueError(msg)
        if not all(map(is_country_code, (self.country, *self.countries))):
            msg = "a country is two capital letters (ISO 3166-1 alpha-2)"
            raise ValueError(msg)
        if len({self.country, *self.countries}) != 1 + len(self.countries):
            msg = "an issuer's further countries are others than its own, each stated once"
            raise ValueError(msg)
        if not 1 <= self.max_entries < 1 << 32:
            msg = "a status list has 1 to 2**32 - 1 entries"
            raise ValueError(msg)
        if self.query_endpoint is not None:
            _urls.parse(self.query_endpoint)
        for prefix in self.uri_prefixes:
            if not _urls.parse(prefix).path.endswith("/"):
                msg = "a URI prefix ends in /"
                raise ValueError(msg)

    def speaks_for(self, country: str, /) -> bool:
        """Whether its word counts for this country: its own, or one that the list names beside it."""
        return country == self.country or country in self.countries

    def list_uri(self, list_number: int, /, *, at: datetime) -> str | None:
        """Where the list is at an instant; the latest template in force wins."""
        latest: ListTemplate | None = None
        for template in self.list_templates:
            is_in_force = template.not_before <= at and (template.not_after is None or at <= template.not_after)
            if is_in_force and (latest is None or template.not_before > latest.not_before):
                latest = template
        return None if latest is None else latest.resolve(list_number)

    def allows_uri(self, uri: str, /) -> bool:
        """Whether a URI that a certificate states lies under one of the issuer's prefixes, both parsed."""
        try:
            found = _urls.parse(uri)
        except ValueError:
            return False
        return any(
            found.origin == prefix.origin and found.path.startswith(prefix.path)
            for prefix in map(_urls.parse, self.uri_prefixes)
        )


def _is_text(value: object) -> bool:
    return is_text(value, _MAX_TEXT)
