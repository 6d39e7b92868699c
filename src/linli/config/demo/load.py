"""``load_demo``: fills an empty database with the demo by living its sixty days through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import click
from django.db import connection, transaction
from django.utils import timezone

import linli
from linli.config import environment
from linli.config.demo import content, crowd
from linli.config.demo.matters import Lives
from linli.config.demo.play import Player
from linli.config.demo.routes import Plan, Routes
from linli.config.demo.world import DemoError
from linli.drafting.load import load, read_folder
from linli.kernel.calendar import SHANGHAI, CalendarGap
from linli.kernel.institution import Pack
from linli.ledger import definitions, outbox
from linli.ledger.channels import EMAIL, SMS, Channel, LinesSms
from linli.ledger.models import Case
from linli.people import registry
from linli.people.models import Person
from linli.people.registry import Snapshot

PACK = "changzhou"
DAYS = 60
AHEAD = 30
"""Days after now for which the calendar must be known: a promise given now runs out by then, holidays included."""
SEED = 721


def load_demo(now: datetime | None = None, city: str = PACK) -> datetime:
    """Publish the pack, create the district, and live ``DAYS`` days up to ``now``; returns the instant it ends at.

    Without ``now`` it is the present, or the last instant that the pack's calendar covers, which is then said.
    The same ``now`` gives the same matters. Raises DemoError when a matter cannot be told as it is written, and
    CalendarGap when a given ``now`` is not covered.
    """
    pack = _publish(now or timezone.now(), city)
    ends = _covered(pack, now)
    dice = Random(SEED)  # noqa: S311  # a demo that is the same every time, no secret
    if city == PACK:
        _tianning(pack, ends, dice)
    else:
        _city(pack, city, ends, dice)
    return ends


@contextmanager
def _one_commit() -> Iterator[None]:
    """One transaction and nothing inside it to go back to: a third of the time went into ten thousand savepoints.

    Nobody else writes meanwhile, and a demo that fails anywhere is emptied and begun again.
    """
    features = connection.features
    before = features.uses_savepoints
    with transaction.atomic():
        features.uses_savepoints = False
        try:
            yield
        finally:
            features.uses_savepoints = before


def _city(pack: Pack, city: str, ends: datetime, dice: Random) -> None:
    """A city out of its own two files."""
    first = ends - timedelta(days=DAYS)
    with _one_commit():
        people = crowd.populate(city, pack, first)
    snapshot = registry.reload()
    with _one_commit(), outbox.Post(_kept_here(), at_once=outbox.ROUND) as post:
        Lives(definitions.runtime(), snapshot, city, people, first, ends, dice, post).live()


def _tianning(pack: Pack, ends: datetime, dice: Random) -> None:
    """The large district: three hundred written requests by their routes, then what the other institutions do."""
    with _one_commit():
        ids = content.populate(ends - timedelta(days=DAYS))
    snapshot = registry.reload()
    asks = content.asks(snapshot, ids, ends.date(), dice)
    routes = Routes(ends, DAYS, pack.calendars["office"], dice)
    plans = [routes.plan(ask) for ask in asks]
    favourites = [ids[key] for key in content.cast_keys()]
    # Nobody is written to: what would have left stands in a file.
    with _one_commit(), outbox.Post(_kept_here(), at_once=outbox.ROUND) as post:
        played = Player(definitions.runtime(), snapshot, favourites, dice, post).play(plans, ends)
        _as_their_routes_say(played)
        _others(snapshot, ids, ends, dice, post)


def _others(snapshot: Snapshot, ids: dict[str, str], ends: datetime, dice: Random, post: outbox.Post) -> None:
    residents = [row["key"] for row in content.table("people.csv") if row["kind"] == "resident"]
    staff = {row["key"] for row in content.table("people.csv") if row["kind"] == "staff"}
    people = crowd.Crowd(ids, residents, staff | set(content.cast_keys()))
    Lives(definitions.runtime(), snapshot, PACK, people, ends - timedelta(days=DAYS), ends, dice, post).live()


def _kept_here() -> dict[str, Callable[[], Channel]]:
    home = environment.home()

    class Mail(LinesSms):
        def address(self, person: Person) -> str:
            return person.email

    return {SMS: lambda: LinesSms(home / "demo-sms.jsonl"), EMAIL: lambda: Mail(home / "demo-mail.jsonl")}


def _publish(now: datetime, city: str) -> Pack:
    pack, findings = load(read_folder(Path(linli.__file__).parent / "packs", city), city)
    if pack is None or findings:
        raise DemoError("; ".join(f.line("en") for f in findings))
    definitions.publish(pack, now)
    return definitions.runtime().pack


def _covered(pack: Pack, now: datetime | None) -> datetime:
    office = pack.calendars["office"]
    ends = (now or timezone.now()).astimezone(SHANGHAI).replace(microsecond=0)
    try:
        office.is_working((ends + timedelta(days=AHEAD)).date())
    except CalendarGap as gap:
        if now is not None or not office.years:
            raise
        ends = datetime(max(office.years), 12, 1, 10, 30, tzinfo=SHANGHAI)
        click.echo(f"演示停在 {ends:%Y-%m-%d}：{gap.zh}\nThe demo ends at {ends:%Y-%m-%d}: {gap.en}", err=True)
    return ends


def _as_their_routes_say(played: list[tuple[Plan, str]]) -> None:
    reached = {str(c.id): c for c in Case.objects.filter(parent=None)}
    wrong = []
    for plan, id in played:
        case = reached[id]
        got = case.stage, case.result, case.tier
        if got != plan.ends:
            wrong.append(f"{plan.ask.route}: {got} instead of {plan.ends}: {plan.ask.item['text']}")
    if wrong:
        raise DemoError("\n".join(wrong))
