"""Each city's demo in a real Chromium: one matter from start to end through the pages, in that city's own words.

The demo is loaded as `linli demo --pack CITY` loads it, and everybody enters by one click as the demo's cast.
Screenshots at both sizes lie under the test's temporary folder (pytest --basetemp=FOLDER keeps them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from linli.config.demo.city_files import FOLDER
from linli.config.demo.load import load_demo
from linli.ledger import definitions
from linli.ledger.models import Case
from linli.people import registry
from tests.journeys.player import Player
from tests.journeys.steps import form, press, send

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Start = Callable[[str], "Play"]


class Play(Player):
    """The cast of one city at the pages, one after the other."""

    def enter(self, page: Page, key: str) -> None:
        """As a member of the cast, with one click."""
        page.goto(f"{self.site}/sign-in/")
        page.locator(f"form[action$='/as/{key}/'] button").click()
        page.wait_for_load_state()

    def call(self, key: str, number: int, act: str, units: list[str], reason: str) -> list[int]:
        """``key`` calls these units; the numbers of their cases."""
        here = form(self.case(key, number), act)
        lead = here.locator("select")
        if lead.count():
            lead.first.select_option(label=units[0])
        for unit in units[1 if lead.count() else 0 :]:
            here.locator("label.choice", has_text=unit).click()
        here.locator("textarea").first.fill(reason)
        send(here.page, here)
        called = Case.objects.filter(parent__number=number, ended=None).order_by("number")
        assert called.count() == len(units), here.page.inner_text("main")[:600]
        return list(called.values_list("number", flat=True))

    def report(self, key: str, text: str, category: str, place: dict[str, str], button: str) -> int:
        """A resident reports in three screens; the levels carry the city's names."""
        page = self.become(key)
        page.goto(self.site)
        self.look(page, "front")
        page.get_by_role("link", name=button).first.click()
        page.get_by_label("反映的事情").fill(text)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        page.locator("label.choice", has=page.get_by_text(category, exact=True)).last.click()
        press(page, "下一步：在哪里")
        for level, name in place.items():
            chosen = page.get_by_label(level, exact=True)
            if chosen.locator("option:checked").inner_text() != name:
                with page.expect_navigation():
                    chosen.select_option(label=name)
        self.look(page, "where")
        press(page, "下一步：怎么找您")
        if page.get_by_text("是同一件吗").count():  # the demo has one like it nearby
            self.look(page, "same")
            press(page, "不是，继续提交")
        press(page, "提交")
        self.look(page, "sent")
        return int(page.locator("h1.number").inner_text())

    def rate(self, key: str, number: int, answer: str, *answers: str) -> None:
        """The resident reads the answer and rates it in taps."""
        page = self.case(key, number, answer)
        for words in answers:
            page.locator(".rate-answer").filter(has=page.get_by_text(words, exact=True)).first.click()
        press(page, "评价")
        self.look(page, "rated")
        assert "事项到此结束" in page.inner_text("main")


@pytest.fixture
def city(transactional_db: None, settings: Any, tmp_path: Path, browser: Browser, live_server: Any) -> Iterator[Start]:
    """Loads a city's demo and gives its play."""
    registry.forget()
    definitions.forget()

    def begin(name: str) -> Play:
        load_demo(city=name)
        settings.DEMO, settings.MEDIA_ROOT = True, tmp_path / "media"
        own = FOLDER / name / "city.yaml"
        settings.DEMO_CAST = own if own.is_file() else FOLDER.parent / "cast.yaml"
        return Play(browser, live_server.url, tmp_path)

    yield begin
    registry.forget()
    definitions.forget()


def ended(number: int) -> Case:
    case = Case.objects.get(number=number)
    assert case.ended is not None, case.stage
    return case


def test_chaoyang_grades_whistles_and_calls_back(city: Start) -> None:
    play = city("chaoyang")
    place = {"街道（地区）": "六里屯街道", "社区": "甜水园社区", "居民党支部片区": "甜水园第一党支部片区"}
    number = play.report("liu-yufen", "甜水园路边的污水井一直往外冒水，臭得不敢开窗。", "排水积水", place, "反映问题")
    play.act("meng-fanhua", number, "grade", "首接定级", "街道工委", urgency="一天答复")
    (called,) = play.call("meng-fanhua", number, "whistle", ["区水务局"], "污水管线归水务，请今天到场。")
    play.act("dou-jianping", called, "accept", "待签收")
    play.act("dou-jianping", called, "respond", answer="疏通污水管线60米，清出油块，井口已不再冒水。")
    play.act(
        "meng-fanhua",
        number,
        "reply",
        "街道工委办理（首接负责）",
        answer="水务局已疏通管线，井口不再冒水。",
        result="已解决",
    )
    play.rate("liu-yufen", number, "井口不再冒水", "解决了", "满意")
    case = ended(number)
    assert (case.stage, case.result, case.tier) == ("closed", "solved", "street")
    assert not play.wrong, play.wrong


