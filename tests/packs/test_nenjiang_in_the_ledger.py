"""Nenjiang's committee, contact points and annual report in the real ledger."""

from __future__ import annotations

import pytest

from linli.ledger import act as ledger
from linli.ledger import due, recurring
from linli.ledger.models import Case
from tests.cast import area
from tests.packs.city import City, moment

COUNTY, TOWN, COMMUNITY = "231183000000", "231183100000", "231183100010"
AREAS = [
    (COUNTY, "嫩江市", "district", ""),
    (TOWN, "嫩江镇", "street", COUNTY),
    (COMMUNITY, "墨尔根社区", "community", TOWN),
]
POSTS = [
    ("tian", "contact_leader", COMMUNITY),
    ("xing", "contact_liaison", COMMUNITY),
    ("cao", "community_secretary", COMMUNITY),
    ("ge", "residents_delegate", COMMUNITY),
    ("diao", "member_delegate", COMMUNITY),
    ("tong", "unit_delegate", COMMUNITY),
    ("yu", "street_officer", TOWN),
    ("feng", "district_officer", COUNTY),
]


@pytest.fixture
def world(db: None) -> City:
    return City("nenjiang", AREAS, POSTS, ["housing"])


def test_the_committee_meets_each_quarter_and_carries_over_what_was_not_done(world: City) -> None:
    recurring.open_due(moment("2026-01-05 09:00"))
    meeting = Case.objects.get(institution="coordination", external__startswith="2026-Q1")
    now = moment("2026-01-08 10:00")
    agenda = ["扫雪分片", "共用停车场"]
    world.act("yu", meeting, "announce", now, unfinished="无", agenda=agenda, held_on="2026-01-15", roll=11)
    day = moment("2026-01-15 15:00")
    done = ["扫雪分片：铁路包道口", "共用停车场：粮库夜间开放"]
    assert world.refused("yu", meeting, "resolve", day, present=8, resolutions=done) == "not_yet"
    world.act("yu", meeting, "brief", day, briefing="四季度共建十二次。")
    assert world.refused("yu", meeting, "resolve", day, present=5, resolutions=done) == "no_quorum"
    assert world.refused("yu", meeting, "resolve", day, present=8, resolutions=["换门牌：社区"]) == "not_announced"
    world.act("yu", meeting, "resolve", day, present=8, resolutions=done)
    snow, parking = Case.objects.filter(parent=meeting).order_by("number")
    world.act("yu", snow, "deliver", day, outcome="道口雪后两小时清完。")
    world.act("yu", parking, "carry", day, reason="等上级批复。")
    meeting.refresh_from_db()
    assert (snow.result, parking.result, meeting.result) == ("done", "carried", "gathered")


def test_a_problem_is_taken_by_the_leader_of_the_contact_point(world: City) -> None:
    now = moment("2026-03-02 09:00")
    opening = ledger.Opening("contact_point", area(COMMUNITY).path, by=world.ids["cao"])
    told = ledger.open(opening, {"text": "没有活动室", "tried": "找过三家单位"}, now)
    assert isinstance(told, ledger.Receipt), told
    problem = Case.objects.get(pk=told.case.id)
    world.act("tian", problem, "take", now, plan="腾一处闲置房", due_on="2026-03-20")
    world.act("tian", problem, "call_units", now, units=["housing"], reason="维修")
    called = Case.objects.get(parent=problem)
    assert called.fields["text"] == "没有活动室"
    world.act("housing", called, "accept", now)
    world.act("housing", called, "respond", now, answer="已修好。")
    problem.refresh_from_db()
    assert problem.stage == "working"
    due.sweep(moment("2026-03-21 00:10"))
    problem.refresh_from_db()
    assert problem.stage == "supervised", "the day the leader named has passed"
    late = moment("2026-03-21 09:00")
    world.act("feng", problem, "reply", late, answer="三月二十五日开门。", result="solved")
    world.act("ge", problem, "confirm", late, solved="solved")
    assert (problem.stage, problem.result) == ("closed", "solved")


def test_the_annual_report_is_appraised_by_three_audiences(world: City) -> None:
    recurring.open_due(moment("2025-12-01 09:00"))
    report = Case.objects.get(institution="annual_report", external__startswith="2025")
    now = moment("2025-12-10 09:00")
    world.act("cao", report, "publish", now, kept="无", report="全年办结三百件。", promises=["修公厕"])
    due.sweep(moment("2025-12-18 00:10"))
    report.refresh_from_db()
    assert report.stage == "appraising"
    rate = moment("2025-12-18 09:00")
    for key, marks in (("tong", 90), ("diao", 80), ("ge", 70)):
        world.act(key, report, "rate", rate, party_work=marks, service=marks, promised=marks)
    assert world.refused("cao", report, "rate", rate, party_work=100, service=100, promised=100) == "not_yours"
    world.act("yu", report, "close_appraisal", rate)
    assert report.stage == "closed" and report.result == "made"
