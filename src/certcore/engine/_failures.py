"""What a verdict keeps of a look-up that failed, or whose documents do not count: a code, and a word for why. Pure.

A backend may raise any exception. The kept code says why there is no answer, never a certificate's state. No message
and no traceback is kept, because they could hold a registration number or fetched bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from certcore.errors import StatusError
from certcore.keys._trusted import ExistingDocument, VerifyingKey
from certcore.policy import Need
from certcore.reasons import REASONS, Axis, Effect, Reason
from certcore.reasons._meaning import blocks, notes
from certcore.status import _keys
from certcore.status.protocol import StatusRecord, VehicleRecord

_UNAVAILABLE: Final = "status-unavailable"
_NOT_KNOWN: Final = frozenset(
    code for code, meaning in REASONS.items() if meaning.axis is Axis.STATUS and Effect.BLOCKS in meaning.effects
)
"""The codes that say why status is not known."""

_CAUSE: Final = re.compile(r"[a-z]{1,20}(-[a-z]{1,20}){0,3}|http-[0-9x]{3}")
"""A word for a cause: without other digits, no registration number or VIN is one."""

_T = TypeVar("_T")


def failure(code: str, cause: str | None) -> StatusError:
    """A failure as it is kept."""
    return StatusError(code) if cause is None else StatusError(code, cause=cause)


def without_traceback(answer: _T | StatusError) -> _T | StatusError:
    """A failure as it is kept; any other answer as it is."""
    return failure(*_code_and_cause(answer)) if isinstance(answer, StatusError) else answer


def missing(answer: StatusError | None, need: Need, **detail: str) -> Reason:
    """No answer: the policy says what that weighs. Whatever an error says, it is never a revocation and never valid."""
    code, cause = ("status-not-checked", None) if answer is None else _code_and_cause(answer)
    if cause is not None:
        detail["cause"] = cause
    softened = need is Need.IF_AVAILABLE and Effect.NOTES in REASONS[code].effects
    return notes(code, **detail) if softened else blocks(code, **detail)


def refusal_of_proofs(
    record: StatusRecord | VehicleRecord,
    keys: Sequence[VerifyingKey],
    existing: Iterable[ExistingDocument] = (),
    **detail: str,
) -> Reason | None:
    """Why an answer does not count, by the keys of the documents behind it; one without documents has none to judge."""
    for proof in record.proofs:
        try:
            _keys.check(proof, keys, existing=existing, observed_at=record.observed_at)
        except StatusError as refused:
            return blocks(refused.code, **dict(refused.detail), **detail)
    return None


def cause_of(error: StatusError) -> str | None:
    """The cause that a failure names, if it is a word."""
    return _code_and_cause(error)[1]


def _code_and_cause(error: StatusError) -> tuple[str, str | None]:
    """The error's code if it says why status is not known, and its cause if that is a word."""
    try:
        code: object = error.code
        cause: object = dict(error.detail).get("cause")
    except Exception:  # noqa: BLE001  somebody else's class, which may never have called ours
        return _UNAVAILABLE, None
    if type(code) is not str:
        return _UNAVAILABLE, None
    if code not in _NOT_KNOWN:
        cause = code if code in REASONS and REASONS[code].axis is None else cause
        code = _UNAVAILABLE
    return code, cause if type(cause) is str and _CAUSE.fullmatch(cause) else None
