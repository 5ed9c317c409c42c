"""The register as files in a folder: status lists and events documents, for any web server to hand out.

A file's place follows from its URI: ``https://status.example/cn/lists/12`` is ``cn/lists/12`` in the folder, its events
``cn/lists/12.events``. Beside them:

- ``index.json``: the URIs of all lists (draft-ietf-oauth-status-list section 9, aggregation);
- ``archive/2026-11-22/cn/lists/12/<iat>-<exp>``: every document ever published, by its day in UTC;
- ``.state.json``: what was published last, for the next time and for the service.

A list is published when something happened to one of its entries, when a change that was to come has come, when half
of its lifetime is over, when another key signs, and when its file is not the one that was written. Everything else is
left as it is.

Nothing is published if that would lose an event (`_checks`): a list is compared with the documents that it replaces.
A register that knows less than its folder, or that has never published to it, is refused.

Rules that hold at every instant, however the process ends:

1. every file is whole;
2. events are in place before the list that shows their effect, so readers never see a list without its events;
3. what is in place is in the archive;
4. the state is written last, so whatever was not finished is published again.

A list's time of issue only ever grows, by a second at least: readers refuse an older list, and the archive holds one
for each second. If a list changes twice in a second, or if the published list is later than the clock, publishing it is
postponed, and the result says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, Final

import attrs

from certcore._instants import CLOCK_SKEW, utc_second
from certcore.errors import IssuingError
from certcore.keys import Signer
from certcore.register._publication import _checks, _folder
from certcore.register._publication._layout import (
    ARCHIVE,
    INDEX,
    MAX_LIFETIME,
    STATE,
    PublishedList,
    check_place,
    list_archived,
    place_of,
    read_state,
)
from certcore.register._store._lists import ListChanges, ListHead, PublishableRegistry
from certcore.status._documents import events_uri
from certcore.status._facts import state_at
from certcore.status._states import NUMBER_OF_STATE
from certcore.status.eventlist import MAX_EVENTS_BYTES
from certcore.status.tokenlist import StatusList, issue_events, issue_token
from certcore.trust import TrustList
from certcore.trust.issuers import ListTemplate, TrustedIssuer

__all__ = [
    "Publication",
]

DEFAULT_LIFETIME: Final = timedelta(days=1)
DEFAULT_TTL: Final = timedelta(hours=1)

_OUTCOMES: Final = ("published", "unchanged", "postponed")

_RENEWED_AFTER: Final = 0.5
"""The part of a list's lifetime after which it is published anew, changed or not."""


@attrs.frozen(kw_only=True)
class ListInPlace:
    """What readers see of a list that was postponed.

    Attributes:
        number: the list's number.
        issued_at: the time of issue of the list in place; readers refuse one that is later than their clock.
        expires_at: until when it may be taken for the present.
    """

    number: int
    issued_at: datetime
    expires_at: datetime


@attrs.frozen(kw_only=True)
class Publication:
    """What publishing came to, in numbers of lists.

    Attributes:
        published: those written anew.
        unchanged: those left as they are.
        postponed: those that changed twice in a second, or before the time of the list that is there.
        in_place: what readers see of the postponed ones, and until when.
        waiting: those with changes that a clock ahead recorded: they are published when that time has come.
        withdrawn: those of which something was withdrawn that had been published, because that was asked for.
    """

    published: tuple[int, ...] = ()
    unchanged: tuple[int, ...] = ()
    postponed: tuple[int, ...] = ()
    in_place: tuple[ListInPlace, ...] = ()
    waiting: tuple[int, ...] = ()
    withdrawn: tuple[int, ...] = ()


@attrs.frozen(kw_only=True)
class _Terms:
    """How this publication is made."""

    template: ListTemplate
    signer: Signer
    now: datetime
    lifetime: timedelta
    ttl: timedelta | None
    issuer: TrustedIssuer | None
    withdraw: bool
    set_back: bool

    @property
    def second(self) -> int:
        return int(self.now.timestamp())

    @property
    def key(self) -> str:
        return self.signer.public_key.thumbprint.hex()


@attrs.frozen(kw_only=True)
class _Made:
    """A list that is ready to be put in place.

    Attributes:
        number: the list's number.
        uri: where it is.
        staged: where its documents go, and where they lie until then.
        state: what will be remembered of it.
        is_less: whether it withdraws something, or the whole list of another register.
    """

    number: int
    uri: str
    staged: Sequence[tuple[str, Path]]
    state: PublishedList
    is_less: bool


