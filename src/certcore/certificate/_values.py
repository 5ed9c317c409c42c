"""The small values a certificate is made of: codes, status references, deficiencies.

Public names of `certcore.payload`, which re-exports them. Each refuses values that a certificate cannot hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final

import attrs

from certcore.vocabulary._characters import is_text

MAX_TEXT_CHARACTERS: Final = 128
"""Characters of one text in a certificate; a QR symbol is no place for more."""

MAX_URI_CHARACTERS: Final = 512

UINT32: Final = 1 << 32

_is_plain: Final = re.compile(f"[ -~\u4e00-\u9fff]{{1,{MAX_TEXT_CHARACTERS}}}").fullmatch
"""Whether a text is of ASCII and ideographs alone, as nearly every one: `is_text` takes each of these."""


class Basis(Enum):
    """On what ground the certificate was issued."""

    REGISTRATION = "registration"
    TRANSFER_OR_CHANGE = "transfer-or-change"
    EXEMPT = "exempt"
    INSPECTED = "inspected"
    WITHIN_VALIDITY = "within-validity"
    TEMPORARY = "temporary"


class Result(Enum):
    """The result of the inspection, or the severity of one deficiency (Directive 2014/45/EU article 7)."""

    EXEMPT = "exempt"
    PASS = "pass"  # noqa: S105  not a password
    MINOR = "minor"
    MAJOR = "major"
    DANGEROUS = "dangerous"

    @property
    def passes(self) -> bool:
        """Whether a vehicle with this result may be used: exempt, pass and minor."""
        return self in PASSING


PASSING: Final = (Result.EXEMPT, Result.PASS, Result.MINOR)  # a tuple: hashing a member is a call
BASIS_CODES: Final = {
    1: Basis.REGISTRATION,
    2: Basis.TRANSFER_OR_CHANGE,
    3: Basis.EXEMPT,
    4: Basis.INSPECTED,
    5: Basis.WITHIN_VALIDITY,
    6: Basis.TEMPORARY,
}
RESULT_CODES: Final = {0: Result.EXEMPT, 1: Result.PASS, 2: Result.MINOR, 3: Result.MAJOR, 4: Result.DANGEROUS}
CODE_OF: Final[Mapping[Enum, int]] = {
    member: code for codes in (BASIS_CODES, RESULT_CODES) for code, member in codes.items()
}


@attrs.frozen(kw_only=True, weakref_slot=False)  # of the slots that its maker knows
class StatusRef:
    """The place of a certificate in its issuer's status lists. Where the lists are, the trust list says.

    Attributes:
        list: the list's number, below 2**32.
        index: the entry's number in it, below 2**32.
    """

    list: int
    index: int

    def __attrs_post_init__(self) -> None:
        uint(self.list)
        uint(self.index)


@attrs.frozen(kw_only=True)
class StatusListEntry:
    """A standard Token Status List reference (draft-ietf-oauth-status-list section 6): the list by its full URI.

    Attributes:
        uri: where the list is; believed only under a prefix that the trust list gives the issuer.
        index: the entry's number in it, below 2**32.
    """

    uri: str
    index: int

    def __attrs_post_init__(self) -> None:
        if not is_text(self.uri, MAX_URI_CHARACTERS) or not self.uri.isascii():
            msg = f"a list URI is 1 to {MAX_URI_CHARACTERS} printable ASCII characters"
            raise ValueError(msg)
        uint(self.index)


@attrs.frozen(kw_only=True)
class DeficiencyCounts:
    """How many deficiencies of each severity the test found."""

    minor: int = 0
    major: int = 0
    dangerous: int = 0

    def __attrs_post_init__(self) -> None:
        for count in attrs.astuple(self):
            uint(count)


@attrs.frozen(kw_only=True)
class Deficiency:
    """One deficiency: its code (Directive 2014/45/EU annex I, e.g. ``1.1.13 (a)``) and its severity, MINOR or worse."""

    code: str
    severity: Result

    def __attrs_post_init__(self) -> None:
        text(self.code)
        if type(self.severity) is not Result or CODE_OF[self.severity] < CODE_OF[Result.MINOR]:
            msg = "a deficiency is minor, major or dangerous"
            raise ValueError(msg)


def uint(value: object, limit: int = UINT32) -> int:
    if type(value) is not int or not 0 <= value < limit:
        msg = f"a number is an integer from 0 to {limit - 1}"
        raise ValueError(msg)
    return value


def text(value: object) -> str:
    if not (type(value) is str and _is_plain(value)) and not is_text(value, MAX_TEXT_CHARACTERS):
        msg = f"a text is 1 to {MAX_TEXT_CHARACTERS} printable characters"
        raise ValueError(msg)
    return value
