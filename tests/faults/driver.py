"""The people of the fault test, in a process of their own that may be killed too: `python -m tests.faults.driver`.

setup            the standing cast in a new database
acts LOG         open cases and act on them for ever; a line goes to LOG for each act the ledger acknowledged
check LOG…       whether every acknowledged act is in the ledger, as JSON
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from linli.config import startup

NAMES = {"王晓燕": "wang", "陈丽萍": "chen", "周永明": "zhou", "赵立新": "zhao", "孙志远": "sun", "李桂英": "li"}
NEXT: dict[str, tuple[str, str, dict[str, Any]]] = {
    "found": ("wang", "pass_up", {"reason": "灯杆没有电"}),
    "collected": ("chen", "pass_up", {"reason": "社区没有权限"}),
    "raised": ("zhou", "whistle", {"units": ["power", "housing"], "reason": "一起去"}),
    "gathered": ("zhou", "reply", {"answer": "修好了", "result": "solved"}),
    "answered": ("li", "confirm", {"contacted": "是", "solved": "solved", "satisfied": "satisfied"}),
}
"""Stage → who does what there."""
OLDEST = 60
"""Days. Cases opened as of then have clocks that ran out long ago: work for the worker."""


def setup() -> None:
    """Tables, pack and people."""
    with startup.site() as where:
        from tests import cast

        startup.migrate(where)
        cast.make()


class Log:
    """Acknowledged acts, one JSON line each, in the file before the next act begins."""

    def __init__(self, path: Path) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def add(self, **said: Any) -> None:
        """One line, in one write."""
        os.write(self.file, (json.dumps(said) + "\n").encode())


class People:
    """They open lamp cases, now and long ago, and carry some of them through, in no particular order."""

    def __init__(self, log: Log) -> None:
        from linli.people.models import Person
        from tests.cast import GRID_A, area

        self.ids = {NAMES[p.name]: str(p.id) for p in Person.objects.filter(name__in=NAMES)}
        self.place, self.log, self.dice = area(GRID_A).path, log, random.Random()
        self.live: list[tuple[str, str]] = []
        """(case, kind): ``request`` or the unit it was called for."""

    def step(self) -> None:
        """One act of somebody."""
        if len(self.live) < 5 or self.dice.random() < 0.4:
            self._open()
        else:
            self._continue(self.live.pop(self.dice.randrange(len(self.live))))

    def _open(self) -> None:
        from linli.ledger import act as ledger

        old = self.dice.random() < 0.5
        now = datetime.now(UTC) - timedelta(days=self.dice.uniform(2, OLDEST) if old else 0)
        opening = ledger.Opening("request", self.place, ledger.Reporter(self.ids["li"]))
        done = ledger.open(opening, {"text": "路灯不亮", "category": "lighting"}, now)
        self._noted("open", done)
        if isinstance(done, ledger.Receipt) and not old:
            self.live.append((done.id, "request"))

    def _continue(self, which: tuple[str, str]) -> None:
        from linli.ledger import act as ledger
        from linli.ledger.models import Case

        case, kind = which
        stage = Case.objects.values_list("stage", flat=True).get(id=case)
        if kind == "request":
            who, act, data = NEXT.get(stage, (None, "", {}))
        else:
            who = "zhao" if kind == "power" else "sun"
            act, data = ("accept", {}) if stage == "called" else ("respond", {"answer": "修好了"})
        if who is None:
            return
        done = ledger.act(case, act, data, self.ids[who], datetime.now(UTC))
        self._noted(act, done)
        if isinstance(done, ledger.Receipt) and not done.case.ended:
            self.live.append(which)
            self.live += [(id, child.unit) for id, child in done.case.children.items() if act == "whistle"]

    def _noted(self, act: str, done: Any) -> None:
        from linli.ledger.act import Receipt

        if isinstance(done, Receipt):
            self.log.add(act=act, case=done.id, number=done.number, seq=done.case.seq)


def acts(path: Path) -> None:
    """Act for ever, through a database that comes and goes."""
    from django.db import InterfaceError, OperationalError, connections
    from psycopg import Error

    with startup.site():
        people = People(Log(path))
        while True:
            try:
                people.step()
            except (OperationalError, InterfaceError, Error):
                connections.close_all()
                time.sleep(0.1)


def acknowledged(paths: list[Path]) -> Iterator[dict[str, Any]]:
    """Every whole line; the last one of a process killed while it wrote may be torn."""
    for path in paths:
        for line in path.read_text().splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                continue


def check(paths: list[Path]) -> None:
    """Print what is missing, and how much there was to miss."""
    with startup.site():
        from linli.kernel.case import ClockFired
        from linli.ledger.models import Case, Entry

        entries = {(str(c), s): a for c, s, a in Entry.objects.values_list("case_id", "seq", "act").iterator()}
        numbers = dict(Case.objects.values_list("number", "id"))
        found: dict[str, Any] = {"acts": 0, "posts": 0, "missing": []}
        by_kind: defaultdict[str, int] = defaultdict(int)
        for said in acknowledged(paths):
            there = entries.get((said.get("case"), said["seq"])) == said["act"]
            if said["act"] == "post":
                there = said["number"] in numbers and _says(numbers[said["number"]], said["text"])
            found["posts" if said["act"] == "post" else "acts"] += 1
            by_kind[said["act"]] += 1
            if not there:
                found["missing"].append(said)
        fired = Entry.objects.filter(events__contains=[{"e": ClockFired.__name__}]).count()
        overdue = Case.objects.filter(next_due__lte=datetime.now(UTC)).count()
        print(json.dumps({**found, "fired": fired, "overdue": overdue, "kinds": by_kind}))


def _says(case: Any, text: str) -> bool:
    from linli.ledger.models import Detail

    return bool(Detail.objects.get(case_id=case, seq=1).data["text"] == text)


if __name__ == "__main__":
    command, *names = sys.argv[1:]
    if command == "setup":
        setup()
    elif command == "acts":
        acts(Path(names[0]))
    else:
        check([Path(name) for name in names])
