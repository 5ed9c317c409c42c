"""Reasons: what each code means, its effect, and what to do next, in English and Chinese.

- `_meaning`: `Reason` and the words for it.
- `_addresses`: where the documentation explains a code.
- `table.toml`: one row for each code. `causes.toml`: one row for each cause of `status-unavailable`.
"""

from certcore.reasons._meaning import REASONS, Axis, Effect, Reason, explain

__all__ = [
    "REASONS",
    "Axis",
    "Effect",
    "Reason",
    "explain",
]
