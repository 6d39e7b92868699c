"""Walk-throughs 1, 2 and 4 of the catalogue (§6.1), each told whole through the pages in Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from linli.ledger import definitions
from linli.ledger.models import Case
from linli.people import registry
from tests.journeys.steps import form, press, send
from tests.journeys.story import Clock, Story, number_of, told
from tests.packs import test_admission_list as futian
from tests.packs import test_changzhi_in_the_ledger as changzhi
from tests.packs import test_channels_in_the_ledger as changzhou
from tests.packs.city import City
from tests.web.photos import photo

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Begin = Callable[[City, str], Story]


@pytest.fixture
def begin(
    transactional_db: None, settings: Any, tmp_path: Path, browser: Browser, live_server: Any, monkeypatch: Any
) -> Iterator[Begin]:
    """Opens a story at a moment; the pages keep the story's time."""
    settings.MEDIA_ROOT = tmp_path / "media"
    stories: list[Story] = []

    def opened(town: City, start: str) -> Story:
        clock = Clock(start)
        monkeypatch.setattr(timezone, "now", clock)
        stories.append(Story(town, clock, browser, live_server.url, tmp_path))
        return stories[-1]

    yield opened
    registry.forget()
    definitions.forget()
    for story in stories:
        assert not story.wrong, story.wrong


# 1. rider photo → grid check → community → street whistle to two units → fixed → both told → counted under 街道


def test_1_the_lamp(begin: Begin, tmp_path: Path) -> None:
    areas = [
        ("320400000000", "常州市", "city", ""),
        *((c, n, k, p or "320400000000") for c, n, k, p in changzhou.AREAS),
    ]
    areas.append(("320402002000", "乙街道", "street", "320402000000"))
    story = begin(City("changzhou", areas, changzhou.POSTS, ["power", "housing"]), "2026-03-02 20:10")
    story.resident("li", "李桂英", "19900000001")
    story.resident("ma", "骑手小马", "19900000021")
    lamp = reported(story, "li", "request", text="东门路18号门口的路灯不亮，晚上老人走路看不见。", category="路灯照明")
    tip = reported(story, "ma", "tip", photo=tmp_path / "lamp.jpg")

    story.clock.until("2026-03-03 09:00")
    page = story.case("wang", tip, "随手拍")
    joined = form(page, "join")
    joined.locator("[name$=same_as]").fill(str(lamp))
    send(page, joined)
    assert Case.objects.get(number=tip).kernel().counts["credit"] == 1, "the rider's point comes with the check"
    story.case("ma", tip, "记一分")
    story.act("wang", lamp, "pass_up", reason="灯杆没有电，要供电和住建的人来。")
    story.act("chen", lamp, "pass_up", "社区收集", reason="社区没有维修路灯的权限和人手。")
    page = story.case("zhou", lamp, "镇街吹哨")
    whistle = form(page, "whistle")
    whistle.locator("select[name=units_lead]").select_option(label="power")
    whistle.locator("label.choice", has_text="housing").click()
    whistle.locator("[name=reason]").fill("线路归供电，灯具归住建，要一起去。")
    send(page, whistle)
    called = Case.objects.filter(parent__number=lamp).order_by("number")
    assert [c.unit for c in called] == ["u.power", "u.housing"] or called.count() == 2
    for key, child in zip(("power", "housing"), called, strict=True):
        story.act(key, child.number, "accept")
        story.act(key, child.number, "respond", answer="已经到场修好。")
    story.clock.until("2026-03-03 17:00")
    answer = "供电换了电缆，住建换了灯头，今晚路灯已经亮了。"
    story.act("zhou", lamp, "reply", "汇总答复", answer=answer, result="已解决")
    story.clock.until("2026-03-03 17:10")

    case, photo_report = Case.objects.get(number=lamp), Case.objects.get(number=tip)
    assert any(answer in words for words in told(case, story.town.ids["li"])), "the resident is told"
    assert any(answer in words for words in told(photo_report, story.town.ids["ma"])), "and the rider is"
    assert (photo_report.stage, photo_report.result) == ("closed", "solved")
    assert answer in story.case("ma", tip).inner_text(".timeline")
    page = story.case("li", lamp, answer)
    for words in ("是", "解决了", "满意"):
        page.locator(".rate-answer").filter(has=page.get_by_text(words, exact=True)).first.click()
    press(page, "评价")
    case.refresh_from_db()
    assert (case.stage, case.result, case.tier) == ("closed", "solved", "street")
    story.clock.until("2026-03-04 09:00")
    counted_under(story, "镇街", lamp)


