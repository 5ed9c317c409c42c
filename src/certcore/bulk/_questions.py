"""One row's question, and its result. A row may hold anything: a mistake in it becomes the result of that row."""

from __future__ import annotations

from typing import Any

import attrs

from certcore.errors import CertcoreError
from certcore.reasons import Reason
from certcore.verdict import Outcome, Verdict

__all__ = ["BulkQuestion", "BulkResult"]


@attrs.frozen(kw_only=True, slots=False)  # no slots: sent to another process in half the time
class BulkQuestion:
    """What one row asks. Nothing is checked before it is judged, so that a bad row is made as easily as a good one.

    Attributes:
        row: what the row is called: given back with the answer.
        text: the text of a certificate.
        picture: a picture with a certificate in it, instead of the text; between processes a path or bytes.
        as_of: the moment the question is about: an aware datetime, or a civil day in the issuer's zone.
        expect: the vehicle that was seen, if any: an `Expected`, or a mapping of its arguments.
        known_at: judge with what was knowable then.
    """

    row: Any
    text: Any = attrs.field(default=None, repr=False)
    picture: Any = attrs.field(default=None, repr=False)
    as_of: Any
    expect: Any = attrs.field(default=None, repr=False)
    known_at: Any = None


@attrs.frozen(kw_only=True, weakref_slot=False)  # of the slots that its maker knows
class BulkResult:
    """The answer to one row: a verdict, or why there is none.

    Attributes:
        row: what the row is called.
        verdict: the verdict; None where the row could not be asked about.
        error: why not, where there is no verdict.
    """

    row: Any
    verdict: Verdict | None = None
    error: CertcoreError | None = None

    @property
    def outcome(self) -> Outcome | None:
        """The verdict's outcome; None without a verdict."""
        return None if self.verdict is None else self.verdict.outcome

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The verdict's reasons; empty without a verdict."""
        return () if self.verdict is None else self.verdict.reasons

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the reasons, or of the error; each once, the weightiest first."""
        if self.error is not None:
            return (self.error.code,)
        return tuple(dict.fromkeys(reason.code for reason in self.reasons))
