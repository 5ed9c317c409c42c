"""The numbers in evidence files, written out; `docs/reference/evidence.md` has their words.

A number never changes: files of every release are read for ever. No number depends on the order of an enumeration's
members. A new member gets the next free number. States and events have the register's numbers:
`certcore.status._states`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from certcore.policy import Need
from certcore.reasons import Effect
from certcore.verdict import Outcome


class Kind(Enum):
    """What a question was about."""

    CERTIFICATE = "certificate"
    VEHICLE = "vehicle"


KINDS: Final[Mapping[int, Kind]] = MappingProxyType({1: Kind.CERTIFICATE, 2: Kind.VEHICLE})

OUTCOMES: Final[Mapping[int, Outcome]] = MappingProxyType(
    {1: Outcome.VALID, 2: Outcome.INVALID, 3: Outcome.UNDETERMINED}
)

EFFECTS: Final[Mapping[int, Effect]] = MappingProxyType({1: Effect.FAILS, 2: Effect.BLOCKS, 3: Effect.NOTES})

NEEDS: Final[Mapping[int, Need]] = MappingProxyType({1: Need.REQUIRED, 2: Need.IF_AVAILABLE, 3: Need.NOT_USED})

FAILED: Final = 0
PROVED: Final = 1
ATTESTED: Final = 2
ANSWERED: Final = 3
"""What came of a look-up, by the first element of its array."""
