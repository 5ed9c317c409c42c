"""Instants and days of any class come in, plain ones are kept; zones are the package's, whatever a machine has."""

from __future__ import annotations

import os
import pickle
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import pytest

from certcore import Evidence, Expected, Verifier
from certcore._instants import ZONE_EDITION, civil_day, plain_date, time_zone, utc
from certcore.policy import Policy
from certcore.status import (
    StatusEvent,
    StatusEventKind,
    StatusObservation,
    StatusQuery,
    StatusRecord,
    StatusState,
    VehicleFlag,
    VehicleQuery,
    VehicleRecord,
)
from certcore.trust import KeyUsage, ListTemplate, TrustedKey
from tests.verify_cases import (
    FAR_OFF,
    LONG_AGO,
    NOW,
    SEEN,
    SIGNER,
    TEXT,
    TRUST,
    TRUST_ROOT,
    Answers,
    certificate,
    record,
)

CHINA = timezone(timedelta(hours=8))
AT = datetime(2026, 8, 14, 17, 30, 1, 123456, tzinfo=CHINA)
IN_UTC = datetime(2026, 8, 14, 9, 30, 1, 123456, tzinfo=UTC)


class Keeping(datetime):
    """As pendulum's: every sum and every zone gives one of its own again, and it compares with its own kind only."""

    def astimezone(self, tz: tzinfo | None = None) -> Keeping:
        """One of its own."""
        found = super().astimezone(tz)
        return Keeping(found.year, found.month, found.day, found.hour, found.minute, found.second, tzinfo=found.tzinfo)

    def __sub__(self, other: object) -> NoReturn:
        msg = "can't compare offset-naive and offset-aware datetimes"
        raise TypeError(msg)

    __rsub__ = __sub__
    __lt__ = __le__ = __gt__ = __ge__ = __sub__
    __hash__ = datetime.__hash__


class Finer(datetime):
    """As pandas's: it has nanoseconds, and is equal to nothing that has none."""

    nanosecond = 7

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = datetime.__hash__


class Lying(datetime):
    """One whose attributes and offset say something else than what it is."""

    @property
    def year(self) -> int:
        """Another year."""
        return 1999

    def utcoffset(self) -> timedelta:
        """Another offset."""
        return timedelta(hours=-11)

    def isoformat(self, *_: object, **__: object) -> str:
        """Another moment."""
        return "1999-01-01T00:00:00+00:00"


class LyingDay(date):
    """A day that compares, counts and writes itself as another."""

    def toordinal(self) -> int:
        """Another day."""
        return 1

    def isoformat(self) -> str:
        """Another moment."""
        return "1999-01-01"

    @property
    def year(self) -> int:
        """Another year."""
        return 1999

    def __le__(self, other: object) -> bool:
        return True

    __lt__ = __ge__ = __gt__ = __le__


CLASSES = (Keeping, Finer, Lying)


def of(kind: type[datetime]) -> datetime:
    """The moment in that class."""
    return kind(2026, 8, 14, 17, 30, 1, 123456, tzinfo=CHINA)


MAKERS: dict[str, Callable[[datetime], datetime | None]] = {
    "certificate": lambda at: certificate(issued_at=at).issued_at,
    "presentation": lambda at: certificate(presented_at=at, expires_at=NOW + timedelta(days=60)).presented_at,
    "event": lambda at: StatusEvent(kind=StatusEventKind.REVOKED, effective_at=at, recorded_at=NOW).effective_at,
    "event-recorded": lambda at: (
        StatusEvent(kind=StatusEventKind.REVOKED, effective_at=None, recorded_at=at).recorded_at
    ),
    "observation": lambda at: StatusObservation(state=StatusState.VALID, at=at).at,
    "record": lambda at: StatusRecord(observed_at=at).observed_at,
    "record-history": lambda at: StatusRecord(observed_at=NOW, history_from=at).history_from,
    "record-reliable": lambda at: StatusRecord(observed_at=NOW, reliable_until=at).reliable_until,
    "query": lambda at: StatusQuery(issuer="CN", as_of=at, asked_at=NOW).as_of,
    "query-asked": lambda at: StatusQuery(issuer="CN", as_of=NOW, asked_at=at).asked_at,
    "vehicle-query": lambda at: VehicleQuery(as_of=at, asked_at=NOW).as_of,
    "vehicle": lambda at: VehicleRecord(known=True, observed_at=at).observed_at,
    "vehicle-history": lambda at: VehicleRecord(known=True, observed_at=NOW, history_from=at).history_from,
    "key": lambda at: _key(not_before=at).not_before,
    "key-compromise": lambda at: _key(compromised_since=at).compromised_since,
    "template": lambda at: ListTemplate(uri="https://a.example/{list}", not_before=at).not_before,
}


