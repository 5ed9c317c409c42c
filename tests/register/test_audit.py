"""The audit trail and the quotas: who asked for what, how often, and what came of it; nothing names a vehicle."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from certcore.errors import IssuingError, RejectedInputError
from certcore.issue import Issuer
from certcore.keys import LocalSigner
from certcore.register import AuditTrail, BearerTokens, create_app
from certcore.register.access import BY_PLATE, BY_VIN, LIVE, RECEIPT, SCOPES, DailyQuota, Principal
from certcore.register.audit import Entry
from certcore.register.log import StatusRegistry
from certcore.status import VehicleQuery
from certcore.status.vehicledoc import VEHICLE_REQUEST_TYPE, encode_request
from tests.register.asgi import Answer, ask
from tests.register.cast import BEGIN, DAY, NOW, SIGNER, SetClock, issue, vehicle

KEY = b"k" * 32
PRINCIPALS = {
    "all": Principal("all", SCOPES),
    "none": Principal("none", ()),
    "few": Principal("few", SCOPES, per_day=2),
    "many": Principal("many", SCOPES, per_day=100),
}


def authorize(request: Request) -> Principal | None:
    """Takes everybody's word for who they are."""
    return PRINCIPALS.get(request.headers.get("authorization", ""))


@pytest.fixture
def trail(tmp_path: Path) -> Iterator[AuditTrail]:
    """A trail in a file of its own."""
    with closing(AuditTrail(tmp_path / "audit.db", key=KEY)) as found:
        yield found


@pytest.fixture
def registry(tmp_path: Path, clock: SetClock) -> Iterator[StatusRegistry]:
    """A register that knows its issuer."""
    clock.at = BEGIN
    with closing(StatusRegistry(f"sqlite:///{tmp_path / 'own.db'}", clock=clock, list_size=256, issuer="CN")) as found:
        clock.at = NOW
        yield found


def app_of(registry: StatusRegistry, trail: AuditTrail | None, clock: SetClock, **changes: Any) -> Starlette:  # noqa: ANN401  create_app's own
    """Every route."""
    given: dict[str, Any] = {
        "signer": LocalSigner.generate(),
        "trust_list": b"",
        "folder": Path("nowhere"),
        "authorize": authorize,
        "audit": trail,
        "issuer": Issuer(
            signer=SIGNER, country="CN", registry=registry, live_signer=LocalSigner.generate(), clock=clock
        ),
    }
    return create_app(registry, **(given | changes))


def send(app: Starlette, path: str, body: bytes, *, who: str = "all", kind: str = VEHICLE_REQUEST_TYPE) -> Answer:
    """One request."""
    return ask(app, path, method="POST", headers={"Authorization": who, "Content-Type": kind}, body=[body])


def by_plate(number: int = 1) -> bytes:
    """A look-up by plate."""
    return encode_request(vehicle(number), nonce=b"n" * 16)


def told(trail: AuditTrail) -> list[tuple[str, str, str, int]]:
    """What the trail says, the earliest first."""
    return [(one.who, one.kind, one.subject, one.outcome) for one in reversed(list(trail.entries()))]


