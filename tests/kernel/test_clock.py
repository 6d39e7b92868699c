"""Limits run out when the law and the calendar say, and pauses neither steal time nor revive what is overdue."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from timeit import repeat

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from linli.drafting.calendar_text import parse_days, parse_hours
from linli.kernel.calendar import SHANGHAI, Calendar, CalendarGap, Year, working_days_between
from linli.kernel.clock import UNITS, Limit, Unit, due, remaining, resume, share

CALENDARS = Path(__file__).parents[2] / "src/linli/packs/national/calendars.yaml"
ALWAYS = Calendar("always")
SECOND = timedelta(seconds=1)


@cache
def office() -> Calendar:
    raw = yaml.safe_load(CALENDARS.read_text(encoding="utf-8"))["calendars"]["office"]
    years = {n: Year(parse_days(y["off"]), parse_days(y["worked"]), y["source"]) for n, y in raw["years"].items()}
    return Calendar("office", hours=parse_hours(raw["hours"]), years=years)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def run_out(amount: int, unit: Unit, start: str, calendar: str = "office") -> datetime:
    chosen = office() if calendar == "office" else ALWAYS
    return due(Limit(amount, unit, calendar), at(start), chosen)


# 2020 to mid 2026, so that the amounts below stay inside the data.
instants = st.datetimes(datetime(2020, 1, 1), datetime(2026, 6, 30), timezones=st.just(SHANGHAI))
seconds = instants.map(lambda t: t.replace(microsecond=0))
units = st.sampled_from(UNITS)
amounts = st.integers(0, 60)


@pytest.mark.parametrize(
    ("amount", "unit", "start", "ends"),
    [
        (5, "working_day", "2026-02-13 16:00", "2026-02-28 00:00"),  # Fri; 14 Feb worked, 15-23 off: 14,24,25,26,27
        (6, "working_day", "2026-02-13 16:00", "2026-03-01 00:00"),  # … and Saturday 28 Feb is worked
        (1, "working_day", "2026-01-03 10:00", "2026-01-05 00:00"),  # make-up Sunday 4 January
        (1, "working_day", "2026-03-06 00:00", "2026-03-10 00:00"),  # Friday to Monday 24:00
        (1, "working_day", "2026-03-07 10:00", "2026-03-10 00:00"),  # Saturday to Monday 24:00
        (0, "working_day", "2026-03-06 23:59", "2026-03-07 00:00"),  # the same day
        (0, "working_day", "2026-03-07 10:00", "2026-03-10 00:00"),  # no working day: the next
        (1, "working_day", "2019-12-31 10:00", "2020-01-03 00:00"),  # only counted days need data; 1 Jan is off
        (7, "day", "2026-02-13 16:00", "2026-02-21 00:00"),
        (1, "day", "2026-03-02 23:59:59", "2026-03-04 00:00"),
        (1, "day", "2026-03-03 00:00", "2026-03-05 00:00"),
        (0, "day", "2026-03-03 08:00", "2026-03-04 00:00"),
        (24, "hour", "2026-03-02 20:10:03", "2026-03-03 20:10:03"),
        (30, "minute", "2026-03-02 23:45", "2026-03-03 00:15"),
        (0, "hour", "2026-03-02 20:10", "2026-03-02 20:10"),
        (2, "working_hour", "2026-03-02 11:30", "2026-03-02 15:30"),  # over lunch
        (2, "working_hour", "2026-03-02 17:00", "2026-03-03 10:00"),  # over night
        (7, "working_hour", "2026-03-02 09:00", "2026-03-02 18:00"),  # a whole day ends the day, not starts the next
        (1, "working_hour", "2026-03-02 12:30", "2026-03-02 15:00"),  # in the lunch break
        (1, "working_hour", "2026-03-02 11:00", "2026-03-02 12:00"),
        (1, "working_hour", "2026-03-06 18:00", "2026-03-09 10:00"),  # over the weekend
        (2, "working_hour", "2026-02-14 17:00", "2026-02-24 10:00"),  # over Spring Festival, from a make-up Saturday
        (15, "working_hour", "2026-02-18 10:00", "2026-02-26 10:00"),  # started in the holiday
        (0, "working_hour", "2026-03-07 10:00", "2026-03-07 10:00"),
    ],
)
def test_due(amount: int, unit: Unit, start: str, ends: str) -> None:
    assert run_out(amount, unit, start) == at(ends)


def test_around_the_clock_a_working_hour_is_an_hour_and_a_working_day_a_day() -> None:
    assert run_out(30, "working_hour", "2031-12-31 12:00", "always") == at("2032-01-01 18:00")
    assert run_out(3, "working_day", "2031-12-31 12:00", "always") == at("2032-01-04 00:00")


def test_the_day_is_the_day_in_shanghai() -> None:
    start = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)  # 3 March, 00:30 in Shanghai
    result = due(Limit(1, "day", "always"), start, ALWAYS)
    assert result == at("2026-03-05 00:00")
    assert result.tzinfo is SHANGHAI


def test_hours_are_elapsed_time_even_under_the_summer_time_of_1986() -> None:
    start = at("1986-05-03 12:00")  # clocks went forward an hour on 4 May
    assert due(Limit(24, "hour", "always"), start, ALWAYS) == at("1986-05-04 13:00")


def test_a_limit_past_the_last_known_year_is_an_error_and_one_up_to_it_is_not() -> None:
    assert run_out(1, "working_day", "2026-12-30 10:00") == at("2027-01-01 00:00")
    assert run_out(1, "working_hour", "2026-12-31 17:00") == at("2026-12-31 18:00")
    assert run_out(5, "day", "2026-12-30 10:00") == at("2027-01-05 00:00")  # natural days need no data
    for amount, unit, start in (
        (2, "working_day", "2026-12-30 10:00"),
        (0, "working_day", "2027-01-01 10:00"),
        (2, "working_hour", "2026-12-31 17:00"),
        (1, "working_hour", "2027-01-01 17:00"),
    ):
        with pytest.raises(CalendarGap, match="2027"):
            run_out(amount, unit, start)  # type: ignore[arg-type]


def test_a_working_time_clock_may_end_at_midnight_of_new_year() -> None:
    none = Year(frozenset(), frozenset(), "test")
    nights = Calendar("nights", hours=parse_hours([["20:00", "24:00"]]), years={2026: none})
    limit = Limit(4, "working_hour", "nights")
    end = due(limit, at("2026-12-31 08:00"), nights)
    assert end == at("2027-01-01 00:00")
    assert remaining("working_hour", nights, at("2026-12-31 21:00"), end) == 3 * 3600
    assert share(limit, at("2026-12-31 08:00"), end, nights, 50) == at("2026-12-31 22:00")


@pytest.mark.parametrize(
    ("unit", "stops", "end", "left", "goes_on", "new_end"),
    [
        ("day", "2026-03-03 10:00", "2026-03-08 00:00", 4, "2026-03-10 09:00", "2026-03-15 00:00"),
        ("day", "2026-03-03 23:00", "2026-03-08 00:00", 4, "2026-03-04 01:00", "2026-03-09 00:00"),  # across midnight
        ("day", "2026-03-03 10:00", "2026-03-08 00:00", 4, "2026-03-03 22:00", "2026-03-08 00:00"),  # within a day
        ("day", "2026-03-07 10:00", "2026-03-08 00:00", 0, "2026-03-10 09:00", "2026-03-11 00:00"),  # on the last day
        ("working_day", "2026-02-13 16:00", "2026-02-28 00:00", 5, "2026-02-16 09:00", "2026-03-01 00:00"),
        ("working_day", "2026-03-06 16:00", "2026-03-07 00:00", 0, "2026-03-08 09:00", "2026-03-10 00:00"),
        ("working_day", "2026-03-07 16:00", "2026-03-10 00:00", 1, "2026-03-08 09:00", "2026-03-10 00:00"),
        ("hour", "2026-03-03 10:00", "2026-03-03 12:30", 9000, "2026-03-05 23:00", "2026-03-06 01:30"),
        ("working_hour", "2026-03-03 11:30", "2026-03-03 15:00", 5400, "2026-03-06 17:00", "2026-03-09 09:30"),
    ],
)
def test_pause(unit: Unit, stops: str, end: str, left: int, goes_on: str, new_end: str) -> None:
    assert remaining(unit, office(), at(stops), at(end)) == left
    assert resume(unit, office(), at(goes_on), left) == at(new_end)


@pytest.mark.parametrize(
    ("unit", "now", "end", "left"),
    [
        ("day", "2026-03-07 00:00", "2026-03-07 00:00", -1),
        ("day", "2026-03-09 12:00", "2026-03-07 00:00", -3),
        ("working_day", "2026-03-07 12:00", "2026-03-07 00:00", -1),  # Saturday after Friday's last day
        ("working_day", "2026-03-09 12:00", "2026-03-07 00:00", -1),
        ("working_day", "2026-03-10 12:00", "2026-03-07 00:00", -2),
        ("day", "2026-03-07 15:00", "2026-03-07 12:00", -1),  # set by hand to noon, missed the same day
        ("working_day", "2026-03-08 12:00", "2026-03-08 00:00", -1),  # set by hand to a Saturday's end
        ("hour", "2026-03-07 12:00", "2026-03-07 11:00", -3600),
        ("hour", "2026-03-07 12:00", "2026-03-07 12:00", 0),
        ("working_hour", "2026-03-09 10:00", "2026-03-06 17:00", -7200),
        ("working_hour", "2026-03-07 10:00", "2026-03-06 18:00", 0),
    ],
)
def test_overdue_is_counted_below_zero(unit: Unit, now: str, end: str, left: int) -> None:
    assert remaining(unit, office(), at(now), at(end)) == left


def test_a_due_instant_set_by_hand_is_not_shortened_by_a_pause() -> None:
    friday = at("2026-03-06 12:00")
    for unit, end in (("working_day", "2026-03-09 00:00"), ("working_hour", "2026-03-09 09:00")):
        now = friday if unit == "working_day" else at("2026-03-07 12:00")
        left = remaining(unit, office(), now, at(end))  # type: ignore[arg-type]
        assert resume(unit, office(), now, left) >= at(end)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("amount", "unit", "start", "percent", "then"),
    [
        (5, "working_day", "2026-03-06 16:00", 80, "2026-03-13 00:00"),  # Thursday 24:00
        (5, "working_day", "2026-03-06 16:00", 50, "2026-03-11 12:00"),  # noon of the third working day
        (5, "working_day", "2026-03-06 16:00", 100, "2026-03-14 00:00"),
        (2, "working_day", "2026-02-13 16:00", 50, "2026-02-15 00:00"),  # the make-up Saturday has passed
        (4, "day", "2026-03-06 16:00", 50, "2026-03-09 00:00"),
        (24, "hour", "2026-03-06 16:00", 50, "2026-03-07 04:00"),
        (7, "working_hour", "2026-03-06 14:00", 80, "2026-03-09 10:36"),
        (0, "day", "2026-03-06 16:00", 50, "2026-03-07 00:00"),
    ],
)
def test_share(amount: int, unit: Unit, start: str, percent: int, then: str) -> None:
    limit = Limit(amount, unit, "office")
    end = due(limit, at(start), office())
    assert share(limit, at(start), end, office(), percent) == at(then)


def test_a_share_after_a_pause_is_what_is_left_before_the_new_end() -> None:
    limit = Limit(5, "working_day", "office")
    start = at("2026-03-06 16:00")
    left = remaining("working_day", office(), at("2026-03-10 10:00"), due(limit, start, office()))
    end = resume("working_day", office(), at("2026-03-20 10:00"), left)
    assert end == at("2026-03-26 00:00")
    assert share(limit, start, end, office(), 80) == at("2026-03-25 00:00")


def test_a_share_stays_between_start_and_due() -> None:
    limit = Limit(5, "working_day", "office")
    start, brought_forward = at("2026-03-10 09:00"), at("2026-03-11 12:00")
    assert share(limit, start, brought_forward, office(), 10) == start
    assert share(limit, start, brought_forward, office(), 99) == brought_forward


def test_refusals() -> None:
    naive = datetime(2026, 3, 2, 9)
    limit = Limit(1, "hour", "always")
    aware = at("2026-03-02 09:00")
    for call in (
        lambda: due(limit, naive, ALWAYS),
        lambda: remaining("hour", ALWAYS, naive, aware),
        lambda: remaining("hour", ALWAYS, aware, naive),
        lambda: resume("day", ALWAYS, naive, 1),
        lambda: share(limit, aware, naive, ALWAYS, 50),
    ):
        with pytest.raises(TypeError, match="no time zone"):
            call()
    for amount in (-1, 1.5, True):
        with pytest.raises(ValueError, match="whole number"):
            Limit(amount, "hour", "always")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'week'"):
        Limit(1, "week", "always")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="calendar 'always' but was given 'office'"):
        due(limit, aware, office())
    for percent in (0, 101):
        with pytest.raises(ValueError, match="1 to 100"):
            share(limit, aware, aware, ALWAYS, percent)


@given(units, amounts, amounts, instants)
def test_a_larger_amount_is_never_due_earlier(unit: Unit, one: int, other: int, start: datetime) -> None:
    less, more = sorted((one, other))
    first = due(Limit(less, unit, "office"), start, office())
    assert start <= first <= due(Limit(more, unit, "office"), start, office())


@given(units, amounts, instants, instants)
def test_a_later_start_is_never_due_earlier(unit: Unit, amount: int, one: datetime, other: datetime) -> None:
    early, late = sorted((one, other))
    limit = Limit(amount, unit, "office")
    assert due(limit, early, office()) <= due(limit, late, office())


@given(units, amounts, seconds, st.integers(0, 99))
def test_a_pause_of_no_length_changes_nothing(unit: Unit, amount: int, start: datetime, percent: int) -> None:
    end = due(Limit(amount, unit, "office"), start, office())
    now = (start + (end - start) * percent / 100).replace(microsecond=0)
    assume(start <= now < end)
    assert resume(unit, office(), now, remaining(unit, office(), now, end)) == end


@given(units, amounts, instants, st.timedeltas(timedelta(0), timedelta(days=90)), st.integers(0, 99))
def test_a_pause_never_shortens(unit: Unit, amount: int, start: datetime, pause: timedelta, percent: int) -> None:
    end = due(Limit(amount, unit, "office"), start, office())
    now = start + (end - start) * percent / 100
    assume(now < end)
    left = remaining(unit, office(), now, end)
    assert left >= 0
    assert end <= resume(unit, office(), now, left)
    if unit in ("minute", "hour"):
        assert pause <= resume(unit, office(), now + pause, left) - end < pause + SECOND
    elif unit == "working_day":
        resumed = resume(unit, office(), now + pause, left)
        last = (resumed - timedelta.resolution).date()
        assert office().is_working(last)
        assert working_days_between(office(), (now + pause).date(), last) in (left, max(left, 1))
    else:
        assert resume(unit, office(), now + pause, left) >= end


@given(units, amounts, instants, st.timedeltas(timedelta(0), timedelta(days=90)), instants)
def test_an_overdue_clock_stays_overdue(
    unit: Unit, amount: int, start: datetime, late: timedelta, goes_on: datetime
) -> None:
    assume(start >= at("2021-01-01 00:00"))
    assume(goes_on >= at("2021-01-01 00:00"))
    end = due(Limit(amount, unit, "office"), start, office())
    now = end + late
    assume(now < at("2026-12-31 00:00"))
    left = remaining(unit, office(), now, end)
    assert left <= 0
    assert resume(unit, office(), goes_on, left) <= goes_on


@given(units, st.integers(1, 60), instants, st.integers(1, 100), st.integers(1, 100))
def test_shares_ascend_from_start_to_due(unit: Unit, amount: int, start: datetime, one: int, other: int) -> None:
    limit = Limit(amount, unit, "office")
    end = due(limit, start, office())
    less, more = sorted((one, other))
    first, second = (share(limit, start, end, office(), percent) for percent in (less, more))
    assert start <= first <= second <= end
    assert share(limit, start, end, office(), 100) == end


@given(amounts, instants)
def test_a_working_day_limit_takes_exactly_its_working_days(amount: int, start: datetime) -> None:
    assume(amount > 0)
    last: date = (due(Limit(amount, "working_day", "office"), start, office()) - timedelta.resolution).date()
    assert office().is_working(last)
    assert working_days_between(office(), start.date(), last) == amount


def test_due_is_fast() -> None:
    limit = Limit(15, "working_day", "office")
    start = at("2026-02-13 16:00")
    calendar = office()
    best = min(repeat(lambda: due(limit, start, calendar), number=2000, repeat=5)) / 2000
    assert best < 50e-6, f"{best * 1e6:.1f} µs; a few µs are usual, 50 leaves room for a busy machine"
