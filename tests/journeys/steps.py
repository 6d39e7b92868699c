"""What people do in a browser: look, press, sign in, do an act."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


def look(page: Page, folder: Path, name: str) -> None:
    """A screenshot of the whole page, which must not be wider than the screen."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.screenshot(path=folder / f"{name}.png", full_page=True)
    assert wide <= 0, f"{name} is {wide} px wider than the screen"


def press(page: Page, words: str) -> None:
    """Press the button with these words and wait for the answer."""
    page.get_by_role("button", name=words, exact=True).first.click()
    page.wait_for_load_state()


def sign_in(page: Page, site: str, username: str, password: str = "cast-password") -> None:
    """Sign in with name and password, as at a real site."""
    page.goto(f"{site}/sign-in/")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", password)
    press(page, "登录")


def form(page: Page, act: str) -> Locator:
    """The form of an act on a case page, unfolded."""
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    return page.locator(f"form[action$='/acts/{act}/']").first


def fill(act: Locator, name: str, words: str) -> None:
    """Type, choose or tick: whatever the control of the field ``name`` is."""
    typed = act.locator(f"textarea[name='{name}'], input[name='{name}']:not([type=radio]):not([type=checkbox])")
    chosen = act.locator(f"select[name='{name}']")
    if chosen.count():
        chosen.first.select_option(label=words)
    elif typed.count():
        typed.first.fill(words)
    else:
        act.locator(f"label.choice:has(input[name='{name}'])", has_text=words).first.click()


def send(page: Page, act: Locator) -> None:
    """Send an act's form and wait for the answer."""
    with page.expect_navigation():
        act.locator("button:not([type=button])").last.click()
