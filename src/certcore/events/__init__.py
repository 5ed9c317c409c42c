"""Events: what certcore tells a program about its verdicts, look-ups, fetches and refusals, for logs and metrics.

`listen` gives a function every event of this process; `write_log` is such a function, and so is what
`certcore.events.otel.instrument` adds. An event names no vehicle and holds no text, payload, key or token. Listening
changes no verdict, whatever the function does; as long as nobody listens, nothing is measured.

Events from INFO up are written to the standard library's logging in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from types import MappingProxyType
from typing import Final, TypeVar

import attrs

from certcore._clock import steady
from certcore._forks import begin_in_children
from certcore.events._table import INFO, KINDS

__all__ = ["Event", "Listener", "listen", "write_log"]

_Value = TypeVar("_Value")

Value = str | int | float | tuple[str, ...] | None


@attrs.frozen
class Event:
    """One thing that happened, under a stable name.

    Attributes:
        name: one of those in ``docs/reference/events.md``.
        fields: its facts, named there; every event of a name has the same ones.
    """

    name: str
    fields: Mapping[str, Value]

    @property
    def level(self) -> int:
        """How much it matters, as a level of `logging`."""
        return KINDS[self.name].level


Listener = Callable[[Event], object]
"""Is called at once, in whatever thread or event loop the event belongs to, so it must not block."""


class _Listeners:
    """Who listens in this process. The tuple is replaced, never changed, so that reading it takes no lock."""

    def __init__(self) -> None:
        self.now: tuple[Listener, ...] = ()
        self.begin_in_child()
        begin_in_children(self)

    def begin_in_child(self) -> None:
        """A lock that nobody holds: another thread may have been adding a listener while the process forked."""
        self.lock = Lock()


_LISTENERS: Final = _Listeners()


def listen(listener: Listener, /) -> Callable[[], None]:
    """Give a function every event of this process from now on; what is returned ends that.

    Processes that are forked later listen, too; those that are spawned must ask for it themselves.

    Raises:
        TypeError: for something that cannot be called.
    """
    if not callable(listener):
        raise TypeError(f"a listener is called with an event; {type(listener).__name__} cannot be")

    def once(event: Event) -> object:  # a function of its own, so that the same one may listen twice
        return listener(event)

    with _LISTENERS.lock:
        _LISTENERS.now = (*_LISTENERS.now, once)

    def stop() -> None:
        with _LISTENERS.lock:
            _LISTENERS.now = tuple(one for one in _LISTENERS.now if one is not once)

    return stop


def write_log(event: Event, /) -> None:
    """A listener that writes the events below INFO to `logging` as well."""
    if event.level < INFO:
        _write(event)


def start() -> float | None:
    """When something began, if anybody listens; None means that nobody does."""
    return steady() if _LISTENERS.now else None


def elapsed_ms(began: float) -> float:
    """Milliseconds since something began."""
    return round(1000 * (steady() - began), 3)


def tell(name: str, /, **fields: Value) -> None:
    """Write an event to the log if it matters so much, and give it to all listeners."""
    event = Event(name, MappingProxyType(fields))
    if event.level >= INFO:
        _write(event)
    for listener in _LISTENERS.now:
        call(listener, event, what="a listener")


def call(hook: Callable[[_Value], object], value: _Value, /, *, what: str) -> None:
    """Call somebody else's function, which must not decide anything: what it raises is logged by its kind."""
    try:
        hook(value)
    except Exception as broken:  # noqa: BLE001  the caller's own code
        _write(Event("certcore.hook-failed", {"hook": what, "error": type(broken).__name__}))


def _write(event: Event) -> None:
    from certcore.events._log import write  # noqa: PLC0415  whoever logs nothing need not load logging

    write(event.name, event.fields)
