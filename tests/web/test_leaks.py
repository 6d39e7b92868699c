"""Nothing personal leaves: marked words in every field that is not public, and a search of all that can be got.

Two towns under two packs. Everybody, from a visitor to the supervisor, asks for every address there is and follows
every link; messages, webhooks, calendars, exports and files are read as well. Of the log: test_log_lines.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from linli.drafting.load import load, read_folder
from linli.features.calendars import acts as calendars
from linli.features.webhooks import acts as webhooks
from linli.features.webhooks.models import Delivery
from linli.ledger import act as ledger
from linli.ledger import announce, definitions, outbox, privacy, visible
from linli.ledger.models import Case, Message
from linli.people import acts as people
from linli.people import registry
from linli.people.models import Person
from linli.web.page import attachments
from tests.cast import GRID_A, GRID_B, PACKS, Cast, area
from tests.packs import test_admission_list as futian
from tests.packs.city import City
from tests.web.leaks import NEVER, Marks, Planter, addresses, fetch_all, text_of
from tests.web.photos import SECRET_WORDS, photo

MINUTE = timedelta(minutes=1)
TOP = {"tang", "qian", "xu"}
STREET_A = {"wang", "chen", "zhou", "wu"} | TOP
STREET_B = {"bob_grid", "bob_community", "bob_street"} | TOP
REQUEST = {"party": {"li"} | STREET_A, "handler": STREET_A, "supervisor": {"xu"}, "sealed": {"xu"}}
CHANGZHOU = {
    "lamp": REQUEST,
    "called": {"handler": {"zhao"} | STREET_A},
    "divided": REQUEST,
    "part": {"handler": STREET_A},
    "accused": {"party": {"teller", "zhou", "wu"} | TOP, "handler": {"zhou", "wu"} | TOP},
    "other": {"party": {"stranger"} | STREET_B, "handler": STREET_B},
    "tip": {"party": {"charlie"} | STREET_A, "handler": STREET_A},
}
"""Case → class of field → who may read it. `teller` has no account, only the secret link of their case."""

LOOKERS = ("li", "stranger", "charlie", "wang", "chen", "zhou", "wu", "xu", "zhao", "sun", "bob_street")

MORE_FIELDS = """
  watch:  {type: text, max: 500, class: supervisor, title: {zh: 督查底稿, en: Supervision notes}}
  secret: {type: text, max: 500, class: sealed, opens_to: [supervisor], title: {zh: 密封材料, en: Sealed}}
