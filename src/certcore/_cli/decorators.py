"""Several options of a command as one decorator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])


def together(*options: Callable[[_F], _F]) -> Callable[[_F], _F]:
    """All these options, in the order in which help shows them."""

    def give(command: _F) -> _F:
        for option in reversed(options):
            command = option(command)
        return command

    return give
