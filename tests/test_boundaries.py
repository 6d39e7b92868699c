"""What import-linter cannot see: names, places and hidden clocks."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "linli"

ROOMS = {
    "config",
    "web",
    "insight",
    "features",
    "ledger",
    "people",
    "places",
    "packs",
    "rehearsal",
    "drafting",
    "kernel",
}
DRAWERS = {"common", "utils", "util", "helpers", "helper", "misc", "shared", "tools"}
# Anything that reads the time or rolls dice behind the caller's back.
HIDDEN_CALLS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "random", "uuid1", "uuid4", "getenv"}


def test_nothing_is_called_common_utils_or_helpers() -> None:
    found = [p.relative_to(ROOT) for folder in ("src", "tests", "benchmarks") for p in (ROOT / folder).rglob("*")]
    drawers = [str(path) for path in found if path.stem.lower() in DRAWERS and path.suffix in ("", ".py")]
    assert not drawers, f"{drawers}: name a module after what it knows; a drawer ends up importing everything."


def test_packs_hold_data_and_not_a_line_of_python() -> None:
    python = [
        str(path.relative_to(ROOT)) for path in (SOURCE / "packs").rglob("*.py*") if "__pycache__" not in str(path)
    ]
    assert not python, f"{python}: a pack is text that officials read; what it needs computed belongs in the kernel."


def test_no_room_is_added_by_accident() -> None:
    rooms = {path.name for path in SOURCE.iterdir() if path.name not in ("__init__.py", "__pycache__", "py.typed")}
    strangers = sorted(rooms - ROOMS)
    assert not strangers, (
        f"src/linli/{strangers}: not a room of the design; add it to .importlinter and here, with a decision."
    )


def test_the_kernel_never_asks_for_the_time_or_for_chance() -> None:
    complaints = []
    for path in sorted((SOURCE / "kernel").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in HIDDEN_CALLS:
                # `when.time()` reads a value we were given; `datetime.time()` or `time.time()` would not.
                owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
                if node.func.attr != "time" or owner == "time":
                    complaints.append(f"{path.relative_to(ROOT)}:{node.lineno}: {owner}.{node.func.attr}()")
    assert not complaints, f"{complaints}: take the time as an argument."
