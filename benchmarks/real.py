"""Requests that really happened, told again: opened when they were, worked on by the clocks, closed when they were.

The whole span is moved so that the last request is of now; every interval stays as it was. A limit counted in working
days is a limit of as many days here, valid for ever, because no calendar reaches back far enough.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from benchmarks import cases

LONGEST = timedelta(days=14)
"""A case that was closed later is told as closed then: what the clocks do further is more of the same."""
WORDS = {
    "pothole": "roads", "street": "roads", "light": "lighting", "graffiti": "advertising", "trash": "sanitation",
    "litter": "sanitation", "parking": "parking", "vehicle": "parking", "tree": "greening", "sign": "traffic",
    "sewer": "drainage", "rodent": "sanitation", "animal": "pets", "building": "building_repair", "snow": "roads",
}  # fmt: skip


def replay(path: str, now: datetime, most: int | None) -> int:
    """Tell the requests of the CSV at ``path`` (at most ``most``); returns how many there were."""
    from linli.ledger.definitions import runtime
    from linli.people import registry

    rt = runtime()
    pack = replace(rt.pack, parameters={n: tuple(map(_in_days, v)) for n, v in rt.pack.parameters.items()})
    grids = sorted((p for p in registry.fresh().places.values() if p.kind == "grid"), key=lambda p: p.code)
    rows = list(_rows(path, most))
    shift = now - max(opened for opened, _, _ in rows)
    batch, done = [], 0
    for opened, closed, row in rows:
        grid = grids[zlib.crc32(f"{float(row['lat']):.2f},{float(row['long']):.2f}".encode()) % len(grids)]
        end = min(closed, opened + LONGEST) if closed else None
        batch.append((grid, _story(pack, row, opened + shift, end + shift if end else None, now)))
        if len(batch) == 500:
            cases.write(batch)
            done, batch = done + len(batch), []
    cases.write(batch)
    return done + len(batch)


def _in_days(value):  # type: ignore[no-untyped-def]
    unit = {"working_day": "day", "working_hour": "hour"}.get(value.unit, value.unit)
    return replace(value, unit=unit, calendar="always", from_=date(2000, 1, 1))


def _rows(path: str, most: int | None) -> Iterator[tuple[datetime, datetime | None, dict[str, str]]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        for n, row in enumerate(csv.DictReader(file)):
            if most is not None and n >= most:
                return
            opened = datetime.fromisoformat(row["requested_datetime"])
            closed = datetime.fromisoformat(row["updated_datetime"]) if row["status"] == "closed" else None
            yield opened, max(opened, closed) if closed else None, row


def _story(pack, row, opened, closed, now):  # type: ignore[no-untyped-def]
    import uuid_utils.compat as uuids

    from linli.kernel.decide import Decision, decide, fire, open_case
    from linli.kernel.refusal import Who

    institution = pack.institutions["request"]
    service = row["service_name"].lower()
    category = next((code for word, code in WORDS.items() if word in service), "other")
    data = {"text": f"{row['service_name']}: {row['status_notes'] or '-'}"[:2000], "category": category}
    data |= {"address": row["address"][:200]} if row["address"].strip() else {}
    me = Who(None, frozenset({"reporter"}))
    steps = [open_case(pack, institution, str(uuids.uuid7()), data, me, opened)]

    def clocks(until: datetime) -> None:
        if not isinstance(steps[-1], Decision):
            raise SystemExit(f"a replayed story is refused: {steps[-1]}; {row}")
        while (due := steps[-1].case.next_due()) and due[1] <= until:
            steps.append(fire(pack, institution, steps[-1].case, *due))

    clocks(closed or min(now, opened + LONGEST))
    if closed:
        holder = steps[-1].case.holder
        name = "reply" if holder == "district" else "solve"
        answer = {"answer": "已到现场处理好了"} | ({} if holder == "grid_worker" else {"result": "solved"})
        staff = Who(str(uuids.uuid7()), frozenset({holder, "holder"}))
        steps.append(decide(pack, institution, steps[-1].case, name, answer, staff, closed))
        clocks(min(now, closed + timedelta(days=30)))
    return steps
