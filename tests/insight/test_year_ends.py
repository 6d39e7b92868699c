"""A calendar that nearly ends is told to those who can have the next year added."""

from __future__ import annotations

from datetime import date

from linli.insight.year_ends import ending
from linli.ledger.definitions import runtime
from tests.cast import Cast


def test_it_is_told_from_november_on_and_never_of_a_calendar_without_holidays(cast: Cast) -> None:
    pack = runtime().pack
    last = max(max(c.years) for c in pack.calendars.values() if c.years)
    assert list(ending(pack, date(last, 10, 1))) == []
    told = list(ending(pack, date(last, 11, 15)))
    assert len(told) == sum(bool(c.years) for c in pack.calendars.values())
    assert all(f"{last + 1} 年放假调休安排" in t.zh and str(last + 1) in t.en for t in told)
    assert list(ending(pack, date(last + 1, 3, 1))) == told
