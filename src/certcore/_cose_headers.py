"""The headers of any COSE message (RFC 9052 section 3): their labels, and the rules of both maps.

It has the general rules of headers. It does not have the certificate's profile, which allows only two headers, or the
meaning of a header to the reader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

Headers: TypeAlias = Mapping[Any, Any]

ALG: Final = 1
CRIT: Final = 2
CONTENT_TYPE: Final = 3
KID: Final = 4
IV: Final = 5
PARTIAL_IV: Final = 6
TYP: Final = 16

_TYPES: Final[Mapping[int, tuple[type, ...]]] = {
    CONTENT_TYPE: (int, str),
    KID: (bytes,),
    IV: (bytes,),
    PARTIAL_IV: (bytes,),
    TYP: (int, str),
}
_NAME: Final = "[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_MEDIA_TYPE: Final = re.compile(rf"{_NAME}/{_NAME}( ?;[ -~]*[!-~])?")
"""RFC 6838 section 4.2, and parameters, without white space before or after."""


def check(protected: Headers, unprotected: Headers, /) -> None:
    """Return when both maps keep RFC 9052 section 3, and certcore's rules: no crit at all, and alg protected.

    Raises:
        ValueError: for anything else.
    """
    fault = _fault_in_one(protected) or _fault_in_one(unprotected) or _fault_in_both(protected, unprotected)
    if fault is not None:
        raise ValueError(fault)


def _fault_in_one(headers: Headers) -> str | None:
    if not all(type(label) in (int, str) for label in headers):
        return "a header label is neither an integer nor text"
    if CRIT in headers:
        return "it has critical headers, which certcore does not process"
    for label, kinds in _TYPES.items():
        if label in headers and (
            type(headers[label]) not in kinds or (type(headers[label]) is bytes and not headers[label])
        ):
            return f"header {label} is of the wrong type, or empty"
    if CONTENT_TYPE in headers and not _is_content_type(headers[CONTENT_TYPE]):
        return "its content type is neither a number nor type/subtype"
    return None


def _fault_in_both(protected: Headers, unprotected: Headers) -> str | None:
    labels = protected.keys() | unprotected.keys()
    if {IV, PARTIAL_IV} <= labels:
        return "it has an IV and a partial IV"
    if ALG in unprotected or type(protected.get(ALG)) is not int:
        return "its algorithm is not an integer in the protected header alone"
    if len(labels) + (KID in protected and KID in unprotected) != len(protected) + len(unprotected):
        return "a label stands in both headers"
    return None


def _is_content_type(value: int | str) -> bool:
    """Whether it is a CoAP Content-Format, or a media type with or without parameters (RFC 9052 section 3.1)."""
    return value >= 0 if isinstance(value, int) else _MEDIA_TYPE.fullmatch(value) is not None