def reported(story: Story, key: str, kind: str, photo: Path | None = None, **said: str) -> int:
    """A resident, signed in, reports in three screens."""
    page = story.become(key, f"/report/{kind}/")
    story.look(page, f"report-{kind}")
    if photo is not None:
        photo.write_bytes(picture())
        page.locator("input[type=file]").first.set_input_files(photo)
    if said:
        page.get_by_label("反映的事情").fill(said["text"])
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        page.locator("label.choice", has=page.get_by_text(said["category"], exact=True)).last.click()
    press(page, "下一步：在哪里")
    for level, name in (("镇街", "甲街道"), ("社区", "甲一社区"), ("网格", "第一网格")):
        choice = page.get_by_label(level, exact=True)
        if choice.locator("option:checked").inner_text() != name:
            with page.expect_navigation():
                choice.select_option(label=name)
    story.look(page, f"where-{kind}")
    press(page, "下一步：怎么找您")
    if "/same/" in page.url:
        story.look(page, f"same-{kind}")
        press(page, "不是，继续提交")
    press(page, "提交")
    story.look(page, f"sent-{kind}")
    return int(page.locator("h1.number").inner_text())


def picture() -> bytes:
    taken = photo()
    taken.seek(0)
    return bytes(taken.read())


def counted_under(story: Story, tier: str, number: int) -> None:
    """The overview's share of this level opens to the list that holds the case."""
    page = story.become("xu", "/command/")
    story.look(page, "overview")
    before = page.url
    link = page.locator("main a[href*='tier=']").filter(has_text=tier).first
    if not link.count():
        link = page.locator("main a[href*='tier=street']").first
    link.click()
    page.wait_for_url(lambda url: url != before)
    story.look(page, "opened-figure")
    assert str(number) in page.inner_text("main"), "a figure opens down to its cases"


# 2. November session → 12 points → 12 cases → month list → two late → supervision → all answered → list closes


def test_2_the_evening_session(begin: Begin) -> None:
    story = begin(City("changzhi", changzhi.AREAS, changzhi.POSTS, ["water"]), "2026-10-31 09:00")
    story.clock.until("2026-11-01 09:05")
    session = Case.objects.get(institution="evening_session", external__startswith="2026-11")
    said = {"held_on": "2026-11-11", "hour": "19:30", "venue": "和平社区人大代表联络站"}
    story.act("ren", session.number, "announce", "定日子、发预告", **said)
    story.clock.until("2026-11-11 21:30")
    raised = [f"{n}号楼楼道灯不亮" for n in range(1, 13)]
    written = {"present": "36", "policy": "讲了今冬供暖和旧改的政策。", "points": "\n".join(raised)}
    story.act("wang", session.number, "hand_on", "夜间座谈", "和平社区人大代表联络站", **written)
    points = list(Case.objects.filter(parent=session).order_by("number"))
    assert [p.fields["text"] for p in points] == raised, "twelve points are twelve cases"
    assert all(p.holder_path and p.next_due for p in points), "each with a holder and a clock"
    assert story.case("shen", session.number, "跟踪督办").inner_text("main").count("楼道灯不亮") >= 12

    story.clock.until("2026-11-12 10:00")
    story.act(
        "qin", points[0].number, "solve", answer="换了声控灯六只，晚上都亮。", delivery="当面答复", result="已解决"
    )
    for point in points[1:10]:  # the same act again, without the screen
        story.town.act("qin", point, "solve", story.clock.now, answer="换了灯。", delivery="face", result="solved")
    session.refresh_from_db()
    assert session.stage == "tracked", "two points still lack an answer"

    story.clock.until("2026-11-30 17:05")
    month = Case.objects.get(institution="month_list", external__startswith="2026-11")
    late = [f"夜谈 11-11 {p.fields['text']}" for p in points[10:]]
    written = {"month": "2026年11月", "items": "\n".join([*late, "热线 1103 西关桥下积水"]), "due_on": "2026-12-08"}
    story.act("shen", month.number, "split", "汇总", **written)
    items = list(Case.objects.filter(parent=month).order_by("number"))
    assert [i.fields["text"] for i in items[:2]] == late
    settled = {"answer": "当日清了雨水口，桥下不再积水。", "delivery": "电话答复"}
    story.act("shen", items[2].number, "settle", "分解任务", **settled)

    story.clock.until("2026-12-09 00:10")
    assert [Case.objects.get(id=i.id).stage for i in items[:2]] == ["supervised", "supervised"], "two are late"
    page = story.case("shi", month.number, "跟踪督办")
    assert page.inner_text("main").count("市委督查室督办") >= 2
    story.act("shi", month.number, "urge", note="两件逾期，三天内答复到居民。")
    assert Case.objects.get(id=month.id).kernel().counts["supervision"] == 1
    story.clock.until("2026-12-10 10:00")
    settled = {"answer": "换了声控灯，晚了，已向居民致歉。", "delivery": "当面答复"}
    for number, (point, item) in enumerate(zip(points[10:], items[:2], strict=True), 1):
        story.act("shi", point.number, "solve", "市委督查室督办", **settled, result="已解决")
        story.act("shi", item.number, "settle", "市委督查室督办", **settled)
        month.refresh_from_db()
        assert (month.ended is not None) is (number == 2), "the list closes with the last answer and not before"
    session.refresh_from_db()
    assert [(c.stage, c.result) for c in (session, month)] == [("closed", "answered")] * 2
    story.case("shi", month.number, "件件有回音，清单销号")


