"""`Signal`: one thing that deserves a second look.

A signal is not a reason of a verdict. It has no axis and no effect, so it cannot change an outcome. It has no severity
either: how important a signal is depends on the insurer's business, which certcore does not know.
"""

from __future__ import annotations

from typing import Any

import attrs

from certcore import reasons
from certcore.errors import Detail


@attrs.frozen
class Signal:
    """One thing to check again. It proves nothing about a person.

    Attributes:
        code: what was noticed, stable from the first release. Signals share one namespace with reasons and errors; a
            signal with the code of a reason repeats that reason.
        detail: small facts, as sorted pairs; never a registration number, a VIN or a claim's number.
    """

    code: str
    detail: Detail = ()

    def explain(self, *, lang: str = "en", links: bool = False) -> str:
        """What was noticed and what to do next, in ``en`` or ``zh``, and with links where the documentation says more.

        Raises:
            ValueError: for any other language.
        """
        words = reasons.explain(self.code, lang=lang)
        return f"{words.line}{'' if lang == 'zh' else ' '}{words.next_step}" + (f" {words.url}" if links else "")

    def to_dict(self) -> dict[str, Any]:
        """The signal as JSON types, its code and its detail."""
        return {"code": self.code, "detail": dict(self.detail)}


def signal(code: str, **detail: str | int) -> Signal:
    """A signal with its facts in order."""
    return Signal(code, tuple(sorted(detail.items())))
