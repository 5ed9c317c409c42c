"""What a cache folder may not decide, and two documents of one time of issue that say different things."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from certcore.status._cache_file import read_file, write_file
from certcore.status._documents import events_uri
from certcore.status.eventlist import STATUS_EVENTS_TYPE
from certcore.status.protocol import StatusEventKind, StatusState
from certcore.status.snapshot import SnapshotStatusBackend
from tests.status.fault_server import FaultServer, Reply
from tests.status.http.test_cache import trust_list
from tests.status.http_cases import (
    DAY,
    MINUTE,
    NOW,
    PATH,
    REVOKED_INDEX,
    VALID_INDEX,
    Driven,
    Make,
    cwt,
    event,
    publish,
    publish_events,
    query,
    signed_events,
    signed_list,
    still,
    trusting,
)

LATER = NOW + 12 * MINUTE
"""When a copy of the usual list has had its time."""


def planted(folder: Path, fetched_at: datetime) -> None:
    """Say of every copy in a folder that it was fetched at another time."""
    for path in folder.glob("*.status"):
        file = read_file(path)
        assert file is not None
        write_file(path, attrs.evolve(file, fetched_at=fetched_at))


@pytest.mark.parametrize(
    ("fetched_at", "asked_at"),
    [
        (NOW + MINUTE, NOW),
        (NOW + DAY / 2, NOW),
        (NOW + 1000 * DAY, NOW),
        (NOW + timedelta(seconds=1), NOW),
        (LATER, LATER),  # no later than the present, and the list is older than its time to live
        (LATER - MINUTE, LATER),
    ],
)
@pytest.mark.parametrize("path", [PATH, events_uri(PATH)])
def test_a_folder_does_not_make_a_copy_fresh(
    make: Make, server: FaultServer, tmp_path: Path, path: str, fetched_at: datetime, asked_at: datetime
) -> None:
    """Whatever a file says of when it was fetched, the server is asked when the document itself says so."""
    uri = publish(server)
    publish_events(server)
    make(cache_dir=tmp_path).lookup(query(uri, as_of=NOW - DAY))
    planted(tmp_path, fetched_at)

    make(cache_dir=tmp_path).lookup(query(uri, as_of=NOW - DAY, asked_at=asked_at))

    assert 2 == server.count(path)


def test_what_is_not_there_is_asked_for_again(make: Make, server: FaultServer, tmp_path: Path) -> None:
    """The same for a file that says that there is no such document, and that this is known from the future."""
    uri = publish(server)
    make(cache_dir=tmp_path).lookup(query(uri, as_of=NOW - DAY))
    before = server.count(events_uri(PATH))
    planted(tmp_path, NOW + DAY)

    make(cache_dir=tmp_path).lookup(query(uri, as_of=NOW - DAY))

    assert 1 == before
    assert 2 == server.count(events_uri(PATH))


def test_a_copy_is_shared_while_its_own_time_lasts(make: Make, server: FaultServer, tmp_path: Path) -> None:
    """Honest copies still spare the next process the question, and still speak where nobody answers."""
    uri = publish(server)
    make(cache_dir=tmp_path).lookup(query(uri))

    make(cache_dir=tmp_path).lookup(query(uri, asked_at=NOW + 8 * MINUTE))
    assert 1 == server.count(PATH)

    server.close()
    assert NOW - MINUTE == make(cache_dir=tmp_path).lookup(query(uri, asked_at=LATER)).observed_at


# --- two documents of one second --------------------------------------------------------------------------------------


def other_list(uri: str) -> bytes:
    """A list of the same second that says that nothing was revoked."""
    return signed_list(uri, values={})


def contradicted(make: Make, server: FaultServer, **options: Any) -> tuple[Driven, str]:  # noqa: ANN401  the backend's
    """A backend that was given one list, and then another of the same second."""
    uri, driven = publish(server), make(**options)
    driven.lookup(query(uri, REVOKED_INDEX))
    server.routes[PATH] = cwt(other_list(uri))
    assert "status-list-conflict" == driven.refused(query(uri, REVOKED_INDEX, asked_at=LATER)).code
    return driven, uri


@pytest.mark.parametrize("back", [other_list, signed_list])
@pytest.mark.parametrize("index", [VALID_INDEX, REVOKED_INDEX])
def test_two_lists_of_one_second(make: Make, server: FaultServer, index: int, back: Callable[[str], bytes]) -> None:
    """Neither counts, whichever the server gives from then on, and also for entries of which they say the same."""
    driven, uri = contradicted(make, server)
    server.routes[PATH] = cwt(back(uri))

    for minutes in (13, 30, 300):
        assert "status-list-conflict" == driven.refused(query(uri, index, asked_at=NOW + minutes * MINUTE)).code


def test_neither_speaks_where_nobody_answers(make: Make, server: FaultServer) -> None:
    """A copy that was contradicted is no copy to fall back on."""
    driven, uri = contradicted(make, server)
    server.routes[PATH] = Reply(status=503)

    assert "status-unavailable" == driven.refused(query(uri, asked_at=NOW + 20 * MINUTE)).code


def test_until_a_later_one_comes(make: Make, server: FaultServer, tmp_path: Path) -> None:
    """A later list settles it, for the next process, too."""
    driven, uri = contradicted(make, server, cache_dir=tmp_path)
    publish(server, issued_at=LATER, values={})

    for backend in (driven, make(cache_dir=tmp_path)):
        record = backend.lookup(query(uri, REVOKED_INDEX, asked_at=LATER + MINUTE))
        assert [StatusState.VALID] == [seen.state for seen in record.observations]
        assert LATER == record.observed_at


@pytest.mark.parametrize("back", [other_list, signed_list])
@pytest.mark.parametrize("asked_at", [NOW, LATER])
def test_the_folder_remembers(
    make: Make, server: FaultServer, tmp_path: Path, back: Callable[[str], bytes], asked_at: datetime
) -> None:
    """Both are kept side by side: the next process believes neither, whichever the server gives it."""
    _, uri = contradicted(make, server, cache_dir=tmp_path)
    server.routes[PATH] = cwt(back(uri))

    assert "status-list-conflict" == make(cache_dir=tmp_path).refused(query(uri, asked_at=asked_at)).code


def test_a_planted_list_of_the_same_second(make: Make, server: FaultServer, tmp_path: Path) -> None:
    """Somebody puts the other list into the folder: found out as soon as the server is asked."""
    uri = publish(server)
    make(cache_dir=tmp_path).lookup(query(uri))
    (path,) = tmp_path.glob("*.status")
    file = read_file(path)
    assert file is not None
    write_file(path, attrs.evolve(file, data=other_list(uri)))

    assert "status-list-conflict" == make(cache_dir=tmp_path).refused(query(uri, asked_at=LATER)).code


@pytest.mark.parametrize("rival", [b"", b"\xd2junk", None])
def test_a_rival_that_is_none(make: Make, server: FaultServer, tmp_path: Path, rival: bytes | None) -> None:
    """What is written beside a copy and is not signed takes nothing from it; nor does the same list, signed again."""
    uri = publish(server)
    make(cache_dir=tmp_path).lookup(query(uri))
    (path,) = tmp_path.glob("*.status")
    file = read_file(path)
    assert file is not None
    write_file(path, attrs.evolve(file, rival=signed_list(uri) if rival is None else rival))

    assert NOW - MINUTE == make(cache_dir=tmp_path).lookup(query(uri)).observed_at
    assert 1 == server.count(PATH)


def test_the_same_list_signed_again(make: Make, server: FaultServer) -> None:
    """Two servers that sign the same entries in the same second contradict nobody."""
    uri, driven = publish(server), make()
    driven.lookup(query(uri))
    publish(server, expires_at=NOW + 2 * DAY)

    assert NOW - MINUTE == driven.lookup(query(uri, asked_at=LATER)).observed_at
    assert 2 == server.count(PATH)


def test_two_events_documents_of_one_second(make: Make, server: FaultServer) -> None:
    """The same rule for the events beside a list: a look-up that needs them gets no answer."""
    uri, driven = publish(server, ttl=10 * MINUTE), make()
    publish_events(server)
    driven.lookup(query(uri, REVOKED_INDEX, as_of=NOW - DAY))
    none_revoked = {REVOKED_INDEX: [event(StatusEventKind.ISSUED, NOW - 30 * DAY)]}
    server.routes[events_uri(PATH)] = cwt(signed_events(uri, none_revoked), STATUS_EVENTS_TYPE)

    error = driven.refused(query(uri, REVOKED_INDEX, as_of=NOW - DAY, asked_at=LATER))

    assert "status-list-conflict" == error.code


def test_a_snapshot_of_such_a_folder_holds_both(make: Make, server: FaultServer, tmp_path: Path) -> None:
    """Whoever takes the folder along takes the contradiction along."""
    driven, _ = contradicted(make, server, cache_dir=tmp_path)

    assert 2 == len(SnapshotStatusBackend.from_folder(tmp_path))
    assert 2 == len(driven.snapshot())


def test_a_prefetch_tells_it(make: Make, server: FaultServer) -> None:
    """The report of a prefetch names the contradiction."""
    driven, uri = contradicted(make, server, tuning=still(clock=lambda: LATER))

    report = driven.prefetch(trust_list(trusting(server.url + "/lists/{list}")), lists={"CN": [7]})

    assert ((uri, "status-list-conflict"),) == report.failed