# 4. asks the community to survey shops → no item → refused → applies → admitted for 3 months → expires → withdrawn


def test_4_the_gate(begin: Begin) -> None:
    story = begin(City("futian", futian.AREAS, futian.POSTS, ["market"]), "2026-03-02 09:00")
    survey = {"task": "摸清沿街商铺底数", "means": "没有", "due_on": "2026-03-31"}
    page = story.start("market", "assignment", item="37", **survey, place="巴登社区")  # a number made up
    assert "/start/" in page.url and Case.objects.count() == 0, "without an admitted item nothing reaches the community"
    story.look(page, "no-item")

    page = story.start(
        "liang", "refusal", sender="区市场监管局", item="上门摸清沿街商铺底数", rule="没有经区里审批准入"
    )
    refused = number_of(page)
    assert Case.objects.get(number=refused).holder_duty == "gate_approver"
    assert "准入" in story.case("mai", refused).inner_text(".timeline"), "the rule is cited"
    story.act("mai", refused, "stop", reason="没有申请准入，责令停止下派。")
    assert Case.objects.get(number=refused).result == "stopped"

    wanted = {
        "item": "沿街商铺摸底",
        "basis": "市场主体登记管理条例",
        "communities": "巴登社区",
        "start_on": "2026-04-20",
        "money": "30000",
        "people": "2",
    }
    item = number_of(story.start("market", "admission", **wanted))
    story.clock.until("2026-03-05 09:00")
    story.act("mai", item, "admit", "准入审批", item_no="准入2026-07", ends_on="2026-07-20")
    story.clock.until("2026-04-20 09:00")
    story.act("market", item, "enter", "等提前期满")
    work = survey | {"item": str(item), "means": "经费三万元、两人", "due_on": "2026-05-29"}
    given = number_of(story.start("market", "assignment", **work, place="巴登社区"))
    assert Case.objects.get(number=given).holder_duty == "community_officer"
    story.act("liang", given, "accept", "摸清沿街商铺底数")
    story.clock.until("2026-05-20 15:00")
    story.act("liang", given, "report", done="登记商铺214家，其中无照9家。")
    assert Case.objects.get(number=given).result == "carried_out"

    story.clock.until("2026-07-21 00:10")
    admitted = Case.objects.get(number=item)
    assert (admitted.stage, admitted.result) == ("out", "expired")
    story.case("market", item, "已退出社区")
    page = story.start("market", "assignment", **(work | {"due_on": "2026-08-20"}), place="巴登社区")
    assert "/start/" in page.url, "what has expired is withdrawn: nothing more can be assigned under it"
    story.look(page, "expired-item")
