"""`verify_many`, `verify_files`: a result for each row, in order, equal to the plain loop's, whatever is in a row."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import attrs
import pytest

from certcore import Expected, InspectionCertificate, Issuer, LocalSigner, Policy, StatusRef, Verifier, qr
from certcore.bulk import BulkQuestion, BulkResult, Progress, _workers, verify_files, verify_many
from certcore.bulk._files import why_lost
from certcore.errors import StatusError
from certcore.payload import Basis, Result
from certcore.status import MemoryStatusBackend
from certcore.status.protocol import StatusQuery, StatusRecord
from certcore.testing import FixedClock, make_trust
from certcore.verdict import Outcome

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ISSUED_AT = datetime(2026, 9, 1, tzinfo=UTC)
REVOKED_AT = datetime(2026, 9, 2, tzinfo=UTC)
DAY = date(2026, 10, 20)
SIGNER = LocalSigner.generate()
REGISTER = MemoryStatusBackend()


def issued(place: int) -> str:
    """The text of one of many certificates; every third is revoked."""
    ref = StatusRef(list=1, index=place)
    REGISTER.register(ref, at=ISSUED_AT)
    if place % 3 == 0:
        REGISTER.revoke(ref, at=REVOKED_AT, effective_at=REVOKED_AT)
    certificate = InspectionCertificate(
        registration_number=f"闽C{place:05}",
        vin="LSVAA4181E2184211",
        valid_until=date(2027, 9, 30),
        basis=Basis.INSPECTED,
        result=Result.PASS,
        authority="闽C",
        status=ref,
        issued_at=ISSUED_AT,
    )
    return Issuer(signer=SIGNER, country="CN", clock=FixedClock(ISSUED_AT)).issue(certificate)


TEXTS = [issued(place) for place in range(12)]


def verifier(status: Any = REGISTER) -> Verifier:  # noqa: ANN401  any kind of backend
    """Under a clock that stands still, so that verdicts are equal."""
    return Verifier(trust=make_trust(SIGNER), status=status, policy=Policy.counterparty(), clock=FixedClock(NOW))


def seen(place: int) -> Expected:
    """The vehicle of a certificate."""
    return Expected(registration_number=f"闽C{place:05}", country="CN")


class Many:
    """A register that answers many queries at once."""

    def __init__(self, answer: Callable[[Sequence[StatusQuery]], Any] | None = None) -> None:
        self.asked: list[int] = []
        self.answer = answer

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """One answer."""
        return REGISTER.lookup(query)

    def lookup_many(self, queries: Sequence[StatusQuery], /) -> Any:  # noqa: ANN401  a backend may give anything
        """All of them, or what the test wants."""
        self.asked.append(len(queries))
        return [REGISTER.lookup(query) for query in queries] if self.answer is None else self.answer(queries)


BAD: dict[str, tuple[BulkQuestion, str]] = {
    "null": (BulkQuestion(row=0, as_of=DAY), "row-not-text"),
    "number": (BulkQuestion(row=0, text=7, as_of=DAY), "row-not-text"),
    "bytes": (BulkQuestion(row=0, text=b"VIC1:", as_of=DAY), "row-not-text"),
    "not a row": (None, "row-malformed"),  # type: ignore[dict-item]  # the mistake under test
    "both": (BulkQuestion(row=0, text="VIC1:", picture=b"", as_of=DAY), "row-malformed"),
    "no date": (BulkQuestion(row=0, text=TEXTS[1], as_of=None), "row-moment"),
    "date as text": (BulkQuestion(row=0, text=TEXTS[1], as_of="2026-13-01"), "row-moment"),
    "naive": (BulkQuestion(row=0, text=TEXTS[1], as_of=datetime(2026, 1, 1)), "row-moment"),  # noqa: DTZ001  as above
    "long ago": (BulkQuestion(row=0, text=TEXTS[1], as_of=date(1, 1, 1)), "row-moment"),
    "known later": (
        BulkQuestion(row=0, text=TEXTS[1], as_of=DAY, known_at=datetime(2030, 1, 1, tzinfo=UTC)),
        "row-moment",
    ),
    "empty VIN": (BulkQuestion(row=0, text=TEXTS[1], as_of=DAY, expect={"vin": ""}), "row-vehicle"),
    "odd vehicle": (BulkQuestion(row=0, text=TEXTS[1], as_of=DAY, expect=3), "row-vehicle"),
    "other member": (BulkQuestion(row=0, text=TEXTS[1], as_of=DAY, expect={"colour": "red"}), "row-vehicle"),
    "VIN is a number": (BulkQuestion(row=0, text=TEXTS[1], as_of=DAY, expect={"vin": 4}), "row-vehicle"),
    "no picture": (BulkQuestion(row=0, picture=3.5, as_of=DAY), "row-not-picture"),
    "missing picture": (BulkQuestion(row=0, picture="missing.png", as_of=DAY), "file-unreadable"),
    "unreadable picture": (BulkQuestion(row=0, picture=b"no picture", as_of=DAY), "image-format"),
    "10 MB": (BulkQuestion(row=0, text="VIC1:" + "A" * 10_000_000, as_of=DAY), ""),
    "half a pair": (BulkQuestion(row=0, text="\ud800", as_of=DAY), ""),
    "foreign": (BulkQuestion(row=0, text="https://example.org", as_of=DAY), "foreign-format"),
}


def good(place: int) -> BulkQuestion:
    """A row about a certificate."""
    return BulkQuestion(row=place, text=TEXTS[place], as_of=DAY, expect=seen(place))


@pytest.mark.parametrize("status", [REGISTER, Many(), None], ids=["one", "many", "nobody"])
def test_rows_equal_the_plain_loop(status: Any) -> None:  # noqa: ANN401  any kind of backend
    """Whoever is asked, the verdicts are those of `Verifier.verify`, each about its own certificate."""
    asker = verifier(status)
    questions = [good(place) for place in range(12)] * 50

    found = list(verify_many(asker, iter(questions)))

    assert [asked.row for asked in questions] == [result.row for result in found]
    for asked, result in zip(questions, found, strict=True):
        assert asker.verify(asked.text, as_of=DAY, expect=asked.expect) == result.verdict


def test_many_are_asked_at_once() -> None:
    """A backend that answers many is asked once for a group of rows."""
    status = Many()

    assert 600 == len(list(verify_many(verifier(status), [good(place) for place in range(12)] * 50)))

    assert [256, 256, 88] == status.asked


def raises(cause: Exception) -> Callable[[Sequence[StatusQuery]], Any]:
    """A backend's answer that is none."""

    def answer(_: Sequence[StatusQuery]) -> Any:  # noqa: ANN401  it gives nothing
        raise cause

    return answer


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (lambda queries: [None] * len(queries), "status-backend-error"),
        (lambda _: [], "status-backend-error"),
        (lambda _: 3, "status-backend-error"),
        (raises(OSError("secret")), "status-backend-error"),
        (lambda queries: [StatusError("http-404", "gone")] * len(queries), "http-404"),
        (raises(StatusError("connect", "refused")), "connect"),
    ],
)
def test_bad_answers_decide_nothing(answer: Callable[[Sequence[StatusQuery]], Any], cause: str) -> None:
    """Whatever a backend does wrong for many is told as it is for one."""

    class One:
        def lookup(self, _query: StatusQuery, /) -> StatusRecord:
            raise StatusError(cause, "as for many")

    found = list(verify_many(verifier(Many(answer)), [good(1), good(2)]))
    alone = list(verify_many(verifier(One()), [good(1), good(2)]))

    assert [result.codes for result in alone] == [result.codes for result in found]
    assert [result.outcome for result in alone] == [result.outcome for result in found]


