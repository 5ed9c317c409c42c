"""Publishing: what changed is written whole, in order and once; what is there explains itself and stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certcore import LocalSigner
from certcore.errors import IssuingError
from certcore.payload import StatusRef
from certcore.register import publish
from certcore.register._publication import _folder, _layout
from certcore.register._publication._published import PublishedFolder
from certcore.register.log import StatusRegistry
from certcore.register.publish import Publication
from certcore.status import StatusEvent, StatusEventKind, StatusState
from certcore.status._facts import Rules, state_at
from certcore.status.protocol import StatusRecord
from certcore.status.timeline import Interval, in_force
from certcore.status.tokenlist import StatusEvents, StatusToken, open_events, open_token
from tests.register.cast import BEGIN, DAY, NOW, STATUS_SIGNER, SetClock, issue
from tests.register.test_kill import ENVIRONMENT

TEMPLATE = "https://status.example/cn/lists/{list}"
SAID: dict[str, Any] = {"actor": "clerk-7", "reason": "entered in error"}
HOUR = timedelta(hours=1)
STRANGE = json.dumps(
    {
        "lists": {
            TEMPLATE.format(list=0): dict.fromkeys(
                (
                    "register",
                    "mark",
                    "later",
                    "issued_at",
                    "expires_at",
                    "ttl_s",
                    "key",
                    "list_digest",
                    "events_digest",
                ),
                "x",
            )
        }
    }
).encode()
"""A state with every member, none of them what it should be."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where to publish to; not there yet."""
    return tmp_path / "published"


def published(registry: StatusRegistry, folder: Path, **changes: Any) -> Publication:  # noqa: ANN401  publish's own
    """Publish, by the register's clock."""
    given: dict[str, Any] = {"signer": STATUS_SIGNER, "uri_template": TEMPLATE} | changes
    return registry.publish(folder, **given)


def token(folder: Path, number: int = 0, *, place: str | None = None, now: datetime | None = None) -> StatusToken:
    """The list in the folder, its signature checked."""
    uri = TEMPLATE.format(list=number)
    data = (folder / (place or f"cn/lists/{number}")).read_bytes()
    return open_token(data, uri=uri, keys=[STATUS_SIGNER.public_key], now=now)


def events(folder: Path, number: int = 0) -> StatusEvents:
    """The events document beside it."""
    data = (folder / f"cn/lists/{number}.events").read_bytes()
    return open_events(data, uri=TEMPLATE.format(list=number), keys=[STATUS_SIGNER.public_key], now=None)


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file that is not the publisher's own affair."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != _folder.LOCK)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_a_list_says_how_every_entry_stands(lite: StatusRegistry, clock: SetClock, folder: Path) -> None:
    """Valid, revoked, suspended, resumed and superseded, each as its value; and what was never issued reads valid."""
    refs = [issue(lite, clock, number)[0] for number in range(1, 6)]
    clock.pass_by()
    lite.revoke(refs[0], effective_at=None, **SAID)
    lite.suspend(refs[1], **SAID)
    lite.suspend(refs[2], **SAID)
    clock.pass_by()
    lite.resume(refs[2], **SAID)
    issue(lite, clock, 4)
    assert Publication(published=(0,)) == published(lite, folder)
    found = token(folder, now=clock())
    states = ["revoked", "suspended", "valid", "superseded", "valid"]
    assert states == [found.status_list.state(ref.index).value for ref in refs]
    assert (256, clock(), clock() + DAY, HOUR) == (
        len(found.status_list),
        found.issued_at,
        found.expires_at,
        found.ttl,
    )


def test_the_events_say_since_when(lite: StatusRegistry, clock: SetClock, folder: Path) -> None:
    """What happened to entries that changed, as the register itself answers it, and since when that is complete."""
    ref, _ = issue(lite, clock)
    other, _ = issue(lite, clock, 2)
    clock.pass_by(HOUR)
    lite.revoke(ref, effective_at=NOW - DAY, **SAID)
    published(lite, folder)
    found = events(folder)
    event = StatusEvent(
        kind=StatusEventKind.REVOKED, effective_at=NOW - DAY, recorded_at=NOW + HOUR, reason=SAID["reason"]
    )
    assert ({ref.index: (event,)}, BEGIN, clock()) == (dict(found.events), found.history_from, found.issued_at)
    assert other.index not in found.events