def test_every_kind_of_question_leaves_an_entry(registry: StatusRegistry, trail: AuditTrail, clock: SetClock) -> None:
    """Who, when, what kind, which subject and what came of it: for answers and for refusals alike."""
    _, text = issue(registry, clock)
    app = app_of(registry, trail, clock)
    vin = "LSVAA418000000001"
    by_vin = encode_request(VehicleQuery(vin=vin, as_of=NOW, asked_at=NOW), nonce=b"n" * 16)
    both = encode_request(vehicle(1, vin=vin), nonce=b"n" * 16)
    sent = [
        ("/vehicles", by_plate(), "all", VEHICLE_REQUEST_TYPE),
        ("/vehicles", by_vin, "all", VEHICLE_REQUEST_TYPE),
        ("/vehicles", both, "all", VEHICLE_REQUEST_TYPE),
        ("/vehicles", by_plate(), "none", VEHICLE_REQUEST_TYPE),
        ("/vehicles", b"rubbish", "all", VEHICLE_REQUEST_TYPE),
        ("/vehicles", by_plate(), "all", "text/plain"),
        ("/vehicles", b"x" * 5000, "all", VEHICLE_REQUEST_TYPE),
        ("/receipts", text.encode(), "all", ""),
        ("/receipts", b"HC1:ABC", "all", ""),
        ("/receipts", text.encode(), "none", ""),
        ("/live", text.encode() + b"\r\n", "all", ""),
        ("/live", b"rubbish", "all", ""),
    ]
    answers = [send(app, path, body, who=who, kind=kind).status for path, body, who, kind in sent]
    assert [200, 200, 200, 403, 400, 415, 413, 200, 400, 403, 200, 422] == answers
    plate = trail.subject(registration_number="闽c 10001", country="CN")
    of_vin, of_text = trail.subject(vin=vin.lower()), trail.subject(text=text)
    assert [
        ("all", BY_PLATE, plate, 200),
        ("all", BY_VIN, of_vin, 200),
        ("all", BY_PLATE, plate, 200),
        ("all", BY_VIN, of_vin, 200),
        ("none", BY_PLATE, plate, 403),
        ("all", "vehicles", "", 400),
        ("all", "vehicles", "", 415),
        ("all", "vehicles", "", 413),
        ("all", RECEIPT, of_text, 200),
        ("all", RECEIPT, trail.subject(text="HC1:ABC"), 400),
        ("none", RECEIPT, "", 403),
        ("all", LIVE, of_text, 200),
        ("all", LIVE, trail.subject(text="rubbish"), 422),
    ] == told(trail)
    assert {NOW} == {one.asked_at for one in trail.entries()}
    assert [("all", 200), ("all", 200)] == [(one.who, one.outcome) for one in trail.entries(subject=of_vin)]


def test_strangers_and_documents_leave_none(registry: StatusRegistry, trail: AuditTrail, clock: SetClock) -> None:
    """Nobody can fill the trail without a token, nor with requests beyond the rate or the quota."""
    app = app_of(registry, trail, clock)
    assert 401 == send(app, "/vehicles", by_plate(), who="stranger").status
    for path in ("/trust-list", "/status-lists", "/lists/0", "/health", "/ready", "/openapi.json", "/nothing"):
        ask(app, path, headers={"Authorization": "all"})
    assert [200, 200, 429] == [send(app, "/vehicles", by_plate(), who="few").status for _ in range(3)]
    assert 2 == len(told(trail))


def test_a_failure_is_an_entry(registry: StatusRegistry, trail: AuditTrail, clock: SetClock, tmp_path: Path) -> None:
    """A register that did not answer, and a key that is away: 503."""

    class Away:
        public_key = LocalSigner.generate().public_key

        def sign(self, data: bytes, /) -> bytes:
            raise IssuingError("signer-failed", str(len(data)))

    assert 503 == send(app_of(registry, trail, clock, signer=Away()), "/vehicles", by_plate()).status
    registry.close()
    (tmp_path / "own.db").write_bytes(b"no database" * 1000)
    assert 503 == send(app_of(registry, trail, clock), "/vehicles", by_plate()).status
    assert [503, 503] == [outcome for *_, outcome in told(trail)]


def test_the_file_names_no_vehicle(registry: StatusRegistry, trail: AuditTrail, clock: SetClock) -> None:
    """Neither plate, VIN nor text are in it, and without the key a subject cannot be tried out."""
    _, text = issue(registry, clock)
    app = app_of(registry, trail, clock)
    query = vehicle(1, vin="LSVAA418000000001")
    send(app, "/vehicles", encode_request(query, nonce=b"n" * 16))
    send(app, "/receipts", text.encode())
    other = AuditTrail(trail.path.with_name("other.db"), key=b"o" * 32)
    assert other.subject(vin="LSVAA418000000001") != trail.subject(vin="LSVAA418000000001")
    other.close()
    trail.close()
    held = b"".join(path.read_bytes() for path in trail.path.parent.glob("audit.db*"))
    for hidden in ("10001", "闽C", "LSVAA418", text, text[:40], KEY.decode()):
        assert hidden.encode() not in held
    assert "kkk" not in repr(trail)


def test_the_file_is_its_owners_alone(trail: AuditTrail, tmp_path: Path) -> None:
    """So is the key, which is made once."""
    assert 0o600 == stat.S_IMODE(trail.path.stat().st_mode)
    key = AuditTrail.read_key(tmp_path / "audit.key")
    assert (32, key) == (len(key), AuditTrail.read_key(tmp_path / "audit.key"))
    assert 0o600 == stat.S_IMODE((tmp_path / "audit.key").stat().st_mode)