def test_futian_decides_in_three_bodies(city: Start) -> None:
    play = city("futian")
    place = {"街道": "南园街道", "社区": "巴登社区", "网格片区": "巴登第一片区"}
    number = play.report(
        "lin-shufang", "垃圾桶摆在楼道口，味道大，老人孩子进出都绕着走。", "垃圾分类清运", place, "反映问题"
    )
    play.act("chen-zhiwei", number, "pass_up", "分片包干、主动介入", reason="挪桶要几栋楼都同意。")
    play.act("wu-xiaohong", number, "submit", "工作站执行", reason="要综合党组织定。")
    play.act("li-guoping", number, "deliberate", "综合党组织领导决策", question="桶挪不挪、挪到哪里")
    play.act("zeng-yuying", number, "report", "居委会议事", opinion="二十户到场，十七户同意挪到围墙边。")
    play.act("li-guoping", number, "decide", decision="工作站三天内挪到围墙边，物业每天冲洗。")
    play.act("wu-xiaohong", number, "solve", "工作站执行", answer="桶已挪到围墙边，每天早晚冲洗。", result="已解决")
    play.rate("lin-shufang", number, "每天早晚冲洗", "解决了", "满意")
    case = ended(number)
    assert (case.stage, case.result, case.tier) == ("closed", "solved", "community")
    assert not play.wrong, play.wrong


def test_nenjiang_climbs_to_the_leading_group(city: Start) -> None:
    play = city("nenjiang")
    place = {"街道（镇）": "嫩江镇", "社区": "东风社区"}
    number = play.report("qu-guiying", "暖气从昨晚起不热，屋里十四度，老人穿着棉袄睡觉。", "供热", place, "反映诉求")
    play.act("liu-baogang", number, "pass_up", "社区居民委员会", "社区办理", reason="整栋楼都不热，社区修不了。")
    play.act("yu-hongtao", number, "pass_up", "社区工委协调", reason="外线归热力公司，请办公室交办。")
    (called,) = play.call("jiang-weimin", number, "assign", ["市热力公司"], "请今天入户测温并答复。")
    play.act("han-changfu", called, "accept")
    play.act("han-changfu", called, "respond", answer="更换换热站循环泵，入户测温21度。")
    play.act(
        "jiang-weimin", number, "reply", "领导小组办公室办理", answer="换热站的泵换了，入户测温21度。", result="已解决"
    )
    play.rate("qu-guiying", number, "入户测温21度", "是", "解决了", "满意")
    case = ended(number)
    assert (case.stage, case.result, case.tier) == ("closed", "solved", "district")
    assert not play.wrong, play.wrong


def test_changzhi_meets_residents_in_the_evening(city: Start) -> None:
    play = city("changzhi")
    page = play.become("yang-sumei")
    page.goto(f"{play.site}/start/?kind=evening_session")
    page.locator("select[name=place]").select_option(label="府后社区")
    play.look(page, "start-session")
    press(page, "列入本月座谈计划")
    number = int(page.url.rstrip("/").rsplit("/", 1)[1])
    page = play.case("jia-ruifang", number, "定日子、发预告")
    here = form(page, "announce")
    here.locator("[name$=held_on]").fill(_in_days(3))
    here.locator("[name$=hour]").fill("19:30")
    here.locator("[name$=venue]").fill("府后社区人大代表联络站")
    send(page, here)
    page = play.case("shen-guoqing", number, "夜间座谈", "府后社区人大代表联络站")
    here = form(page, "hand_on")
    here.locator("[name$=present]").fill("36")
    here.locator("[name$=policy]").fill("讲了今冬供暖和老旧小区改造的政策。")
    here.locator("[name$=points]").fill("三号楼楼道灯不亮\n院里没有晒被子的地方")
    send(page, here)
    play.look(page, "handed-on")
    points = Case.objects.filter(parent__number=number).order_by("number")
    assert [p.fields["text"] for p in points] == ["三号楼楼道灯不亮", "院里没有晒被子的地方"]
    for point, answer in zip(points, ("换了声控灯六只，晚上都亮。", "装了晾衣杆十二根。"), strict=True):
        play.act(
            "qin-hongwei",
            point.number,
            "solve",
            "夜谈事项",
            "社区办理",
            answer=answer,
            delivery="当面答复",
            result="已解决",
        )
    page = play.case("shen-guoqing", number, "件件有回音，记录办结")
    assert (ended(number).stage, ended(number).result) == ("closed", "answered")
    assert not play.wrong, play.wrong


def test_changzhou_whistles_for_the_lamp(city: Start) -> None:
    play = city("changzhou")
    place = {"镇街": "雕庄街道", "社区": "朝阳花园社区", "网格": "朝阳花园第一网格"}
    number = play.report(
        "li-guiying", "朝阳花园南门这排路灯又不亮了，晚上下班看不见台阶。", "路灯照明", place, "反映问题"
    )
    play.act("wang-xiaoyan", number, "pass_up", "网格发现", reason="灯杆没有电，要供电和城管来。")
    play.act("chen-liping", number, "pass_up", "社区收集", reason="社区没有维修路灯的权限和人手。")
    units = ["供电公司天宁供电所", "天宁区城市管理局"]
    called = play.call("zhou-yongming", number, "whistle", units, "线路归供电，灯具归城管，要一起去。")
    for key, child in zip(("zhao-lixin", "sun-zhiyuan"), called, strict=True):
        play.act(key, child, "accept")
        play.act(key, child, "respond", answer="已经到场修好。")
    play.act(
        "zhou-yongming", number, "reply", "汇总答复", answer="供电换了电缆，城管换了灯头，今晚都亮了。", result="已解决"
    )
    play.rate("li-guiying", number, "今晚都亮了", "是", "解决了", "满意")
    case = ended(number)
    assert (case.stage, case.result, case.tier) == ("closed", "solved", "street")
    assert not play.wrong, play.wrong


def _in_days(days: int) -> str:
    from datetime import timedelta

    from django.utils import timezone

    return (timezone.localdate() + timedelta(days=days)).isoformat()
