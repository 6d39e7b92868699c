"""When the calendar opens a case."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from linli.kernel.calendar import SHANGHAI, Calendar, CalendarGap, Year
from linli.kernel.every import occurrences, period
from linli.kernel.institution import Every

OFFICE = Calendar("office", years={2026: Year(frozenset({date(2026, 10, 1), date(2026, 10, 2)}), frozenset(), "test")})


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def days(every: Every, after: str, until: str, calendar: Calendar | None = None) -> list[str]:
    return [o.strftime("%Y-%m-%d %H:%M") for o in occurrences(every, moment(after), moment(until), calendar)]


def test_a_monthly_session_is_twelve_evenings_a_year() -> None:
    every = Every("month", 10, "19:00", "leader")
    found = days(every, "2026-01-01 00:00", "2026-12-31 23:59")
    assert len(found) == 12
    assert found[0] == "2026-01-10 19:00"


def test_the_last_day_and_short_months() -> None:
    assert days(Every("month", -1, "18:00", "d"), "2026-02-01 00:00", "2026-03-31 23:59") == [
        "2026-02-28 18:00",
        "2026-03-31 18:00",
    ]
    assert days(Every("month", 31, "18:00", "d"), "2026-02-01 00:00", "2026-02-28 23:59") == ["2026-02-28 18:00"]


def test_quarters_years_and_weeks() -> None:
    assert days(Every("quarter", 1, "09:00", "d"), "2025-12-31 23:00", "2026-12-31 00:00") == [
        f"2026-{m:02}-01 09:00" for m in (1, 4, 7, 10)
    ]
    assert days(Every("year", -1, "09:00", "d"), "2026-01-01 00:00", "2027-06-01 00:00") == ["2026-12-31 09:00"]
    assert days(Every("week", 1, "09:00", "d"), "2026-03-01 00:00", "2026-03-10 00:00") == [
        "2026-03-02 09:00",
        "2026-03-09 09:00",
    ]


def test_a_day_off_moves_to_the_next_working_day_and_a_missing_year_is_an_error() -> None:
    assert days(Every("month", 1, "09:00", "d", "office"), "2026-09-30 10:00", "2026-10-31 00:00", OFFICE) == [
        "2026-10-05 09:00"
    ]
    with pytest.raises(CalendarGap):
        days(Every("month", 1, "09:00", "d", "office"), "2026-12-31 10:00", "2027-01-31 00:00", OFFICE)


def test_nothing_opens_twice_when_asked_in_pieces() -> None:
    every = Every("month", 15, "12:00", "d")
    whole = days(every, "2026-01-01 00:00", "2026-06-30 00:00")
    pieces = days(every, "2026-01-01 00:00", "2026-03-15 12:00") + days(every, "2026-03-15 12:00", "2026-06-30 00:00")
    assert pieces == whole


def test_periods_have_names() -> None:
    at = moment("2026-05-15 12:00")
    names = [period(Every(each, 1, "09:00", "d"), at) for each in ("week", "month", "quarter", "year")]  # type: ignore[arg-type]
    assert names == ["2026-W20", "2026-05", "2026-Q2", "2026"]