def test_what_is_no_key_or_no_place_is_refused(tmp_path: Path) -> None:
    """Too short a key, a folder instead of a file, a file that is no trail."""
    (tmp_path / "short").write_bytes(b"x" * 31)
    (tmp_path / "long").write_bytes(b"x" * 5000)
    (tmp_path / "text").write_bytes(b"no database" * 1000)
    for name, code in (("short", "input-malformed"), ("long", "input-malformed"), (".", "file-unreadable")):
        with pytest.raises(RejectedInputError) as caught:
            AuditTrail.read_key(tmp_path / name)
        assert code == caught.value.code
    with pytest.raises(IssuingError, match="file-unwritable"):
        AuditTrail.read_key(tmp_path / "nowhere" / "key")
    with pytest.raises(ValueError, match="key"):
        AuditTrail(tmp_path / "a.db", key=b"short")
    for less in ({"keep": -DAY}, {"max_entries": 0}):
        with pytest.raises(ValueError, match="keeps"):
            AuditTrail(tmp_path / "a.db", key=KEY, **less)
    for place in (tmp_path, tmp_path / "nowhere" / "a.db", tmp_path / "text"):
        with pytest.raises(IssuingError) as refused:
            AuditTrail(place, key=KEY)
        assert "file-unwritable" == refused.value.code


def entry(number: int, *, days: float = 0) -> Entry:
    """An entry of some days after now."""
    return Entry(asked_at=NOW + days * DAY, who="a", kind=BY_PLATE, subject=f"{number:032}", outcome=200)


def test_entries_are_kept_for_some_days_and_up_to_a_number(tmp_path: Path) -> None:
    """What is too old goes, and of what is too much the oldest, within a hundred questions."""
    with closing(AuditTrail(tmp_path / "a.db", key=KEY, keep=10 * DAY, max_entries=150)) as trail:
        for number in range(100):
            trail.record(entry(number))
        assert 100 == len(told(trail))
        for number in range(100, 400):
            trail.record(entry(number, days=number / 1000))
        assert 150 <= len(told(trail)) < 250
        assert f"{399:032}" == next(trail.entries()).subject
        for number in range(400, 501):
            trail.record(entry(number, days=11))
        assert {NOW + 11 * DAY} == {one.asked_at for one in trail.entries()}


def test_the_trail_may_be_switched_off(registry: StatusRegistry, clock: SetClock, tmp_path: Path) -> None:
    """Without one nothing is written; with one that keeps nothing there are counts, which quotas need."""
    assert 200 == send(app_of(registry, None, clock), "/vehicles", by_plate()).status
    with closing(AuditTrail(tmp_path / "a.db", key=KEY, keep=timedelta(0))) as trail:
        for _ in range(2):  # another process, or the next one
            answers = [send(app_of(registry, trail, clock), "/vehicles", by_plate(), who="few").status for _ in "12"]
        assert ([429, 429], []) == (answers, told(trail))