@pytest.mark.parametrize("status", [REGISTER, Many()], ids=["one", "many"])
@pytest.mark.parametrize(("bad", "code"), BAD.values(), ids=BAD)
def test_a_bad_row_costs_itself_alone(bad: BulkQuestion, code: str, status: Any) -> None:  # noqa: ANN401  as above
    """A result with a code in its place, and the others as ever."""
    found = list(verify_many(verifier(status), [good(1), bad, good(3)]))

    assert [Outcome.VALID, Outcome.INVALID] == [found[0].outcome, found[2].outcome]
    assert found[1].outcome is not Outcome.VALID
    assert found[1].codes
    assert not code or code in found[1].codes


def test_no_plate_in_reprs() -> None:
    """What is personal is in no repr."""
    asked = BulkQuestion(row=1, text="secret", picture="secret", as_of=DAY, expect={"vin": "secret"})

    assert "secret" not in repr(asked)


# Processes


@pytest.fixture
def pictures(tmp_path: Path) -> list[BulkQuestion]:
    """Rows that name a picture each."""
    for place in range(4):
        (tmp_path / f"{place}.png").write_bytes(qr.to_png(TEXTS[place], scale=3))
    return [
        BulkQuestion(row=place, picture=tmp_path / f"{place % 4}.png", as_of=DAY, expect=seen(place % 4))
        for place in range(12)
    ]


