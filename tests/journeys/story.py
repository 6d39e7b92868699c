"""A long story at the pages: a small town under one pack, a clock that is moved on, and its people one after the other.

What people do they do in Chromium; what nobody does (a day passing, the calendar opening a case) the worker's own
functions do. Screenshots at both sizes lie under the test's temporary folder (pytest --basetemp=FOLDER keeps them).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from linli.ledger import due, outbox, recurring
from linli.ledger.models import Case, Message
from linli.people import acts as people
from linli.people.models import Person
from tests.journeys.player import Player
from tests.journeys.steps import fill, send
from tests.packs.city import City, moment

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


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


class Story(Player):
    """The people of one town at the pages; ``at`` the given moment each."""

    def __init__(self, town: City, clock: Clock, browser: Browser, site: str, folder: Path) -> None:
        super().__init__(browser, site, folder)
        self.town, self.clock = town, clock
        for key in town.ids:
            people.create_account(key, Person.objects.get(id=town.ids[key]), "cast-password")

    def resident(self, key: str, name: str, phone: str) -> None:
        """Somebody without any duty, with an account."""
        person = people.create_person(name, self.clock.now, phone=phone)
        self.town.ids[key] = str(person.id)
        people.create_account(key, person, "cast-password")

    def start(self, key: str, kind: str, **filled: str) -> Page:
        """``key`` starts a matter of their own office; the page that comes back, in order or not."""
        page = self.become(key, f"/start/?kind={kind}")
        self.look(page, f"start-{kind}")
        here = page.locator("main form[method=post]").last
        for name, words in filled.items():
            fill(here, name, words)
        send(page, here)
        return page


def number_of(page: Page) -> int:
    """The number in the address of a case page."""
    return int(page.url.rstrip("/").rsplit("/", 1)[1].partition("?")[0])


def told(case: Case, who: str) -> Sequence[str]:
    """What the case told the person ``who`` (an id), oldest first, as far as it arrived."""
    sent = Message.objects.filter(case=case, person=who).order_by("id")
    return [m.text("zh") for m in sent]
