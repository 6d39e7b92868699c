"""Many open cases in every stage, made by the kernel and written by the ledger's own statements, in batches."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import uuid_utils.compat as uuids
from django.db import transaction

from linli.kernel.decide import Decision, decide, open_case
from linli.kernel.refusal import Who
from linli.ledger import chain, store
from linli.ledger.definitions import runtime
from linli.ledger.mandates import Where
from linli.ledger.rows import Context, row
from linli.people import registry
from tests.cast import GRID_A, NOW, Cast, area

HOUR = timedelta(hours=1)
LAMP = {"text": "路灯三天不亮了", "category": "lighting"}
UP = {"reason": "办不了"}
PARK = {"reason": "要排计划", "plan": "列入下月计划", "review_on": "2026-04-20"}
RATED = {"contacted": "是", "solved": "solved", "satisfied": "satisfied"}
Step = tuple[str, str, str, dict[str, Any]]

AT_COMMUNITY: list[Step] = [("wang", "grid_worker", "pass_up", UP)]
AT_STREET: list[Step] = [*AT_COMMUNITY, ("chen", "community", "pass_up", UP)]
AT_DISTRICT: list[Step] = [*AT_STREET, ("zhou", "street", "escalate", UP)]
SOLVED: Step = ("wang", "grid_worker", "solve", {"answer": "修好了"})
AGAIN: list[Step] = [
    ("li", "reporter", "not_solved", {"why": "又灭了"}),
    ("chen", "community", "solve", {"answer": "换了灯", "result": "solved"}),
]
PAUSE = {"addition": "请说明是哪一盏"}
EXTEND = {"delay": "等配件", "until": "2026-04-10"}

STORIES: dict[str, tuple[dict[str, Any], list[Step]]] = {
    "found": (LAMP, []),
    "found, with a kind": ({**LAMP, "kind": "report"}, []),
    "found, paused": (LAMP, [("wang", "grid_worker", "pause", PAUSE)]),
    "found, remarked": (LAMP, [("wang", "grid_worker", "remark", {"note": "去看过"})]),
    "collected": (LAMP, AT_COMMUNITY),
    "collected, extension asked": (LAMP, [*AT_COMMUNITY, ("chen", "community", "extend", EXTEND)]),
    "collected, parked": (LAMP, [*AT_COMMUNITY, ("chen", "community", "park", PARK)]),
    "raised": (LAMP, AT_STREET),
    "raised, paused": (LAMP, [*AT_STREET, ("zhou", "street", "pause", PAUSE)]),
    "raised, parked": (LAMP, [*AT_STREET, ("zhou", "street", "park", PARK)]),
    "overseen": (LAMP, AT_DISTRICT),
    "overseen, parked": (LAMP, [*AT_DISTRICT, ("tang", "district", "park", PARK)]),
    "answered": (LAMP, [SOLVED]),
    "answered twice": (LAMP, [SOLVED, *AGAIN]),
    "answered three times": (LAMP, [SOLVED, *AGAIN, *AGAIN]),
}


@dataclass(slots=True)
class Crowd:
    """Case ids by story."""

    ids: dict[str, list[str]]
    until: datetime

    def all(self) -> list[tuple[str, str]]:
        """(story, case id) of everybody."""
        return [(story, id) for story, found in self.ids.items() for id in found]


def make(cast: Cast, count: int, joint: int = 12) -> Crowd:
    """``count`` open requests spread over every story; of them ``joint`` with real called units, half gathered."""
    crowd = Crowd({name: [] for name in STORIES}, NOW + 8 * HOUR)
    names = list(STORIES)
    for start in range(0, count - joint, 250):
        batch = [names[n % len(names)] for n in range(start, min(start + 250, count - joint))]
        _write(cast, [(name, *_story(cast, name)) for name in batch], crowd)
    for number in range(joint):
        name = "joint" if number % 2 else "gathered"
        crowd.ids.setdefault(name, []).append(_called(cast, gathered=name == "gathered"))
    return crowd


def _story(cast: Cast, name: str) -> tuple[str, list[Decision]]:
    rt = runtime()
    institution = rt.institution("request")
    data, steps = STORIES[name]
    id, at = str(uuids.uuid7()), NOW
    who = Who(cast.id("li"), frozenset({"reporter"}))
    told: list[Any] = [open_case(rt.pack, institution, id, data, who, at)]
    for key, role, act, what in steps:
        at += HOUR
        assert isinstance(told[-1], Decision), told[-1]
        roles = {role} | ({"holder"} if told[-1].case.holder == role else set())
        told.append(decide(rt.pack, institution, told[-1].case, act, what, Who(cast.id(key), frozenset(roles)), at))
    assert all(isinstance(t, Decision) for t in told), (name, told[-1])
    return id, told


def _write(cast: Cast, batch: list[tuple[str, str, list[Decision]]], crowd: Crowd) -> None:
    rt, snapshot, place = runtime(), registry.fresh(), area(GRID_A).path
    context = Context(rt.pack, rt.institution("request"), Where(place), snapshot)
    opened, continued = [], []
    for name, id, steps in batch:
        prev, stage = chain.START, None
        crowd.ids[name].append(id)
        for number, step in enumerate(steps):
            written = row(context, step.entry, step.case, prev, stage)
            prev, stage = written.hash, step.case.stage
            if number:
                continued.append(store.values(written))
                continue
            static = dict.fromkeys(("parent_id", "unit", "accused", "source", "external"))
            static |= {"secret": secrets.token_urlsafe(12), "institution": "request", "version": step.case.version}
            static |= {"place": place, "new_person": False, "name": "", "phone": "", "email": "", "channel": "web"}
            static |= {"reported": step.entry.at, "opened": step.entry.at, "registry": snapshot.version}
            opened.append(store.values(written) | static | {"reporter_id": cast.id("li")})
    with transaction.atomic():
        store.cursor().executemany(store.OPEN, opened)
        store.cursor().executemany(store.CONTINUE, continued)


def _called(cast: Cast, gathered: bool) -> str:
    lamp = cast.lamp()
    cast.act("wang", lamp.id, "pass_up", NOW + HOUR, **UP)
    cast.act("chen", lamp.id, "pass_up", NOW + 2 * HOUR, **UP)
    done = cast.act("zhou", lamp.id, "whistle", NOW + 3 * HOUR, units=["power"], reason="一起去")
    if gathered:
        respond(cast, next(iter(done.case.children)), NOW + 4 * HOUR)
    return lamp.id


def respond(cast: Cast, child: str, at: datetime) -> None:
    """The power department accepts and answers."""
    cast.act("zhao", child, "accept", at)
    cast.act("zhao", child, "respond", at + HOUR, answer="修好了")
