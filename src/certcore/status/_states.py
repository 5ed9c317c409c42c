"""One row for each state of a certificate, and the numbers of states and events wherever they travel or are kept.

A number, once given, stays. Nothing here follows the order in which the members of an enumeration are declared.

| number | state, in lists | in draft-ietf-oauth-status-list section 7.1 | event, in events documents and registers |
|---|---|---|---|
| 0 | valid | VALID: valid, correct or legal | issued; not in events documents, where the list says it |
| 1 | revoked | INVALID: revoked, annulled, taken back, recalled or cancelled | revoked |
| 2 | suspended | SUSPENDED: temporarily invalid, this state is usually temporary | suspended |
| 3 | superseded | APPLICATION_SPECIFIC: left to the application | resumed |
| 4 | | | superseded |
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from certcore.status.protocol import StatusEventKind, StatusState

__all__: list[str] = []


@attrs.frozen(kw_only=True)
class StateRow:
    """What there is to know of one state.

    Attributes:
        state: which.
        number: its value in a status list; 0 to 3 fill the two bits that an entry has.
        rank: of two states of one instant, the one with the higher rank decides.
        stopped_by: the event that leads to it; None for the state that every certificate begins in.
        before: the reason's code where it has effect by the moment asked about.
        after: the code where it has effect later.
        is_for_good: whether it ends only with another state that is for good.
    """

    state: StatusState
    number: int
    rank: int
    stopped_by: StatusEventKind | None = None
    before: str = ""
    after: str = ""
    is_for_good: bool = False


ROWS: Final = (
    StateRow(state=StatusState.VALID, number=0, rank=0),
    StateRow(
        state=StatusState.SUSPENDED,
        number=2,
        rank=1,
        stopped_by=StatusEventKind.SUSPENDED,
        before="suspended-then",
        after="suspended-after-event",
    ),
    StateRow(
        state=StatusState.SUPERSEDED,
        number=3,
        rank=2,
        stopped_by=StatusEventKind.SUPERSEDED,
        before="superseded-by-then",
        after="superseded-after-event",
        is_for_good=True,
    ),
    StateRow(
        state=StatusState.REVOKED,
        number=1,
        rank=3,
        stopped_by=StatusEventKind.REVOKED,
        before="revoked-before-event",
        after="revoked-after-event",
        is_for_good=True,
    ),
)

STATES: Final[Mapping[int, StatusState]] = MappingProxyType({row.number: row.state for row in ROWS})
RANK: Final = {row.state: row.rank for row in ROWS}
STOPS: Final = {row.stopped_by: row.state for row in ROWS if row.stopped_by is not None}
FOR_GOOD: Final = frozenset(row.state for row in ROWS if row.is_for_good)
BEFORE: Final = {row.state: row.before for row in ROWS}
AFTER: Final = {row.state: row.after for row in ROWS}

EVENT_KINDS: Final[Mapping[int, StatusEventKind]] = MappingProxyType(
    {
        0: StatusEventKind.ISSUED,
        1: StatusEventKind.REVOKED,
        2: StatusEventKind.SUSPENDED,
        3: StatusEventKind.RESUMED,
        4: StatusEventKind.SUPERSEDED,
    }
)

NUMBER_OF_STATE: Final[Mapping[StatusState, int]] = MappingProxyType(
    {state: number for number, state in STATES.items()}
)
NUMBER_OF_EVENT: Final[Mapping[StatusEventKind, int]] = MappingProxyType(
    {kind: number for number, kind in EVENT_KINDS.items()}
)
