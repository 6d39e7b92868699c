"""The people of a place at the pages, one after the other; every page they see is looked at once, at both sizes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from linli.ledger.models import Case, Entry
from tests.journeys.steps import fill, form, look, send, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES = (1440, 390)


class Player:
    """Plays one act after the other at ``site``; ``wrong`` holds what went wrong in the pages' own scripts."""

    def __init__(self, browser: Browser, site: str, folder: Path) -> None:
        self.browser, self.site, self.folder = browser, site, folder
        self.wrong: list[str] = []
        self.seen: set[str] = set()

    def enter(self, page: Page, key: str) -> None:
        """Sign in; with name and password unless the site has another way."""
        sign_in(page, self.site, key)

    def look(self, page: Page, name: str) -> None:
        """The page at both sizes, once under each name; neither may be wider than its screen."""
        if name in self.seen:
            return
        self.seen.add(name)
        for size in SIZES:
            page.set_viewport_size({"width": size, "height": 850})
            look(page, self.folder, f"{len(self.seen):02}-{name}-{size}")

    def become(self, key: str, path: str = "") -> Page:
        """Enter as ``key``, look at where they begin, and go to ``path``."""
        page = self.browser.new_context(viewport={"width": 390, "height": 850}, locale="zh-CN").new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda fault: self.wrong.append(str(fault)))
        self.enter(page, key)
        self.look(page, f"{key}-home")
        if path:
            page.goto(self.site + path)
        return page

    def case(self, key: str, number: int, *said: str) -> Page:
        """The case as ``key`` sees it, with these words on screen."""
        page = self.become(key, f"/cases/{number}/")
        case = Case.objects.get(number=number)
        self.look(page, f"{key}-{case.institution}-{case.stage}")
        words = page.inner_text("main")
        for word in said:
            assert word in words, f"{word} is not on {key}'s page of {number}:\n{words[:800]}"
        return page

    def act(self, key: str, number: int, act: str, *said: str, **filled: str) -> Page:
        """``key`` does an act on the case's page, each field filled in by its kind."""
        page = self.case(key, number, *said)
        here = form(page, act)
        for name, words in filled.items():
            fill(here, name, words)
        entries = Entry.objects.filter(case__number=number)
        before = entries.latest("seq").seq
        send(page, here)
        done = entries.filter(seq__gt=before).values_list("act", flat=True)
        assert act in done, page.inner_text("main")[:800]
        return page