"""


@dataclass(slots=True)
class World:
    """What was planted, and everybody who looks for it: key → (pages, API, addresses only they know)."""

    marks: Marks
    cases: dict[str, Case]
    lookers: dict[str, tuple[Client, Client, dict[str, list[str]]]] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)

    def look(self, key: str, person: str | None, account: Any, secrets: Iterable[str] = ()) -> None:
        pages, api = Client(raise_request_exception=False), Client(raise_request_exception=False)
        own: dict[str, list[str]] = {"secret": [*secrets, "nobody"], "token": ["nobody"]}
        if person is not None:
            self.people[key] = person
            own["token"] = [calendars.address(person)]
        if account is not None:
            pages.force_login(account)
            token = people.create_token(account, "leaks", timezone.now())
            api = Client(raise_request_exception=False, HTTP_AUTHORIZATION=f"Bearer {token}")
        self.lookers[key] = pages, api, own


@pytest.fixture(autouse=True)
def outside(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT, settings.WEBHOOK_INTRANET = tmp_path / "media", True
    announce.forget()
    yield
    announce.forget()


def changed(name: str, change: Callable[[dict[str, bytes]], None]) -> None:
    """Put the shipped pack in force with a change."""
    files = dict(read_folder(PACKS, name))
    change(files)
    pack, findings = load(files, name)
    assert pack is not None and not findings, findings
    definitions.publish(pack, timezone.now())
    definitions.forget()


def with_more_classes(files: dict[str, bytes]) -> None:
    path = "changzhou/request/institution.yaml"
    text = files[path].decode().replace("\nfields:\n", f"\nfields:{MORE_FIELDS}", 1)
    before = "    by: supervisor\n    needs: [note]\n    counts: supervision\n"
    assert before in text
    files[path] = text.replace(before, before.replace("[note]\n", "[note]\n    may: [watch, secret]\n")).encode()


def town(cast: Cast) -> World:
    """Changzhou: a request whistled, answered and reopened, one divided, one against a unit, a tip; one next door."""
    changed("changzhou", with_more_classes)
    webhooks.subscribe("http://127.0.0.1:9/hook", (), (), "", "", timezone.now())
    announce.forget()
    world, now = World(Marks(), {}), timezone.now() - timedelta(hours=5)
    marks = world.marks
    for key, name in (("li", "暗名甲"), ("stranger", "暗名乙"), ("charlie", "暗名丙")):
        Person.objects.filter(id=cast.id(key)).update(name=name, email=f"secret-{key}@example.org")
        reads = {"li": STREET_A, "stranger": STREET_B, "charlie": STREET_A}[key]
        marks.readers |= {name: {key} | reads, f"secret-{key}@example.org": {key}}
    marks.readers |= {"19900000001": {"li"}, "暗名丁": {"teller", "zhou", "wu"} | TOP, "19911112222": {"teller"}}
    marks.readers |= {"secret-teller@example.org": {"teller"}, SECRET_WORDS: set(NEVER), "SpyPhone": set(NEVER)}
    plant = Planter(marks, CHANGZHOU, {k: cast.id(k) for k in cast.people}, world.cases)
    hidden = marks.new(NEVER, "redacted")
    lamp(cast, plant, hidden, now)
    teller = ledger.Reporter(name="暗名丁", phone="19911112222", email="secret-teller@example.org")
    opening = ledger.Opening("request", area(GRID_A).path, teller)
    plant.open("accused", "request", opening, now, category="community_affairs", accused=["community-a"])
    plant.act("accused", "zhou", "remark", now + MINUTE)
    stranger = ledger.Reporter(person=cast.id("stranger"))
    plant.open("other", "request", ledger.Opening("request", area(GRID_B).path, stranger), now, category="lighting")
    plant.act("other", "bob_grid", "remark", now + MINUTE)
    rider = ledger.Reporter(person=cast.id("charlie"))
    picture = stored("tip", "photos", now)
    plant.open("tip", "tip", ledger.Opening("tip", area(GRID_A).path, rider), now, photos=[picture])
    plant.act("tip", "wang", "verify", now + MINUTE)
    for key in LOOKERS:
        own = [world.cases["lamp"].secret] if key == "li" else []
        world.look(key, cast.id(key), cast.accounts[key], own)
    world.look("teller", str(world.cases["accused"].reporter_id), None, [world.cases["accused"].secret])
    world.look("", None, None)
    return world


def lamp(cast: Cast, plant: Planter, hidden: str, now: datetime) -> None:
    """The request that goes the whole way, and another that is divided."""
    li = ledger.Reporter(person=cast.id("li"))
    opening = ledger.Opening("request", area(GRID_A).path, li)
    shown = plant.marks.new(REQUEST["party"], "lamp.said")
    picture = stored("request", "photos", now)
    said = {"category": "lighting", "text": f"{shown}路灯不亮{hidden}", "photos": [picture]}
    case = plant.open("lamp", "request", opening, now, **said)
    eyes = visible.viewer(cast.id("wang"), registry.current(), now)
    assert isinstance(privacy.redact(str(case.id), [hidden], "隐去姓名", eyes, now), privacy.Done)
    for key, act in (("wang", "remark"), ("wang", "pass_up"), ("chen", "tell"), ("chen", "pass_up")):
        plant.act("lamp", key, act, now)
    plant.act("lamp", "xu", "supervise", now)
    plant.act("lamp", "zhou", "whistle", now, units=["power"])
    plant.marks.also({"zhao"}, "lamp.said", "lamp.address", "lamp.task")
    plant.numbers["called"] = Case.objects.get(parent=case)
    for key, act in (("zhao", "object"), ("qian", "dismiss"), ("zhao", "remark"), ("zhao", "respond")):
        plant.act("called", key, act, now)
    plant.act("lamp", "zhou", "reply", now, result="solved")
    plant.act("lamp", "li", "not_solved", now)
    plant.act("lamp", "chen", "extend", now, until=(now + timedelta(days=20)).date().isoformat())
    plant.act("lamp", None, "add", now)
    plant.act("lamp", "chen", "park", now, review_on=(now + timedelta(days=90)).date().isoformat())
    plant.open("divided", "request", opening, now, category="lighting")
    plant.act("divided", "chen", "divide", now)
    plant.numbers["part"] = Case.objects.filter(parent=plant.numbers["divided"]).order_by("number")[0]
    for key, act in (("chen", "remark"), ("chen", "pass_up"), ("zhou", "done")):
        plant.act("part", key, act, now, **({"result": "solved"} if act == "done" else {}))


def stored(institution: str, name: str, now: datetime) -> str:
    """A photo whose EXIF says where and with what it was taken."""
    return attachments.store([photo()], definitions.runtime().pack.institutions[institution].fields[name], now)[0]


def leaks(world: World, top: str = "xu") -> list[str]:
    """Who gets which mark that they may not read, and where; ``top`` knows the names of all figures."""
    pages, api, _ = world.lookers[top]
    assert pages.get("/command/").status_code == 200
    figures = [f["name"] for f in api.get("/api/v1/figures").json()["items"]]
    shared = {
        "number": [str(c.number) for c in world.cases.values()],
        "id": [str(f) for c in world.cases.values() for f in c.attachments.values_list("id", flat=True)],
        "name": [*definitions.runtime().pack.institutions, *figures[:3]],
        "act": ["remark", "solve"],
        "audience": ["public", "units", "reporter"],
        "format": ["json", "xml"],
        "code": ["lighting"],
        "rest": ["nothing"],
    }
    wrong = []
    for key, (pages, api, own) in world.lookers.items():
        known = shared | own | {"id": [*shared["id"], *(str(c.number) for c in world.cases.values())]}
        begin = [*addresses(known), *exports(world)]
        for address, body in fetch_all(pages, api, begin):
            said = body.replace(quote(address), "").replace(address, "")  # what was asked comes back in a redirect
            wrong += [f"{key or 'anybody'} at {address}: {mark}" for mark in world.marks.found(key, said)]
        for address, body in sent(world, pages, api):
            wrong += [f"{key or 'anybody'} posting to {address}: {mark}" for mark in world.marks.found(key, body)]
    return wrong


def exports(world: World) -> Iterator[str]:
    for work in ("desk", "field", "department", "command"):
        for kind in ("csv", "xlsx"):
            yield f"/{work}/cases/?tab=all&export={kind}" if work != "desk" else f"/desk/?tab=all&export={kind}"
    yield from ("/open311/bulk.csv", "/open311/v2/requests.json?extensions=true", "/api/v1/cases?limit=200")
    yield from (f"/desk/intake/earlier/?phone={phone}" for phone in ("19900000001", "19911112222"))


def sent(world: World, pages: Client, api: Client) -> Iterator[tuple[str, str]]:
    """What comes back when something is sent that is refused."""
    for case in world.cases.values():
        for address in (f"/cases/{case.number}/acts/solve/", f"/cases/{case.number}/acts/nonsense/"):
            yield address, text_of(pages.post(address, {"seq": "1"}))
        address = f"/api/v1/cases/{case.number}/acts/solve"
        yield address, text_of(api.post(address, {"data": {"nothing": 1}}, content_type="application/json"))
        yield "/follow/", text_of(pages.post("/follow/", {"number": str(case.number), "last": "0000"}))


def told(world: World) -> list[str]:
    """Marks in messages that go to somebody who may not read them, and in what leaves by webhook."""
    while outbox.deliver(timezone.now()):
        pass
    keys = {person: key for key, person in world.people.items()}
    wrong = []
    for message in Message.objects.exclude(channel="webhook").select_related("person"):
        if message.person_id is not None:
            receivers = [keys.get(str(message.person_id), "")]
        else:
            receivers = [k for k, p in world.people.items() if _reached(p, message.path)]
        body = str(message.body) + message.text("zh") + message.text("en")
        for key in receivers:
            wrong += [f"message {message.seq} to {key}: {mark}" for mark in world.marks.found(key, body)]
    by_mail = {f"secret-{k}@example.org": k for k in ("li", "stranger", "charlie", "teller")}
    for letter in mail.outbox:
        body = f"{letter.subject}{letter.body}{getattr(letter, 'alternatives', '')}"
        wrong += [f"letter to {letter.to}: {mark}" for mark in world.marks.found(by_mail[letter.to[0]], body)]
    bodies = [str(row) for row in Delivery.objects.values()]
    assert bodies, "webhooks were sent"
    wrong += [f"webhook: {mark}" for body in bodies for mark in world.marks.found("", body)]
    return wrong


def _reached(person: str, path: str | None) -> bool:
    held = registry.current().duties(person, timezone.localdate())
    return any(h.path == path for h in held)


def test_nothing_leaks_in_changzhou(cast: Cast) -> None:
    world = town(cast)
    planted = {"request", "response", "part", "tip"}
    pack = definitions.runtime().pack
    texts = {(i, f.name) for i in planted for f in pack.institutions[i].fields.values() if f.type in ("text", "items")}
    texts = {(i, n) for i, n in texts if pack.institutions[i].fields[n].class_ != "public"}
    rare = {("response", "address"), ("response", "text"), ("response", "task"), ("part", "address")}  # handed down
    rare |= {("part", "problem"), ("tip", "answer")}
    assert texts - world.marks.fields - rare == set(), "every text that is not public holds a mark"
    wrong = [*leaks(world), *told(world)]
    assert not wrong, "\n".join(sorted(set(wrong))[:40])
    everybody = {m: r for m, r in world.marks.readers.items() if r and m.startswith("暗")}
    seen = {m for key in ("xu", "li", "zhou", "charlie", "stranger") for m in read_by(world, key)}
    assert set(everybody) - seen == set(), "what may be read is there to be read, or the search proves nothing"


NEAR = {"liang", "sun", "zheng", "party", "shi", "wu", "mai"}
FUTIAN = {
    "asked": {"party": {"yu", "huang"} | NEAR, "handler": {"huang"} | NEAR},
    "refused": {"party": NEAR},
    "given": {"public": {"market"} | NEAR, "party": {"market"} | NEAR},
}
"""A refusal and a task are no matters of the public, so not even their public fields are for everybody."""


def test_nothing_leaks_in_futian(db: None) -> None:
    city = City(
        "futian", futian.AREAS, [*futian.POSTS, ("liu", "community_officer", futian.OTHER)], ["market", "statistics"]
    )
    now = timezone.now() - timedelta(hours=5)
    for key, name, phone in (("yu", "暗名戊", "19933334444"), ("ling", "外人", "")):
        city.ids[key] = str(people.create_person(name, now, phone=phone).id)
    world = World(Marks(), {}, people=dict(city.ids))
    world.marks.readers |= {"暗名戊": {"yu", "huang"} | NEAR, "19933334444": {"yu"}}
    plant = Planter(world.marks, FUTIAN, city.ids, world.cases)
    webhooks.subscribe("http://127.0.0.1:9/hook", (), (), "", "", timezone.now())
    announce.forget()
    opening = ledger.Opening("request", area(futian.AREAS[-1][0]).path, ledger.Reporter(person=city.ids["yu"]))
    plant.open("asked", "request", opening, now, category="lighting")
    steps = [
        ("huang", "remark"),
        ("huang", "pass_up"),
        ("liang", "submit"),
        ("party", "deliberate"),
        ("zheng", "report"),
    ]
    for key, act in [*steps, ("party", "decide")]:
        plant.act("asked", key, act, now)
    plant.act("asked", "liang", "solve", now, result="solved")
    mine = ledger.Reporter(person=city.ids["liang"])
    opening = ledger.Opening("refusal", area(futian.COMMUNITY).path, mine, by=city.ids["liang"])
    plant.open("refused", "refusal", opening, now, rule="not_admitted")
    plant.act("refused", "mai", "stop", now)
    item, sender = futian.entered(city), ledger.Reporter(person=city.ids["market"])
    place, unit = area(futian.COMMUNITY).path, futian.unit("market")
    opening = ledger.Opening("assignment", place, sender, by=city.ids["market"], unit=unit)
    day = futian.moment("2026-04-20 10:00")
    plant.open("given", "assignment", opening, day, item=str(item.number), due_on="2026-05-29")
    for key, act in (("liang", "accept"), ("liang", "report")):
        plant.act("given", key, act, day)
    for key in ("yu", "ling", "huang", "liang", "liu", "zheng", "shi", "mai", "wu", "market", "statistics"):
        account = people.create_account(key, Person.objects.get(id=city.ids[key]), "cast-password")
        world.look(key, city.ids[key], account, [world.cases["asked"].secret] if key == "yu" else [])
    world.look("", None, None)
    wrong = [*leaks(world, "wu"), *told(world)]
    assert not wrong, "\n".join(sorted(set(wrong))[:40])
    seen = {m for key in ("shi", "yu", "market") for m in read_by(world, key)}
    assert set(world.marks.where) - seen == set(), "what may be read is there to be read"


def read_by(world: World, key: str) -> set[str]:
    """The marks that ``key`` does read on the cases' own pages."""
    pages = world.lookers[key][0]
    bodies = "".join(text_of(pages.get(f"/cases/{c.number}/")) for c in world.cases.values())
    return {m for m in world.marks.readers if m in bodies}


