"""The measurements themselves."""

from __future__ import annotations

import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import quote_plus, urlencode

from django.db import connection

from benchmarks import cases, load, rawpg, real
from benchmarks.site import SOURCE, server, session

SECONDS = 8.0


def line(what: str, figure: str, beside: str = "") -> None:
    """One row of the report."""
    print(f"  {what:<58} {figure:>18}   {beside}", flush=True)


def check(quick: bool) -> None:
    """Checking the shipped packs."""
    from linli.drafting.check import check_files
    from linli.drafting.load import read_folder

    print("Checking a pack")
    for name in ("national", "changzhou"):
        files = read_folder(SOURCE / "packs", name)
        began = time.perf_counter()
        findings = check_files(files, name)[1]
        took = time.perf_counter() - began
        line(f"check {name} ({len(findings)} findings)", f"{took:.2f} s", f"target ≤ 1 s: {took:.2f} of it")


def http(quick: bool) -> None:
    """Durable requests over HTTP beside raw PostgreSQL writing the same rows, and an empty page."""
    seconds = 2.0 if quick else SECONDS
    print("\nDurable requests over HTTP (Open311 POST)")
    body = f"service_code=lighting&description={quote_plus('东门路 18 号门口的路灯三天不亮了，晚上老人走路看不见')}"
    body += "&address_id=320402001001001&phone=19900000001&first_name=" + quote_plus("李桂英")
    request = load.post("/open311/v2/requests.json", body.encode())
    with server() as port:
        load.run(port, 4, 1.0, lambda n: request)  # warm: plans prepared, registry in memory
        for connections in (1, 8, 32):
            empty = load.run(port, connections, seconds / 2, lambda n: load.get("/empty"))
            posted = load.run(port, connections, seconds, lambda n: request)
            raw = rawpg.rate(connections, seconds / 2)
            bound = 1 / (1 / empty.rate + 1 / raw)
            beside = (
                f"raw PostgreSQL {raw:,.0f}/s · empty page {empty.rate:,.0f}/s · {posted.rate / bound:.0%} of the bound"
            )
            line(
                f"{connections:>2} connections, p99 {posted.percentile(0.99):.1f} ms", f"{posted.rate:,.0f} /s", beside
            )
            if posted.wrong:
                raise SystemExit(f"{posted.wrong} wrong answers, first: {posted.first_wrong!r}")
    print("  target: ≥ 1 500 /s at 8 connections, and ≥ 45 % of the bound 1/(1/empty + 1/raw)")


def acts(quick: bool) -> None:
    """Acts on cases, inside the server: lock, mandates, decide, write, commit."""
    from linli.ledger import act as ledger
    from linli.ledger.models import Case
    from linli.people import registry

    print("\nActs on a case (server time)")
    count = 200 if quick else 2000
    now = datetime.now(UTC)
    cases.make(count, now, closed=0.0)
    snapshot = registry.fresh()
    picked = list(Case.objects.filter(stage="found").order_by("-number")[:count].values_list("id", "holder_path"))
    seconds = []
    for case, path in picked:
        person = snapshot.held["grid_worker", path][0].person
        began = time.perf_counter()
        done = ledger.act(str(case), "pass_up", {"reason": "现场看过，要供电部门来"}, person, now)
        seconds.append(time.perf_counter() - began)
        if not isinstance(done, ledger.Receipt):
            raise SystemExit(str(done))
    answers = load.Answers(seconds, elapsed=sum(seconds))
    figure = f"p50 {answers.percentile(0.5):.2f} ms, p99 {answers.percentile(0.99):.2f} ms"
    line("pass up", f"{answers.rate:,.0f} /s", f"{figure} · target p50 ≤ 3 ms, p99 ≤ 15 ms")


def _sweep_all(now: datetime) -> tuple[int, float, float]:
    """One worker: sweep until nothing is due; (fired, when it began, when it ended) without its own start-up."""
    from linli.config import startup

    startup.setup_django()
    from linli.ledger import due

    began, fired = time.time(), 0
    while count := due.sweep(now, 500):
        fired += count
    return fired, began, time.time()


