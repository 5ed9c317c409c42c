"""The register as files in a folder: status lists and events documents, for any web server to hand out.

A file stands where its URI says: ``https://status.example/cn/lists/12`` is ``cn/lists/12`` in the folder, its events
``cn/lists/12.events``. Beside them:

- ``index.json``: the URIs of all lists (draft-ietf-oauth-status-list section 9, aggregation);
- ``archive/2026-11-22/cn/lists/12/<iat>-<exp>``: every document ever published, by its day in UTC;
- ``.state.json``: what was published last, for the next time and for the service.

A list is published when something happened to one of its entries, when a change that was to come has come, when half
of its lifetime is over, when another key signs, and when its file is not the one that was written. Everything else is
left as it is.

Rules that hold at every instant, however the process ends:

1. every file is whole;
2. events are in place before the list that shows their effect, so nobody meets a list that the events do not explain;
3. what is in place is in the archive;
4. the state is written last, so whatever was not finished is published again.

A list's time of issue only ever grows, by a second at least: readers refuse an older list, and the archive holds one
for each second. What changes twice in a second, or while the clock is set back, is postponed to the next time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import attrs
from attrs.validators import instance_of, optional

from certcore._instants import utc_second
from certcore.errors import IssuingError
from certcore.keys import Signer
from certcore.register import _folder
from certcore.status._documents import events_uri
from certcore.status.protocol import StatusEvent
from certcore.status.timeline import state_at
from certcore.status.tokenlist import MAX_EVENTS_BYTES, VALUE_OF, StatusList, issue_events, issue_token
from certcore.trust.issuers import ListTemplate

DEFAULT_LIFETIME: Final = timedelta(days=1)
DEFAULT_TTL: Final = timedelta(hours=1)

INDEX: Final = "index.json"
STATE: Final = ".state.json"
ARCHIVE: Final = "archive"
EVENTS_SUFFIX: Final = events_uri("")

_RENEWED_AFTER: Final = 0.5
"""The part of a list's lifetime after which it is published anew, changed or not."""


@attrs.frozen(kw_only=True)
class ListHead:
    """One list of a register.

    Attributes:
        number: the list's number.
        size: how many entries it has.
        change: the number of its latest event but issues; 0 if there is none.
        effect_at: the latest effect that a change recorded ahead of it has had; 0 if there is none.
    """

    number: int
    size: int
    change: int
    effect_at: int


@attrs.frozen(kw_only=True)
class ListChanges:
    """What happened to a list's entries besides being issued, and the number of the latest event in it."""

    change: int
    events: Mapping[int, Sequence[StatusEvent]]


class Source(Protocol):
    """What is published: the part of a register that this file needs."""

    @property
    def history_from(self) -> datetime:
        """Since when its events are complete."""
        ...

    def list_heads(self, *, now: datetime) -> list[ListHead]:
        """Every list."""
        ...

    def list_changes(self, number: int, *, now: datetime) -> ListChanges:
        """What happened to one, as recorded by then."""
        ...


@attrs.frozen(kw_only=True)
class Publication:
    """What publishing came to, in numbers of lists.

    Attributes:
        published: those written anew.
        unchanged: those left as they are.
        postponed: those that changed twice in a second, or before the time of the list that is there.
    """

    published: tuple[int, ...] = ()
    unchanged: tuple[int, ...] = ()
    postponed: tuple[int, ...] = ()


@attrs.frozen(kw_only=True)
class Published:
    """One list as it was published last: a member of ``.state.json``.

    Attributes:
        change: the latest event in it.
        issued_at: the second of its issue.
        expires_at: the second of its end.
        ttl_s: its time to live; None where it states none.
        key: thumbprint of the key that signed it.
        list_digest: SHA-256 of the list.
        events_digest: SHA-256 of the events document.
    """

    change: int = attrs.field(validator=instance_of(int))
    issued_at: int = attrs.field(validator=instance_of(int))
    expires_at: int = attrs.field(validator=instance_of(int))
    ttl_s: int | None = attrs.field(validator=optional(instance_of(int)))
    key: str = attrs.field(validator=instance_of(str))
    list_digest: str = attrs.field(validator=instance_of(str))
    events_digest: str = attrs.field(validator=instance_of(str))


