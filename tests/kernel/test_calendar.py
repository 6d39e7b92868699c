"""The calendar agrees with published working days, and refuses what it does not know."""

from __future__ import annotations

import csv
import os
import pickle
from datetime import date, time, timedelta
from functools import cache
from pathlib import Path

import chinese_calendar
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from linli.drafting.calendar_text import parse_days, parse_hours
from linli.kernel.calendar import (
    Calendar,
    CalendarGap,
    Year,
    add_working_days,
    next_working,
    working_days_between,
)

ROOT = Path(__file__).parents[2]
CALENDARS = ROOT / "src/linli/packs/national/calendars.yaml"
DATA = Path(os.environ.get("LINLI_TEST_DATA", ROOT.parent / "shared" / "data"))
ALWAYS = Calendar("always")


@cache
def office() -> Calendar:
    raw = yaml.safe_load(CALENDARS.read_text(encoding="utf-8"))["calendars"]["office"]
    years = {
        number: Year(parse_days(year["off"]), parse_days(year["worked"]), year["source"])
        for number, year in raw["years"].items()
    }
    return Calendar("office", hours=parse_hours(raw["hours"]), years=years)


days = st.dates(date(2020, 1, 1), date(2026, 12, 31))


def test_every_day_agrees_with_the_published_list() -> None:
    path = DATA / "cn_calendar" / "cn_workdays_2020_2026.csv"
    if not path.exists():
        pytest.skip(f"no list of working days at {path}; set LINLI_TEST_DATA to the folder of test data")
    with path.open(encoding="utf-8-sig", newline="") as file:
        published = {date.fromisoformat(row["date"]): row["is_workday"] == "1" for row in csv.DictReader(file)}
    assert len(published) == 2557
    assert {day: office().is_working(day) for day in published} == published


def test_every_day_agrees_with_chinesecalendar() -> None:
    span = [date(2020, 1, 1) + timedelta(days=i) for i in range(2557)]
    assert span[-1] == date(2026, 12, 31)
    assert [d for d in span if office().is_working(d) != chinese_calendar.is_workday(d)] == []


def test_every_year_names_its_notice() -> None:
    years = office().years
    assert years is not None
    assert sorted(years) == list(range(2020, 2027))
    for number, year in years.items():
        assert f"国务院办公厅关于{number}年部分节假日安排的通知" in year.source
        assert "gov.cn/" in year.source


@pytest.mark.parametrize("day", [date(2019, 12, 31), date(2027, 1, 1), date(2027, 1, 2)])
def test_a_year_without_data_is_an_error_even_for_a_weekend(day: date) -> None:
    with pytest.raises(CalendarGap) as gap:
        office().is_working(day)
    assert (gap.value.calendar, gap.value.year) == ("office", day.year)
    assert str(day.year) in gap.value.zh
    assert "国务院办公厅" in gap.value.zh
    assert gap.value.en in str(gap.value)


def test_a_gap_survives_pickling() -> None:
    copy = pickle.loads(pickle.dumps(CalendarGap("office", 2027)))
    assert (copy.calendar, copy.year, str(copy)) == ("office", 2027, str(CalendarGap("office", 2027)))


def test_a_missing_year_in_the_middle_is_a_gap_from_both_sides() -> None:
    none = Year(frozenset(), frozenset(), "test")
    holed = Calendar("holed", years={2022: none, 2024: none})
    with pytest.raises(CalendarGap, match="2023"):
        add_working_days(holed, date(2022, 12, 30), 1)
    with pytest.raises(CalendarGap, match="2023"):
        add_working_days(holed, date(2024, 1, 1), -1)
    with pytest.raises(CalendarGap, match="2023"):
        working_days_between(holed, date(2022, 12, 1), date(2024, 1, 31))
    assert add_working_days(holed, date(2023, 12, 31), 1) == date(2024, 1, 1)  # 2023 itself is not counted


def test_spring_festival_2026() -> None:
    friday = date(2026, 2, 13)
    assert [add_working_days(office(), friday, n) for n in range(4)] == [
        friday,
        date(2026, 2, 14),  # Saturday, made up
        date(2026, 2, 24),  # 15 to 23 February are off
        date(2026, 2, 25),
    ]
    assert working_days_between(office(), friday, date(2026, 2, 23)) == 1
    assert add_working_days(office(), date(2026, 2, 24), -1) == date(2026, 2, 14)
    assert next_working(office(), date(2026, 2, 15)) == date(2026, 2, 24)
    assert next_working(office(), date(2026, 2, 14)) == date(2026, 2, 14)