# --- the search finds what is published wrongly


def test_the_search_finds_a_field_that_is_declared_public_by_mistake(cast: Cast) -> None:
    world = town(cast)

    def careless(files: dict[str, bytes]) -> None:
        with_more_classes(files)
        path = "changzhou/request/institution.yaml"
        files[path] = files[path].replace(b"max: 20000, class: party", b"max: 20000, class: public")

    changed("changzhou", careless)
    opened = ledger.Opening("request", area(GRID_A).path, ledger.Reporter(person=cast.id("li")))
    mark = world.marks.new(REQUEST["party"], "text")
    done = ledger.open(opened, {"text": mark, "category": "lighting"}, timezone.now())
    assert isinstance(done, ledger.Receipt)
    world.lookers = {"": world.lookers[""], "xu": world.lookers["xu"]}
    wrong = [*leaks(world), *told(world)]
    assert any(mark in w and "webhook" in w for w in wrong), "it left the house"


def plainly(clearance: str, case: Case, is_open: bool = False) -> dict[str, str] | None:
    person = case.reporter
    return {"name": person.name, "phone": person.phone, "email": person.email} if person else None


@pytest.mark.parametrize(
    ("who", "broken"),
    [
        ("li", {"fields": lambda institution, level, values, roles=(): dict(values)}),
        ("li", {"clearance": lambda *given, **named: "supervisor"}),
        ("wang", {"reporter_contact": plainly}),
        ("bob_street", {"visible": lambda who: Case.objects.all(), "rank_on": lambda pack, held, case: 2}),
    ],
    ids=["fields", "clearance", "contact", "foreign"],
)
def test_the_search_finds_a_broken_rule(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, who: str, broken: dict[str, Any]
) -> None:
    world = town(cast)
    for name, wrong in broken.items():
        monkeypatch.setattr(visible, name, wrong)
    visible.condition.cache_clear()
    world.cases = {n: c for n, c in world.cases.items() if n in ("lamp", "called")}
    world.lookers = {k: v for k, v in world.lookers.items() if k in (who, "xu")}
    assert any(w.startswith(who) for w in leaks(world))