@attrs.frozen(kw_only=True)
class _Terms:
    """How this publication is made."""

    template: ListTemplate
    signer: Signer
    now: datetime
    lifetime: timedelta
    ttl: timedelta | None

    @property
    def second(self) -> int:
        return int(self.now.timestamp())

    @property
    def key(self) -> str:
        return self.signer.public_key.thumbprint.hex()


def publish(
    source: Source,
    folder: Path,
    /,
    *,
    signer: Signer,
    uri_template: str,
    now: datetime,
    lifetime: timedelta = DEFAULT_LIFETIME,
    ttl: timedelta | None = DEFAULT_TTL,
) -> Publication:
    """Write what changed into a folder; see the rules above. Several templates, one for each kind of key, may share it.

    Args:
        source: the register.
        folder: where to; made where there is none.
        signer: whose key signs; its usage in the trust list must be ``status``.
        uri_template: the URIs of the lists, with ``{list}`` where the number goes: that of the trust list.
        now: when; the lists' time of issue.
        lifetime: until when they may be taken for the present.
        ttl: how long a reader may keep one before asking again.

    Raises:
        IssuingError: ``file-unwritable``, ``signer-failed``, ``register-failed`` for more events than a document holds.
        StatusError: ``status-unavailable``.
        ValueError: for a template or times that cannot be.
    """
    if lifetime < timedelta(seconds=2) or (ttl is not None and not timedelta(seconds=1) <= ttl <= lifetime):
        raise ValueError("a list lives for two seconds or more, and its ttl is not longer than that")
    template = ListTemplate(uri=uri_template, not_before=now)
    check_place(template.resolve(0))
    terms = _Terms(template=template, signer=signer, now=utc_second(now), lifetime=lifetime, ttl=ttl)
    with _folder.held(folder) as held:
        state = read_state(held.read(STATE))
        outcome: dict[str, list[int]] = {"published": [], "unchanged": [], "postponed": []}
        for head in source.list_heads(now=terms.now):
            uri = template.resolve(head.number)
            last = state.get(uri)
            what = _what_to_do(held, head, uri, last, terms)
            if what == "published":
                state[uri] = _publish_list(held, source, head, terms)
            outcome[what].append(head.number)
        held.flush()
        _write_state(held, state)
    return Publication(**{name: tuple(numbers) for name, numbers in outcome.items()})


def place_of(uri: str, /) -> str:
    """Where in the folder a list stands: the path of its URI."""
    return urlsplit(uri).path.removeprefix("/")


def check_place(uri: str, /) -> None:
    """Refuse URIs whose files could not be told apart from the folder's own, or are read differently by servers.

    Raises:
        ValueError: for a path that is empty, has a hidden or escaped part, or begins with ``archive``.
    """
    parts = place_of(uri).split("/")
    if not all(parts) or any(part.startswith(".") or "%" in part for part in parts) or parts[0] in {ARCHIVE, INDEX}:
        raise ValueError(f"a list's path has no empty, hidden or escaped part, and is not below {ARCHIVE}")


def archived_at(folder: Path, place: str, at: int, /) -> Path | None:
    """The archived document that spoke at a second: the latest issued by then, if it had not expired."""
    root = folder / ARCHIVE
    day = datetime.fromtimestamp(at, UTC).date().isoformat()
    days = (found.name for found in root.iterdir() if found.name <= day) if root.is_dir() else ()
    for name in sorted(days, reverse=True):
        spans = [_span(path) for path in (root / name / place).glob("*-*")]
        by_then = [span for span in spans if span[0] <= at]
        if by_then:
            _, end, path = max(by_then)
            return path if at <= end else None
    return None


