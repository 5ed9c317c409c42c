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
from typing import Any, Final

from certcore import _cbor
from certcore.certificate._claims import ALWAYS_THERE, CLAIMS, FIELDS, INSPECTION, Claim

Reader = Callable[[bytes], dict[str, Any] | None]
"""Gives the values of a usual payload, by name; None for any other."""

_MAP: Final = 0xA0
"""The head of a map without members; with at most 23, their number is added."""

_MAP_HEAD: Final = rb"([\xa1-\xb7])"


class LateReader:
    """Reads usual payloads, but for the first hundred, which are left to the full reader.

    So a command that reads one certificate does not make what it will not need.
    """

    def __init__(self, defaults: Mapping[str, object]) -> None:
        self.read: Reader = self._count
        self._defaults = defaults
        self._left = 100

    def _count(self, data: bytes) -> dict[str, Any] | None:
        self._left -= 1
        if self._left > 0:
            return None
        self.read = make_reader(self._defaults)
        return self.read(data)


def make_reader(defaults: Mapping[str, object]) -> Reader:
    """The function that reads: straight code, since a loop over the table takes half as long again.

    It takes some milliseconds to make, as long as it saves over some hundred certificates.

    Args:
        defaults: every value that a certificate has, in order; what is not read has it.
    """
    claims, fields = _Part("claims", CLAIMS), _Part("fields", FIELDS)
    pattern = claims.pattern + re.escape(_cbor.encode(INSPECTION)) + fields.pattern
    lines = [
        "def read(data):",
        "    found = match(data)",
        "    if found is None:",
        "        return None",
        f"    {', '.join(claims.groups + fields.groups)} = found.groups()",
        f"    more_claims = claims[0] - {_MAP + claims.always + 1}",  # the inspection is a claim, too
        f"    more_fields = fields[0] - {_MAP + fields.always}",
        "    values = {**defaults}",  # twice as fast as one value after the other
        "    try:",
        *claims.lines,
        *fields.lines,
        "    except ValueError:",  # the full reader finds it, too, or knows better
        "        return None",
        "    return None if more_claims or more_fields else values",
    ]
    namespace: dict[str, Any] = {"match": re.compile(pattern, re.DOTALL).fullmatch, "defaults": dict(defaults)}
    namespace |= claims.readers | fields.readers
    exec("\n".join(lines), namespace)  # noqa: S102  made of the table's names alone, as attrs makes its methods
    made: Reader = namespace["read"]
    return made


class _Part:
    """One of the two maps.

    Attributes:
        pattern: what it looks like; its first group is its head.
        groups: the names of the pattern's groups.
        lines: the code that reads each value.
        readers: what the code calls.
        always: how many claims are always there; the code counts the others.
    """

    def __init__(self, name: str, rows: Mapping[int, Claim]) -> None:
        self.pattern = _MAP_HEAD
        self.groups = [name]
        self.lines: list[str] = []
        self.readers: dict[str, Callable[[bytes], Any]] = {}
        self.always = 0
        for key, row in rows.items():
            if row.form.usual:
                self.always += row.name in ALWAYS_THERE
                self.pattern += _pattern(key, row)
                self.lines += self._read(f"more_{name}", f"{name}_{key}", row)

    def _read(self, more: str, place: str, row: Claim) -> Iterator[str]:
        for number, (_, read_item) in enumerate(row.form.usual):
            group = f"{place}_{number}" if number else place
            self.groups.append(group)
            self.readers[f"read_{group}"] = read_item
            yield f"        {'elif' if number else 'if'} {group} is not None:"
            yield f"            values[{row.name!r}] = read_{group}({group})"
            if row.name not in ALWAYS_THERE:
                yield f"            {more} -= 1"


def _pattern(key: int, row: Claim) -> bytes:
    """The key and one of the value's usual forms; or nothing, where a certificate need not have the claim."""
    head, forms = re.escape(_cbor.encode(key)), [pattern for pattern, _ in row.form.usual]
    alternatives = head + (forms[0] if len(forms) == 1 else b"(?:" + b"|".join(forms) + b")")
    return alternatives if row.name in ALWAYS_THERE else b"(?:" + alternatives + b"|)"
