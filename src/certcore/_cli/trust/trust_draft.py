"""The draft of a trust list: JSON that people edit and review, and how it becomes a list.

A draft holds everything of a trust list but the dates, which signing sets. It has public keys as PEM. It is read
strictly: an unknown member is refused, with its place. Commands that add keys also make an issuer and a window from
their options here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs

from certcore._cli.input import files, json_input
from certcore._cli.input.json_input import Members
from certcore.errors import CertcoreError, RejectedInputError
from certcore.keys import PublicKey
from certcore.keys._algorithms import ALGORITHM_NAMES, ALGORITHM_NUMBERS
from certcore.trust import Environment, KeyUsage, ListTemplate, TrustedIssuer, TrustedKey, TrustListContents

FORMAT: Final = "certcore-trust-draft/1"

DEFAULT_UPDATE_DAYS: Final = 30
DEFAULT_LIVE_SECONDS: Final = 900

_ANY_INSTANT: Final = datetime.fromtimestamp(0, UTC)


@attrs.frozen(kw_only=True)
class TrustDraft:
    """A trust list that is not signed yet.

    Attributes:
        environment: real certificates, or trying out.
        version: of the list it was last signed as, or will be.
        update_days: how many days after signing the next list comes.
        live_maximum_s: the longest a live presentation may last, in seconds.
        issuers: who is trusted.
    """

    environment: Environment
    version: int = 1
    update_days: int = DEFAULT_UPDATE_DAYS
    live_maximum_s: int = DEFAULT_LIVE_SECONDS
    issuers: tuple[TrustedIssuer, ...] = ()

    def contents(self, *, issued_at: datetime) -> TrustListContents:
        """What is signed, as of an instant.

        Raises:
            RejectedInputError: ``input-malformed``; the parts do not fit together.
        """
        try:
            return TrustListContents(
                version=self.version,
                issued_at=issued_at,
                next_update_at=issued_at + timedelta(days=self.update_days),
                environment=self.environment,
                live_maximum=timedelta(seconds=self.live_maximum_s),
                issuers=self.issuers,
            )
        except (ValueError, OverflowError) as cause:
            raise json_input.malformed("the draft", str(cause)) from cause

    def issuer(self, issuer_id: str, **given: Any) -> TrustedIssuer:  # noqa: ANN401  the issuer's options, as click converts them
        """The issuer of this id with what was given changed, or a new one.

        Raises:
            ValueError: for a new issuer that lacks something, and for a country or time zone that would change.
        """
        changes = {name: value for name, value in given.items() if value not in (None, ())}
        held = next((issuer for issuer in self.issuers if issuer.id == issuer_id), None)
        if held is None:
            missing = [
                f"--{name.replace('_', '-')}" for name in ("name", "country", "time_zone") if name not in changes
            ]
            if missing:
                msg = f"a new issuer needs {', '.join(missing)}"
                raise ValueError(msg)
            return TrustedIssuer(id=issuer_id, keys=(), **changes)
        for name in ("country", "time_zone"):
            if changes.get(name, getattr(held, name)) != getattr(held, name):
                msg = f"an issuer's {name.replace('_', ' ')} cannot change: old certificates would mean something else"
                raise ValueError(msg)
        return attrs.evolve(held, **changes)

    def with_issuer(
        self, issuer: TrustedIssuer, *, keys: Iterable[TrustedKey], templates: Iterable[ListTemplate] = ()
    ) -> TrustDraft:
        """The draft with this issuer as it is now, and these keys and list templates more.

        Raises:
            RejectedInputError: ``input-malformed``; the parts do not fit together.
        """
        issuer = attrs.evolve(issuer, keys=(*issuer.keys, *keys), list_templates=(*issuer.list_templates, *templates))
        issuers = {other.id: other for other in self.issuers} | {issuer.id: issuer}
        draft = attrs.evolve(self, issuers=tuple(issuers.values()))
        draft.contents(issued_at=_ANY_INSTANT)
        return draft

    def to_json(self) -> str:
        """The draft as it is edited: indented, in the characters it has."""
        members = {
            "format": FORMAT,
            "environment": self.environment.value,
            "version": self.version,
            "update_days": self.update_days,
            "live_maximum_s": self.live_maximum_s,
            "issuers": [_issuer_members(issuer) for issuer in self.issuers],
        }
        return json.dumps(members, ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> TrustDraft:
        """The draft in a JSON text.

        Raises:
            RejectedInputError: ``input-malformed``, with the place.
        """
        members = Members(json_input.parse(text, "the draft"), "")
        if members.take("format", json_input.text) != FORMAT:
            raise json_input.malformed("format", f"the format {FORMAT} is expected")
        draft = cls(
            environment=members.take("environment", json_input.one_of(Environment)),
            version=members.take("version", json_input.whole_number),
            update_days=members.take("update_days", json_input.whole_number),
            live_maximum_s=members.take("live_maximum_s", json_input.whole_number),
            issuers=members.take("issuers", json_input.array_of(_issuer)),
        )
        members.finish()
        draft.contents(issued_at=_ANY_INSTANT)  # whatever does not fit together is told now, not when signing
        return draft


def read(path: Path) -> TrustDraft:
    """The draft in a file.

    Raises:
        RejectedInputError: ``file-unreadable``, ``file-too-large``; ``input-malformed``, with the place.
    """
    return TrustDraft.from_json(files.read_text(path, limit=files.MAX_DRAFT_BYTES))


def limit(value: date | datetime, zone: ZoneInfo, *, is_end: bool = False) -> datetime:
    """A day's first or last second in the issuer's zone; a moment as it is."""
    if isinstance(value, datetime):
        return value
    if is_end:
        return datetime.combine(value + timedelta(days=1), time(), zone).astimezone(UTC) - timedelta(seconds=1)
    return datetime.combine(value, time(), zone)


def _issuer_members(issuer: TrustedIssuer) -> dict[str, Any]:
    return {
        **_present(issuer, "id", "name", "country", "time_zone", "query_endpoint"),
        "list_templates": [_present(item, "uri", "not_before", "not_after") for item in issuer.list_templates],
        "uri_prefixes": list(issuer.uri_prefixes),
        **_present(issuer, "max_entries", "suspends", "retroactive"),
        **({"countries": list(issuer.countries)} if issuer.countries else {}),
        "keys": [_key_members(key) for key in issuer.keys],
    }


def _key_members(key: TrustedKey) -> dict[str, Any]:
    return {
        "public_key": key.public_key.to_pem().decode("ascii"),
        "algorithm": ALGORITHM_NAMES[key.public_key.algorithm],
        "key_ids": [key_id.hex() for key_id in key.key_ids],
        **_present(key, "usage", "authorities", "not_before", "not_after", "compromised_since", "compromise"),
    }


def _present(what: object, *names: str) -> dict[str, Any]:
    """Those of an object's attributes that are set, as JSON types."""
    return {name: _plain(value) for name in names if (value := getattr(what, name)) is not None}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Enum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def _issuer(value: object, place: str) -> TrustedIssuer:
    members = Members(value, place)
    given: dict[str, Any] = {
        "query_endpoint": members.take_if("query_endpoint", json_input.text),
        "list_templates": members.take_if("list_templates", json_input.array_of(_template)),
        "uri_prefixes": members.take_if("uri_prefixes", json_input.array_of(json_input.text)),
        "max_entries": members.take_if("max_entries", json_input.whole_number),
        "suspends": members.take_if("suspends", json_input.truth),
        "retroactive": members.take_if("retroactive", json_input.truth),
        "countries": members.take_if("countries", json_input.array_of(json_input.text)),
    }
    given = {name: member for name, member in given.items() if member is not None}
    for name in ("id", "name", "country", "time_zone"):
        given[name] = members.take(name, json_input.text)
    given["keys"] = members.take("keys", json_input.array_of(_key))
    members.finish()
    return json_input.build(TrustedIssuer, place, **given)


