"""What publishing reads from a register: its lists, and the events of their entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import attrs

from certcore.status.protocol import StatusEvent


@attrs.frozen(kw_only=True)
class ListHead:
    """One list of a register.

    Attributes:
        number: the list's number.
        size: how many entries it has.
        mark: of its latest change: no two changes have the same, not even in two copies of a register.
        effect_at: the latest effect that a change recorded ahead of it has had; 0 if there is none.
        later: how many of its changes were recorded later than now, by a clock that was ahead.
    """

    number: int
    size: int
    mark: str
    effect_at: int
    later: int


@attrs.frozen(kw_only=True)
class ListChanges:
    """What happened to a list's entries besides being issued, and the mark of the latest change."""

    mark: str
    events: Mapping[int, Sequence[StatusEvent]]


class PublishableRegistry(Protocol):
    """What is published: the part of a register that this file needs."""

    @property
    def identity(self) -> str:
        """Which register it is: what a folder remembers of it."""
        ...

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
