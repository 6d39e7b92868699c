"""A community officer drafts an institution, mends it where the page says, sees it drawn; without scripts too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client

from tests.cast import Cast
from tests.journeys.steps import look
from tests.web.test_draft import texts

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def signed_in(people: Cast, key: str) -> str:
    client = Client()
    client.force_login(people.accounts[key])
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.mark.parametrize(("size", "scripts"), [(390, True), (1440, True), (1440, False)])
def test_draft_mend_and_read(
    people: Cast, browser: Browser, live_server: Any, tmp_path: Path, size: int, scripts: bool
) -> None:
    context = browser.new_context(viewport={"width": size, "height": 900}, locale="zh-CN", java_script_enabled=scripts)
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": signed_in(people, "chen"), "url": live_server.url}
    context.add_cookies([cookie])
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda fault: wrong.append(str(fault)))
    page.goto(f"{live_server.url}/institutions/")
    page.get_by_role("link", name="检验一份草稿").click()
    typed = texts()
    broken = typed["institution"].replace("        answers: asker\n", "", 1)
    page.locator("#f-institution").fill(broken)
    page.locator("#f-parameters").fill(typed["parameters"])
    page.locator("#f-scenarios").fill(typed["scenarios"])
    look(page, tmp_path, f"1-typed-{size}-{scripts}")
    page.get_by_role("button", name="检验").click()
    page.wait_for_selector("#result")
    assert page.locator("#f-institution").input_value() == broken
    assert "silent-end" in page.inner_text("#result")
    assert "到了“办结”" in page.inner_text("#result")
    look(page, tmp_path, f"2-findings-{size}-{scripts}")
    page.locator("#f-institution").fill(typed["institution"])
    page.get_by_role("button", name="检验").click()
    page.wait_for_selector("#result .alert.done")
    assert page.locator("svg[role=img], .card svg").count() >= 1
    look(page, tmp_path, f"3-sound-{size}-{scripts}")
    assert not wrong