def test_processes_equal_the_plain_loop(pictures: list[BulkQuestion]) -> None:
    """Every row in order, as one process has them, with bad rows among them; and the progress counts them."""
    rows = [
        *pictures,
        BulkQuestion(row="x", picture=iter(()), as_of=DAY),
        *(bad for bad, _ in BAD.values()),
    ]
    progress = Progress(total=len(rows))

    found = list(verify_files(verifier(), rows, workers=2, progress=progress))
    alone = list(verify_many(verifier(), rows))

    assert [(result.row, result.codes) for result in alone] == [(result.row, result.codes) for result in found]
    assert [result.verdict for result in alone] == [result.verdict for result in found]
    assert len(rows) == progress.done == progress.outcomes.total()
    assert progress.rate > 0
    assert progress.time_left is not None


def codes_of(result: BulkResult) -> tuple[Any, tuple[str, ...]]:
    """What a caller keeps of a result; row 66 kills its worker as an operator would."""
    if result.row == 66 and result.verdict is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    return result.row, result.codes


def spoil(result: BulkResult) -> None:
    """What a caller's function must not do."""
    raise KeyError(result.row)


def test_texts_in_processes_equal_the_plain_loop() -> None:
    """Batches of texts, whole results or what is kept of them, with rows among them that cannot be sent."""
    rows = [attrs.evolve(good(place % 12), row=place) for place in range(300)]
    rows[100:100] = [
        BulkQuestion(row="lock", text=TEXTS[1], as_of=DAY, expect=Lock()),
        *(bad for bad, _ in BAD.values()),
    ]

    others = [row for place, row in enumerate(rows) if place != 66]
    found = list(verify_files(verifier(), rows, workers=2))
    kept = list(verify_files(verifier(), others, workers=2, keep=codes_of))
    alone = list(verify_many(verifier(), rows))

    unsent = BulkResult(row="lock", error=why_lost(_workers.Lost(rows[100], is_sent=False)))
    assert [unsent.codes if result.row == "lock" else result.codes for result in alone] == [r.codes for r in found]
    assert [result.verdict for result in alone if result.row != "lock"] == [r.verdict for r in found if r.row != "lock"]
    assert [(result.row, result.codes) for result in found if result.row != 66] == kept


def test_a_text_that_kills_its_worker_costs_no_other_its_answer() -> None:
    """It is told as lost, in its place; the others of its batch, and every other batch, have their answers."""
    rows = [attrs.evolve(good(place % 12), row=place) for place in range(600)]
    progress = Progress(total=len(rows))

    found = list(verify_files(verifier(), rows, workers=2, progress=progress, keep=codes_of))

    lost = [row for row, codes in found if codes == ("row-lost",)]
    assert list(range(600)) == [row for row, _ in found]
    assert [66] == lost
    assert progress.done == len(rows)


def test_what_keep_raises_ends_the_run() -> None:
    """It is the caller's mistake, and told without what it says of a row."""
    with pytest.raises(RuntimeError, match=r"^keep raised KeyError$"):
        list(verify_files(verifier(), [good(1)], workers=1, keep=spoil))


def square(number: int) -> int:
    """A job; -1 kills its worker as an operator would."""
    if number < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def test_a_killed_worker_costs_its_row() -> None:
    """The others have their results, in order."""
    tasks = [1, 2, -1, 3, -1, *range(4, 40)]

    found = list(_workers.run(square, tasks, workers=2))

    assert [task for task in tasks if task < 0] == [lost.task for lost in found if isinstance(lost, _workers.Lost)]
    expected = [None if task < 0 else task * task for task in tasks]
    assert expected == [None if isinstance(result, _workers.Lost) else result for result in found]


def test_few_tasks_are_taken_ahead() -> None:
    """Tasks are taken as results are."""
    taken = 0

    def tasks() -> Iterator[int]:
        nonlocal taken
        while True:
            yield taken
            taken += 1

    results = _workers.run(square, tasks(), workers=2)
    assert [0, 1, 4] == [next(results) for _ in range(3)]
    assert taken <= 3 + 2 * _workers.AHEAD
    results.close()


def children() -> set[int]:
    """The processes that this one started."""
    return {int(number) for number in Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii").split()}


def test_closing_leaves_no_process() -> None:
    """Nothing that was started is left behind."""
    before = children()
    results = _workers.run(square, iter(range(100)), workers=2)
    next(results)
    assert children() - before

    results.close()

    # multiprocessing keeps one process of its own, which counts resources
    assert len(children() - before) <= 1


@pytest.mark.parametrize("workers", [0, -1])
def test_at_least_one_worker(workers: int) -> None:
    """Fewer make no sense."""
    with pytest.raises(ValueError, match="at least one"):
        next(verify_files(verifier(), [], workers=workers))


def test_what_a_result_says() -> None:
    """Its outcome and codes, or the error's."""
    (result,) = verify_many(verifier(), [good(3)])

    assert ("revoked-before-event", "test-environment") == result.codes[:2]
    assert BulkResult(row=1).codes == ()
    assert attrs.evolve(result, verdict=None).outcome is None
