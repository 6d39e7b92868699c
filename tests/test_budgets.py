"""Size is a cost the next reader pays. The budgets are those of the design, section 12."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "linli"

FILE_LINES = 500
FUNCTION_LINES = 80
FUNCTION_P90 = 30
KERNEL_LINES = 2500
ANNOTATED_ROOMS = ("kernel", "ledger")


@dataclass(frozen=True)
class Function:
    """One def: `place` is file:line from the project's root, `lines` from def to its last line."""

    name: str
    place: str
    lines: int
    annotated: bool


@cache
def python_files(folder: Path) -> tuple[Path, ...]:
    """Hand-written Python under `folder`; migrations are generated and only ever grow."""
    return tuple(path for path in sorted(folder.rglob("*.py")) if "migrations" not in path.parts)


@cache
def functions(path: Path) -> tuple[Function, ...]:
    """Every function and method of a file, nested ones too."""
    return tuple(_functions(path))


def _functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            yield Function(node.name, f"{path.relative_to(ROOT)}:{node.lineno}", length, node.returns is not None)


def line_count(path: Path) -> int:
    """Lines of a text file, blank ones and comments included."""
    return len(path.read_text(encoding="utf-8").splitlines())


def all_files() -> list[Path]:
    """Our own Python: source, tests and benchmarks."""
    return [path for folder in ("src", "tests", "benchmarks") for path in python_files(ROOT / folder)]


def refuse(complaints: list[str], remedy: str) -> None:
    """Fail with every complaint on a line of its own, and what to do."""
    assert not complaints, "\n" + "\n".join(complaints) + f"\n{remedy}"


def test_no_file_is_longer_than_500_lines() -> None:
    long = [f"{p.relative_to(ROOT)}:1: {line_count(p)} lines" for p in all_files() if line_count(p) > FILE_LINES]
    refuse(long, f"A file may have {FILE_LINES} lines (300 are wanted): split it by what its parts are about.")


def test_no_function_is_longer_than_80_lines() -> None:
    found = [function for path in all_files() for function in functions(path)]
    long = [f"{f.place}: {f.name} has {f.lines} lines" for f in found if f.lines > FUNCTION_LINES]
    refuse(long, f"A function may have {FUNCTION_LINES} lines: give its steps names.")


def test_nine_of_ten_functions_have_at_most_30_lines() -> None:
    found = sorted((f for path in python_files(SOURCE) for f in functions(path)), key=lambda f: f.lines)
    assert found, f"no function under {SOURCE}"
    ninetieth = found[math.ceil(len(found) * 0.9) - 1]
    longest = [f"{f.place}: {f.name} has {f.lines} lines" for f in found[-10:]]
    remedy = f"Nine of ten functions have at most {FUNCTION_P90} lines (now {ninetieth.lines}); these are the longest."
    refuse(longest if ninetieth.lines > FUNCTION_P90 else [], remedy)


def test_the_kernel_has_at_most_2500_lines() -> None:
    sizes = {path: line_count(path) for path in python_files(SOURCE / "kernel")}
    over = [f"{path.relative_to(ROOT)}:1: {lines} lines" for path, lines in sizes.items()]
    total = sum(sizes.values())
    remedy = f"The kernel has {total} lines and may have {KERNEL_LINES}: what need not be pure belongs higher up."
    refuse(over if total > KERNEL_LINES else [], remedy)


def test_kernel_and_ledger_say_what_every_function_returns() -> None:
    found = [f for room in ANNOTATED_ROOMS for path in python_files(SOURCE / room) for f in functions(path)]
    silent = [f"{f.place}: {f.name} has no return annotation" for f in found if not f.annotated]
    refuse(silent, "Write `-> …` behind every def in kernel and ledger.")