def test_files_stand_where_their_uris_say(lite: StatusRegistry, clock: SetClock, folder: Path) -> None:
    """Lists, events, archive, index and state; nothing else is left."""
    lite.allocate_many(300)
    published(lite, folder)
    span = f"{int(clock().timestamp())}-{int((clock() + DAY).timestamp())}"
    lists = {f"cn/lists/{name}" for name in ("0", "0.events", "1", "1.events")}
    archived = {f"archive/2026-11-22/{name}/{span}" for name in lists}
    found = files_in(folder)
    assert lists | archived | {"index.json", ".state.json"} == set(found)
    assert {"status_lists": [TEMPLATE.format(list=number) for number in (0, 1)]} == json.loads(found["index.json"])
    for name in lists:
        assert found[name] == found[f"archive/2026-11-22/{name}/{span}"]


def test_only_what_changed_is_published(lite: StatusRegistry, clock: SetClock, folder: Path) -> None:
    """An issue changes no list; a revocation changes its own; the others stay as they are, byte for byte."""
    ref, _ = issue(lite, clock)
    lite.allocate_many(300)
    assert (0, 1) == published(lite, folder).published
    before = files_in(folder)
    clock.pass_by(HOUR)
    issue(lite, clock, 2)
    assert (0, 1) == published(lite, folder).unchanged
    assert before == files_in(folder)
    lite.revoke(ref, effective_at=None, **SAID)
    found = published(lite, folder)
    assert ((0,), (1,), ()) == (found.published, found.unchanged, found.postponed)
    assert before["cn/lists/1"] == files_in(folder)["cn/lists/1"]
    assert clock() == token(folder).issued_at


def test_a_list_is_renewed_before_it_expires(lite: StatusRegistry, clock: SetClock, folder: Path) -> None:
    """From half of its lifetime on, changed or not."""
    published(lite, folder)
    clock.at = NOW + DAY / 2 - timedelta(seconds=1)
    assert (0,) == published(lite, folder).unchanged
    clock.pass_by()
    assert (0,) == published(lite, folder).published


def test_a_change_to_come_is_published_when_it_comes(lite: StatusRegistry, clock: SetClock, folder: Path) -> None:
    """A revocation of tomorrow is among the events at once, and in the list from then on."""
    ref, _ = issue(lite, clock)
    lite.revoke(ref, effective_at=NOW + 2 * HOUR, **SAID)
    published(lite, folder)
    assert StatusState.VALID is token(folder).status_list.state(ref.index)
    assert 1 == len(events(folder).events)
    clock.pass_by(HOUR)
    assert (0,) == published(lite, folder).unchanged
    clock.pass_by(HOUR)
    assert (0,) == published(lite, folder).published
    assert StatusState.REVOKED is token(folder).status_list.state(ref.index)
    clock.pass_by(HOUR)
    assert (0,) == published(lite, folder).unchanged


def test_another_key_signs_everything_anew(lite: StatusRegistry, clock: SetClock, folder: Path) -> None:
    """After a change of keys no list stays under the old one."""
    published(lite, folder)
    clock.pass_by()
    assert (0,) == published(lite, folder, signer=LocalSigner.generate()).published


@pytest.mark.parametrize("name", ["cn/lists/0", "cn/lists/0.events", ".state.json"])
@pytest.mark.parametrize(
    "data", [None, b"", b"damaged", b"{}", b'{"lists": {"x": 5}}', b'{"lists": [1]}', b"\xff", STRANGE]
)
def test_what_is_lost_or_damaged_is_published_again(
    lite: StatusRegistry, clock: SetClock, folder: Path, name: str, data: bytes | None
) -> None:
    """A list, an events document or a state that is not what was written is made anew."""
    published(lite, folder)
    if data is None:
        (folder / name).unlink()
    else:
        (folder / name).unlink()  # the archive holds the same file by another name
        (folder / name).write_bytes(data)
    clock.pass_by()
    assert (0,) == published(lite, folder).published
    assert clock() == token(folder).issued_at
    assert (0,) == published(lite, folder).unchanged


