"""What verifiers tell of. Each function takes when the work began, which is None as long as nobody listens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from certcore.errors import StatusError
from certcore.events import elapsed_ms, tell
from certcore.reasons import REASONS
from certcore.verdict import VehicleVerdict, Verdict

_AnyVerdict = TypeVar("_AnyVerdict", Verdict, VehicleVerdict)


def tell_verdict(verdict: _AnyVerdict, began: float | None, /) -> _AnyVerdict:
    """Tell of a verdict, and give it back."""
    if began is not None:
        _tell(verdict, elapsed_ms(began))
    return verdict


def tell_rows(verdicts: Sequence[Verdict], /) -> None:
    """Tell of verdicts that were reached together; how long one took cannot be said."""
    for verdict in verdicts:
        _tell(verdict, None)


def tell_look_up(lookup: object, answers: Sequence[object], began: float, /, *, is_vehicle: bool) -> None:
    """Tell of one call of a backend's method, and the answers that came of it."""
    errors = [answer.code for answer in answers if isinstance(answer, StatusError)]
    code = errors[0] if errors else None
    tell(
        "certcore.look-up",
        subject="vehicle" if is_vehicle else "status",
        backend=type(getattr(lookup, "__self__", lookup)).__name__,
        count=len(answers),
        code=code if code is None or code in REASONS else "status-backend-error",  # a backend may raise any code
        duration_ms=elapsed_ms(began),
    )


def _tell(verdict: Verdict | VehicleVerdict, duration_ms: float | None) -> None:
    reasons = tuple(reason.code for reason in verdict.reasons)
    is_certificate = isinstance(verdict, Verdict)
    if isinstance(verdict, Verdict) and verdict.certificate is None and reasons:
        tell("certcore.refusal", code=reasons[0])
    tell(
        "certcore.verdict",
        kind="certificate" if is_certificate else "vehicle",
        outcome=verdict.outcome.value,
        reasons=reasons,
        policy=verdict.policy_id,
        duration_ms=duration_ms,
    )