def _key(**changes: Any) -> TrustedKey:  # noqa: ANN401  any field of a key
    fields: dict[str, Any] = {"not_before": LONG_AGO, "not_after": FAR_OFF}
    return TrustedKey(public_key=SIGNER.public_key, usage=KeyUsage.CERTIFICATE, **(fields | changes))


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("kind", CLASSES)
def test_values_keep_plain_instants(make: Callable[[datetime], datetime | None], kind: type[datetime]) -> None:
    """Wherever an instant is kept, it is a plain datetime in UTC, and the same as from a plain one."""
    kept = make(of(kind))

    assert type(kept) is datetime
    assert UTC is kept.tzinfo
    assert make(AT) == kept


@pytest.mark.parametrize("kind", CLASSES)
def test_questions_keep_plain_instants(kind: type[datetime]) -> None:
    """Moment, knowledge and clock: the verdict and its evidence are those of a plain datetime, and replay."""
    plain = _asking(AT).verify(TEXT, as_of=AT, known_at=AT, expect=SEEN)
    foreign = _asking(of(kind)).verify(TEXT, as_of=of(kind), known_at=of(kind), expect=SEEN)

    assert {datetime} == {type(foreign.as_of), type(foreign.known_at), type(foreign.evaluated_at)}
    assert plain == foreign
    assert plain.id == foreign.id
    assert plain.evidence.to_bytes() == foreign.evidence.to_bytes()
    assert foreign == Evidence.from_bytes(foreign.evidence.to_bytes()).replay(TRUST_ROOT)


@pytest.mark.parametrize("kind", CLASSES)
def test_vehicle_questions_keep_plain_instants(kind: type[datetime]) -> None:
    """The same where nobody showed a certificate."""
    plain, foreign = (
        _asking(clock).check_vehicle(registration_number="闽C12345", country="CN", plate_type=2, as_of=at)
        for clock, at in ((AT, AT), (of(kind), of(kind)))
    )

    assert type(foreign.as_of) is datetime
    assert plain == foreign
    assert plain.evidence.to_bytes() == foreign.evidence.to_bytes()


def _asking(clock: datetime) -> Verifier:
    backend = Answers(status=record(observed_at=AT), vehicle=VehicleRecord(known=True, observed_at=AT))
    return Verifier(trust=TRUST, status=backend, vehicles=backend, policy=Policy.claims(), clock=lambda: clock)


def test_days_are_plain() -> None:
    """A day that lies about itself is the day it is."""
    verdict = _asking(NOW).verify(TEXT, as_of=LyingDay(2026, 8, 14), expect=Expected(registration_number="闽C12345"))

    assert (date, date(2026, 8, 14)) == (type(verdict.as_of), verdict.as_of)
    assert verdict == Evidence.from_bytes(verdict.evidence.to_bytes()).replay(TRUST_ROOT)
    assert type(VehicleFlag(code="B", since=LyingDay(2026, 8, 14)).since) is date
    assert type(VehicleRecord(known=True, observed_at=NOW, valid_until=LyingDay(2026, 8, 14)).valid_until) is date
    with pytest.raises(ValueError, match="outside"):
        _asking(NOW).verify(TEXT, as_of=LyingDay(1960, 1, 1))


@pytest.mark.parametrize("value", [NOW, "2026-08-14", 20000, None])
def test_what_is_no_day(value: Any) -> None:  # noqa: ANN401  that is what is tried
    """An instant is no day, whatever `isinstance` says."""
    with pytest.raises(TypeError):
        plain_date(value)