def publish(  # noqa: PLR0913  each of them may be asked for alone
    source: PublishableRegistry,
    folder: Path,
    /,
    *,
    signer: Signer,
    uri_template: str,
    now: datetime,
    lifetime: timedelta = DEFAULT_LIFETIME,
    ttl: timedelta | None = DEFAULT_TTL,
    trust: TrustList | None = None,
    withdraw: bool = False,
    set_back: bool = False,
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
        trust: the trust list: then it is seen to that readers will believe what is published.
        withdraw: publish even what says less than the folder, or comes from another register, and tell of it.
        set_back: replace lists whose time of issue has not come yet, and take them out of the archive: a clock was
            ahead. Readers whose clocks are right have refused them.

    Raises:
        IssuingError: ``register-behind`` or ``register-mismatch`` where something would be lost;
            ``status-key-untrusted``, ``status-flags-denied`` or ``status-list-too-large`` where the trust list does not
            let readers believe it;
            ``file-unwritable``, ``signer-failed``, ``register-failed`` for more events than a document holds. Nothing
            is published then.
        StatusError: ``status-unavailable``.
        ValueError: for a template or times that cannot be.
    """
    if not timedelta(seconds=2) <= lifetime <= MAX_LIFETIME:
        raise ValueError(f"a list lives for two seconds to {MAX_LIFETIME.days} days")
    if ttl is not None and not timedelta(seconds=1) <= ttl <= lifetime:
        raise ValueError("a list's ttl is a second or more, and not longer than it lives")
    template = ListTemplate(uri=uri_template, not_before=now)
    check_place(template.resolve(0))
    terms = _Terms(
        template=template,
        signer=signer,
        now=utc_second(now),
        lifetime=lifetime,
        ttl=ttl,
        issuer=None if trust is None else _checks.require_trusted(trust, uri_template, signer.public_key, at=now),
        withdraw=withdraw,
        set_back=set_back,
    )
    with _folder.hold(folder) as held:
        return _publish(held, source, terms)


def _publish(held: _folder.Folder, source: PublishableRegistry, terms: _Terms) -> Publication:
    """Everything is made and compared first, and only then put in place."""
    state = read_state(held.read(STATE))
    heads = source.list_heads(now=terms.now)
    if not terms.withdraw:
        _require_own(held, source, state, heads, terms)
    decided = {head.number: _what_to_do(held, head, state, terms, register=source.identity) for head in heads}
    made = [_make_list(held, source, head, state, terms) for head in heads if decided[head.number] == "published"]
    for one in made:
        _put(held, one, terms)
        state[one.uri] = one.state
    held.flush()
    _write_state(held, state)
    numbers = {what: tuple(number for number, found in decided.items() if found == what) for what in _OUTCOMES}
    return Publication(
        **numbers,
        in_place=tuple(
            _in_place(number, state[uri])
            for number in numbers["postponed"]
            if (uri := terms.template.resolve(number)) in state
        ),
        waiting=tuple(head.number for head in heads if head.later),
        withdrawn=tuple(one.number for one in made if one.is_less),
    )


def _require_own(
    held: _folder.Folder,
    source: PublishableRegistry,
    state: Mapping[str, PublishedList],
    heads: Sequence[ListHead],
    terms: _Terms,
) -> None:
    """Return where the folder's lists are this register's, and none of them is unknown to it."""
    following = terms.template.resolve(len(heads))
    if following in state or held.read(place_of(following)) is not None:
        raise IssuingError("register-behind", "The folder has lists that the register does not know", lists=len(heads))
    for head in heads:
        last = state.get(terms.template.resolve(head.number))
        if last is not None and last.register != source.identity:
            raise IssuingError("register-mismatch", "The folder belongs to another register", list=head.number)


def _what_to_do(
    held: _folder.Folder, head: ListHead, state: Mapping[str, PublishedList], terms: _Terms, *, register: str
) -> str:
    uri = terms.template.resolve(head.number)
    last = state.get(uri)
    if last is not None and last.register == register and _is_current(held, head, uri, last, terms):
        return "unchanged"
    is_late = last is not None and terms.second <= last.issued_at
    may_replace = terms.set_back and last is not None and terms.second < last.issued_at
    return "postponed" if (is_late and not may_replace) or _is_archived(held, uri, terms) else "published"


def _is_current(held: _folder.Folder, head: ListHead, uri: str, last: PublishedList, terms: _Terms) -> bool:
    renewed_at = last.issued_at + (last.expires_at - last.issued_at) * _RENEWED_AFTER
    return (
        (head.mark, head.later) == (last.mark, last.later)
        and head.effect_at <= last.issued_at
        and terms.second < renewed_at
        and last.issued_at <= terms.second + (0 if terms.set_back else CLOCK_SKEW.total_seconds())
        and terms.key == last.key
        and _digest(held.read(place_of(uri))) == last.list_digest
        and _digest(held.read(place_of(events_uri(uri)))) == last.events_digest
    )


def _is_archived(held: _folder.Folder, uri: str, terms: _Terms) -> bool:
    """Whether a list of this very second was made already, by a publication that did not finish."""
    folder = held.path / _archive_folder(place_of(uri), terms)
    return any(folder.glob(f"{terms.second}-*"))


def _in_place(number: int, last: PublishedList) -> ListInPlace:
    times = (datetime.fromtimestamp(at, UTC) for at in (last.issued_at, last.expires_at))
    return ListInPlace(number=number, **dict(zip(("issued_at", "expires_at"), times, strict=True)))


def _make_list(
    held: _folder.Folder,
    source: PublishableRegistry,
    head: ListHead,
    state: Mapping[str, PublishedList],
    terms: _Terms,
) -> _Made:
    changes = source.list_changes(head.number, now=terms.now)
    uri = terms.template.resolve(head.number)
    _checks.require_size(terms.issuer, head.size, number=head.number)
    _checks.require_flags(terms.issuer, changes.events, number=head.number)
    lost = _lost(held, uri, changes)
    if lost and not terms.withdraw:
        raise IssuingError(
            "register-behind", "The folder says more of a list than the register", list=head.number, entries=len(lost)
        )
    events, token = _sign_documents(source, head, changes, uri, terms)
    last = state.get(uri)
    return _Made(
        number=head.number,
        uri=uri,
        staged=[(place_of(events_uri(uri)), held.stage(events)), (place_of(uri), held.stage(token))],
        is_less=bool(lost) or (last is not None and last.register != source.identity),
        state=PublishedList(
            register=source.identity,
            mark=changes.mark,
            later=head.later,
            issued_at=terms.second,
            expires_at=int((terms.now + terms.lifetime).timestamp()),
            ttl_s=None if terms.ttl is None else int(terms.ttl.total_seconds()),
            key=terms.key,
            list_digest=_digest(token),
            events_digest=_digest(events),
        ),
    )


def _sign_documents(
    source: PublishableRegistry, head: ListHead, changes: ListChanges, uri: str, terms: _Terms
) -> tuple[bytes, bytes]:
    """The events document and the list of one moment."""
    stated: dict[str, Any] = {
        "uri": uri,
        "signer": terms.signer,
        "issued_at": terms.now,
        "expires_at": terms.now + terms.lifetime,
        "ttl": terms.ttl,
    }
    try:
        events = issue_events(changes.events, history_from=min(source.history_from, terms.now), **stated)
        is_too_large = len(events) > MAX_EVENTS_BYTES
    except IssuingError as cause:
        if cause.code != "document-too-large":
            raise
        is_too_large = True
    if is_too_large:
        raise IssuingError("register-failed", "A list has more events than its document may hold", list=head.number)
    values = {index: NUMBER_OF_STATE[state_at(happened, terms.now)] for index, happened in changes.events.items()}
    return events, issue_token(StatusList.from_values(values, size=head.size), **stated)


def _lost(held: _folder.Folder, uri: str, changes: ListChanges) -> set[int]:
    """The entries of which the folder says something that the register does not: by its documents, or the archive's."""
    place = place_of(events_uri(uri))
    archive = (path.read_bytes() for _, _, path in list_archived(held.path, place))
    return _checks.lost_entries(uri, held.read(place_of(uri)), chain([held.read(place)], archive), changes.events)


def _put(held: _folder.Folder, made: _Made, terms: _Terms) -> None:
    """Into the archive, and then into place: events before the list."""
    for place, path in made.staged:
        if terms.set_back:
            for begin, _, ahead in list_archived(held.path, place):
                if begin > terms.second:
                    held.remove(ahead)
        held.keep(path, f"{_archive_folder(place, terms)}/{terms.second}-{made.state.expires_at}")
    for place, path in made.staged:
        held.put(path, place)


def _write_state(held: _folder.Folder, state: Mapping[str, PublishedList]) -> None:
    """The index and the state, where they are not what they should be."""
    lists = {uri: attrs.asdict(published) for uri, published in sorted(state.items())}
    for name, content in ((INDEX, {"status_lists": list(lists)}), (STATE, {"lists": lists})):
        data = json.dumps(content, indent=1).encode()
        if held.read(name) != data:
            held.write(name, data)
    held.flush()


def _archive_folder(place: str, terms: _Terms) -> str:
    return f"{ARCHIVE}/{terms.now.date().isoformat()}/{place}"


def _digest(data: bytes | None) -> str:
    return "" if data is None else hashlib.sha256(data).hexdigest()
