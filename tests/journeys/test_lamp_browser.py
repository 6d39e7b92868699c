"""The whole lamp in a real Chromium, every step by its own person: the same end as scenarios/lamp.yaml tells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import linli
from linli.ledger.models import Case
from tests.cast import Cast
from tests.journeys.steps import form, look, press, send, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
STORY = Path(linli.__file__).parent / "packs/changzhou/request/scenarios/lamp.yaml"


class Play:
    """One person after the other at the same screen size."""

    def __init__(self, browser: Browser, site: str, size: int, folder: Path) -> None:
        self.browser, self.site, self.size, self.folder = browser, site, size, folder
        self.wrong: list[str] = []

    def become(self, key: str) -> Page:
        page = self.browser.new_context(viewport={"width": self.size, "height": 850}, locale="zh-CN").new_page()
        page.on("pageerror", lambda fault: self.wrong.append(str(fault)))
        sign_in(page, self.site, key)
        return page

    def open(self, key: str, number: int) -> Page:
        """The case out of the person's own list."""
        page = self.become(key)
        look(page, self.folder, f"{key}-list-{self.size}")
        page.goto(f"{self.site}/cases/{number}/")
        look(page, self.folder, f"{key}-case-{self.size}")
        return page

    def act(self, key: str, number: int, act: str, **filled: str) -> Page:
        page = self.open(key, number)
        here = form(page, act)
        for name, words in filled.items():
            here.locator(f"[name$='{name}']").first.fill(words)
        send(page, here)
        return page


@pytest.mark.parametrize("size", [390, 1440])
def test_the_lamp(people: Cast, browser: Browser, live_server: Any, tmp_path: Path, size: int) -> None:
    play = Play(browser, live_server.url, size, tmp_path)
    number = _report(play.become("li"), live_server.url)
    play.act("wang", number, "pass_up", reason="灯杆没有电，要供电和住建的人来")
    play.act("chen", number, "pass_up", reason="社区没有维修路灯的权限和人手")
    page = play.open("zhou", number)
    whistle = form(page, "whistle")
    whistle.locator("select").first.select_option(label="供电公司")
    whistle.locator("label.choice", has_text="住建局").click()
    whistle.locator("textarea").first.fill("线路归供电，灯具归住建，要一起去")
    send(page, whistle)
    lamp = Case.objects.get(number=number)
    for key, child in zip(("zhao", "sun"), lamp.children.order_by("number"), strict=True):
        play.act(key, child.number, "accept")
        play.act(key, child.number, "respond", answer=f"{key} 已经修好")
    page = play.open("zhou", number)
    reply = form(page, "reply")
    reply.locator("textarea").first.fill("供电换了电缆，住建换了灯头，今晚路灯已经亮了。")
    reply.get_by_text("已解决", exact=True).click()
    send(page, reply)
    _rate(play.open("li", number))
    lamp.refresh_from_db()
    told = yaml.safe_load(STORY.read_text(encoding="utf-8"))["expect"]
    told["acts"].remove("contact")  # here nobody telephones before going there
    acts = list(lamp.entries.order_by("seq").values_list("act", flat=True))
    assert [lamp.stage, lamp.result, lamp.tier, acts] == [told[k] for k in ("stage", "result", "tier", "acts")]
    assert {c.result for c in lamp.children.all()} == set(told["children"].values())
    assert not play.wrong, play.wrong


def _report(page: Page, site: str) -> int:
    page.goto(f"{site}/report/request/")
    page.get_by_label("反映的事情").fill("东门路 18 号门口的路灯三天不亮了，晚上老人走路看不见。")
    page.get_by_label("反映的事情").blur()
    page.locator("#suggested label", has_text="路灯照明").click()
    press(page, "下一步：在哪里")
    for level, name in (("镇街", "甲街道"), ("社区", "甲一社区"), ("网格", "甲一第一网格")):
        with page.expect_navigation():
            page.get_by_label(level).select_option(label=name)
    press(page, "下一步：怎么找您")
    press(page, "提交")
    return int(page.locator("h1.number").inner_text())


def _rate(page: Page) -> None:
    assert "今晚路灯已经亮了" in page.inner_text(".timeline")
    for answer in ("是", "解决了", "满意"):
        page.locator(".rate-answer").filter(has=page.get_by_text(answer, exact=True)).first.click()
    press(page, "评价")
