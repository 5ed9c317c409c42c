"""Events across a fork: who listened before hears after it, in each process for itself, and nothing is told twice."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Event as Flag
from threading import Thread

import pytest

from certcore import events
from certcore.events import Event
from tests.forking import Child, in_child
from tests.verify_cases import NOW, TEXT, registered, verifier

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),  # of Python 3.12, where other threads linger
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
]

ASKED = 3


def ask() -> None:
    """Some verdicts."""
    for _ in range(ASKED):
        verifier(registered()).verify(TEXT, as_of=NOW)


def names(found: list[Event]) -> Counter[str]:
    """How often each event was told."""
    return Counter(event.name for event in found)


EACH = Counter({"certcore.look-up": ASKED, "certcore.verdict": ASKED})


def test_a_listener_goes_along() -> None:
    """A child tells the listeners that were there, and so does a child of it; the parent hears nothing of that."""
    heard: list[Event] = []
    stop = events.listen(heard.append)

    def work() -> Counter[str]:
        heard.clear()
        ask()
        return names(heard)

    try:
        assert [EACH, EACH] == [child.result() for child in (Child(work), Child(lambda: in_child(work)))]
        assert [] == heard
        ask()
        assert EACH == names(heard)
    finally:
        stop()


def test_a_listener_ends_in_its_own_process() -> None:
    """Whoever stops listening in a child goes on in the parent, and the other way round."""
    heard: list[Event] = []
    stop = events.listen(heard.append)

    def leave() -> int:
        stop()
        ask()
        return len(heard)

    assert 0 == in_child(leave)
    ask()
    stop()
    assert EACH == names(heard)


def test_a_listener_that_is_being_added_while_the_process_forks() -> None:
    """Another thread holds the lock: a child adds listeners all the same, removes them, and tells them."""
    is_held, may_end = Flag(), Flag()

    def hold() -> None:
        with events._LISTENERS.lock:
            is_held.set()
            may_end.wait()

    def work() -> Counter[str]:
        heard: list[Event] = []
        stop = events.listen(heard.append)
        ask()
        stop()
        ask()
        return names(heard)

    holder = Thread(target=hold)
    holder.start()
    is_held.wait()
    try:
        children = [Child(work), Child(lambda: in_child(work))]
        assert [EACH, EACH] == [child.result() for child in children]
    finally:
        may_end.set()
        holder.join()


def test_a_log_has_each_line_once(tmp_path: Path) -> None:
    """Records of parent and children, written to one file, are as many as the events."""
    handler = logging.FileHandler(tmp_path / "log")
    handler.setFormatter(logging.Formatter("%(process)d %(certcore_event)s"))
    logger = logging.getLogger("certcore")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    stop = events.listen(events.write_log)
    try:
        ask()
        assert len({in_child(pid_after(ask)) for _ in range(2)}) == 2
        ask()
    finally:
        stop()
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
        handler.close()
    lines = Counter((tmp_path / "log").read_text("utf-8").split("\n")[:-1])
    assert [ASKED] * 4 + [2 * ASKED] * 2 == sorted(lines.values())


def pid_after(work: Callable[[], None]) -> Callable[[], int]:
    """The work, and who did it."""

    def done() -> int:
        work()
        return os.getpid()

    return done


# --- OpenTelemetry


def spans_of(folder: Path) -> list[str]:
    """What was exported by any process: a line for each span, with its id."""
    return [line for file in folder.iterdir() for line in file.read_text("utf-8").splitlines()]


def test_spans_are_exported_once(tmp_path: Path) -> None:
    """A batch that waits in the parent at the fork is exported by the parent alone; a child exports its own."""
    pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is in the dependency group test")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

    from certcore.events.otel import instrument

    class ToFile(ConsoleSpanExporter):
        """Exports into the file of the process that does it."""

        def __init__(self) -> None:
            super().__init__(formatter=lambda span: f"{span.name} {span.context.span_id}\n")

        def export(self, spans):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202  of the SDK
            with (tmp_path / str(os.getpid())).open("a", encoding="utf-8") as self.out:
                return super().export(spans)

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(ToFile(), schedule_delay_millis=3_600_000))
    stop = instrument(tracer_provider=provider)

    def work() -> bool:
        ask()
        return provider.force_flush()

    try:
        ask()  # these wait
        assert [True, True] == [child.result() for child in (Child(work), Child(work))]
        assert provider.force_flush()
    finally:
        stop()
        provider.shutdown()
    found = spans_of(tmp_path)
    assert len(set(found)) == len(found) == 3 * 2 * ASKED
    assert 3 == len(list(tmp_path.iterdir()))


def test_providers_that_are_set_up_after_the_fork() -> None:
    """`instrument` before the fork, providers in each child: a child has its own spans and counts alone."""
    pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is in the dependency group test")
    from opentelemetry import metrics, trace
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from certcore.events.otel import instrument

    def work() -> tuple[int, float]:
        spans, reader, provider = InMemorySpanExporter(), InMemoryMetricReader(), TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(spans))
        trace.set_tracer_provider(provider)
        metrics.set_meter_provider(MeterProvider(metric_readers=[reader]))
        ask()
        data = reader.get_metrics_data()
        assert data is not None
        points = [
            point
            for one in data.resource_metrics
            for scope in one.scope_metrics
            for metric in scope.metrics
            if metric.name == "certcore.events"
            for point in metric.data.data_points
        ]
        return len(spans.get_finished_spans()), sum(getattr(point, "value", 0) for point in points)

    stop = instrument()
    try:
        ask()
        assert [(2 * ASKED, 2 * ASKED)] * 2 == [child.result() for child in (Child(work), Child(work))]
    finally:
        stop()
