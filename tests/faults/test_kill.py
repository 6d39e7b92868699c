"""done-when 5: processes killed with -9 at random moments under load. Nothing acknowledged is lost, no clock fires
twice, and the ledger verifies. LINLI_TEST_KILLS=1000 makes it a long run.

The processes are real, on a database of their own: a server, two workers, people who act, residents who post. What
was acknowledged is what a client has in hand: a number over HTTP, a Receipt of the ledger.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from linli.config.embedded import EmbeddedPostgres
from tests.faults.site import DRIVER, LINLI, Site

VICTIMS = {
    "worker": 14,
    "second worker": 10,
    "server": 9,
    "server's own worker": 5,
    "people": 6,
    "a connection's process in PostgreSQL": 4,
    "postmaster": 2,
}
"""How often each is killed in fifty."""
PAUSE = (0.1, 1.2)
"""Seconds between two kills, at random: sometimes the next comes before the last has recovered."""
RESIDENTS = 3

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds processes in /proc, which only Linux has"),
]


@pytest.fixture
def home() -> Iterator[Path]:
    # Not pytest's tmp_path: its parents are closed to the user the database runs as when we are root.
    with tempfile.TemporaryDirectory(prefix="linli-faults-", ignore_cleanup_errors=True) as folder:
        path = Path(folder)
        path.chmod(0o711)
        yield path
        server = EmbeddedPostgres(path)
        server.start()
        server.stop()


def plan(kills: int, dice: random.Random) -> list[str]:
    """Whom to kill, in order; each kind in its share and at least once."""
    victims = [v for v, share in VICTIMS.items() for _ in range(max(1, round(share * kills / 50)))]
    dice.shuffle(victims)
    return victims


def test_nothing_acknowledged_is_lost_and_no_clock_fires_twice(home: Path) -> None:
    kills, seed = int(os.environ.get("LINLI_TEST_KILLS") or 50), random.randrange(2**32)
    dice = random.Random(seed)
    site = Site(home)
    site.run(*DRIVER, "setup")
    threads = [threading.Thread(target=site.keep_running)]
    threads += [threading.Thread(target=site.post, args=(n,)) for n in range(RESIDENTS)]
    for thread in threads:
        thread.start()
    killed: Counter[str] = Counter()
    began = time.monotonic()
    try:
        site.wait_until_it_serves()
        left = plan(kills, dice)
        while left:
            time.sleep(dice.uniform(*PAUSE))
            victim = site.kill_one(left)  # those that are still coming up take their turn later
            left.remove(victim)
            killed[victim] += 1
            if victim == "postmaster":  # PostgreSQL is started by whichever of our processes starts next
                site.kill_one(["worker", "second worker"])
        site.wait_until_it_serves()
        site.wait_until_posted(more_than=max(site.posted, kills))  # it accepts requests again, and was under load
    finally:
        site.stop()
        for thread in threads:
            thread.join()
    took = time.monotonic() - began

    site.run(*LINLI, "worker", "--once")
    report = json.loads(site.run(*LINLI, "verify", "--json"))
    found = site.check()
    print(
        f"seed {seed}: {killed.total()} kills in {took:.0f} s, {found['posts']} posts, {found['acts']} acts,", end=" "
    )
    print(f"{found['fired']} clocks fired, {report['cases']} cases; killed {dict(killed)}; acts {found['kinds']}")
    assert found["missing"] == [], f"acknowledged, but not in the ledger (seed {seed})"
    assert report["faults"] == [], f"seed {seed}"
    assert found["overdue"] == 0, "the worker catches up with everything that ran out meanwhile"
    assert killed.total() >= kills * 0.9
    assert found["posts"] > kills and found["acts"] > 5 * kills and found["fired"] > 5 * kills, "that was no load"
    assert found["kinds"].get("confirm", 0) > 0, "some went all the way"
