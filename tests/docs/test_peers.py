"""The table of what peers have: whole, with tests that exist, and with everything that is needed."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (\d+) \| ([^|]+)\| ([^|]*)\| ([^|]+)\| ([^|]+)\| `([^`]+)` \|$")


def rows() -> list[tuple[str, ...]]:
    text = (ROOT / "docs/reference/peers.md").read_text(encoding="utf-8")
    return [tuple(part.strip() for part in m.groups()) for m in map(ROW.match, text.splitlines()) if m]


def test_all_forty_four_rows_are_there() -> None:
    assert [int(r[0]) for r in rows()] == list(range(1, 45))


def test_whatever_is_needed_is_there() -> None:
    assert [r[1] for r in rows() if r[2] == "yes" and r[3] != "yes"] == []


def test_each_row_names_a_test_that_exists() -> None:
    for number, what, *_, test in rows():
        file, _, name = test.partition("::")
        assert (ROOT / file).is_file(), f"row {number} ({what}): no file {file}"
        if name:
            assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), f"row {number}: no test {name}"
