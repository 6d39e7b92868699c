"""Changzhou's signals, photo reports and projects in the real ledger, with what becomes of them."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from linli.ledger import act as ledger
from linli.ledger import due, queries
from linli.ledger.definitions import runtime
from linli.ledger.models import Case, Message
from linli.ledger.together import Benefit, benefit
from linli.people import acts as people
from linli.people.models import Duty, Person
from tests.cast import area
from tests.packs.city import City, moment

COUNTY, STREET, COMMUNITY = "320402000000", "320402001000", "320402001001"
GRID, EMPTY_GRID = "320402001001001", "320402001001002"
AREAS = [
    (COUNTY, "天宁区", "district", ""),
    (STREET, "甲街道", "street", COUNTY),
    (COMMUNITY, "甲一社区", "community", STREET),
    (GRID, "第一网格", "grid", COMMUNITY),
    (EMPTY_GRID, "第二网格", "grid", COMMUNITY),
]
POSTS = [
    ("gateway", "sensor_gateway", COUNTY),
    ("zheng", "dispatcher", COUNTY),
    ("tang", "district_officer", COUNTY),
    ("xu", "supervisor", COUNTY),
    ("zhou", "street_officer", STREET),
    ("wu", "reviewer", STREET),
    ("chen", "community_officer", COMMUNITY),
    ("wang", "grid_worker", GRID),
]
SIGNALS, SEED = 1000, 20260302
TRUE_SHARE = 0.0074
"""Guandu: 16 200 fire signals became 120 instructions (grade c)."""


@pytest.fixture
def world(db: None) -> City:
    return City("changzhou", AREAS, POSTS, ["power", "housing"])


def opened(opening: ledger.Opening, data: dict[str, object], at: str) -> Case:
    done = ledger.open(opening, data, moment(at))
    assert isinstance(done, ledger.Receipt), done
    return Case.objects.get(id=done.id)


def test_a_thousand_signals_become_a_short_verified_list(world: City) -> None:
    """Each is verified into a case with a clock or rejected with a reason; nothing is left over."""
    dice, now = random.Random(SEED), moment("2026-03-02 00:00")
    reasons = ["everyday", "fault", "test_run", "repeat", "nothing"]
    expected: Counter[str] = Counter()
    for n in range(SIGNALS):
        now += timedelta(seconds=dice.randint(20, 160))
        opening = ledger.Opening("signal", area(GRID).path, by=world.ids["gateway"], channel="sensor")
        came = ledger.open(opening, {"kind": "smoke", "device_no": f"YG-{dice.randint(1, 60):04}"}, now)
        assert isinstance(came, ledger.Receipt), came
        signal = Case.objects.get(id=came.id)
        if dice.random() < TRUE_SHARE:
            expected["true"] += 1
            world.act("zheng", signal, "verify", now + timedelta(minutes=1), dangers=[f"{n} 号信号：插排发烫"])
        else:
            reason = dice.choice(reasons)
            expected[reason] += 1
            world.act("zheng", signal, "reject", now + timedelta(minutes=1), why_false=reason)
    hazards = list(Case.objects.filter(institution="hazard"))
    assert len(hazards) == expected["true"] and 3 <= len(hazards) <= 15, "a short list"
    assert all(h.next_due and h.promise_due and h.holder_path and h.parent_id for h in hazards), "clock and holder"
    signals = Case.objects.filter(institution="signal")
    assert Counter(c.fields["why_false"] for c in signals.filter(result="false_alarm")) == expected - Counter(
        {"true": expected["true"]}
    )
    assert signals.filter(ended=None).count() == len(hazards), "only the true ones are still open"
    print(f"\n{SIGNALS} signals: {len(hazards)} hazards, {dict(sorted(expected.items()))}")
    first, later = hazards[0], now + timedelta(minutes=30)
    world.act("wang", first, "remove", later, answer="断电换线，复测正常。", result="removed")
    assert Case.objects.get(id=first.parent_id).result == "verified", "the answer goes back to the signal"


def test_a_signal_nobody_screens_goes_to_the_spot_and_then_to_the_district(world: City) -> None:
    opening = ledger.Opening("signal", area(GRID).path, by=world.ids["gateway"], channel="sensor")
    signal = opened(opening, {"kind": "tilt", "device_no": "QX-1"}, "2026-03-02 09:00")
    due.sweep(moment("2026-03-02 09:11"))
    signal.refresh_from_db()
    assert (signal.stage, signal.holder_path) == ("checking", area(GRID).path)
    due.sweep(moment("2026-03-02 11:12"))
    signal.refresh_from_db()
    assert (signal.stage, signal.holder_path) == ("overseen", area(COUNTY).path)


def rider(name: str = "骑手小马") -> str:
    return str(people.create_person(name, moment("2026-01-01"), phone="19900000021").id)


def tip(by: str, at: str) -> Case:
    opening = ledger.Opening("tip", area(GRID).path, ledger.Reporter(person=by), by=by, channel="rider")
    return opened(opening, {"photos": [str(uuid4())]}, at)


def test_one_photo_is_enough_and_the_point_comes_with_the_check(world: City) -> None:
    ma = rider()
    world.ids["ma"] = ma
    report = tip(ma, "2026-03-02 20:10")
    assert report.kernel().counts.get("credit", 0) == 0
    assert world.refused("ma", report, "verify", moment("2026-03-02 20:11"), dangers=["路灯不亮"]) == "not_yours"
    world.act("wang", report, "verify", moment("2026-03-03 09:00"), dangers=["路灯不亮"])
    assert report.kernel().counts["credit"] == 1
    hazard = Case.objects.get(parent=report)
    for key, at in (("wang", "09:10"), ("chen", "10:00")):
        world.act(key, hazard, "pass_up", moment(f"2026-03-03 {at}"), reason="要单位来")
    world.act("zhou", hazard, "whistle", moment("2026-03-03 14:00"), units=["power", "housing"], reason="一起去")
    for unit in ("power", "housing"):
        called = Case.objects.get(parent=hazard, unit__endswith=unit)
        world.act(unit, called, "accept", moment("2026-03-03 15:00"))
        world.act(unit, called, "respond", moment("2026-03-04 15:00"), answer="换好了。")
    hazard.refresh_from_db()
    world.act("zhou", hazard, "remove", moment("2026-03-04 19:00"), answer="今晚亮了。", result="removed")
    report.refresh_from_db()
    assert (report.stage, report.result, hazard.tier) == ("closed", "verified", "street")
    told = Message.objects.filter(case=report, person_id=ma, answer=True)
    assert told.exists(), "the rider is told how it came out"


def test_a_rider_holds_no_post_and_stops_at_no_cost(world: City) -> None:
    """Red line 4: there is nothing to leave; what was credited stays, and nothing new is owed."""
    ma = rider()
    world.ids["ma"] = ma
    first, second = tip(ma, "2026-03-02 09:00"), tip(ma, "2026-03-02 10:00")
    world.act("wang", first, "verify", moment("2026-03-02 11:00"), dangers=["井盖翘起"])
    world.act("ma", second, "withdraw", moment("2026-03-02 11:30"))
    assert not Duty.objects.filter(person_id=ma).exists()
    first.refresh_from_db()
    assert first.kernel().counts["credit"] == 1 and second.result == "withdrawn"


def test_a_project_answers_the_requests_joined_to_it(world: City) -> None:
    chen = world.ids["chen"]
    about = {"name": "东门口袋公园", "category": "greening", "text": "东门没有歇脚的地方。"}
    project = opened(ledger.Opening("project", area(COMMUNITY).path, by=chen), about, "2026-02-25 09:00")
    plan = {"budget": 180000, "milestones": ["装座椅"], "finish_on": "2026-03-20"}
    world.act("zhou", project, "start", moment("2026-02-26 09:00"), **plan)
    asked = []
    for name in ("李", "赵"):
        raised = ledger.Opening("request", area(GRID).path, ledger.Reporter(name=name, phone="19900000022"))
        asked.append(opened(raised, {"text": f"{name}：老人没地方坐。", "category": "greening"}, "2026-03-02 09:00"))
        world.act("chen", asked[-1], "merge", moment("2026-03-02 10:00"), same_as=str(project.number))
    assert {str(c.id) for c in project.followers.all()} == {str(c.id) for c in asked}
    world.act("zhou", project, "milestone", moment("2026-03-05 09:00"), step="装座椅")
    world.act("zhou", project, "hand_over", moment("2026-03-05 10:00"), answer="座椅八张。", spent=170000)
    few = {"asked": 40, "agreed": 12, "result": "solved"}
    assert world.refused("wu", project, "accept", moment("2026-03-06 09:00"), **few) == "not_yet"
    world.act("wu", project, "accept", moment("2026-03-06 09:10"), asked=40, agreed=36, result="solved")
    for case in asked:
        case.refresh_from_db()
        assert (case.stage, case.result, case.fields["answer"]) == ("answered", "solved", "座椅八张。")
        told = Message.objects.filter(case=case, answer=True)
        assert {m.person_id for m in told} == {case.reporter_id}, "each hears it, and nobody else"
    first = asked[0]
    rating = {"contacted": "是", "solved": "solved", "satisfied": "satisfied"}
    done = ledger.act(str(first.id), "confirm", rating, None, moment("2026-03-07 09:00"), as_reporter=True)
    assert isinstance(done, ledger.Receipt), done
    project.refresh_from_db()
    assert benefit(runtime(), project) == Benefit(answered=2, rated=1, solved=1), "of two residents one has confirmed"
    page = Client()
    page.force_login(people.create_account("zhou", Person.objects.get(id=world.ids["zhou"]), "a-password-of-a-test"))
    seen = page.get(f"/cases/{project.number}/").content.decode()
    assert "一起答复了 2 件诉求" in seen and "1 位说解决了" in seen


def test_an_address_has_one_grid_and_one_accountable_person_or_is_on_the_list_of_gaps(world: City) -> None:
    looked_after = opened(
        ledger.Opening("request", area(GRID).path), {"text": "灯", "category": "lighting"}, "2026-03-02 09:00"
    )
    assert (looked_after.holder_path, looked_after.stands_in) == (area(GRID).path, False)
    vacant = opened(
        ledger.Opening("request", area(EMPTY_GRID).path), {"text": "灯", "category": "lighting"}, "2026-03-02 09:00"
    )
    assert (vacant.holder_path, vacant.stands_in) == (area(COMMUNITY).path, True), "it is never left to nobody"
    found = [g for g in queries.gaps(None, moment("2026-03-02 09:00")) if g.duty == "grid_worker"]
    assert [g.path for g in found] == [area(EMPTY_GRID).path]
    assert found[0].stands_in is not None
