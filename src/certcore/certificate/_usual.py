"""The claims of a usual certificate, read at one look.

Nearly all certificates have known claims of usual sizes. One regular expression recognises them, down to the shortest
form of each head and the order of the keys, and straight code without a loop reads each value from its group. Both are
made from the table of claims (`_claims`) and from what each form says of its usual values (`_forms`).

Whatever is unusual, malformed or doubtful is left to the full reader in `certcore.payload`, which says what is wrong.
What is read here is exactly what that reader gives, in two fifths of its time: tests hold the two equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from certcore import _cbor
from certcore.certificate._claims import ALWAYS_THERE, CLAIMS, FIELDS, INSPECTION, Claim

__all__ = ["read"]

_MAP: Final = 0xA0
"""The head of a map without members; with at most 23, their number is added."""

_MAP_HEAD: Final = rb"([\xa1-\xb7])"


def read(data: bytes, values: dict[str, Any]) -> bool:
    """Read a usual payload's claims into ``values``, by name; False where it is none, and then they mean nothing."""
    try:
        return _reader()(data, values)
    except ValueError:  # the full reader finds it, too, or knows better
        return False


@cache  # made when first needed, in some milliseconds
def _reader() -> Callable[[bytes, dict[str, Any]], bool]:
    """The function that reads: straight code, since a loop over the table takes half as long again."""
    claims, fields = _Part("claims", CLAIMS), _Part("fields", FIELDS)
    pattern = claims.pattern + re.escape(_cbor.encode(INSPECTION)) + fields.pattern
    lines = [
        "def read(data, values):",
        "    found = match(data)",
        "    if found is None:",
        "        return False",
        f"    {', '.join([*claims.groups, *fields.groups])} = found.groups()",
        f"    left = claims[0] - {_MAP + 1}",  # the inspection is a claim, too
        *claims.lines,
        "    if left:",
        "        return False",
        f"    left = fields[0] - {_MAP}",
        *fields.lines,
        "    return not left",
    ]
    namespace: dict[str, Any] = {"match": re.compile(pattern, re.DOTALL).fullmatch, **claims.readers, **fields.readers}
    exec("\n".join(lines), namespace)  # noqa: S102  made of the table's names alone, as attrs makes its methods
    made: Callable[[bytes, dict[str, Any]], bool] = namespace["read"]
    return made


class _Part:
    """One of the two maps: its pattern, the names of the pattern's groups, and the code that reads them."""

    def __init__(self, name: str, rows: Mapping[int, Claim]) -> None:
        self.groups = [name]
        self.pattern = _MAP_HEAD
        self.lines: list[str] = []
        self.readers: dict[str, Callable[[bytes], Any]] = {}
        for key, row in rows.items():
            if row.form.usual:
                self.pattern += _pattern(key, row)
                self.lines += self._read(f"{name}_{key}", row)

    def _read(self, place: str, row: Claim) -> Iterator[str]:
        for number, (_, read_item) in enumerate(row.form.usual):
            group = f"{place}_{number}"
            self.groups.append(group)
            self.readers[f"read_{group}"] = read_item
            yield f"    if {group} is not None:"
            yield f"        values[{row.name!r}] = read_{group}({group})"
            yield "        left -= 1"


def _pattern(key: int, row: Claim) -> bytes:
    """The key and one of the value's usual forms; or nothing, where a certificate need not have the claim."""
    head, forms = re.escape(_cbor.encode(key)), [pattern for pattern, _ in row.form.usual]
    alternatives = head + (forms[0] if len(forms) == 1 else b"(?:" + b"|".join(forms) + b")")
    return alternatives if row.name in ALWAYS_THERE else b"(?:" + alternatives + b"|)"
