"""One street lamp, two residents, one answer, two ratings; then staff merge, gather a theme, and hide what is personal.

Screenshots lie under the test's temporary folder (pytest --basetemp=FOLDER keeps them).
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from linli.ledger import act as ledger
from linli.ledger import verify
from linli.ledger.models import Case
from tests.cast import Cast
from tests.journeys.steps import form, look, press, send, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HOUR = timedelta(hours=1)


def phone(browser: Browser, wrong: list[str], *, scripts: bool = True) -> Page:
    size: Any = {"width": 390, "height": 850}
    page = browser.new_context(viewport=size, locale="zh-CN", java_script_enabled=scripts).new_page()
    page.on("pageerror", lambda fault: wrong.append(str(fault)))
    return page


def rate(page: Page, solved: str) -> None:
    for answer in ("是", solved, "满意"):
        page.locator(".rate-answer", has_text=re.compile(f"^\\s*{answer}\\s*$")).click()
    press(page, "评价")


def report(page: Page, site: str, words: str) -> None:
    """The first two screens of a report, the second one without a script's help."""
    page.goto(f"{site}/report/request/")
    page.get_by_label("反映的事情").fill(words)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    page.locator("input[name=category][value=lighting]").last.check()
    press(page, "下一步：在哪里")
    for level, name in (("镇街", "甲街道"), ("社区", "甲一社区")):
        with page.expect_navigation():
            page.get_by_label(level).select_option(label=name)
    press(page, "下一步：怎么找您")


def test_a_neighbour_joins_and_both_are_answered(
    people: Cast, browser: Browser, live_server: Any, tmp_path: Path
) -> None:
    wrong: list[str] = []
    lead = people.lamp(timezone.now() - 2 * HOUR)
    page = phone(browser, wrong)
    report(page, live_server.url, "东门路路灯坏了，晚上看不见")
    assert "/same/" in page.url
    look(page, tmp_path, "1-same")
    press(page, "是同一件，办好也告诉我")
    look(page, tmp_path, "2-who")
    page.get_by_label("怎么称呼您").fill("老周")
    press(page, "提交")
    page.wait_for_url(re.compile("/c/.+/sent/"))
    look(page, tmp_path, "3-sent")
    own = Case.objects.get(number=int(page.locator("h1.number").inner_text()))
    assert (own.stage, str(own.lead_id)) == ("merged", lead.id)

    worker = phone(browser, wrong)
    sign_in(worker, live_server.url, "wang")
    worker.goto(f"{live_server.url}/cases/{lead.number}/")
    assert "另外 1 位反映人" in worker.inner_text("main")
    look(worker, tmp_path, "4-answer")
    here = form(worker, "solve")
    here.locator("[name=answer]").fill("换了灯头，晚上亮了。")
    send(worker, here)

    for secret, how in ((own.secret, "解决了"), (lead.secret, "没有解决")):
        mine = phone(browser, wrong)
        mine.goto(f"{live_server.url}/c/{secret}/")
        assert "换了灯头" in mine.inner_text(".timeline")
        if how == "解决了":
            look(mine, tmp_path, "5-rate")
            rate(mine, how)
        else:
            again = form(mine, "not_solved")
            again.locator("[name=why]").fill("我门口这盏还不亮")
            send(mine, again)
    stages = {c.number: c.stage for c in Case.objects.all()}
    assert stages == {own.number: "closed", lead.number: "collected"}
    assert verify.verify(timezone.now()).faults == [] and wrong == []


def test_staff_merge_gather_and_hide(people: Cast, browser: Browser, live_server: Any, tmp_path: Path) -> None:
    wrong: list[str] = []
    now = timezone.now()
    lead = people.lamp(now - 2 * HOUR)
    caller = ledger.Reporter(name="老周", phone="13912345678")
    told = {"text": "东门路的路灯三天不亮了，请打 13912345678", "category": "lighting"}
    other = people.opened(told, now - HOUR, reporter=caller)
    for n in range(3):
        people.opened({"text": f"晚上停不进车 {n}", "category": "parking"}, now - HOUR, reporter=ledger.Reporter())

    page = phone(browser, wrong)
    sign_in(page, live_server.url, "chen")
    page.goto(f"{live_server.url}/cases/{other.number}/")
    look(page, tmp_path, "1-alike")
    press(page, "并入这一件")
    assert str(Case.objects.get(id=other.id).lead_id) == lead.id
    look(page, tmp_path, "2-merged")

    page.goto(f"{live_server.url}/cases/{other.number}/")
    page.locator("form[action$='/contact/'] button").first.click()
    page.wait_for_load_state()
    assert page.locator("a[href='tel:13912345678']").count() == 1
    look(page, tmp_path, "3-phone")
    page.goto(f"{live_server.url}/cases/{other.number}/privacy/")
    page.get_by_label("13912345678").check()
    page.get_by_label("理由").first.fill("正文里有电话")
    look(page, tmp_path, "4-hide")
    press(page, "隐去")
    page.goto(f"{live_server.url}/cases/{other.number}/as/reporter/")
    assert "请打 ■■■" in page.inner_text("main")
    look(page, tmp_path, "5-others-see")

    page.goto(f"{live_server.url}/desk/?tab=all&category=parking")
    look(page, tmp_path, "6-list")
    page.get_by_label("全选本页").check()
    press(page, "选中的并入专题")
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    new = page.locator("form", has=page.locator("input[value='new:theme']"))
    new.get_by_label("专题名称").fill("甲一停车难")
    new.locator("select[name=category]").select_option("parking")
    new.get_by_label("难在哪里").fill("车位比车少")
    look(page, tmp_path, "7-bulk")
    press(page, "设立并把选中的并入")
    look(page, tmp_path, "8-gathered")
    assert "并入 3 件" in page.inner_text("main")
    theme = Case.objects.get(institution="theme")
    assert Case.objects.filter(lead=theme).count() == 3
    page.goto(f"{live_server.url}/cases/{theme.number}/")
    look(page, tmp_path, "9-theme")
    assert verify.verify(timezone.now()).faults == [] and wrong == []


def test_danger_comes_first_without_scripts(people: Cast, browser: Browser, live_server: Any, tmp_path: Path) -> None:
    wrong: list[str] = []
    page = phone(browser, wrong, scripts=False)
    page.goto(f"{live_server.url}/report/request/")
    look_plain(page, tmp_path, "1-what")
    page.get_by_label("反映的事情").fill("楼道里闻到燃气味")
    page.locator("details", has=page.locator("input[value=lighting]")).locator("summary").click()
    page.locator("input[name=category][value=lighting]").check()
    press(page, "下一步：在哪里")
    assert page.url.endswith("/danger/") and page.locator("a[href='tel:119']").is_visible()
    look_plain(page, tmp_path, "2-danger")
    press(page, "已经打了电话，或者没有危险，继续反映")
    assert page.url.endswith("/where/")


def look_plain(page: Page, folder: Path, name: str) -> None:
    page.screenshot(path=folder / f"{name}.png", full_page=True)