def test_times_of_issue_only_grow(lite: StatusRegistry, clock: SetClock, folder: Path) -> None:
    """A second change within a second, and one while the clock is set back, wait for the next time."""
    ref, _ = issue(lite, clock)
    published(lite, folder)
    for at in (NOW, NOW - HOUR):
        clock.at = at
        lite.revoke(ref, effective_at=None, **SAID)
        before = files_in(folder)
        assert (0,) == published(lite, folder).postponed
        assert before == files_in(folder)
    clock.at = NOW + timedelta(seconds=1)
    assert (0,) == published(lite, folder).published
    assert StatusState.REVOKED is token(folder).status_list.state(ref.index)


def test_an_event_from_a_clock_ahead_waits(lite: StatusRegistry, clock: SetClock, folder: Path) -> None:
    """What another machine recorded later than now is published once that time has come."""
    ref, _ = issue(lite, clock)
    clock.at = NOW + HOUR
    lite.revoke(ref, effective_at=None, **SAID)
    published(lite, folder, now=NOW)
    assert StatusState.VALID is token(folder).status_list.state(ref.index)
    published(lite, folder)
    assert StatusState.REVOKED is token(folder).status_list.state(ref.index)


def test_two_templates_share_a_folder(lite: StatusRegistry, folder: Path) -> None:
    """Lists under another kind of key stand under their own URIs, and the index names both."""
    published(lite, folder)
    other = "https://status.example/pq/lists/{list}"
    published(lite, folder, uri_template=other, signer=LocalSigner.generate(-48))
    assert {"status_lists": [TEMPLATE.format(list=0), other.format(list=0)]} == json.loads(
        (folder / "index.json").read_bytes()
    )
    assert (0,) == published(lite, folder).unchanged


@pytest.mark.parametrize(
    "template",
    [
        "http://status.example/{list}",
        "https://status.example/lists",
        "https://status.example/archive/{list}",
        "https://status.example/.hidden/{list}",
        "https://status.example/a%20b/{list}",
        "https://status.example/{list}/",
        "https://status.example/index.json/{list}",
    ],
)
def test_templates_that_make_no_files_are_refused(lite: StatusRegistry, folder: Path, template: str) -> None:
    """A URI that no trust list has, or whose file could be taken for another, is misuse."""
    with pytest.raises(ValueError, match=r"URI|path|template"):
        published(lite, folder, uri_template=template)
    assert not folder.exists()


@pytest.mark.parametrize("terms", [{"lifetime": timedelta(0)}, {"ttl": timedelta(0)}, {"ttl": 2 * DAY}])
def test_terms_that_make_no_list_are_refused(lite: StatusRegistry, folder: Path, terms: dict[str, Any]) -> None:
    """A list lives, and is not kept for longer than it lives."""
    with pytest.raises(ValueError, match="lives"):
        published(lite, folder, **terms)


def test_one_publisher_at_a_time(lite: StatusRegistry, folder: Path) -> None:
    """While somebody publishes to a folder, another is refused, and told so."""
    with _folder.hold(folder), pytest.raises(IssuingError) as caught:
        published(lite, folder)
    assert "file-unwritable" == caught.value.code
    assert (0,) == published(lite, folder).published


def test_a_folder_that_cannot_be_is_told(lite: StatusRegistry, tmp_path: Path) -> None:
    """A file where the folder should be is file-unwritable."""
    (tmp_path / "file").write_text("here")
    with pytest.raises(IssuingError) as caught:
        published(lite, tmp_path / "file")
    assert "file-unwritable" == caught.value.code


