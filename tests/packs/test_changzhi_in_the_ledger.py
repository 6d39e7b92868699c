"""Changzhi's evening session and monthly list in the real ledger: opened by the calendar, closed by the last answer."""

from __future__ import annotations

import pytest

from linli.ledger import due, recurring
from linli.ledger.models import Case
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
