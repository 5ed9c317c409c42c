"""The numbers of states and events, wherever they travel or are kept: lists, events documents, evidence, registers.

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

from certcore.status.protocol import StatusEventKind, StatusState

__all__ = ["EVENT_KINDS", "NUMBER_OF_EVENT", "NUMBER_OF_STATE", "STATES"]

STATES: Final[Mapping[int, StatusState]] = MappingProxyType(
    {0: StatusState.VALID, 1: StatusState.REVOKED, 2: StatusState.SUSPENDED, 3: StatusState.SUPERSEDED}
)

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
