"""The same matter raised by several, in the pages: residents join by one tap, staff merge, many go into a theme."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from linli.ledger import act as ledger
from linli.ledger import verify
from linli.ledger.models import Case, Message
from tests.cast import GRID_B, Cast, area
from tests.web.pages import enter, text
from tests.web.test_resident import WHAT, WHERE, WHO

HOUR = timedelta(hours=1)
SAME = "/report/request/same/"
LAMP = {"text": "东门路路灯坏了，晚上看不见", "category": "lighting"}
COMMUNITY = {"go": "1", "at_street": "320402001000", "at_community": "320402001001"}


@pytest.fixture
def visitor() -> Client:
    return Client(headers={"accept-language": "zh-CN"})


def first(cast: Cast, **more: Any) -> ledger.Receipt:
    return cast.lamp(timezone.now() - 2 * HOUR, **more)


def to_same(visitor: Client, data: dict[str, str] = LAMP) -> str:
    visitor.post(WHAT, data)
    return str(visitor.post(WHERE, COMMUNITY)["Location"])


def sent(visitor: Client, **data: str) -> Any:
    token = re.search(r'name="token" value="([^"]+)"', text(visitor.get(WHO)))
    assert token
    return visitor.post(WHO, {"token": token[1], **data})


def test_a_resident_joins_by_one_tap_and_both_get_an_answer_and_rate(cast: Cast, visitor: Client) -> None:
    lead = first(cast)
    assert to_same(visitor) == SAME
    page = text(visitor.get(SAME))
    assert "路灯照明" in page and "甲一社区" in page and "网格发现" in page
    for private in ("东门路", "18 号", "李桂英", "甲一第一网格", lead.secret):
        assert private not in page
    assert visitor.post(SAME, {"same": str(lead.number)})["Location"] == WHO
    assert str(lead.number) in text(visitor.get(WHO))
    answer = sent(visitor, name="老周", phone="19900000088")
    assert "并在一起办" in text(visitor.get(answer["Location"]))
    own = Case.objects.exclude(id=lead.id).get(parent=None)
    assert own.number != lead.number and own.stage == "merged" and str(own.lead_id) == lead.id
    assert str(lead.number) in text(visitor.get(f"/c/{own.secret}/"))
    assert "还有 1 位邻居" in text(visitor.get(f"/c/{lead.secret}/"))

    cast.act("wang", lead.id, "solve", timezone.now(), answer="换了灯泡，亮了")
    for case, how in ((own, "not_yet"), (Case.objects.get(id=lead.id), "solved")):
        told = text(visitor.get(f"/c/{case.secret}/"))
        assert "换了灯泡，亮了" in told
        done = visitor.post(
            f"/c/{case.secret}/acts/confirm/",
            {"contacted": "yes", "solved": "solved", "satisfied": "satisfied", "why": how},
        )
        assert done.status_code == 302
    rated = Case.objects.filter(stage="closed").count()
    assert rated == 2 and Message.objects.filter(answer=True, channel="sms", case=own).exists()
    assert verify.verify(timezone.now()).faults == []


def test_no_is_one_tap_and_is_not_asked_twice(cast: Cast, visitor: Client) -> None:
    first(cast)
    assert to_same(visitor) == SAME
    assert visitor.post(SAME, {"same": "0"})["Location"] == WHO
    assert visitor.post(WHERE, COMMUNITY)["Location"] == WHO
    sent(visitor)
    assert not Case.objects.filter(stage="merged").exists()


def test_nothing_alike_asks_nothing(cast: Cast, visitor: Client) -> None:
    first(cast, grid=GRID_B)
    assert to_same(visitor) == WHO
    assert visitor.get(SAME)["Location"] == WHO
    assert Client().get(SAME)["Location"] == WHAT


def test_only_what_was_offered_can_be_joined(cast: Cast, visitor: Client) -> None:
    first(cast)
    foreign = first(cast, grid=GRID_B)
    assert to_same(visitor) == SAME
    visitor.post(SAME, {"same": str(foreign.number)})
    sent(visitor)
    assert not Case.objects.filter(stage="merged").exists()


def test_what_was_answered_meanwhile_leaves_the_resident_a_matter_of_their_own(cast: Cast, visitor: Client) -> None:
    lead = first(cast)
    to_same(visitor)
    visitor.post(SAME, {"same": str(lead.number)})
    cast.act("wang", lead.id, "solve", timezone.now(), answer="换了灯泡")
    answer = sent(visitor)
    assert "单独办理" in text(visitor.get(answer["Location"]))
    assert Case.objects.exclude(id=lead.id).get().stage == "found"


def test_a_complaint_of_an_office_joins_nothing(cast: Cast, visitor: Client) -> None:
    lead = first(cast)
    to_same(visitor)
    visitor.post(SAME, {"same": str(lead.number)})
    sent(visitor, accused="community-a")
    assert Case.objects.exclude(id=lead.id).get().lead_id is None


# --- staff


def test_staff_see_what_may_be_the_same_and_merge_and_undo(cast: Cast) -> None:
    lead = first(cast)
    reporter = ledger.Reporter(name="老周", phone="19900000088")
    other = cast.opened(dict(LAMP), timezone.now() - HOUR, reporter=reporter)
    chen = enter(cast, "chen")
    page = text(chen.get(f"/cases/{other.number}/"))
    assert "可能是同一件" in page and f"/cases/{lead.number}/" in page and "同一网格、同一类别" in page
    done = chen.post(f"/cases/{other.number}/acts/merge/", {"same_as": str(lead.number), "seq": "1"})
    assert done.status_code == 302 and Case.objects.get(id=other.id).stage == "merged"
    kept = text(chen.get(f"/cases/{lead.number}/"))
    assert "并入的事项 1 件" in kept and f"/cases/{other.number}/" in kept
    answering = text(enter(cast, "wang").get(f"/cases/{lead.number}/"))
    assert "这段答复会同时发给另外 1 位反映人，不要写个人信息" in answering
    assert f"/cases/{lead.number}/" in text(chen.get(f"/cases/{other.number}/"))
    chen.post(f"/cases/{other.number}/acts/part/", {})
    assert Case.objects.get(id=other.id).stage == "found"


def test_followers_one_may_not_open_are_counted_and_not_named(cast: Cast) -> None:
    lead, other = first(cast), first(cast, grid=GRID_B)
    cast.act("qian", other.id, "merge", timezone.now(), same_as=str(lead.number))
    page = text(enter(cast, "wang").get(f"/cases/{lead.number}/"))
    assert "并入的事项 1 件" in page and str(other.number) not in page


def test_the_same_person_s_matters_are_for_those_who_handle_the_case(cast: Cast) -> None:
    before, now = first(cast), first(cast)
    assert "同一反映人最近的事项" in text(enter(cast, "wang").get(f"/cases/{now.number}/"))
    assert str(before.number) in text(enter(cast, "wang").get(f"/cases/{now.number}/"))
    assert "同一反映人" not in text(Client().get(f"/c/{now.secret}/"))
    assert "同一反映人" not in text(enter(cast, "li").get(f"/cases/{now.number}/"))


def test_a_call_is_joined_while_it_goes_on(cast: Cast) -> None:
    lead = first(cast)
    desk = enter(cast, "qian")
    asked = {"place": "甲一第一网格", "category": "路灯照明", "text": "路灯不亮"}
    found = text(desk.get("/desk/intake/earlier/", asked))
    assert "可能是同一件" in found and f'name="same" value="{lead.number}"' in found
    desk.post("/desk/intake/", {**asked, "token": "t1", "phone": "19900000099", "same": str(lead.number)})
    own = Case.objects.exclude(id=lead.id).get()
    assert (own.stage, own.channel, str(own.lead_id)) == ("merged", "phone", lead.id)
    assert "并在一起办" in text(desk.get("/desk/intake/done/"))


# --- many into a theme


def parking(cast: Cast, count: int, grid: str = "320402001001001") -> list[ledger.Receipt]:
    return [
        cast.opened({"text": f"晚上停不进车 {n}", "category": "parking"}, timezone.now() - HOUR, grid)
        for n in range(count)
    ]


def theme(cast: Cast) -> ledger.Receipt:
    done = ledger.open(
        ledger.Opening("theme", area("320402001001").path, by=cast.id("chen")),
        {"name": "甲一停车难", "category": "parking", "text": "车位不够"},
        timezone.now() - HOUR,
    )
    assert isinstance(done, ledger.Receipt)
    return done


def test_many_go_into_a_theme_and_what_was_refused_says_why(cast: Cast) -> None:
    goal, cases = theme(cast), parking(cast, 4)
    cast.act("wang", cases[3].id, "solve", timezone.now(), answer="已协调")
    chen = enter(cast, "chen")
    assert 'form="bulk"' in text(chen.get("/desk/?tab=all")) and "甲一停车难" in text(
        chen.get("/bulk/", {"n": [c.number for c in cases]})
    )
    done = text(chen.post("/bulk/", {"n": [c.number for c in cases], "target": str(goal.number)}))
    assert "并入 3 件，没有并入 1 件" in done and "在“结果反馈”环节不能并入" in done
    assert Case.objects.filter(lead_id=goal.id).count() == 3
    again = text(chen.post("/bulk/", {"n": [cases[0].number], "target": str(goal.number)}))
    assert "并入 0 件" in again


def test_a_theme_is_set_up_on_the_way(cast: Cast) -> None:
    cases = parking(cast, 3)
    chen = enter(cast, "chen")
    new = {"n": [c.number for c in cases], "target": "new:theme", "place": "320402001001", "token": "x1"}
    missing = chen.post("/bulk/", {**new, "name": "停车难"})
    assert missing.status_code == 422 and not Case.objects.filter(institution="theme").exists()
    done = chen.post("/bulk/", {**new, "name": "停车难", "category": "parking", "text": "车位不够"})
    assert "并入 3 件" in text(done)
    made = Case.objects.get(institution="theme")
    assert Case.objects.filter(lead_id=made.id).count() == 3


def test_nobody_gathers_what_they_may_not_see_or_into_what_they_may_not_know(cast: Cast) -> None:
    goal, foreign = theme(cast), parking(cast, 1, GRID_B)
    mine = parking(cast, 1)
    bob = enter(cast, "bob_community")
    page = text(bob.get("/bulk/", {"n": [mine[0].number]}))
    assert str(mine[0].number) not in page.replace(f"n={mine[0].number}", "")
    refused = bob.post("/bulk/", {"n": [foreign[0].number], "target": str(goal.number)})
    assert refused.status_code == 422 and Case.objects.get(id=foreign[0].id).stage == "found"
    for key in ("li", "charlie", "zhao"):
        assert enter(cast, key).get("/bulk/").status_code == 404
    assert Client().get("/bulk/").status_code == 302


def test_all_that_a_list_shows_go_at_once(cast: Cast) -> None:
    goal = theme(cast)
    parking(cast, 30)
    chen = enter(cast, "chen")
    listed = text(chen.get("/desk/?tab=all&category=parking&root=1"))
    link = re.search(r'href="(/bulk/\?query=[^"]+)"', listed)
    assert link
    page = text(chen.get(link[1].replace("&amp;", "&")))
    numbers = sorted(set(re.findall(r'name="n" value="([0-9]+)"', page)))
    assert len(numbers) == 31  # and the theme itself, which joins nothing
    done = text(chen.post("/bulk/", {"n": numbers, "target": str(goal.number)}))
    assert "并入 30 件" in done
