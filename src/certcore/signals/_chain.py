"""`check_chain`: what several certificates show together. Pure.

    1  one entry for each certificate: a live presentation is the certificate it presents
    2  links: which of them names which as its ``previous``
    3  order: what is named comes before what names it; else by time of issue
    4  along that order, vehicle by vehicle: identity, issue, gaps, tests, odometer
    5  of each vehicle: what was replaced, and what ran side by side

The certificates may be of many vehicles: they are grouped by VIN, and a certificate without a VIN belongs only to the
certificates that it names. Time zones are not known here, so a signal about a civil day is given only if it holds in
every zone. Every step is at most O(n log n).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from heapq import heappop, heappush
from typing import Final

import attrs

from certcore.payload import InspectionCertificate, Result, StatusListEntry, StatusRef
from certcore.signals._identity import Identity, certificate_identity, plate_identity, vehicle_identity
from certcore.signals._signal import Signal, signal
from certcore.status._states import BEFORE
from certcore.verdict import Verdict

_DAY: Final = timedelta(days=1)
_EASTMOST: Final = timedelta(hours=14)
_WESTMOST: Final = timedelta(hours=12)

_NOT_STATED: Final = frozenset({"presented_at", "expires_at", "unknown_claims", "unknown_fields"})
_STATED: Final = tuple(field.name for field in attrs.fields(InspectionCertificate) if field.name not in _NOT_STATED)
"""Which fields tell certificates apart that go by one reference; a live presentation differs in the others."""

_ENDED: Final = (
    *filter(None, BEFORE.values()),
    "void-from-start",
    "status-changed-on-date",
    "revocation-effect-unknown",
    "revoked-after-event",
    "suspended-after-event",
    "superseded-after-event",
)
"""Reasons by which a register has cut a certificate's days short."""


def check_chain(certificates: Iterable[InspectionCertificate | Verdict], /) -> tuple[Signal, ...]:
    """What certificates show beside each other, whether they are of one vehicle or of many.

    Hand in verdicts where you have them: they tell which issuer a reference belongs to, and what its register says of
    the time a certificate was in force. Those on what is not authentic are passed over. A bare certificate must come
    from an authentic verdict; nothing here checks a signature.

    Each signal names two certificates, ``earlier`` and ``later`` in the chain, by their places in what was handed in,
    from 0; several presentations of one certificate go by the first.

    - ``odometer-backwards``: fewer kilometres at a later test (``earlier_km``, ``later_km``).
    - ``inspection-date-backwards``: the later certificate rests on an older test (``days``).
    - ``issue-time-backwards``: it was issued before the one it follows (``seconds``).
    - ``chain-vin-changed``: it follows a certificate of another vehicle.
    - ``chain-previous-missing``: it follows one that was not handed in, though an older one of the vehicle was.
    - ``chain-forked``: both follow the same one. ``chain-loop``: they follow each other, or one itself.
    - ``reference-shared``: two different certificates under one reference.
    - ``superseded-by-newer``: the earlier one had not ended when the later was issued for the same vehicle.
    - ``in-force-at-once``: both run at the same time for one vehicle, and neither follows the other.

    The order is by the later certificate, the earlier, and the code. Not checked: signatures, and whether there are
    certificates that were not handed in.

    Raises:
        TypeError: for anything that is neither a certificate nor a verdict. ValueError: a certificate that was never
            issued.
    """
    entries, found = _distinct(certificates)  # 1
    _link(entries)  # 2
    found += _loops(entries)
    ordered = _order_entries(entries)  # 3
    found += _along(ordered)  # 4
    for of_one_vehicle in _by_vehicle(ordered):  # 5
        found += _find_replaced(of_one_vehicle)
        found += _side_by_side(of_one_vehicle)
    return tuple(noticed.signal for noticed in sorted(set(found), key=_place))


