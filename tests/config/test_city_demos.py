"""Four cities' demos: real places, every duty held, every institution lived through by people who hold the duties."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from linli.config import cli_demo
from linli.config.demo import crowd
from linli.config.demo.city_files import FOLDER, cities, document
from linli.config.demo.load import DAYS, load_demo
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Pack
from linli.ledger import definitions, queries, verify
from linli.ledger.models import Case, Detail, Entry, Message
from linli.ledger.visible import viewer
from linli.people import registry
from linli.people.models import Account, Duty, Person

NOW = datetime(2026, 11, 18, 10, 15, tzinfo=SHANGHAI)  # a Wednesday
RATERS = {"reviewer", "supervisor", "contact_cadre", "contact_liaison"}
"""Duties that act beside the holder: they see matters without holding one."""


@pytest.fixture(scope="module", params=cities())
def city(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A city's demo, loaded once for this file's tests and swept away afterwards."""
    with django_db_blocker.unblock():
        registry.forget()
        definitions.forget()
        load_demo(NOW, request.param)
        yield request.param
        call_command("flush", interactive=False, verbosity=0)
    registry.forget()
    definitions.forget()


pytestmark = pytest.mark.django_db


def pack() -> Pack:
    return definitions.runtime().pack


def cast(name: str) -> list[dict[str, Any]]:
    members: list[dict[str, Any]] = document(name, "city")["cast"]
    return members


def test_there_are_the_cities_of_the_five_articles() -> None:
    assert [cli_demo.FIRST, *cities()] == ["changzhou", "changzhi", "chaoyang", "futian", "nenjiang"]
    for name in cities():
        assert cli_demo.chosen(name) == (name, None)
    assert cli_demo.chosen(None) == ("changzhou", None)


@pytest.mark.parametrize("name", cities())
def test_places_are_real(name: str, real_data: Path) -> None:
    known = {}
    for path in (real_data / "admin_divisions").glob(f"{name}_*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                known[f"{row['areaCode']}000000"] = row["area"]
                known[f"{row['streetCode']}000"] = row["street"]
                known[row["village_code12"]] = re.sub(r"居委会|居民委员会|村委会$", "", row["village"])
    rows = crowd.areas(document(name, "city"))
    real = [r for r in rows if r["kind"] in ("district", "street", "community")]
    assert len(real) >= 10 and len({r["code"] for r in rows}) == len(rows)
    for row in real:
        said = known[row["code"]]
        assert row["name"] == said or row["name"] == f"{said}村", row


def test_every_duty_is_held_and_one_seat_is_vacant(city: str) -> None:
    vacant = document(city, "city")["vacant"]
    assert sum(len(codes) for codes in vacant.values()) >= 1
    assert set(Duty.objects.values_list("duty", flat=True)) == {
        d.name
        for d in pack().duties.values()
        if any(p.kind in d.at for p in registry.fresh().places.values())
        or any(u.kind in d.at for u in registry.fresh().units.values())
    }
    levels = {r.at for i in pack().institutions.values() for r in i.roles.values()} - {"unit"}
    assert levels <= {p.kind for p in registry.fresh().places.values()}
    for duty, codes in vacant.items():
        for code in codes:
            path = registry.fresh().places[str(code)].path
            assert not Duty.objects.filter(duty=duty, path=path).exists()
            assert Duty.objects.filter(duty=duty).exists()


def test_every_role_of_every_institution_finds_somebody(city: str) -> None:
    held = set(Duty.objects.values_list("duty", flat=True))
    for institution in pack().institutions.values():
        for role in institution.roles.values():
            assert role.duty in held, (institution.name, role.name)


def test_nothing_in_it_accuses_anybody_of_tampering(city: str) -> None:
    assert verify.verify(NOW).faults == []


def test_every_institution_is_lived_through(city: str) -> None:
    roots = Case.objects.filter(parent=None).count()
    assert roots >= 60, roots
    seen: Counter[str] = Counter(Case.objects.values_list("institution", flat=True))
    ended = set(Case.objects.exclude(ended=None).values_list("institution", flat=True))
    running = set(Case.objects.filter(ended=None).values_list("institution", flat=True))
    without = set(document(city, "matters").get("without", []))
    own = {n: i for n, i in pack().institutions.items() if i.mark.file.startswith(f"{city}/") or seen[n]}
    for name, institution in own.items():
        assert bool(seen[name]) != (name in without), f"write a matter of {name}, or name it under `without`"
        assert name in without or name in ended, f"no {name} has ended"
        opens_ended = institution.stages[institution.open.to or ""].end
        if institution.parties[institution.raised_by].who != "case" and name not in without and not opens_ended:
            assert name in running, f"no {name} is open"


def test_the_stages_of_a_request_are_all_there(city: str) -> None:
    request = pack().institutions["request"]
    been = {e for case in Case.objects.filter(institution="request") for e in _stages(case)}
    assert set(request.stages) - been <= {"parked"}, set(request.stages) - been


def _stages(case: Case) -> set[str]:
    return {case.stage, *(str(e["to"]) for entry in case.entries.all() for e in entry.events if e.get("to"))}


def test_it_happened_before_now_and_nothing_due_is_left(city: str) -> None:
    moments = [e.at for e in Entry.objects.all()]
    assert min(moments) >= NOW - timedelta(days=DAYS + 1) and max(moments) <= NOW
    assert Case.objects.filter(ended=None, next_due__lte=NOW).count() == 0


def test_nobody_is_written_to(city: str) -> None:
    assert not Message.objects.exclude(state="delivered").exists()
    for person in Person.objects.all():
        assert re.fullmatch(r"1990000\d{4}", person.phone) and person.email.endswith(".example")
    names = list(Person.objects.values_list("name", flat=True))
    assert len(set(names)) == len(names)
    assert not any(a.has_usable_password() for a in Account.objects.all())


def test_everybody_of_the_cast_has_work(city: str) -> None:
    for member in cast(city):
        account = Account.objects.get(username=member["key"])
        who = viewer(str(account.person_id), registry.fresh(), NOW)
        if member["duty"] == "resident":
            mine = Case.objects.filter(reporter=account.person_id)
            assert mine.exclude(ended=None).exists() and mine.filter(ended=None).exists()
        elif member["duty"] in RATERS:
            assert queries.listing(who, queries.Filters(state="open"), NOW).rows, member["key"]
        else:
            assert queries.queue(who, NOW).rows, member["key"]


def test_texts_are_the_citys_own_and_call_nobody(city: str) -> None:
    texts = Counter(str(c.fields["text"]) for c in Case.objects.filter(parent=None) if "text" in c.fields)
    assert [t for t, n in texts.items() if n > 1] == []
    for other in set(cities()) - {city}:
        path = FOLDER / other / "matters.yaml"
        assert not [t for t in texts if t in path.read_text(encoding="utf-8")]
    for detail in Detail.objects.all():
        assert not re.search(r"(?<!\d)1[3-8]\d{9}(?!\d)", str(detail.data))


def test_the_same_moment_gives_the_same_matters(city: str) -> None:
    before = list(Case.objects.order_by("number").values_list("institution", "stage", "opened"))
    call_command("flush", interactive=False, verbosity=0)
    registry.forget()
    definitions.forget()
    load_demo(NOW, city)
    assert list(Case.objects.order_by("number").values_list("institution", "stage", "opened")) == before
