"""Many cases, made by the real kernel and written by the real statement, in batches."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

TEXTS = (  # what residents write
    "路灯三天不亮了，晚上老人走路看不见", "楼道里堆满了旧家具，走不过去", "小区门口积水，下雨就到膝盖",
    "楼下烧烤店油烟直往家里灌", "电瓶车在楼道里充电，太危险", "健身器材坏了半年没人修", "垃圾桶满了两天没人清",
)  # fmt: skip


def make(count: int, now: datetime, spread_days: int = 300, closed: float = 0.9, seed: int = 1) -> None:
    """Open ``count`` requests over the ``spread_days`` before ``now``; the share ``closed`` is solved and rated.

    The rest is left open at its first stage with a clock that runs from ``now`` on.
    """
    from linli.ledger.definitions import runtime
    from linli.people import registry

    rng = random.Random(seed)
    snapshot = registry.fresh()
    grids = [p for p in snapshot.places.values() if p.kind == "grid"]
    categories = [n for n, c in runtime().pack.lists["request_categories"].items() if c.group]
    for start in range(0, count, 500):
        batch = [_story(rng, grids, categories, now, spread_days, closed) for _ in range(min(500, count - start))]
        write(batch)


def _story(rng, grids, categories, now, spread_days, closed):  # type: ignore[no-untyped-def]
    from linli.kernel.decide import Decision, decide, open_case
    from linli.kernel.refusal import Who
    from linli.ledger.definitions import runtime

    rt = runtime()
    institution = rt.institution("request")
    grid = rng.choice(grids)
    is_closed = rng.random() < closed
    at = now - timedelta(minutes=rng.randrange(60 * 24, 60 * 24 * spread_days)) if is_closed else now
    data = {"text": f"{rng.choice(TEXTS)}（{rng.randrange(10**6)}）", "category": rng.choice(categories)}
    import uuid_utils.compat as uuids

    steps = [open_case(rt.pack, institution, str(uuids.uuid7()), data, Who(None, frozenset({"reporter"})), at)]
    if is_closed:
        worker = Who(str(uuids.uuid7()), frozenset({"grid_worker"}))
        for act, what, who in (
            ("solve", {"answer": "已到现场处理好了"}, worker),
            (
                "confirm",
                {"contacted": "是", "solved": "solved", "satisfied": "satisfied"},
                Who(None, frozenset({"reporter"})),
            ),
        ):
            at += timedelta(hours=rng.randrange(1, 10))
            steps.append(decide(rt.pack, institution, steps[-1].case, act, what, who, at))
    if not all(isinstance(s, Decision) for s in steps):
        raise SystemExit(f"the benchmark's own story is refused: {steps}")
    return grid, steps


def write(batch) -> None:  # type: ignore[no-untyped-def]
    """Write (grid, decisions) pairs: each case with its entries, in one transaction."""
    import secrets

    from django.db import transaction

    from linli.ledger import chain, store
    from linli.ledger.definitions import runtime
    from linli.ledger.mandates import Where
    from linli.ledger.rows import Context, row
    from linli.people import registry

    rt, snapshot = runtime(), registry.current()
    opened, continued = [], []
    for grid, steps in batch:
        context = Context(rt.pack, rt.institution("request"), Where(grid.path), snapshot)
        prev, stage = chain.START, None
        for number, step in enumerate(steps):
            written = row(context, step.entry, step.case, prev, stage)
            prev, stage = written.hash, step.case.stage
            if number:
                continued.append(store.values(written))
                continue
            static = dict.fromkeys(("parent_id", "unit", "accused", "reporter_id", "source", "external"))
            static |= {"secret": secrets.token_urlsafe(12), "institution": "request", "version": step.case.version}
            static |= {"place": grid.path, "new_person": False, "name": "", "phone": "", "email": "", "channel": "web"}
            static |= {"reported": step.entry.at, "opened": step.entry.at, "registry": snapshot.version}
            opened.append(store.values(written) | static)
    with transaction.atomic():
        store.cursor().executemany(store.OPEN, opened)
        if continued:
            store.cursor().executemany(store.CONTINUE, continued)
