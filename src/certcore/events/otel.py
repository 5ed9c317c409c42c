"""Events as spans and metrics of OpenTelemetry. It needs the extra ``otel``, and exports nothing by itself.

A span has the time that its event took, and the caller's current span as its parent. Attributes and metric labels are
the event's fields, under ``certcore.``; metrics have only those of few values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from certcore import _extras
from certcore._clock import utc_now
from certcore.events import Event, listen
from certcore.events._table import KINDS

with _extras.naming("otel", "opentelemetry"):
    from opentelemetry import metrics, trace
    from opentelemetry.metrics import Histogram, MeterProvider
    from opentelemetry.trace import Status, StatusCode, Tracer, TracerProvider

__all__ = ["instrument"]

_LABELS: Final = frozenset(
    {"kind", "outcome", "code", "cause", "status", "subject", "backend", "method", "route"},
)
"""Fields with few values: a metric keeps a series for each."""

_NS: Final = 1_000_000_000
_SERVERS_FAULT: Final = 500


def instrument(
    *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
) -> Callable[[], None]:
    """Make spans and metrics of every event of this process; what is returned ends that.

    Verdicts, look-ups and fetches become spans and are measured by histograms, ``certcore.verdict.duration`` and its
    like, in seconds. The counter ``certcore.events`` counts every event.

    Args:
        tracer_provider: where spans go; the global provider, unless given.
        meter_provider: where metrics go; likewise.
    """
    tracer = trace.get_tracer("certcore", tracer_provider=tracer_provider)
    meter = metrics.get_meter("certcore", meter_provider=meter_provider)
    counter = meter.create_counter("certcore.events", description="events, by name")
    histograms = {
        name: meter.create_histogram(f"{name}.duration", unit="s", description=f"how long it took that {kind.about}")
        for name, kind in KINDS.items()
        if "duration_ms" in kind.fields
    }

    def hear(event: Event) -> None:
        labels = {f"certcore.{key}": value for key, value in _shown(event).items() if key in _LABELS}
        counter.add(1, {"certcore.event": event.name, **labels})
        duration_ms = event.fields.get("duration_ms")
        if isinstance(duration_ms, float):
            _measure(event, timedelta(milliseconds=duration_ms), tracer, histograms[event.name], labels)

    return listen(hear)


def _measure(
    event: Event, duration: timedelta, tracer: Tracer, histogram: Histogram, labels: Mapping[str, str | int]
) -> None:
    """One span that has just ended, and its time."""
    histogram.record(duration.total_seconds(), labels)
    ended = utc_now()
    span = tracer.start_span(event.name, start_time=int((ended - duration).timestamp() * _NS))
    for key, value in _shown(event).items():
        span.set_attribute(f"certcore.{key}", value)
    if _has_failed(event):
        span.set_status(Status(StatusCode.ERROR))
    span.end(end_time=int(ended.timestamp() * _NS))


def _has_failed(event: Event) -> bool:
    """Whether there was no answer; a service that refuses a request has given one, unless it is its own fault."""
    if event.name == "certcore.request":
        return int(str(event.fields["status"])) >= _SERVERS_FAULT
    return any(event.fields.get(key) is not None for key in ("code", "cause"))


def _shown(event: Event) -> dict[str, str | int]:
    """The fields that have a value, as attributes; the duration is the span's own."""
    fields = {key: value for key, value in event.fields.items() if value is not None and key != "duration_ms"}
    return {
        key: ",".join(value) if isinstance(value, tuple) else value if isinstance(value, str | int) else str(value)
        for key, value in fields.items()
    }
