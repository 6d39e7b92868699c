"""The year plan: what the calendar opened, what was held, what was missed, and what is still to come."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from linli.insight import figures, sessions
from linli.kernel.calendar import SHANGHAI
from linli.ledger import due, recurring
from linli.ledger.definitions import runtime
from linli.ledger.models import Case
from linli.ledger.visible import viewer
from linli.people import acts as people
from linli.people import registry
from tests import cast as casting
from tests.cast import Cast, area

COMMUNITY = "320402001001"
MAY = datetime(2026, 5, 20, 12, 0, tzinfo=SHANGHAI)


@pytest.fixture
def year(cast: Cast) -> Cast:
    """Changzhi's institutions on the streets of the cast: a leader from February on, five months lived through."""
    casting.publish("changzhi")
    for key, duty, at in (("chen", "leader", COMMUNITY), ("wang", "station_officer", COMMUNITY)):
        people.give_duty(cast.people[key], duty, date(2026, 2, 1), area(at))
    registry.forget()
    now = datetime(2026, 2, 1, 8, 0, tzinfo=SHANGHAI)
    held = False
    while now < MAY:
        recurring.open_due(now)
        while due.sweep(now):
            pass
        if not held and (now.month, now.day > 2) == (3, True):
            _hold(cast, now)
            held = True
        now += timedelta(days=2)
    return cast


def _hold(cast: Cast, now: datetime) -> None:
    case = Case.objects.get(source="every:evening_session", external=f"2026-03@{COMMUNITY}")
    on = (now + timedelta(days=1)).date().isoformat()
    cast.act("wang", str(case.id), "announce", now, held_on=on, hour="19:30", venue="联络站")
    said = {"present": 12, "policy": "医保", "opinions": "没有意见"}
    cast.act("chen", str(case.id), "no_points", now + timedelta(hours=30), **said)


def plan(cast: Cast, who: str | None, institution: str = "evening_session") -> sessions.YearPlan:
    scope = figures.operator_scope(MAY)
    if who:
        scope = figures.scope_of(viewer(cast.id(who), registry.fresh(), MAY), MAY)
    return sessions.year_plan(scope, runtime().pack.institutions[institution], 2026)


def test_each_month_stands_as_it_was_held_missed_or_is_to_come(year: Cast) -> None:
    found = plan(year, "chen")
    assert list(found.periods) == [f"2026-{m:02}" for m in range(1, 13)]
    (holder,) = found.holders
    assert holder.names == ("陈丽萍",) and holder.place == "甲一社区"
    states = [s.state for s in holder.slots]
    assert states[0] == "before", "nobody held the post yet in January"
    assert states[1] == "missed" and states[2] == "held" and set(states[5:]) == {"coming"}
    assert states[3] == states[4] == "missed"
    missed = holder.slots[1]
    assert missed.number and Case.objects.get(number=missed.number).result == "not_held"
    assert found.count("missed") >= 2, "a missed month stays visible"


def test_a_case_that_is_not_there_is_not_taken_for_held(year: Cast) -> None:
    Case.objects.filter(external=f"2026-03@{COMMUNITY}").update(external=f"lost@{COMMUNITY}")
    assert plan(year, None).holders[0].slots[2].state == "absent"


def test_nobody_sees_the_plan_of_a_place_they_do_not_cover(year: Cast) -> None:
    assert plan(year, "bob_street").holders == () and plan(year, "stranger").holders == ()
    assert plan(year, "zhou").count("missed") == plan(year, None).count("missed")


def test_every_institution_of_every_city_that_the_calendar_opens_has_a_plan(cast: Cast) -> None:
    found = {}
    for city in ("changzhou", "changzhi", "nenjiang", "futian", "chaoyang"):
        casting.publish(city)
        scope = figures.operator_scope(MAY)
        for each in sessions.year_plans(scope, 2026):
            found[f"{city}.{each.institution}"] = len(each.periods)
            assert not each.gap, each
    assert found["changzhi.evening_session"] == found["changzhi.month_list"] == 12
    assert found["nenjiang.coordination"] == 4 and found["nenjiang.annual_report"] == 1


def test_a_year_without_a_calendar_is_said_and_not_guessed(cast: Cast) -> None:
    casting.publish("nenjiang")
    found = sessions.year_plan(figures.operator_scope(MAY), runtime().pack.institutions["coordination"], 2090)
    assert "2090" in found.gap or "2089" in found.gap
    assert not found.holders