@attrs.define(kw_only=True, eq=False)  # not frozen: made for one call, and linked in it
class _Entry:
    """One certificate in the bag.

    Attributes:
        position: its place in what was handed in, or that of its first presentation.
        certificate: what it states.
        issued_at: when it was issued.
        issuer: its issuer's id, where that is known.
        verdict: what was found about it, where that was handed in.
        vehicle: which vehicle, where it says so.
        plate: which plate, where that can be said.
        follows: the one that it names.
        is_missing: whether it names one that is not here.
        line: the vehicle, or that of the nearest before it in its chain that says so.
        root: the position of the first in its chain.
    """

    position: int
    certificate: InspectionCertificate
    issued_at: datetime
    issuer: str | None
    verdict: Verdict | None
    vehicle: Identity | None
    plate: Identity | None
    follows: _Entry | None = None
    is_missing: bool = False
    line: Identity = ()
    root: int = -1


@attrs.frozen
class _Noticed:
    """A signal, and where it belongs."""

    later: int
    earlier: int
    signal: Signal


def _notice(code: str, earlier: _Entry, later: _Entry, **detail: int) -> _Noticed:
    first, second = earlier.position, later.position
    return _Noticed(second, first, signal(code, earlier=first, later=second, **detail))


def _place(noticed: _Noticed) -> tuple[int, int, str]:
    return noticed.later, noticed.earlier, noticed.signal.code


def _age(entry: _Entry) -> tuple[datetime, int]:
    return entry.issued_at, entry.position


# --- 1: one entry for each certificate --------------------------------------------------------------------------------


def _distinct(given: Iterable[InspectionCertificate | Verdict]) -> tuple[list[_Entry], list[_Noticed]]:
    entries: dict[object, _Entry] = {}
    for position, one in enumerate(given):
        entry = _entry(position, one)
        if entry is None:
            continue
        known = entries.setdefault(_content(entry.certificate), entry)
        known.issuer = known.issuer or entry.issuer
        known.verdict = known.verdict or entry.verdict
        if known.certificate.confidential_fields is None:  # whoever looked at it next may have opened its sealed part
            known.certificate, known.vehicle, known.plate = entry.certificate, entry.vehicle, entry.plate
    found: list[_Noticed] = []
    first_of: dict[Identity, _Entry] = {}
    for entry in sorted(entries.values(), key=_age):
        identity = certificate_identity(entry.certificate, entry.issuer)
        is_sure = entry.issuer is not None or entry.certificate.certificate_id is not None
        if identity is not None and is_sure and (first := first_of.setdefault(identity, entry)) is not entry:
            found.append(_notice("reference-shared", first, entry))
    return list(entries.values()), found


def _entry(position: int, given: InspectionCertificate | Verdict) -> _Entry | None:
    verdict = given if isinstance(given, Verdict) else None
    if verdict is not None and verdict.certificate is None:
        return None
    certificate: object = given if verdict is None else verdict.certificate
    if not isinstance(certificate, InspectionCertificate):
        msg = f"a chain is of certificates or verdicts, not of {type(given).__name__}"
        raise TypeError(msg)
    if certificate.issued_at is None:
        msg = "a certificate that was never issued belongs to no chain; hand in what a verdict holds"
        raise ValueError(msg)
    return _Entry(
        position=position,
        certificate=certificate,
        issued_at=certificate.issued_at,
        issuer=verdict.issuer if verdict is not None else certificate.issuer,
        verdict=verdict,
        vehicle=vehicle_identity(certificate),
        plate=plate_identity(certificate),
    )


def _content(certificate: InspectionCertificate) -> object:
    """What makes two presentations one certificate. Sealed claims are bound to all others, and read only by some."""
    if certificate.confidential is not None:
        return certificate.confidential
    return tuple(getattr(certificate, name) for name in _STATED)


# --- 2 and 3: links and order -----------------------------------------------------------------------------------------


def _link(entries: Sequence[_Entry]) -> None:
    """Let every entry follow the one it names.

    An id is random and names one certificate in the world. A list and an index do so only within an issuer: where that
    is not known, vehicle or plate must agree, or two issuers' numbers would meet by chance.
    """
    named: dict[tuple[object, ...], _Entry] = {}
    for entry in sorted(entries, key=_age):
        reference = entry.certificate.status or entry.certificate.certificate_id
        for key in _names(entry, reference):
            named.setdefault(key, entry)
    for entry in entries:
        previous = entry.certificate.previous
        if previous is not None:
            found = (named.get(key) for key in _names(entry, previous))
            entry.follows = next((one for one in found if one is not None and _may_follow(entry, one)), None)
            entry.is_missing = entry.follows is None


