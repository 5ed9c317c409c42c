"""Events: every door tells of what it did, by a stable name, with nothing personal, and listeners decide nothing."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable
from typing import Any, Final

import pytest

from certcore import AsyncVerifier, Policy, Verdict, Verifier, events
from certcore.bulk import BulkQuestion, verify_many
from certcore.errors import StatusError
from certcore.events import Event
from certcore.events._table import KINDS
from certcore.status import StatusQuery, StatusRecord, VehicleQuery, VehicleRecord
from tests.test_privacy import CASES, SECRETS
from tests.truth_table.cases import Case
from tests.verify_cases import NOW, PLATE, SEEN, TEXT, VIN, Answers, registered, verifier

FAILED: Final = StatusError(f"plate-{PLATE}", VIN, cause=VIN)


def names(found: list[Event]) -> list[str]:
    """The names of events, without what all begin with."""
    return [event.name.removeprefix("certcore.") for event in found]


def later(asking: Verifier) -> AsyncVerifier:
    """The same verifier for an event loop."""
    return AsyncVerifier(trust=asking.trust, status=Later(), policy=asking.policy, clock=asking.clock, vehicles=Later())


class Later:
    """A backend of somebody else's that fails by raising what it should not."""

    async def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """No answer."""
        raise StatusError(f"plate-{PLATE}", VIN, cause=query.issuer)

    async def lookup_vehicle(self, query: VehicleQuery, /) -> VehicleRecord:
        """No answer."""
        raise ValueError(query.vin)


DOORS: Final[dict[str, tuple[Callable[[Verifier], object], list[str]]]] = {
    "a text": (lambda asking: asking.verify(TEXT, as_of=NOW, expect=SEEN), ["look-up", "look-up", "verdict"]),
    "no certificate": (lambda asking: asking.verify(PLATE, as_of=NOW), ["refusal", "verdict"]),
    "a vehicle": (lambda asking: asking.check_vehicle(vin=VIN, as_of=NOW), ["look-up", "verdict"]),
    "a picture": (lambda asking: asking.verify_image(b"GIF89a", as_of=NOW), ["refusal", "verdict"]),
    "all of a picture": (lambda asking: asking.verify_all(b"GIF89a", as_of=NOW), ["refusal", "verdict"]),
    "rows": (
        lambda asking: list(verify_many(asking, [BulkQuestion(row=1, as_of=NOW, text=TEXT)] * 2)),
        ["look-up"] * 4 + ["verdict"] * 2,
    ),
    "a text, later": (
        lambda asking: asyncio.run(later(asking).verify(TEXT, as_of=NOW, expect=SEEN)),
        ["look-up", "look-up", "verdict"],
    ),
    "a vehicle, later": (
        lambda asking: asyncio.run(later(asking).check_vehicle(vin=VIN, as_of=NOW)),
        ["look-up", "verdict"],
    ),
    "a picture, later": (
        lambda asking: asyncio.run(later(asking).verify_image(b"GIF89a", as_of=NOW)),
        ["refusal", "verdict"],
    ),
}


@pytest.mark.parametrize("door", DOORS)
def test_every_door_tells(door: str, heard: list[Event]) -> None:
    """A verdict is told of once, whichever method gave it, and every look-up before it."""
    ask, expected = DOORS[door]
    ask(asking())
    assert expected == names(heard)
    is_table = door == "rows"
    for event in heard:
        assert set(KINDS[event.name].fields) == set(event.fields)
        assert (event.fields.get("duration_ms") is None) == (
            event.name == "certcore.refusal" or is_verdict(event) * is_table
        )
    codes = {event.fields["code"] for event in heard if event.name == "certcore.look-up"}
    assert codes <= {"status-backend-error"}, "what a stranger raised is not repeated"


def is_verdict(event: Event) -> bool:
    """Whether it is one of a verdict."""
    return event.name == "certcore.verdict"


def asking() -> Verifier:
    """A verifier whose backends fail with the vehicle in the error."""
    return verifier(Answers(FAILED), Policy.claims(), vehicles=Answers(vehicle=ValueError(VIN)))


def test_many_are_looked_up_at_once(heard: list[Event]) -> None:
    """A backend that is asked for many is one look-up, with their number."""

    class Many(Answers):
        def lookup_many(self, queries: list[StatusQuery], /) -> list[StatusRecord]:
            return [registered().lookup(query) for query in queries]

    list(verify_many(verifier(Many()), [BulkQuestion(row=1, as_of=NOW, text=TEXT)] * 3))
    (look_up,) = [event.fields for event in heard if event.name == "certcore.look-up"]
    assert ("Many", 3, None) == (look_up["backend"], look_up["count"], look_up["code"])


def test_two_listeners(heard: list[Event]) -> None:
    """Each hears for itself, the same function twice as well, until it stops."""
    more: list[Event] = []
    stops = [events.listen(more.append), events.listen(more.append)]
    verifier(registered()).verify(TEXT, as_of=NOW)
    assert 2 * len(heard) == len(more)
    stops[0]()
    stops[0]()
    verifier(registered()).verify(TEXT, as_of=NOW)
    assert len(more) == 3 * len(heard) // 2
    stops[1]()
    verifier(registered()).verify(TEXT, as_of=NOW)
    assert len(more) == len(heard)