def read_state(data: bytes | None, /) -> dict[str, Published]:
    """What ``.state.json`` says: URI to list. Nothing where it is missing or damaged: then all is published again."""
    try:
        lists: dict[str, dict[str, Any]] = json.loads(data or b"{}").get("lists", {})
        return {uri: Published(**members) for uri, members in lists.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def _what_to_do(held: _folder.Folder, head: ListHead, uri: str, last: Published | None, terms: _Terms) -> str:
    if last is not None and _is_current(held, head, uri, last, terms):
        return "unchanged"
    is_late = last is not None and terms.second <= last.issued_at
    return "postponed" if is_late or _is_archived(held, uri, terms) else "published"


def _is_current(held: _folder.Folder, head: ListHead, uri: str, last: Published, terms: _Terms) -> bool:
    renewed_at = last.issued_at + (last.expires_at - last.issued_at) * _RENEWED_AFTER
    return (
        head.change == last.change
        and head.effect_at <= last.issued_at
        and terms.second < renewed_at
        and terms.key == last.key
        and _digest(held.read(place_of(uri))) == last.list_digest
        and _digest(held.read(place_of(events_uri(uri)))) == last.events_digest
    )


def _is_archived(held: _folder.Folder, uri: str, terms: _Terms) -> bool:
    """Whether a list of this very second was made already, by a publication that did not finish."""
    folder = held.path / _archive_folder(place_of(uri), terms)
    return any(folder.glob(f"{terms.second}-*"))


def _publish_list(held: _folder.Folder, source: Source, head: ListHead, terms: _Terms) -> Published:
    changes = source.list_changes(head.number, now=terms.now)
    uri = terms.template.resolve(head.number)
    expires_at = terms.now + terms.lifetime
    stated: dict[str, Any] = {
        "uri": uri,
        "signer": terms.signer,
        "issued_at": terms.now,
        "expires_at": expires_at,
        "ttl": terms.ttl,
    }
    events = issue_events(changes.events, history_from=min(source.history_from, terms.now), **stated)
    if len(events) > MAX_EVENTS_BYTES:
        raise IssuingError("register-failed", "A list has more events than its document may hold", list=head.number)
    values = {index: VALUE_OF[state_at(happened, terms.now)] for index, happened in changes.events.items()}
    token = issue_token(StatusList.from_values(values, size=head.size), **stated)
    staged = [(place_of(events_uri(uri)), held.stage(events)), (place_of(uri), held.stage(token))]
    span = f"{terms.second}-{int(expires_at.timestamp())}"
    for place, path in staged:
        held.keep(path, f"{_archive_folder(place, terms)}/{span}")
    for place, path in staged:  # events before the list
        held.put(path, place)
    return Published(
        change=changes.change,
        issued_at=terms.second,
        expires_at=int(expires_at.timestamp()),
        ttl_s=None if terms.ttl is None else int(terms.ttl.total_seconds()),
        key=terms.key,
        list_digest=_digest(token),
        events_digest=_digest(events),
    )


def _write_state(held: _folder.Folder, state: Mapping[str, Published]) -> None:
    """The index and the state, where they are not what they should be."""
    lists = {uri: attrs.asdict(published) for uri, published in sorted(state.items())}
    for name, content in ((INDEX, {"status_lists": list(lists)}), (STATE, {"lists": lists})):
        data = json.dumps(content, indent=1).encode()
        if held.read(name) != data:
            held.write(name, data)
    held.flush()


def _archive_folder(place: str, terms: _Terms) -> str:
    return f"{ARCHIVE}/{terms.now.date().isoformat()}/{place}"


def _span(path: Path) -> tuple[int, int, Path]:
    start, _, end = path.name.partition("-")
    return (int(start), int(end), path) if start.isdecimal() and end.isdecimal() else (1 << 63, 0, path)


def _digest(data: bytes | None) -> str:
    return "" if data is None else hashlib.sha256(data).hexdigest()
