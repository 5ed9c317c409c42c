"""What anybody may ask costs the same however old the archive is: counted in files and folders that are looked at."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from certcore.register import create_app
from certcore.register._publication import _published
from certcore.register._publication._layout import STATE
from certcore.register._publication._published import PublishedFolder
from certcore.register.log import StatusRegistry
from tests.register.asgi import ask
from tests.register.cast import DAY, NOW, STATUS_SIGNER, SetClock, issue

TEMPLATE = "https://status.example/lists/{list}"
SECOND = int(NOW.timestamp())
TARGETS = {
    "the list": "/lists/0",
    "its events": "/lists/0.events",
    "the list of now": f"/lists/0?time={SECOND}",
    "the list of the second before": f"/lists/0?time={SECOND - 1}",
    "the list of long ago": f"/lists/0?time={SECOND - 5 * 365 * 86_400}",
    "before any list": "/lists/0?time=0",
    "after any list": "/lists/0?time=99999999999",
    "events of then": f"/lists/0.events?time={SECOND - 1}",
    "an unknown list": f"/lists/7?time={SECOND}",
    "an unknown list of long ago": "/lists/4294967295?time=1",
    "the index": "/status-lists",
    "the trust list": "/trust-list",
    "readiness": "/ready",
    "health": "/health",
    "the description": "/openapi.json",
}


@pytest.fixture
def folder(lite: StatusRegistry, clock: SetClock, tmp_path: Path) -> Path:
    """A folder that was published to once."""
    issue(lite, clock)
    clock.at = NOW
    lite.publish(tmp_path / "published", signer=STATUS_SIGNER, uri_template=TEMPLATE)
    return tmp_path / "published"


def add_days(folder: Path, count: int) -> None:
    """A publication on each of so many days before."""
    for number in range(1, count + 1):
        day = NOW.date() - number * DAY
        for place in ("lists/0", "lists/0.events"):
            made = folder / "archive" / day.isoformat() / place
            made.mkdir(parents=True, exist_ok=True)
            begin = SECOND - number * 86_400
            (made / f"{begin}-{begin + 86_400}").touch()


def add_seconds(folder: Path, count: int) -> None:
    """A publication in each of so many seconds before, within the day."""
    made = folder / "archive" / NOW.date().isoformat() / "lists/0"
    for number in range(1, count + 1):
        (made / f"{SECOND - number}-{SECOND - number + 86_400}").touch()


def add_lists(folder: Path, count: int) -> None:
    """Further lists in the index and the state, published as the first was."""
    lists = json.loads((folder / STATE).read_bytes())["lists"]
    first = next(iter(lists.values()))
    lists |= {TEMPLATE.format(list=1 + number): first for number in range(count)}
    (folder / STATE).write_text(json.dumps({"lists": lists}))


GROWTH: dict[str, tuple[Callable[[Path, int], None], int, int]] = {
    "days": (add_days, 400, 3_650),
    "publications of a day": (add_seconds, 10, 5_000),
    "lists": (add_lists, 10, 5_000),
}


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is looked at on the disk meanwhile."""
    found: list[str] = []
    with monkeypatch.context() as patched:
        for module, name in ((os, "stat"), (os, "listdir"), (os, "scandir"), (io, "open")):
            own = getattr(module, name)

            def noted(*given: Any, _own: Any = own, _name: str = name, **named: Any) -> Any:  # noqa: ANN401  whatever it takes
                found.append(_name)
                return _own(*given, **named)

            patched.setattr(module, name, noted)
        yield found


def looked_at(app: Starlette, target: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, list[str]]:
    """The status of an answer, and what was looked at for it once the service has seen the folder."""
    ask(app, target)
    with counted(monkeypatch) as found:
        status = ask(app, target).status
    return status, sorted(found)


@pytest.mark.parametrize("growth", GROWTH)
def test_no_answer_costs_more_as_the_archive_grows(
    lite: StatusRegistry, folder: Path, monkeypatch: pytest.MonkeyPatch, growth: str
) -> None:
    """Every route for everybody looks at as much in a large archive as in a small one, and at little."""
    grow, small, large = GROWTH[growth]
    looks = []
    for count in (small, large):
        grow(folder, count)
        app = create_app(lite, signer=None, trust_list=b"trust", folder=folder, authorize=None)
        looks.append({name: looked_at(app, target, monkeypatch) for name, target in TARGETS.items()})
    for name in TARGETS:
        before, after = looks[0][name], looks[1][name]
        assert len(after[1]) <= len(before[1]) or (growth, name) == ("days", "the list of long ago"), name
        assert {"listdir", "scandir"}.isdisjoint(after[1]), name
        assert len(after[1]) <= 400, name


def test_a_gap_is_crossed_as_far_as_a_list_can_live(folder: Path) -> None:
    """A list of a year speaks for every second of it; further back nothing is looked for."""
    published = PublishedFolder(folder)
    made = folder / "archive/2020-03-01/lists/0"
    made.mkdir(parents=True)
    begin = int((date(2020, 3, 1) - date(1970, 1, 1)).total_seconds())
    end = begin + int(timedelta(days=366).total_seconds())
    (made / f"{begin}-{end}").touch()
    for second, is_there in ((begin - 1, False), (begin, True), (end - 86_400, True), (end, True), (end + 1, False)):
        assert is_there == (published.find_archived("lists/0", second) is not None)


def test_what_is_published_meanwhile_is_seen(lite: StatusRegistry, clock: SetClock, folder: Path) -> None:
    """Names are read anew once their folder has changed, the state once it was written: no restart, and no wait."""
    app = create_app(lite, signer=None, trust_list=b"trust", folder=folder, authorize=None)
    for _ in range(3):
        clock.pass_by(timedelta(hours=13))
        lite.publish(folder, signer=STATUS_SIGNER, uri_template=TEMPLATE)
        at = int(clock().timestamp())
        current = ask(app, "/lists/0")
        assert current.body == ask(app, f"/lists/0?time={at}").body != ask(app, f"/lists/0?time={at - 1}").body
        assert "public, max-age=3600" == current.headers["cache-control"]
        assert 200 == ask(app, "/ready").status


def test_names_that_are_kept_are_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for every day of ten years makes the service forget some, and never grow."""
    monkeypatch.setattr(_published, "_MAX_KEPT", 1_000)
    add_days(folder, 600)
    published = PublishedFolder(folder)
    for number in range(600):
        assert published.find_archived("lists/0", SECOND - number * 86_400) is not None
    assert published._names._count <= 1_000
    assert published._names._count == sum(len(kept[1][0]) + 1 for kept in published._names._kept.values())


@pytest.mark.parametrize("name", ["x-y", "1-", "-1", "01-2", "²-3", "1-2-3", f"{'9' * 400}-1", "１-２"])
def test_strange_names_answer_for_nothing(folder: Path, name: str) -> None:
    """In a day's folder, and beside the days."""
    if len(name) < 255:
        (folder / "archive/2026-11-22/lists/0" / name).touch()
    for strange in ("2026-02-31", "x", "20261122", "9999-99-99"):
        (folder / "archive" / strange / "lists/0").mkdir(parents=True)
    published = PublishedFolder(folder)
    found = published.find_archived("lists/0", SECOND)
    assert found is not None
    assert found.name.startswith(f"{SECOND}-")
    assert published.find_archived("lists/0", 3) is None
    assert published.find_archived("lists/\0", SECOND) is None
