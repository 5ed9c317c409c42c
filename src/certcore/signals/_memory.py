"""`MemorySeenStore`: sightings in a dictionary, for one process: tests, first steps, one run over one file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from threading import Lock

import attrs

from certcore import _forks
from certcore._instants import utc
from certcore.signals._sightings import OtherClaims, PseudonymKey, Sighting, SightingMatches


@attrs.frozen
class _Span:
    """When one claim first and last showed something."""

    first_at: datetime
    last_at: datetime


class MemorySeenStore:
    """Sightings in memory. Safe to share between threads; nothing in it outlives the process.

    It does not pickle: a copy in another process would not hear of what the others saw, and say that nothing was. It
    grows until `forget` is called.

    Args:
        key: the tenant's secret, at least 32 random bytes.

    Raises:
        TypeError, ValueError: as `PseudonymKey`.
    """

    def __init__(self, *, key: bytes) -> None:
        self._key = PseudonymKey(key)
        self.begin_in_child()
        _forks.begin_in_children(self)
        self._spans: dict[bytes, dict[tuple[bytes, bytes], _Span]] = {}

    def begin_in_child(self) -> None:
        """As `_forks.Forked`: what is held stays."""
        self._lock = Lock()

    @property
    def key(self) -> PseudonymKey:
        """The tenant's key."""
        return self._key

    def remember(self, sightings: Sequence[Sighting], /, *, claim: bytes, at: datetime) -> tuple[SightingMatches, ...]:
        """As `SeenStore.remember`; it never fails."""
        at = utc(at)
        with self._lock:
            return tuple(self._remember(sighting, claim, at) for sighting in sightings)

    def _remember(self, sighting: Sighting, claim: bytes, at: datetime) -> SightingMatches:
        spans = self._spans.setdefault(sighting.subject, {})
        known = spans.get((claim, sighting.companion), _Span(at, at))
        spans[claim, sighting.companion] = _Span(min(known.first_at, at), max(known.last_at, at))
        others = [(companion, other, span) for (other, companion), span in spans.items() if other != claim]
        same = [(other, span) for companion, other, span in others if companion == sighting.companion]
        different = [(other, span) for companion, other, span in others if companion != sighting.companion]
        return SightingMatches(same=_other_claims(same), different=_other_claims(different))

    def forget(self, *, before: datetime) -> int:
        """As `SeenStore.forget`; it never fails."""
        before, forgotten = utc(before), 0
        with self._lock:
            for subject, spans in list(self._spans.items()):
                kept = {pair: span for pair, span in spans.items() if span.last_at >= before}
                forgotten += len(spans) - len(kept)
                if kept:
                    self._spans[subject] = kept
                else:
                    del self._spans[subject]
        return forgotten

    def __reduce__(self) -> tuple[object, ...]:
        msg = "a MemorySeenStore does not pickle: its copies would not know of one another; use SQLiteSeenStore"
        raise TypeError(msg)


def _other_claims(spans: Sequence[tuple[bytes, _Span]]) -> OtherClaims | None:
    if not spans:
        return None
    return OtherClaims(
        claims=len({claim for claim, _ in spans}),
        first_at=min(span.first_at for _, span in spans),
        last_at=max(span.last_at for _, span in spans),
    )
