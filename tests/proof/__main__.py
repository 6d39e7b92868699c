"""The long runs: ``python -m tests.proof [agree|fuzz|mutate] [--count N] [--first SEED] [--jobs N]``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from typing import Any

from tests.drafting import fuzz
from tests.proof import agreement, mutations

BATCH = 250


def spread(task: Callable[..., Any], first: int, count: int, jobs: int, *more: Any) -> Iterator[Any]:
    """What ``task(first, count, *more)`` gives for batches of seeds, on ``jobs`` processes."""
    starts = range(first, first + count, BATCH)
    sizes = [min(BATCH, first + count - start) for start in starts]
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(task, starts, sizes, *(repeat(m) for m in more))


def add_up(parts: Iterator[Any], whole: Any, total: int) -> Any:
    """The sum of the parts, with a line on stderr now and then."""
    began = time.monotonic()
    for n, part in enumerate(parts, 1):
        whole.add(part)
        if n % 40 == 0:
            sys.stderr.write(f"{min(n * BATCH, total)} of {total}, {time.monotonic() - began:.0f} s\n")
    return whole


def main() -> int:
    """Exit status 1 when the proof fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__)
    parser.add_argument("what", nargs="?", default="agree", choices=("agree", "fuzz", "mutate"))
    parser.add_argument("--count", type=int, help="institutions (200000) or texts (100000); mutations: all")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--of", default="", help="mutations of files whose path begins so alone: changzhou/request/")
    parser.add_argument("--without", help="no mutations of files whose path begins so")
    given = parser.parse_args()
    if given.what == "mutate":
        return mutations.report(given.count, given.jobs, given.of, given.without)
    if given.what == "fuzz":
        count = given.count or 100_000
        parts = spread(fuzz.run, given.first, count, given.jobs, mutations.shipped())
        outcome = add_up(parts, fuzz.Outcome(), count)
        wrong = outcome.faults
    else:
        count = given.count or 200_000
        outcome = add_up(spread(agreement.run, given.first, count, given.jobs), agreement.Tally(), count)
        wrong = [f"seed {seed}: {text}" for seed, text in outcome.differing]
    print("\n".join([*outcome.lines(), *wrong[:100]]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
