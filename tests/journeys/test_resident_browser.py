"""A resident with a phone and with a desk screen: reports the lamp, follows it by its link, rates the answer.

The officers' acts in between are done through the ledger; what is looked at here is what a resident sees. Screenshots
lie under the test's temporary folder (pytest --basetemp=FOLDER keeps them).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from linli.ledger.models import Attachment, Case
from linli.web.page import attachments
from tests import cast as standing
from tests.cast import Cast
from tests.journeys.steps import look, press
from tests.web.photos import photo

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def report(page: Page, folder: Path, size: int, photo_file: Path) -> Case:
    page.get_by_role("link", name="反映问题").first.click()
    page.get_by_label("反映的事情").fill("东门路 18 号门口的路灯三天不亮了")
    page.get_by_label("反映的事情").blur()
    page.locator("#suggested label", has_text="路灯照明").click()  # suggested from the words
    page.set_input_files("input[type=file]", photo_file)
    page.wait_for_selector(".preview img")
    look(page, folder, f"1-what-{size}")
    press(page, "下一步：在哪里")
    for level, name in (("镇街", "甲街道"), ("社区", "甲一社区"), ("网格", "甲一第一网格")):
        with page.expect_navigation():  # each choice lists the next level
            page.get_by_label(level).select_option(label=name)
    look(page, folder, f"2-where-{size}")
    press(page, "下一步：怎么找您")
    page.get_by_label("怎么称呼您").fill("老李")
    look(page, folder, f"3-who-{size}")
    press(page, "提交")
    page.wait_for_url(re.compile("/c/.+/sent/"))
    look(page, folder, f"4-sent-{size}")
    number = page.locator("h1.number").inner_text()
    return Case.objects.get(number=int(number))


@pytest.mark.parametrize("size", [390, 1440])
def test_report_follow_and_rate(people: Cast, browser: Browser, live_server: Any, tmp_path: Path, size: int) -> None:
    picture = tmp_path / "lamp.jpg"
    picture.write_bytes(photo().read())
    page = browser.new_context(viewport={"width": size, "height": 850}, locale="zh-CN").new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda fault: wrong.append(str(fault)))
    page.goto(live_server.url)
    look(page, tmp_path, f"0-home-{size}")
    case = report(page, tmp_path, size, picture)
    assert (case.stage, case.place) == ("found", standing.area(standing.GRID_A).path)
    stored = attachments.path(str(Attachment.objects.get(case=case).id)).read_bytes()
    assert b"SpyPhone" not in stored

    page.get_by_role("link", name="看进度").click()
    link = page.url
    assert "网格发现" in page.inner_text(".rail .here")
    page.locator(".photos img").first.scroll_into_view_if_needed()  # pictures are fetched when they come into sight
    page.wait_for_function("document.querySelector('.photos img').naturalWidth > 0")
    look(page, tmp_path, f"5-follow-{size}")
    people.act("wang", str(case.id), "solve", timezone.now(), answer="今天上午换了灯头，晚上亮了。")

    stranger = browser.new_context(viewport={"width": size, "height": 850}, locale="zh-CN").new_page()
    stranger.goto(link)  # the link alone is enough: another browser, no cookies
    assert "今天上午换了灯头" in stranger.inner_text(".timeline")
    for answer in ("是", "解决了", "满意"):
        stranger.locator(".rate-answer", has_text=re.compile(f"^\\s*{answer}\\s*$")).click()
    look(stranger, tmp_path, f"6-rate-{size}")
    press(stranger, "评价")
    look(stranger, tmp_path, f"7-rated-{size}")
    assert "事项到此结束" in stranger.inner_text("main")
    case.refresh_from_db()
    assert (case.stage, case.result, case.tier) == ("closed", "solved", "grid")
    assert case.fields["satisfied"] == "satisfied" and case.fields["contacted"] is True
    assert not wrong, wrong


def test_reporting_works_without_a_script(people: Cast, browser: Browser, live_server: Any) -> None:
    page = browser.new_context(
        viewport={"width": 390, "height": 850}, locale="zh-CN", java_script_enabled=False
    ).new_page()
    page.goto(f"{live_server.url}/report/request/")
    page.get_by_label("反映的事情").fill("井盖松动")
    page.locator("summary", has_text="市政设施").click()
    page.locator("label.choice", has_text="井盖").click()
    press(page, "下一步：在哪里")
    page.get_by_label("镇街").select_option(label="甲街道")
    press(page, "选好了，列出下一级")
    page.get_by_label("社区").select_option(label="甲一社区")
    press(page, "下一步：怎么找您")
    press(page, "提交")
    assert Case.objects.get().place == standing.area("320402001001").path
