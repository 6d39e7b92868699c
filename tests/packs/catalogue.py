"""Which entries of the catalogue the shipped scenarios cover, read off their headers."""

from __future__ import annotations

import re
from pathlib import Path

import linli.packs

PACKS = Path(linli.packs.__path__[0])
_COVERS = re.compile(r"^covers: \[([\d, ]+)\]$", re.MULTILINE)


def covered() -> dict[int, list[str]]:
    """Number → the scenarios whose header names it, as PACK/INSTITUTION/STORY, sorted."""
    found: dict[int, list[str]] = {}
    for file in sorted(PACKS.glob("*/*/scenarios/*.yaml")):
        header = _COVERS.search(file.read_text(encoding="utf-8"))
        for number in header[1].split(",") if header else ():
            found.setdefault(int(number), []).append(f"{file.parts[-4]}/{file.parts[-3]}/{file.stem}")
    return dict(sorted(found.items()))


def summary() -> list[str]:
    """The lines shown at the end of a test run: each entry with how many scenarios tell it."""
    entries = covered()
    files = {story for stories in entries.values() for story in stories}
    listed = [f"{number} ({len(stories)})" for number, stories in entries.items()]
    return [
        f"{len(entries)} entries of the catalogue are told by {len(files)} scenarios (entry, scenarios):",
        *(", ".join(listed[n : n + 16]) for n in range(0, len(listed), 16)),
    ]
