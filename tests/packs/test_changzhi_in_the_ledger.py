"""Changzhi's evening session and monthly list in the real ledger: opened by the calendar, closed by the last answer."""

from __future__ import annotations

import pytest

from linli.ledger import due, recurring
from linli.ledger.models import Case
from tests.cast import area
from tests.packs.city import City, moment

CITY, COUNTY, STREET, COMMUNITY = "140400000000", "140403000000", "140403001000", "140403001001"
AREAS = [
    (CITY, "长治市", "city", ""),
    (COUNTY, "潞州区", "district", CITY),
    (STREET, "东街街道", "street", COUNTY),
    (COMMUNITY, "和平社区", "community", STREET),
]
POSTS = [
    ("wang", "leader", COMMUNITY),
    ("ren", "station_officer", COMMUNITY),
    ("qin", "community_officer", COMMUNITY),
    ("wei", "street_officer", STREET),
    ("niu", "district_officer", COUNTY),
    ("shen", "supervisor", COUNTY),
    ("shi", "city_supervisor", CITY),
]


@pytest.fixture
def world(db: None) -> City:
    return City("changzhi", AREAS, POSTS, ["water"])


def test_the_calendar_opens_a_session_and_the_last_answer_closes_it(world: City) -> None:
    recurring.open_due(moment("2026-03-01 09:00"))
    session = Case.objects.get(institution="evening_session", external__startswith="2026-03")
    assert session.stage == "planned"
    now = moment("2026-03-03 10:00")
    world.act("ren", session, "announce", now, held_on="2026-03-11", hour="19:30", venue="人大代表联络站")
    night = moment("2026-03-11 21:30")
    world.act("wang", session, "hand_on", night, present=40, policy="旧改", points=["楼道灯不亮", "雨天积水"])
    lamp, water = Case.objects.filter(parent=session).order_by("number")
    assert [c.fields["text"] for c in (lamp, water)] == ["楼道灯不亮", "雨天积水"]
    later = moment("2026-03-12 10:00")
    world.act("qin", lamp, "solve", later, answer="换了灯。", delivery="face", result="solved")
    session.refresh_from_db()
    assert session.stage == "tracked", "one point still lacks its answer"
    world.act("qin", water, "pass_up", later, reason="要动管网")
    world.act("wei", water, "pass_up", later, reason="归水务")
    world.act("niu", water, "assign", later, units=["water"], reason="清管")
    called = Case.objects.get(parent=water)
    world.act("water", called, "accept", later)
    world.act("water", called, "respond", later, answer="清了三十米。")
    water.refresh_from_db()
    assert water.stage == "gathered", "the point comes back from the department"
    world.act("niu", water, "solve", later, answer="管道清了。", delivery="phone", result="solved")
    session.refresh_from_db()
    assert (session.stage, session.result) == ("closed", "answered")


def test_a_month_in_which_nothing_happens_ends_on_record(world: City) -> None:
    recurring.open_due(moment("2026-03-01 09:00"))
    session = Case.objects.get(institution="evening_session", external__startswith="2026-03")
    for day in ("2026-03-12 00:10", "2026-03-25 00:10"):
        due.sweep(moment(day))
    session.refresh_from_db()
    assert (session.stage, session.result) == ("closed", "not_held")


def test_the_list_of_a_month_waits_for_every_item(world: City) -> None:
    recurring.open_due(moment("2026-03-31 17:00"))
    month = Case.objects.get(institution="month_list", external__startswith="2026-03")
    now = moment("2026-04-01 10:00")
    lines = ["热线 0317 西关桥下积水", "夜谈 03-11 缺充电棚"]
    world.act("shen", month, "split", now, month="2026 年 3 月", items=lines, due_on="2026-04-15")
    first, second = Case.objects.filter(parent=month).order_by("number")
    assert first.fields["due_on"] == "2026-04-15"
    world.act("shen", first, "settle", now, answer="已清雨水口。", delivery="phone")
    month.refresh_from_db()
    assert month.stage == "tracked"
    world.act("shen", second, "settle", now, answer="四月中旬建棚。", delivery="session")
    month.refresh_from_db()
    assert (month.stage, month.result) == ("closed", "answered")


