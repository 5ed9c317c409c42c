"""Which statements about a certificate are written: each one, unless it was made already. Pure.

Every statement that changes the certificate's timeline counts, in whatever order the statements are made: a second
suspension or supersession from an earlier time, a revocation of one that is to be superseded next month. One that would
change nothing is either a repetition, which is left out so that a call whose answer was lost may be made again, or it
is refused, because its author expects an effect:

- a revocation or a supersession is final, so it repeats an earlier one of its kind that reaches back as far;
- a suspension is kept beside one that runs already, because a resumption may end the other alone;
- a suspension, a resumption or a supersession without an effect is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from certcore.errors import IssuingError
from certcore.status._facts import state_at, state_changes
from certcore.status.protocol import StatusEvent, StatusEventKind, StatusState

FINAL: Final = frozenset({StatusEventKind.REVOKED, StatusEventKind.SUPERSEDED})
"""What nothing can take back."""


def is_new(before: Sequence[StatusEvent], said: StatusEvent, /) -> bool:
    """Whether a statement is to be written; False where it was made already.

    Args:
        before: what the register holds about the certificate.
        said: the statement.

    Raises:
        IssuingError: ``register-failed`` where it would have no effect.
    """
    known = [event for event in before if event.recorded_at <= said.recorded_at]  # a clock was ahead: not known yet
    if said.kind in FINAL and is_covered(known, said):
        return False
    if said.kind is StatusEventKind.REVOKED:
        return True
    is_void = any(event.kind in FINAL and event.effective_at is None for event in known)
    if not is_void and _steps([*known, said]) != _steps(known):
        return True
    if not is_void and said.kind is StatusEventKind.SUSPENDED and _is_suspended_since(known, said):
        return not is_covered(known, said)
    raise IssuingError("register-failed", "A certificate is in no state that this can follow", kind=said.kind.value)


def is_covered(known: Sequence[StatusEvent], said: StatusEvent, /) -> bool:
    """Whether what is known says at least as much as a statement does: what is final may reach back further."""
    alike = [event for event in known if event.kind is said.kind]
    if said.kind in FINAL:
        return any(_is_as_early(event, said) for event in alike)
    return any(event.effective_at == said.effective_at for event in alike)


def says(known: Sequence[StatusEvent], said: StatusEvent, /) -> bool:
    """Whether what is known leaves nothing of a statement out: it is among them, or would change nothing."""
    if is_covered(known, said) or any(event.kind in FINAL and event.effective_at is None for event in known):
        return True
    is_void = said.kind in FINAL and said.effective_at is None
    return not is_void and bool(known) and _steps([*known, said]) == _steps(known)


def final_state(events: Sequence[StatusEvent], /) -> StatusState:
    """The state that a certificate ends up in, once all that was said has had its effect."""
    changes = state_changes(events)
    return changes[-1][1] if changes else StatusState.VALID


def _steps(events: Sequence[StatusEvent]) -> list[tuple[datetime, StatusState]]:
    """The changes that last: of several in one instant the last, and none that leaves the state as it was."""
    found: list[tuple[datetime, StatusState]] = []
    for at, state in dict(state_changes(events)).items():
        if state is not (found[-1][1] if found else StatusState.VALID):
            found.append((at, state))
    return found


def _is_as_early(event: StatusEvent, other: StatusEvent) -> bool:
    if event.effective_at is None:
        return True
    return other.effective_at is not None and event.effective_at <= other.effective_at


def _is_suspended_since(known: Sequence[StatusEvent], said: StatusEvent) -> bool:
    """Whether the certificate is suspended already at that time, and nothing resumes it afterwards."""
    at: datetime = said.effective_at or said.recorded_at
    is_resumed = any(
        event.kind is StatusEventKind.RESUMED and (event.effective_at or event.recorded_at) >= at for event in known
    )
    return not is_resumed and state_at(known, at) is StatusState.SUSPENDED