def _names(entry: _Entry, reference: object) -> Iterator[tuple[object, ...]]:
    """Under which keys a reference is found, the surest first."""
    if entry.vehicle is not None:
        yield "vehicle", reference, entry.vehicle
    if isinstance(reference, bytes):
        yield "id", reference
    elif entry.issuer is not None:
        yield "issuer", reference, entry.issuer
    if entry.plate is not None:
        yield "plate", reference, entry.plate


def _may_follow(entry: _Entry, named: _Entry) -> bool:
    is_by_number = isinstance(entry.certificate.previous, StatusRef)
    return not is_by_number or entry.issuer is None or named.issuer is None or entry.issuer == named.issuer


def _loops(entries: Sequence[_Entry]) -> list[_Noticed]:
    """Chains that bite their tails, each cut before its oldest."""
    found: list[_Noticed] = []
    walked: dict[int, int] = {}
    for entry in entries:
        at: _Entry | None = entry
        while at is not None and at.position not in walked:
            walked[at.position] = entry.position
            at = at.follows
        if at is not None and walked[at.position] == entry.position:
            first = min(_around(at), key=_age)
            if first.follows is not None:
                found.append(_notice("chain-loop", first, first.follows))
            first.follows = None
    return found


def _around(entry: _Entry) -> Iterator[_Entry]:
    yield entry
    at = entry.follows
    while at is not None and at is not entry:
        yield at
        at = at.follows


def _order_entries(entries: Sequence[_Entry]) -> list[_Entry]:
    """By time of issue, save that nothing comes before what it follows."""
    followers: defaultdict[int, list[_Entry]] = defaultdict(list)
    waiting: list[tuple[datetime, int, _Entry]] = []
    for entry in entries:
        if entry.follows is None:
            heappush(waiting, (*_age(entry), entry))
        else:
            followers[entry.follows.position].append(entry)
    ordered: list[_Entry] = []
    while waiting:
        entry = heappop(waiting)[-1]
        before = entry.follows
        entry.line = entry.vehicle or (before.line if before is not None else ("alone", entry.position))
        entry.root = entry.position if before is None else before.root
        ordered.append(entry)
        for follower in followers[entry.position]:
            heappush(waiting, (*_age(follower), follower))
    return ordered


# --- 4: along the order -----------------------------------------------------------------------------------------------


@attrs.define
class _Line:
    """The last of one vehicle so far; the last with a day of test; the last with an odometer.

    `has_entries` is whether one of them is listed by a full URI, which no ``previous`` can name by number.
    """

    last: _Entry | None = None
    tested: _Entry | None = None
    read: _Entry | None = None
    has_entries: bool = False


def _along(ordered: Sequence[_Entry]) -> list[_Noticed]:
    found: list[_Noticed] = []
    lines: dict[Identity, _Line] = {}
    first_follower: dict[int, _Entry] = {}
    for entry in ordered:
        before = entry.follows
        if before is not None:
            found += _along_link(before, entry, first_follower.setdefault(before.position, entry))
        line = lines.get(entry.line)
        if line is None:
            earlier = None if before is None or _is_other_vehicle(before, entry) else lines[before.line]
            line = lines[entry.line] = _Line() if earlier is None else attrs.evolve(earlier)
        found += _along_line(line, entry)
        line.last = entry
        line.has_entries |= isinstance(entry.certificate.status, StatusListEntry)
        if entry.certificate.inspected_on is not None:
            line.tested = entry
        if entry.certificate.odometer_km is not None:
            line.read = entry
    return found


def _is_other_vehicle(before: _Entry, entry: _Entry) -> bool:
    return before.line[0] != "alone" and before.line != entry.line


def _along_link(before: _Entry, entry: _Entry, first: _Entry) -> Iterator[_Noticed]:
    """What an entry shows beside the one it follows, and beside the first that follows the same."""
    if _is_other_vehicle(before, entry):
        yield _notice("chain-vin-changed", before, entry)
    if entry.issued_at < before.issued_at:
        ahead = (before.issued_at - entry.issued_at) // timedelta(seconds=1)
        yield _notice("issue-time-backwards", before, entry, seconds=ahead)
    if first is not entry:
        yield _notice("chain-forked", first, entry)