def test_a_leader_has_twelve_slots_a_year_and_a_missed_month_shows(world: City) -> None:
    """Catalogue 5: the calendar opens each month's session; the one that nobody held is on record as not held."""
    opened = [recurring.open_due(moment(f"2026-{month:02}-01 09:00")) for month in range(1, 13)]
    plan = Case.objects.filter(institution="evening_session", external__startswith="2026-").order_by("external")
    assert len(opened) == 12 == plan.count()
    assert {c.holder_duty for c in plan} == {"station_officer"} and {c.place for c in plan} == {area(COMMUNITY).path}
    march = plan.get(external__startswith="2026-03")
    for day in ("2026-03-12 00:10", "2026-03-25 00:10"):
        due.sweep(moment(day))
    march.refresh_from_db()
    assert (march.result, march.kernel().counts["month_missed"]) == ("not_held", 1)


def test_the_session_s_twelve_points_become_twelve_cases_and_then_a_list_that_waits_for_two(world: City) -> None:
    """Walk-through 2: twelve points → twelve cases → the month's list → two late → supervision → all answered."""
    recurring.open_due(moment("2026-03-01 09:00"))
    session = Case.objects.get(institution="evening_session", external__startswith="2026-03")
    world.act(
        "ren", session, "announce", moment("2026-03-03 10:00"), held_on="2026-03-11", hour="19:30", venue="联络站"
    )
    lines = [f"第 {n} 件：楼道灯不亮" for n in range(1, 13)]
    world.act("wang", session, "hand_on", moment("2026-03-11 21:30"), present=40, policy="旧改", points=lines)
    points = list(Case.objects.filter(parent=session).order_by("number"))
    assert len(points) == 12 and all(p.next_due and p.holder_path for p in points), "each has a clock and a holder"
    for point in points:
        assert session.stage == "tracked"
        world.act("qin", point, "solve", moment("2026-03-12 10:00"), answer="换了。", delivery="face", result="solved")
        session.refresh_from_db()
    assert (session.stage, session.result) == ("closed", "answered")
    month = listed(world, [f"夜谈 03-11 {line}" for line in lines], "2026-04-10")
    items = list(Case.objects.filter(parent=month).order_by("number"))
    for item in items[2:]:
        world.act("shen", item, "settle", moment("2026-04-02 10:00"), answer="已办。", delivery="phone")
    for day in ("2026-04-03 00:10", "2026-04-11 00:10"):
        due.sweep(moment(day))
    month.refresh_from_db()
    assert (month.stage, month.kernel().counts["days_overdue"]) == ("tracked", 1)
    for item in items[:2]:
        item.refresh_from_db()
        assert item.stage == "supervised" and item.kernel().counts["overdue"] == 1
        world.act("shi", item, "settle", moment("2026-04-12 10:00"), answer="办好了，晚了，致歉。", delivery="phone")
    month.refresh_from_db()
    assert (month.stage, month.result) == ("closed", "answered")


def test_a_list_of_thirty_seven_items_shows_owners_and_dates_and_waits_for_the_last(world: City) -> None:
    """Catalogue 6: 37 owners, 37 due dates, and no way to close it while one answer is missing."""
    month = listed(world, [f"热线 {n:04} 积水" for n in range(37)], "2026-04-15")
    items = list(Case.objects.filter(parent=month).order_by("number"))
    assert len(items) == 37 == len([i for i in items if i.holder_path and i.fields["due_on"] == "2026-04-15"])
    for item in items:
        world.act("shen", item, "assign", moment("2026-04-01 11:00"), units=["water"], reason="清雨水口")
    owners = Case.objects.filter(parent__in=items, institution="response")
    assert owners.count() == 37 and all(o.unit and o.next_due for o in owners), "each has a department and a clock"
    assert all(i.stage == "working" and i.stage_due for i in items)
    for number, (item, owner) in enumerate(zip(items, owners.order_by("number"), strict=True), 1):
        world.act("water", owner, "accept", moment("2026-04-01 14:00"))
        world.act("water", owner, "respond", moment("2026-04-02 10:00"), answer="清了。")
        item.refresh_from_db()
        if number == 37:
            assert world.refused("shi", month, "all_answered", moment("2026-04-02 11:00")) == "not_yours"
        world.act("shen", item, "settle", moment("2026-04-02 12:00"), answer="4 月 2 日清了。", delivery="phone")
        month.refresh_from_db()
        assert (month.ended is not None) is (number == 37), number
    assert (month.stage, month.result) == ("closed", "answered")


def listed(world: City, lines: list[str], due_on: str) -> Case:
    """March's list, split among the departments on the first of April."""
    recurring.open_due(moment("2026-03-31 17:00"))
    month = Case.objects.get(institution="month_list", external__startswith="2026-03")
    world.act("shen", month, "split", moment("2026-04-01 10:00"), month="2026 年 3 月", items=lines, due_on=due_on)
    return month