def test_too_many_events_are_refused(
    lite: StatusRegistry, clock: SetClock, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document that readers would refuse for its size is not written."""
    ref, _ = issue(lite, clock)
    lite.revoke(ref, effective_at=None, **SAID)
    monkeypatch.setattr(publish, "MAX_EVENTS_BYTES", 10)
    with pytest.raises(IssuingError) as caught:
        published(lite, folder)
    assert "register-failed" == caught.value.code


def test_without_links_files_are_copied(lite: StatusRegistry, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a disk that knows no links the archive is as complete."""

    def no_links(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", no_links)
    published(lite, folder)
    found = files_in(folder)
    assert 2 == len([name for name in found if name.startswith("archive/")])
    assert [] == list((folder / ".partial").iterdir())


def test_the_archive_answers_for_each_moment(lite: StatusRegistry, clock: SetClock, folder: Path) -> None:
    """The latest list issued by then, as long as it had not expired; none before the first."""
    ref, _ = issue(lite, clock)
    published(lite, folder)
    clock.pass_by(HOUR)
    lite.revoke(ref, effective_at=None, **SAID)
    published(lite, folder)

    def issued_at(at: datetime) -> datetime | None:
        path = PublishedFolder(folder).find_archived("cn/lists/0", int(at.timestamp()))
        place = path and path.relative_to(folder).as_posix()
        return token(folder, place=place).issued_at if place else None

    assert [None, NOW, NOW, NOW + HOUR, NOW + HOUR, None] == [
        issued_at(NOW - timedelta(seconds=1)),
        issued_at(NOW),
        issued_at(NOW + HOUR - timedelta(seconds=1)),
        issued_at(NOW + HOUR),
        issued_at(NOW + HOUR + DAY / 2),
        issued_at(NOW + HOUR + DAY + timedelta(seconds=1)),
    ]
    assert None is PublishedFolder(folder / "nowhere").find_archived("cn/lists/0", 0)


def test_strange_files_in_the_archive_are_passed_over(lite: StatusRegistry, clock: SetClock, folder: Path) -> None:
    """What was not written by the publisher answers for nothing."""
    published(lite, folder)
    (folder / "archive/2026-11-22/cn/lists/0/x-y").write_bytes(b"")
    path = PublishedFolder(folder).find_archived("cn/lists/0", int(clock().timestamp()))
    assert path is not None
    assert path.name.startswith(str(int(clock().timestamp())))


DAYS = st.integers(0, 20).map(lambda day: NOW + day * DAY)
CHANGES = (
    StatusEventKind.REVOKED,
    StatusEventKind.SUSPENDED,
    StatusEventKind.RESUMED,
    StatusEventKind.SUPERSEDED,
)
EVENTS = st.one_of(
    st.builds(StatusEvent, kind=st.sampled_from(CHANGES), effective_at=DAYS, recorded_at=DAYS),
    st.builds(StatusEvent, kind=st.just(StatusEventKind.REVOKED), effective_at=st.none(), recorded_at=DAYS),
)


@given(happened=st.lists(EVENTS, max_size=6))
def test_a_list_says_what_the_timeline_says(happened: list[StatusEvent]) -> None:
    """An entry reads valid exactly where the timeline holds the certificate in force at that time."""
    at = NOW + 30 * DAY
    issued = StatusEvent(kind=StatusEventKind.ISSUED, effective_at=NOW - DAY, recorded_at=NOW - DAY)
    record = StatusRecord(events=[issued, *happened], observed_at=at, history_from=NOW - 2 * DAY)
    rules = Rules(suspends=True, retroactive=True, max_age=None, clock_skew=timedelta(), known_at=at, evaluated_at=at)
    spans = in_force(record, Interval(start_at=NOW - DAY, end_at=None), rules)
    is_valid = any(span.end_at is None or span.end_at > at for span in spans)
    assert is_valid == (state_at(happened, at) is StatusState.VALID)


# --- killed

KILLED = """
import os, sys
from datetime import datetime
from pathlib import Path
from certcore import LocalSigner
from certcore.register._publication._published import PublishedFolder
from certcore.register.log import StatusRegistry

url, folder, key, at, left = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], int(sys.argv[5])

def counted(call):
    def counting(*arguments, **named):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        result = call(*arguments, **named)
        left -= 1
        if left < 0:
            os._exit(9)
        return result
    return counting

for name in ("fsync", "link", "replace", "mkdir"):
    setattr(os, name, counted(getattr(os, name)))
registry = StatusRegistry(url, clock=lambda: datetime.fromisoformat(at))
registry.publish(folder, signer=LocalSigner.from_file(key), uri_template=sys.argv[6])
"""


def publish_and_die(registry: StatusRegistry, folder: Path, key: Path, at: datetime, steps: int) -> int:
    """Publish in another process that ends after so many steps; its exit code."""
    arguments = [registry._url, str(folder), str(key), at.isoformat(), str(steps), TEMPLATE]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments], check=False, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert done.returncode in {0, 9}, done.stderr
    return done.returncode


def assert_sound(folder: Path, refs: list[StatusRef]) -> None:
    """Every file in place is whole, no list says more than its events, and the archive holds what is in place."""
    found = files_in(folder)
    archived = {data for name, data in found.items() if name.startswith("archive/")}
    for number in {ref.list for ref in refs}:
        if f"cn/lists/{number}" not in found:
            continue
        entries, happened = token(folder, number), events(folder, number)
        assert entries.issued_at <= happened.issued_at
        for ref in refs:
            if ref.list == number and entries.status_list.state(ref.index) is StatusState.REVOKED:
                assert ref.index in happened.events
        assert {found[f"cn/lists/{number}"], found[f"cn/lists/{number}.events"]} <= archived
    for name, data in found.items():
        if name.endswith(".json"):
            json.loads(data)
    if "index.json" in found:
        places = [_layout.place_of(uri) for uri in json.loads(found["index.json"])["status_lists"]]
        assert set(places) <= set(found)


@pytest.mark.slow
def test_killed_at_any_step_nothing_is_half_published(
    lite: StatusRegistry, clock: SetClock, folder: Path, tmp_path: Path
) -> None:
    """Before and after every flush, link, rename and folder that publishing makes, a kill leaves all sound.

    And the next publication says everything, whatever the killed one left behind.
    """
    key = tmp_path / "status.pem"
    STATUS_SIGNER.to_file(key)
    refs = [issue(lite, clock, number)[0] for number in range(1, 300)]
    assert {0, 1} == {ref.list for ref in refs}
    published(lite, folder)
    firsts, seconds = (iter([ref for ref in refs if ref.list == number]) for number in (0, 1))
    steps, finished = 0, False
    while not finished:
        clock.pass_by(timedelta(minutes=1))
        for ref in (next(firsts), next(seconds)):
            lite.revoke(ref, effective_at=None, **SAID)
        finished = publish_and_die(lite, folder, key, clock(), steps) == 0
        assert_sound(folder, refs)
        steps += 3
    assert steps > 20
    clock.pass_by(timedelta(minutes=1))
    published(lite, folder)
    assert_sound(folder, refs)
    revoked = {ref for ref in refs if token(folder, ref.list).status_list.state(ref.index) is StatusState.REVOKED}
    assert 2 * steps // 3 == len(revoked)
    assert [] == list((folder / ".partial").iterdir())


@pytest.mark.slow
def test_killed_and_again_within_the_second(
    lite: StatusRegistry, clock: SetClock, folder: Path, tmp_path: Path
) -> None:
    """A publication that was killed and is tried again within its second makes no second list of one time of issue."""
    key = tmp_path / "status.pem"
    STATUS_SIGNER.to_file(key)
    ref, _ = issue(lite, clock)
    published(lite, folder)
    for steps in (6, 10, 12, 14, 16, 18, 20):
        clock.pass_by(timedelta(minutes=1))
        lite.revoke(issue(lite, clock, steps)[0], effective_at=None, **SAID)
        publish_and_die(lite, folder, key, clock(), steps)
        published(lite, folder)
        archived = list((folder / "archive").rglob(f"lists/0/{int(clock().timestamp())}-*"))
        assert len(archived) <= 1
        assert_sound(folder, [ref])
        clock.pass_by()
        published(lite, folder)
        assert clock() - timedelta(seconds=1) <= token(folder).issued_at
