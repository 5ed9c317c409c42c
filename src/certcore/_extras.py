"""Optional libraries: which extra installs one, and the one message for each place where it is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec


def is_there(library: str) -> bool:
    """Whether a library can be imported, as far as that is known without doing it."""
    try:
        return find_spec(library) is not None
    except (ImportError, ValueError):  # an import system of the host's own, or a module that is half there
        return False


def missing(library: str, extra: str) -> str:
    """What to say of a library that is not there."""
    return f"{library} is not installed: install certcore with its {extra} extra: certcore[{extra}]"


def require(extra: str, *libraries: str) -> None:
    """Find out what is missing before anything is begun.

    Raises:
        ModuleNotFoundError: one of them is not there; it names the extra.
    """
    for library in libraries:
        if not is_there(library):
            raise ModuleNotFoundError(missing(library, extra), name=library)


@contextmanager
def naming(extra: str, *libraries: str) -> Iterator[None]:
    """Around imports: the error for a library that is missing names its extra.

    Raises:
        ModuleNotFoundError: likewise.
    """
    try:
        yield
    except ModuleNotFoundError as cause:
        library = (cause.name or "").partition(".")[0]
        if library not in libraries:
            raise
        raise ModuleNotFoundError(missing(library, extra), name=library) from cause
