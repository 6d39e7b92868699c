"""When the calendar opens a case: each week, month, quarter or year, on a day, at an hour. Pure arithmetic."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from linli.kernel.calendar import SHANGHAI, Calendar, next_working
from linli.kernel.institution import Every

LONGEST_HOLIDAY = timedelta(days=20)
MONTHS = {"month": 1, "quarter": 3, "year": 12}


def occurrences(every: Every, after: datetime, until: datetime, calendar: Calendar | None) -> list[datetime]:
    """The instants in (``after``, ``until``] at which the case opens, in order, in Shanghai time.

    ``day`` counts from the period's first day, or from its last when negative (-1 is the last day). With a calendar a
    day that is not worked moves to the next one that is; CalendarGap when that needs a year without data.
    """
    found = []
    first, last = (moment.astimezone(SHANGHAI).date() for moment in (after, until))
    for day in (d for d in _days(every, first, last) if first - LONGEST_HOLIDAY <= d <= last):
        worked = next_working(calendar, day) if calendar else day
        at = datetime.combine(worked, time.fromisoformat(every.at), SHANGHAI)
        if after < at <= until:
            found.append(at)
    return sorted(set(found))


def _days(every: Every, first: date, last: date) -> Iterator[date]:
    if every.each == "week":
        start = first - timedelta(days=first.weekday() + 7)
        while start <= last:
            yield start + timedelta(days=(every.day - 1) if every.day > 0 else 7 + every.day)
            start += timedelta(days=7)
        return
    months = MONTHS[every.each]
    year, month = first.year - 1, 1
    while date(year, month, 1) <= last:
        yield _in_period(date(year, month, 1), months, every.day)
        month += months
        year, month = year + (month - 1) // 12, (month - 1) % 12 + 1


def _in_period(start: date, months: int, day: int) -> date:
    end_month = start.month + months - 1
    end = date(start.year, end_month, monthrange(start.year, end_month)[1])
    return min(start + timedelta(days=day - 1), end) if day > 0 else max(end + timedelta(days=day + 1), start)


def period(every: Every, at: datetime) -> str:
    """The name of the period that ``at`` lies in: 2026-W10, 2026-03, 2026-Q1 or 2026. One case opens for each."""
    day = at.astimezone(SHANGHAI).date()
    if every.each == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    if every.each == "quarter":
        return f"{day.year}-Q{(day.month + 2) // 3}"
    return f"{day.year}-{day.month:02}" if every.each == "month" else str(day.year)