def _along_line(line: _Line, entry: _Entry) -> Iterator[_Noticed]:
    """What it shows beside those before it of the same vehicle."""
    last, certificate = line.last, entry.certificate
    could_be_listed = line.has_entries and isinstance(certificate.previous, StatusRef)
    if entry.is_missing and last is not None and last.issued_at < entry.issued_at and not could_be_listed:
        yield _notice("chain-previous-missing", last, entry)
    if line.tested is not None and (before := line.tested.certificate.inspected_on) and certificate.inspected_on:
        days = (before - certificate.inspected_on).days
        if days > 0:
            yield _notice("inspection-date-backwards", line.tested, entry, days=days)
    if line.read is not None and certificate.odometer_km is not None:
        yield from _odometer(line.read, entry)


def _odometer(before: _Entry, entry: _Entry) -> Iterator[_Noticed]:
    """Kilometres are counted from test to test: where both days are stated they say which was first."""
    first, second = before.certificate, entry.certificate
    if first.inspected_on is not None and second.inspected_on is not None and second.inspected_on < first.inspected_on:
        before, entry, first, second = entry, before, second, first
    if first.odometer_km is not None and second.odometer_km is not None and second.odometer_km < first.odometer_km:
        yield _notice("odometer-backwards", before, entry, earlier_km=first.odometer_km, later_km=second.odometer_km)


# --- 5: of each vehicle -----------------------------------------------------------------------------------------------


def _by_vehicle(entries: Sequence[_Entry]) -> Iterator[list[_Entry]]:
    groups: defaultdict[Identity, list[_Entry]] = defaultdict(list)
    for entry in entries:
        if entry.vehicle is not None:
            groups[entry.vehicle].append(entry)
    yield from (sorted(group, key=_age) for group in groups.values() if len(group) > 1)


def _find_replaced(entries: Sequence[_Entry]) -> Iterator[_Noticed]:
    """What had not ended when the next newer one was issued; `entries` by age."""
    newer: _Entry | None = None
    following: _Entry | None = None
    for entry in reversed(entries):
        if following is not None and following.issued_at > entry.issued_at:
            newer = following
        following = entry
        if newer is None or newer is entry.follows:  # the link says the opposite, which was noticed already
            continue
        if any(newer.issued_at < end for _, end in _intervals(entry)):
            yield _notice("superseded-by-newer", entry, newer)


def _side_by_side(entries: Sequence[_Entry]) -> Iterator[_Noticed]:
    """What ran at the same time in two chains: each beside the one of another chain that runs longest."""
    stretches = sorted(
        ((start, end, entry) for entry in entries for start, end in _intervals(entry)),
        key=lambda stretch: (stretch[0], _age(stretch[2])),
    )
    longest: list[tuple[datetime, _Entry]] = []  # at most two, of two chains
    for start, end, entry in stretches:
        for until, other in longest:
            if other.root != entry.root:
                if start < until:
                    earlier, later = sorted((other, entry), key=_age)
                    yield _notice("in-force-at-once", earlier, later)
                break
        longest = _two_longest([*longest, (end, entry)])


def _two_longest(running: list[tuple[datetime, _Entry]]) -> list[tuple[datetime, _Entry]]:
    """The one that runs longest, and the one of another chain that does."""
    running.sort(key=lambda one: one[0], reverse=True)
    first = running[0]
    return [first, *[one for one in running if one[1].root != first[1].root][:1]]


def _intervals(entry: _Entry) -> list[tuple[datetime, datetime]]:
    """When it certainly was there and in force: by its register where a verdict tells, else by its days everywhere."""
    certificate, verdict = entry.certificate, entry.verdict
    passes = isinstance(certificate.result, Result) and certificate.result.passes
    if not passes or certificate.valid_until is None:
        return []
    start, end = entry.issued_at, _midnight(certificate.valid_until + _DAY) - _EASTMOST
    if certificate.valid_from is not None:
        start = max(start, _midnight(certificate.valid_from) + _WESTMOST)
    if certificate.expires_at is not None and not certificate.is_live:
        end = min(end, certificate.expires_at)
    known = () if verdict is None else verdict.in_force
    if not known and verdict is not None and any(code in verdict for code in _ENDED):
        return []
    found = [(max(entry.issued_at, one.start_at or start), one.end_at or end) for one in known] or [(start, end)]
    return [(start, end) for start, end in found if start < end]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