def _template(value: object, place: str) -> ListTemplate:
    members = Members(value, place)
    uri = members.take("uri", json_input.text)
    not_before = members.take("not_before", json_input.instant)
    not_after = members.take_if("not_after", json_input.instant)
    members.finish()
    try:
        return ListTemplate(uri=uri, not_before=not_before, not_after=not_after)
    except (ValueError, OverflowError) as cause:
        raise json_input.malformed(place, str(cause)) from cause


def _key(value: object, place: str) -> TrustedKey:
    members = Members(value, place)
    key_ids = members.take_if("key_ids", json_input.array_of(json_input.hexadecimal)) or ()
    given: dict[str, Any] = {
        "authorities": members.take_if("authorities", json_input.array_of(json_input.text)),
        "compromised_since": members.take_if("compromised_since", json_input.instant),
        "compromise": members.take_if("compromise", json_input.text),
        "key_ids": key_ids or None,
    }
    given = {name: member for name, member in given.items() if member is not None}
    given["usage"] = members.take("usage", json_input.one_of(KeyUsage))
    given["not_before"] = members.take("not_before", json_input.instant)
    given["not_after"] = members.take("not_after", json_input.instant)
    algorithm = members.take_if("algorithm", _algorithm)
    pem = members.take("public_key", json_input.text)
    members.finish()
    try:
        public_key = PublicKey.from_pem(pem.encode(), algorithm=algorithm, key_id=key_ids[0] if key_ids else None)
        return TrustedKey(public_key=public_key, **given)
    except (ValueError, OverflowError) as cause:
        raise json_input.malformed(place, str(cause)) from cause
    except CertcoreError as cause:
        raise RejectedInputError("input-malformed", f"{place}.public_key: {cause.message}", place=place) from cause


def _algorithm(value: object, place: str) -> int:
    name = json_input.text(value, place)
    if name not in ALGORITHM_NUMBERS:
        raise json_input.malformed(place, f"one of {', '.join(ALGORITHM_NUMBERS)} is expected")
    return ALGORITHM_NUMBERS[name]