@pytest.mark.parametrize("value", [date(2026, 8, 14), "2026-08-14", 1.5, None])
def test_what_is_no_instant(value: Any) -> None:  # noqa: ANN401  as above
    """A day is no instant."""
    with pytest.raises(TypeError):
        utc(value)


@pytest.mark.parametrize("kind", [datetime, Keeping, Finer])
def test_naive_instants_are_refused(kind: type[datetime]) -> None:
    """Of every class."""
    with pytest.raises(ValueError, match="time zone"):
        utc(kind(2026, 8, 14))


def test_both_hours_of_a_fold() -> None:
    """An hour that exists twice stays the one it was."""
    berlin = ZoneInfo("Europe/Berlin")
    first, second = (Finer(2026, 10, 25, 2, 30, tzinfo=berlin, fold=fold) for fold in (0, 1))

    assert timedelta(hours=1) == utc(second) - utc(first)


def test_pandas_and_pendulum() -> None:
    """Where they are installed, theirs."""
    pandas, pendulum = pytest.importorskip("pandas"), pytest.importorskip("pendulum")
    for foreign in (
        pandas.Timestamp("2026-08-14T17:30:01.123456789+08:00"),
        pendulum.datetime(2026, 8, 14, 17, 30, 1, 123456, tz="Asia/Shanghai"),
    ):
        assert (datetime, IN_UTC) == (type(utc(foreign)), utc(foreign))
    with pytest.raises(ValueError, match="time zone"):
        utc(pandas.NaT)


# --- zones


def test_zones_are_the_packages() -> None:
    """A zone is one object for each name, and pickles by it."""
    shanghai = time_zone("Asia/Shanghai")

    assert shanghai is time_zone("Asia/Shanghai")
    assert shanghai is pickle.loads(pickle.dumps(shanghai))  # noqa: S301  made by this test
    assert "Asia/Shanghai" == shanghai.key
    assert date(2026, 8, 15) == civil_day(datetime(2026, 8, 14, 16, tzinfo=UTC), shanghai)
    assert ZONE_EDITION[:2] == "20"


@pytest.mark.parametrize(
    "name",
    [
        "localtime",
        "posixrules",
        "Factory",
        "",
        "/etc/localtime",
        "../zones",
        "zone.tab",
        "asia/shanghai",
        "\0",
        7,
        None,
    ],
)
def test_names_of_no_zone(name: Any) -> None:  # noqa: ANN401  that is what is tried
    """Names that mean something else on the next machine, and files that are no zone's."""
    with pytest.raises(ValueError, match="IANA"):
        time_zone(name)


_DAYS_HERE = """
from datetime import UTC, datetime
from certcore._instants import civil_day, time_zone
at = datetime(2026, 10, 14, 23, 20, tzinfo=UTC)
print([civil_day(at, time_zone(name)).isoformat() for name in ("UTC", "Asia/Shanghai", "Africa/Casablanca")])
"""


@pytest.mark.parametrize("planted", ["", "UTC", "Asia/Shanghai", "Africa/Casablanca"])
def test_a_machines_zone_files_change_nothing(planted: str, tmp_path: Path) -> None:
    """A folder of wrong zone files, the system's own, or none: the days are those of the package."""
    if planted:
        file = tmp_path / planted
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_zone_file("Pacific/Kiritimati" if planted != "UTC" else "Asia/Shanghai"))
    days = {_days({"PYTHONTZPATH": str(tmp_path)}), _days({"PYTHONTZPATH": ""}), _days({})}

    assert 1 == len(days)
    assert "2026-10-14', '2026-10-15" in days.pop()


def _zone_file(name: str) -> bytes:
    data = pkgutil.get_data("tzdata", f"zoneinfo/{name}")
    assert data is not None
    return data


def _days(environment: dict[str, str]) -> str:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONTZPATH"}
    asked = subprocess.run(
        [sys.executable, "-c", _DAYS_HERE], env=kept | environment, capture_output=True, text=True, check=True
    )
    return asked.stdout
