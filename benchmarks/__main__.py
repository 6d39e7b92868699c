"""`make bench`: every figure beside its limit or its peer, in one run.

make bench                       everything (about eight minutes on two cores)
make bench ARGS="http acts"      some parts: http acts sweep pages check replay
make bench ARGS="--quick"        smaller amounts, to see that it runs
"""

from __future__ import annotations

import argparse
import os
import platform

from benchmarks import parts
from benchmarks.site import site

PARTS = ("check", "http", "acts", "sweep", "pages", "replay")


def main() -> None:
    """Parse the words, bring up a site, and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    chosen = args.parts or PARTS
    print(f"Linli benchmarks on {os.cpu_count()} processors, Python {platform.python_version()}\n")
    with site():
        for name in PARTS:
            if name in chosen:
                getattr(parts, name)(args.quick)


if __name__ == "__main__":
    main()
