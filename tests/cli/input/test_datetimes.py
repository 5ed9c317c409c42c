"""Dates and times as they are typed."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from certcore._cli.input import datetimes


def test_a_day_is_written_whole() -> None:
    """The extended ISO form is a day."""
    assert date(2027, 9, 30) == datetimes.parse_day("2027-09-30")


@pytest.mark.parametrize("text", ["20270930", "2027-W39-4", "2027-9-30", "2027-02-30", "today", "", "２０２７-09-30"])
def test_other_forms_are_no_days(text: str) -> None:
    """Anything that could be read in two ways is refused."""
    with pytest.raises(ValueError, match="day"):
        datetimes.parse_day(text)


@pytest.mark.parametrize("text", ["2027-08-14T14:30+08:00", "2027-08-14 14:30:00+08:00", "2027-08-14T06:30Z"])
def test_a_moment_has_its_zone(text: str) -> None:
    """The same moment in three writings."""
    assert datetime(2027, 8, 14, 6, 30, tzinfo=UTC) == datetimes.parse_instant(text)


@pytest.mark.parametrize(
    "text",
    ["2027-08-14T14:30", "2027-08-14", "2027-08-14T25:00Z", "2027-08-14T14:30+99:00", "2027-08-14T14:30Z\n", "now"],
)
def test_a_moment_without_a_zone_is_refused(text: str) -> None:
    """A naive time, and whatever is no time, is refused with a sentence."""
    with pytest.raises(ValueError, match=r"written|write"):
        datetimes.parse_instant(text)


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00+14:00", "1969-12-31T23:59Z", "9998-12-31T00:00Z", "9999-12-31T23:59-12:00"]
)
def test_a_moment_that_no_document_states_is_refused(text: str) -> None:
    """A register could not publish it, nor a verdict be written about it."""
    with pytest.raises(ValueError, match="1970 to 9998"):
        datetimes.parse_instant(text)
