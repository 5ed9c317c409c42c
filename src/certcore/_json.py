"""Read JSON documents of others strictly (RFC 8259, RFC 7493).

No member twice in an object, no NaN and no Infinity, limited depth and number of containers. The callers interpret the
document and give errors their codes.
"""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

MAX_DEPTH: Final = 64
"""Nested arrays and objects; the deepest document has some six."""

MAX_CONTAINERS: Final = 100_000
"""Arrays and objects of one document, brackets in its texts counted in: each one costs memory before it is judged."""

MAX_VALUES: Final = 1_000_000
"""Values of one document, commas in its texts counted in."""


def decode(data: bytes | str, /) -> Any:  # noqa: ANN401  whatever JSON holds
    """The value in a JSON text.

    Raises:
        ValueError: for anything else; a `json.JSONDecodeError` where it can say the place.
    """
    text = data if isinstance(data, str) else data.decode()
    if text.count("[") + text.count("{") > MAX_CONTAINERS:
        msg = f"it has more than {MAX_CONTAINERS} arrays and objects"
        raise ValueError(msg)
    if text.count(",") >= MAX_VALUES:
        msg = f"it has more than {MAX_VALUES} values"
        raise ValueError(msg)
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError as cause:
        raise _too_deep() from cause
    _check_depth(value, MAX_DEPTH)
    return value


def _check_depth(value: object, left: int) -> None:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if children is None:
        return
    if left == 0:
        raise _too_deep()
    for child in children:
        if isinstance(child, (dict, list)):
            _check_depth(child, left - 1)


def _too_deep() -> ValueError:
    return ValueError("it is nested too deeply")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        msg = "a member appears twice in one object"
        raise ValueError(msg)
    return members


def _refuse_constant(name: str) -> NoReturn:
    msg = f"{name} is not JSON"
    raise ValueError(msg)


def _finite(text: str) -> float:
    value = float(text)
    if value in {float("inf"), float("-inf")}:
        _refuse_constant("a number beyond all bounds")
    return value