def sweep(quick: bool) -> None:
    """Overdue clocks fired, by one worker and by two."""
    print("\nDue clocks")
    count = 2_000 if quick else 100_000
    for workers in (1, 2):
        share = count // 10 if workers == 1 else count
        now = datetime.now(UTC)
        cases.make(share, now, closed=0.0)
        later = now + timedelta(hours=25)
        with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
            done = list(pool.map(_sweep_all, [later] * workers))
        fired = sum(d[0] for d in done)
        took = max(d[2] for d in done) - min(d[1] for d in done)
        beside = f"target 100 000 in ≤ 60 s: this pace takes {100_000 * took / max(1, fired):.0f} s"
        line(f"{fired:,} fired by {workers} worker(s)", f"{fired / took:,.0f} /s", beside)


SOUGHT = "楼道"
"""What is searched for: a word of every seventh made-up case."""


def pages(quick: bool) -> None:
    """Queue, search and case page with permissions on, at 10 000 and 200 000 cases."""
    print("\nPages with permissions on (4 connections)")
    sizes = (1_000, 3_000) if quick else (10_000, 200_000)
    first: dict[str, float] = {}
    for size in sizes:
        _top_up(size)
        measure_pages(size, sizes[0], 1.0 if quick else 4.0, first)
    print("  peers' staff list at 10 000 / 100 000: django-helpdesk 179 / 410 ms, Signalen 597 / 607 ms (medians)")


def measure_pages(size: int, smallest: int, seconds: float, first: dict[str, float]) -> None:
    """Queue, search and case page at each of three levels; ``first`` keeps the p99 at the smallest size."""
    grid, number = _busiest()
    who = {
        "grid worker": f"grid_worker-{grid}",
        "street": f"street_officer-{grid[:9]}000",
        "district": f"district_officer-{grid[:6]}000000",
    }
    with server() as port:
        for name, account in who.items():
            cookie = session(account)
            here = "/field/" if "grid" in name else "/desk/"
            for path, what in (
                (here, "queue"),
                (f"{here}{'cases/' if 'grid' in name else ''}?{urlencode({'tab': 'all', 'q': SOUGHT})}", "search"),
                (f"/cases/{number}/", "case"),
            ):
                request = load.get(path, cookie)
                load.run(port, 4, 0.5, lambda n, r=request: r)
                got = load.run(port, 4, seconds, lambda n, r=request: r)
                if got.wrong:
                    raise SystemExit(f"{path}: {got.first_wrong!r}")
                p50, p99 = got.percentile(0.5), got.percentile(0.99)
                growth = p99 / first.setdefault(f"{name} {what}", p99)
                beside = f"{got.rate:,.0f} /s · target p99 ≤ 50 ms · {growth:.2f}× of {smallest:,}"
                line(f"{size:>7,} cases, {what} of the {name}", f"p50 {p50:.1f}, p99 {p99:.1f} ms", beside)


def _busiest() -> tuple[str, int]:
    """The grid with the most cases, and its newest case."""
    from django.db.models import Count, Max

    from linli.ledger.models import Case
    from linli.people import registry

    snapshot = registry.fresh()
    most = Case.objects.values("place").annotate(n=Count("pk"), newest=Max("number")).order_by("-n")
    place, newest = next((p, r["newest"]) for r in most if (p := snapshot.by_path[r["place"]]).kind == "grid")
    return place.code, newest


def _top_up(size: int) -> None:
    from linli.ledger.models import Case

    cases.make(max(0, size - Case.objects.count()), datetime.now(UTC), seed=size)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def replay(quick: bool) -> None:
    """Real requests with their real times, if LINLI_BENCH_REQUESTS names a CSV of them (GeoReport columns)."""
    path = os.environ.get("LINLI_BENCH_REQUESTS")
    if not path:
        print("\nReplay: set LINLI_BENCH_REQUESTS to a CSV with the columns of GeoReport v2 to run it")
        return
    from linli.ledger.models import Case, Entry

    print(f"\nReplay of {path}")
    began = time.perf_counter()
    count = real.replay(path, datetime.now(UTC), 2_000 if quick else None)
    took = time.perf_counter() - began
    line(f"{count:,} requests, {Entry.objects.count():,} acts and clocks", f"{count / took:,.0f} /s", f"{took:.0f} s")
    line("still open", f"{Case.objects.filter(ended=None).count():,}")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    measure_pages(count, count, 1.0 if quick else 4.0, {})
