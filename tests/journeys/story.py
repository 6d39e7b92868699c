"""A long story at the pages: a small town under one pack, a clock that is moved on, and its people one after the other.

What people do they do in Chromium; what nobody does (a day passing, the calendar opening a case) the worker's own
functions do. Screenshots at both sizes lie under the test's temporary folder (pytest --basetemp=FOLDER keeps them).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linli.ledger import due, outbox, recurring
from linli.ledger.models import Case, Entry, Message
from linli.people import acts as people
from linli.people.models import Person
from tests.journeys.steps import form, look, press, sign_in
from tests.packs.city import City, moment

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

PHONE, DESK = {"width": 390, "height": 850}, {"width": 1440, "height": 900}


class Clock:
    """What time it is in the story; the server asks it as well."""

    def __init__(self, start: str) -> None:
        self.now = moment(start)

    def __call__(self) -> datetime:
        return self.now

    def until(self, text: str) -> None:
        """Time passes: the calendar opens what is due, clocks run out, messages go, as the worker sees to it."""
        assert moment(text) >= self.now, "time does not run back"
        self.now = moment(text)
        recurring.open_due(self.now)
        while due.sweep(self.now):
            pass
        while outbox.deliver(self.now):
            pass


class Story:
    """The people of one town at the pages; ``at`` the given moment each."""

    def __init__(self, town: City, clock: Clock, browser: Browser, site: str, folder: Path) -> None:
        self.town, self.clock, self.browser, self.site, self.folder = town, clock, browser, site, folder
        self.wrong: list[str] = []
        self.seen: set[str] = set()
        for key in town.ids:
            people.create_account(key, Person.objects.get(id=town.ids[key]), "cast-password")

    def resident(self, key: str, name: str, phone: str) -> None:
        """Somebody without any duty, with an account."""
        person = people.create_person(name, self.clock.now, phone=phone)
        self.town.ids[key] = str(person.id)
        people.create_account(key, person, "cast-password")

    def look(self, page: Page, name: str) -> None:
        """The page at both sizes, once under each name; neither may be wider than its screen."""
        if name in self.seen:
            return
        self.seen.add(name)
        for size in (DESK, PHONE):
            page.set_viewport_size({"width": size["width"], "height": size["height"]})
            look(page, self.folder, f"{len(self.seen):02}-{name}-{size['width']}")

    def become(self, key: str, path: str = "") -> Page:
        """Sign in, look at where they begin, and go to ``path``."""
        size: Any = PHONE
        page = self.browser.new_context(viewport=size, locale="zh-CN").new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda fault: self.wrong.append(str(fault)))
        sign_in(page, self.site, key)
        if path:
            page.goto(self.site + path)
        return page

    def case(self, key: str, number: int, *said: str) -> Page:
        """The case as ``key`` sees it, with these words on screen."""
        page = self.become(key, f"/cases/{number}/")
        case = Case.objects.get(number=number)
        self.look(page, f"{case.institution}-{case.stage}")
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
        self.send(page, here)
        done = Entry.objects.filter(case__number=number).order_by("seq").values_list("act", flat=True)
        assert act in done, page.inner_text("main")[:800]
        return page

    def send(self, page: Page, here: Locator) -> None:
        """Send a form and wait for the answer."""
        with page.expect_navigation():
            here.locator("button:not([type=button])").last.click()

    def start(self, key: str, kind: str, **filled: str) -> Page:
        """``key`` starts a matter of their own office; the page that comes back, in order or not."""
        page = self.become(key, f"/start/?kind={kind}")
        self.look(page, f"start-{kind}")
        here = page.locator("main form[method=post]").last
        for name, words in filled.items():
            fill(here, name, words)
        self.send(page, here)
        return page


def fill(here: Locator, name: str, words: str) -> None:
    """Type, choose or tick: whatever the control of ``name`` is."""
    typed = here.locator(f"textarea[name='{name}'], input[name='{name}']:not([type=radio]):not([type=checkbox])")
    chosen = here.locator(f"select[name='{name}']")
    if chosen.count():
        chosen.first.select_option(label=words)
    elif typed.count():
        typed.first.fill(words)
    else:
        here.locator(f"label.choice:has(input[name='{name}'])", has_text=words).first.click()


def number_of(page: Page) -> int:
    """The number in the address of a case page."""
    return int(page.url.rstrip("/").rsplit("/", 1)[1].partition("?")[0])


def told(case: Case, who: str) -> Sequence[str]:
    """What the case told the person ``who`` (an id), oldest first, as far as it arrived."""
    sent = Message.objects.filter(case=case, person=who).order_by("id")
    return [m.text("zh") for m in sent]


__all__ = ["Clock", "Story", "fill", "form", "number_of", "press", "told"]
