"""Why a clock is due then: what is told to have been counted is exactly what the clock counted."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import linli
from linli.drafting.load import load, read_folder
from linli.drafting.why import day_words, moment_words, value
from linli.drafting.why_clock import counted
from linli.kernel import clock
from linli.kernel.calendar import SHANGHAI
from linli.kernel.clock import Limit, Unit
from linli.kernel.institution import Pack

PACK, _ = load(read_folder(Path(linli.__file__).parent / "packs", "national"), "national")
assert PACK is not None
NATIONAL: Pack = PACK


def told(unit: Unit, amount: int, start: datetime, calendar: str) -> dict[str, str]:
    """What is said of a limit, by kind of step."""
    due = clock.due(Limit(amount, unit, calendar), start, NATIONAL.calendars[calendar])
    return {s.kind: s.says.zh for s in counted(NATIONAL, unit, calendar, start, due)}


def at(*when: int) -> datetime:
    return datetime(*when, tzinfo=SHANGHAI)  # type: ignore[arg-type, misc]


def test_the_spring_festival_is_left_out_and_its_make_up_saturdays_count() -> None:
    says = told("working_day", 10, at(2026, 2, 10, 20, 10), "office")
    assert says["counted"] == (
        "从第二天数起，只数工作日：2月11日—14日、2月24日—28日、3月2日，共 10 天，到 3月2日 24:00 为止。"
    )
    assert says["made_up"] == "2月14日（周六）、2月28日（周六）调休上班，算工作日。"
    assert says["holiday"] == "2月15日—23日放假，不算。"
    assert says["weekend"] == "3月1日是周末，不算。"
    assert "2026年部分节假日安排" in says["notice"]


@pytest.mark.parametrize(
    ("unit", "amount", "calendar", "words"),
    [
        ("hour", 24, "always", "连续计时 24 小时，夜里和节假日也算。"),
        ("minute", 90, "always", "连续计时 1 小时 30 分钟，夜里和节假日也算。"),
        ("day", 3, "always", "从第二天（3月3日）数起，每天都算，数 3 天，到 3月5日 24:00 为止。"),
        ("day", 0, "always", "当日 24:00 为止。"),
        (
            "working_hour", 4, "office",
            "只算上班时间（09:00–12:00、14:00–18:00）：3月2日 1 小时 30 分钟，3月3日 2 小时 30 分钟。",
        ),
    ],
)  # fmt: skip
def test_each_unit_is_told_as_it_is_counted(unit: Unit, amount: int, calendar: str, words: str) -> None:
    assert told(unit, amount, at(2026, 3, 2, 16, 30), calendar)["counted"] == words


@settings(max_examples=400, deadline=None)
@given(
    start=st.datetimes(datetime(2020, 1, 1), datetime(2026, 6, 1)).map(lambda d: d.replace(tzinfo=SHANGHAI)),
    amount=st.integers(1, 60),
)
def test_the_days_told_are_as_many_as_the_limit_and_end_on_its_last_day(start: datetime, amount: int) -> None:
    calendar = NATIONAL.calendars["office"]
    due = clock.due(Limit(amount, "working_day", "office"), start, calendar)
    first = counted(NATIONAL, "working_day", "office", start, due)[0].says.zh
    assert f"共 {amount} 天" in first
    last = (due - timedelta.resolution).date()
    assert f"到 {day_words(last, start.year).zh} 24:00 为止。" in first


def test_a_calendar_that_lost_the_year_says_so_instead_of_guessing() -> None:
    says = counted(NATIONAL, "working_day", "office", at(2019, 1, 1), at(2019, 1, 9))
    assert [s.kind for s in says] == ["counted"] and "2019" in says[0].says.zh


def test_midnight_is_the_end_of_the_day_before() -> None:
    assert moment_words(at(2026, 3, 3), 2026).zh == "3月2日 24:00"
    assert moment_words(at(2026, 1, 1)).en == "31 Dec 2025 24:00"


def test_a_dated_value_names_its_days_and_its_line() -> None:
    found = value("accept_limit", NATIONAL.parameters["accept_limit"][0])
    assert found.says.zh == "4 个工作小时，自 2022-01-01 起施行，按工作日历（office）"
    assert found.mark.file == "national/parameters.yaml" and found.mark.line > 1