def test_what_is_no_listener() -> None:
    """It is refused at once, not at the first event."""
    with pytest.raises(TypeError, match="NoneType"):
        events.listen(None)  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize("door", DOORS)
def test_a_listener_that_raises_changes_nothing(door: str, caplog: pytest.LogCaptureFixture) -> None:
    """The answer is what it would have been, the others hear, and the log has the kind of the exception alone."""
    ask, expected = DOORS[door]
    silent = ask(asking())
    after: list[Event] = []

    def broken(event: Event) -> None:
        raise RuntimeError(PLATE, event)

    stops = [events.listen(broken), events.listen(after.append)]
    try:
        assert outcomes(silent) == outcomes(ask(asking()))
    finally:
        for stop in stops:
            stop()
    assert expected == names(after)
    assert {"a listener raised RuntimeError"} == set(caplog.messages)


def outcomes(found: Any) -> list[object]:  # noqa: ANN401  whatever a door gives
    """What was answered, comparable."""
    answers = found if isinstance(found, list | tuple) else [found]
    return [(one.verdict if hasattr(one, "verdict") else one).to_json() for one in answers]


def shown(found: list[Event], records: list[logging.LogRecord]) -> str:
    """Everything that stands in events and in the records of a log, but numbers of the clock and of the process."""
    chance = {"created", "msecs", "relativeCreated", "thread", "process"}  # any digits may stand in these
    told = [{name: value for name, value in vars(record).items() if name not in chance} for record in records]
    return "\n".join(map(repr, [*found, *told]))


def each_case() -> list[Any]:
    """The truth table's rows as parameters; a fifth of them is enough to find every kind."""
    return [pytest.param(case, id=case.name) for case in CASES[::5]]


@pytest.mark.parametrize("case", each_case())
def test_no_event_names_a_vehicle(case: Case, heard: list[Event], caplog: pytest.LogCaptureFixture) -> None:
    """No plate, VIN, key or text in any event or record, sync and async, and both tell of the same verdict."""
    caplog.set_level(logging.DEBUG)
    stop = events.listen(events.write_log)
    case.ask()
    asyncio.run(case.ask_later())
    stop()
    verdicts = [event.fields["outcome"] for event in heard if is_verdict(event)]
    assert len(verdicts) == 2
    assert len(set(verdicts)) == 1
    records = [record for record in caplog.records if record.name.startswith("certcore")]
    assert len(records) == len(heard)
    text = shown(heard, records)
    assert [] == [secret for secret in SECRETS if secret in text]


def test_the_log_has_names_and_fields() -> None:
    """A record carries the event's name and fields for formatters, beside a line for people."""
    written = io.StringIO()
    handler, logger = logging.StreamHandler(written), logging.getLogger("certcore")
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(certcore_event)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    stop = events.listen(events.write_log)
    verifier(None, Policy.counterparty()).verify(TEXT, as_of=NOW, expect=SEEN)
    stop()
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)
    line = written.getvalue()
    assert line.startswith("DEBUG certcore.verify certcore.verdict certificate: valid (")


def test_spans_and_metrics() -> None:
    """Over OpenTelemetry's own SDK: spans under the caller's, with their time, and a series for each outcome."""
    sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="opentelemetry-sdk is in the dependency group test")
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from certcore.events.otel import instrument

    spans, reader, provider = InMemorySpanExporter(), InMemoryMetricReader(), sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    stop = instrument(tracer_provider=provider, meter_provider=MeterProvider(metric_readers=[reader]))
    with provider.get_tracer("desk").start_as_current_span("claim") as claim:
        for _ in range(2):
            verdict: Verdict = asking().verify(TEXT, as_of=NOW, expect=SEEN)
    asking().verify(PLATE, as_of=NOW)
    stop()
    asking().verify(TEXT, as_of=NOW)

    made = [span for span in spans.get_finished_spans() if span.name != "claim"]
    assert ["certcore.look-up"] * 2 + ["certcore.verdict"] == [span.name for span in made[:3]]
    assert len(made) == 7
    assert {claim.get_span_context().span_id} == {span.parent.span_id for span in made[:6] if span.parent is not None}
    assert all(0 < (span.end_time or 0) - (span.start_time or 0) for span in made)
    assert made[2].attributes is not None
    assert verdict.outcome.value == made[2].attributes["certcore.outcome"]
    assert [False, False, True] == [span.status.is_ok for span in made[:3]]
    metrics = reader.get_metrics_data()
    assert metrics is not None
    found = {
        metric.name: metric.data.data_points for one in metrics.resource_metrics for scope in one.scope_metrics
        for metric in scope.metrics
    }  # fmt: skip
    assert {"certcore.events", "certcore.verdict.duration", "certcore.look-up.duration"} == set(found)
    assert 8 == sum(getattr(point, "value", 0) for point in found["certcore.events"])
    drawn = [(span.name, span.attributes, span.events, span.status.description) for span in made]
    text = repr(drawn) + repr([point.attributes for points in found.values() for point in points])
    assert [] == [secret for secret in SECRETS if secret in text]


def test_nobody_listens_and_nothing_is_measured() -> None:
    """Without a listener, and after the last has left, no clock is read for events."""
    stop = events.listen(print)
    assert events.start() is not None
    stop()
    assert events.start() is None
