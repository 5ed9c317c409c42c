"""How much is done to read a picture."""

from __future__ import annotations

from enum import Enum


class Effort(Enum):
    """How much is done to read a picture.

    Attributes:
        FAST: one look by the first decoder there is. For a camera that shows the next frame at once.
        NORMAL: more looks only where the first read nothing, or saw a symbol it could not read; some tenths of a second
            in a large picture that holds no symbol.
        THOROUGH: all that helps, and every symbol that is there: seconds. For a picture that cannot be taken again.
    """

    FAST = "fast"
    NORMAL = "normal"
    THOROUGH = "thorough"