@pytest.mark.parametrize("what", ["locked", "gone"])
def test_a_trail_that_cannot_be_written_is_in_nobodys_way(
    registry: StatusRegistry, trail: AuditTrail, clock: SetClock, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    """The answer is given, the failure is logged without what was asked, and quotas are counted in the process."""
    app = app_of(registry, trail, clock)
    holder = sqlite3.connect(trail.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE" if what == "locked" else "DROP TABLE entries")
    if what == "gone":
        holder.execute("DROP TABLE counts")
    with closing(holder), caplog.at_level(logging.ERROR):
        assert [200, 200, 429] == [send(app, "/vehicles", by_plate(), who="few").status for _ in range(3)]
    assert {"the audit trail was not written: OperationalError"} == set(caplog.messages)
    assert "10001" not in caplog.text


def test_a_connection_that_cannot_be_used_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no database is left alone, and no handle on it stays open."""
    (tmp_path / "a.db").write_bytes(b"no database" * 100)
    made: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def noted(*arguments: Any, **settings: Any) -> sqlite3.Connection:  # noqa: ANN401  as the function has them
        made.append(connect(*arguments, **settings))
        return made[-1]

    monkeypatch.setattr(sqlite3, "connect", noted)
    with pytest.raises(IssuingError, match="cannot be opened"):
        AuditTrail(tmp_path / "a.db", key=KEY)
    (connection,) = made
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_threads_and_processes_share_a_trail(tmp_path: Path) -> None:
    """Every request is counted once, whoever counts it, and every entry is there."""
    trails = [AuditTrail(tmp_path / "a.db", key=KEY) for _ in range(2)]

    def use(trail: AuditTrail) -> None:
        for number in range(25):
            while trail.count("a", NOW.date()) is None:  # somebody else was writing for too long
                pass
            trail.record(entry(number))

    threads = [threading.Thread(target=use, args=(trails[number % 2],)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 101 == trails[0].count("a", NOW.date())
    assert 90 <= len(told(trails[1])) <= 100
    for trail in trails:
        trail.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # threads of other tests, which the child lets be
def test_a_forked_process_writes_too(trail: AuditTrail) -> None:
    """With a connection of its own."""
    trail.record(entry(1))
    child = os.fork()
    if not child:
        try:
            trail.record(entry(2))
        finally:
            os._exit(0)
    assert 0 == os.waitpid(child, 0)[1]
    trail.record(entry(3))
    assert [f"{number:032}" for number in (1, 2, 3)] == [subject for _, _, subject, _ in told(trail)]


# --- quotas


def test_a_days_quota_ends_with_the_day(registry: StatusRegistry, clock: SetClock) -> None:
    """At midnight, UTC, of which Retry-After tells; each principal has its own, and its row may say another number."""
    app = app_of(registry, None, clock, per_day=3)
    assert [200, 200, 429] == [send(app, "/vehicles", by_plate(), who="few").status for _ in range(3)]
    assert [200, 200, 200, 429] == [send(app, "/vehicles", by_plate()).status for _ in range(4)]
    assert [200] * 5 == [send(app, "/vehicles", by_plate(), who="many").status for _ in range(5)]
    found = send(app, "/vehicles", by_plate())
    assert ("http-429", str(20 * 3600)) == (found.code, found.headers["retry-after"])
    clock.pass_by(timedelta(hours=20, seconds=-1))
    assert 429 == send(app, "/vehicles", by_plate()).status
    clock.pass_by()
    assert 200 == send(app, "/vehicles", by_plate()).status


@pytest.mark.parametrize("path", ["/vehicles", "/receipts", "/live"])
def test_every_route_counts(registry: StatusRegistry, clock: SetClock, path: str) -> None:
    """Whatever the answer is: a refusal has cost as much."""
    app = app_of(registry, None, clock)
    for _ in range(2):
        assert send(app, path, b"rubbish", who="few").status in {400, 422}
    assert 429 == send(app, path, b"rubbish", who="few").status


def test_the_tables_rows_may_state_a_quota(tmp_path: Path) -> None:
    """A whole number of 0 or more; anything else is no table."""
    token, digest = BearerTokens.new_token()
    row = {"name": "a", "sha256": digest, "scopes": []}
    for per_day in (None, 0, 7, 1 << 40):
        (tmp_path / "t.json").write_text(json.dumps([row | {"per_day": per_day}]))
        request = Request({"type": "http", "headers": [(b"authorization", f"Bearer {token}".encode())]})
        found = BearerTokens.from_file(tmp_path / "t.json")(request)
        assert found is not None
        assert per_day == found.per_day
    for wrong in (-1, 1.5, "7", True, [7]):
        (tmp_path / "t.json").write_text(json.dumps([row | {"per_day": wrong}]))
        with pytest.raises(RejectedInputError) as caught:
            BearerTokens.from_file(tmp_path / "t.json")
        assert "input-malformed" == caught.value.code


def test_a_quota_is_a_number(clock: SetClock) -> None:
    """0 lets nobody in; less is no quota. A count that cannot be told does not let more in."""
    with pytest.raises(ValueError, match="quota"):
        DailyQuota(per_day=-1, clock=clock)
    assert DailyQuota(per_day=0, clock=clock).wait_s(PRINCIPALS["all"])
    unknown = DailyQuota(per_day=1, clock=clock, count=lambda _, __: None)
    assert [False, True] == [bool(unknown.wait_s(PRINCIPALS["all"])) for _ in range(2)]