def test_a_make_up_sunday_is_worked_and_a_bridged_friday_is_not() -> None:
    assert office().is_working(date(2026, 1, 4))
    assert date(2026, 1, 4).isoweekday() == 7
    assert not office().is_working(date(2026, 1, 2))


def test_a_notice_reaching_into_last_december_is_heard() -> None:
    # As in the notice for 2019: Monday 31 December 2018 off, Saturday 29 worked.
    years = {
        2018: Year(frozenset(), frozenset(), "a"),
        2019: Year(parse_days(["2018-12-30..2019-01-01"]), parse_days(["2018-12-29"]), "b"),
    }
    calendar = Calendar("c", years=years)
    assert [calendar.is_working(date(2018, 12, d)) for d in (28, 29, 30, 31)] == [True, True, False, False]


def test_always_counts_every_day_of_any_year() -> None:
    assert ALWAYS.is_working(date(2031, 1, 4))
    assert add_working_days(ALWAYS, date(2030, 12, 31), 2) == date(2031, 1, 2)
    assert add_working_days(ALWAYS, date(2031, 1, 2), -2) == date(2030, 12, 31)
    assert working_days_between(ALWAYS, date(2030, 12, 31), date(2031, 1, 2)) == 2


@given(days, st.integers(-30, 30))
def test_counting_on_and_back_agrees_with_walking(day: date, n: int) -> None:
    try:
        found = add_working_days(office(), day, n)
    except CalendarGap as gap:
        assert gap.year == (2027 if n >= 0 else 2019)
        return
    step = timedelta(days=1 if n > 0 else -1)
    walked, left = day, abs(n)
    while left:
        walked += step
        left -= office().is_working(walked)
    while not office().is_working(walked):  # only for n = 0
        walked += timedelta(days=1)
    assert found == walked


@given(days, days)
def test_counts_between_agree_with_walking(after: date, until: date) -> None:
    if abs((until - after).days) > 400:
        until = after + (until - after) % timedelta(days=400)
        until = min(until, date(2026, 12, 31))
    walked = sum(office().is_working(after + timedelta(days=i)) for i in range(1, (until - after).days + 1))
    assert working_days_between(office(), after, until) == walked


def test_parse_days_reads_days_ranges_and_yaml_dates() -> None:
    assert parse_days(["2026-02-27..2026-03-01", date(2026, 5, 1)]) == {
        date(2026, 2, 27),
        date(2026, 2, 28),
        date(2026, 3, 1),
        date(2026, 5, 1),
    }
    assert parse_days([]) == frozenset()


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ("2026-02-30", "2026-02-30"),
        ("2026-02-15...2026-02-23", "2026-02-15...2026-02-23"),
        ("20260215", "20260215"),
        ("2026-W07-6", "2026-W07-6"),
        ("", "not a date"),
        ("2026-02-23..2026-02-15", "ends before it starts"),
        (20260215, "20260215"),
    ],
)
def test_parse_days_names_the_bad_item(item: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_days(["2026-01-01", item])


def test_parse_hours() -> None:
    assert parse_hours([["09:00", "12:00"], ["18:30", "24:00"]]) == ((time(9), time(12)), (time(18, 30), time(0)))
    for bad in (["09:00"], ["9", "12:00"], ["09:00", "25:00"], "0900"):
        with pytest.raises(ValueError, match="not a span"):
            parse_hours([bad])


@pytest.mark.parametrize(
    ("off", "worked", "says"),
    [
        (["2026-02-14"], ["2026-02-14"], "both off and worked"),
        ([], ["2026-02-13"], "no weekend day"),
        (["2062-02-14"], [], "listed under 2026"),
        (["2025-11-03"], [], "listed under 2026"),
    ],
)
def test_contradicting_days_are_refused(off: list[str], worked: list[str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Calendar("c", years={2026: Year(parse_days(off), parse_days(worked), "test")})


def test_contradicting_hours_and_weekends_are_refused() -> None:
    for hours in (((time(12), time(9)),), ((time(9), time(12)), (time(11), time(18))), ((time(14), time(14)),)):
        with pytest.raises(ValueError, match="ascend"):
            Calendar("c", hours=hours)
    for weekend in (frozenset(range(7)), frozenset({7})):
        with pytest.raises(ValueError, match="weekend"):
            Calendar("c", weekend=weekend)


def test_calendars_are_values() -> None:
    assert hash(office()) == hash(Calendar("office", hours=office().hours, years=office().years))
    assert office() == Calendar("office", hours=office().hours, years=office().years)
    assert office() != Calendar("office", hours=office().hours)
