"""Guards, quorums, indicators: small typed expressions (CEL), checked when a pack is loaded, never ``eval``.

CEL always ends and touches nothing. Every name is declared with its type; an unknown name or a wrong type is found at
load with its column. At run time a missing value is an error the caller turns into a refusal, never a silent false.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cel_expr_python import cel  # type: ignore[import-untyped]

TYPES = {
    "int": cel.Type.INT,
    "number": cel.Type.DOUBLE,
    "text": cel.Type.STRING,
    "yes_no": cel.Type.BOOL,
    "list": cel.Type.List(cel.Type.STRING),
}
"""What a declared name may be."""

LONGEST = 500
_PLACE = re.compile(r"<input>:\d+:(\d+): (.*)")


class BadExpression(ValueError):
    """An expression that cannot be used; ``column`` counts from 1 inside it."""

    def __init__(self, why: str, column: int) -> None:
        super().__init__(why)
        self.column = column


@lru_cache(maxsize=4096)
def _compiled(text: str, names: tuple[tuple[str, str], ...], answer: str) -> Any:
    if len(text) > LONGEST:
        raise BadExpression(f"longer than {LONGEST} characters", 1)
    try:
        program = cel.NewEnv(variables={n: TYPES[t] for n, t in names}).compile(text)
    except RuntimeError as fault:
        found = _PLACE.search(str(fault))
        raise BadExpression(found[2] if found else str(fault).splitlines()[0], int(found[1]) if found else 1) from None
    if program.return_type() != TYPES[answer]:
        raise BadExpression(f"gives {program.return_type()}, expected {answer}", 1)
    return program


def check(text: str, names: Mapping[str, str], answer: str = "yes_no") -> None:
    """Raises BadExpression unless ``text`` uses only ``names`` (name → type) and gives an ``answer``."""
    _compiled(text, tuple(sorted(names.items())), answer)


def evaluate(text: str, names: Mapping[str, str], values: Mapping[str, Any], answer: str = "yes_no") -> Any:
    """The value of ``text`` (checked before) for ``values``; BadExpression when it cannot be computed, as by 1/0."""
    given = {n: _typed(values.get(n), kind) for n, kind in names.items()}
    found = _compiled(text, tuple(sorted(names.items())), answer).eval(data=given)
    if found.type() != TYPES[answer]:
        raise BadExpression(str(found.value()), 1)
    return found.value()


def _typed(value: Any, kind: str) -> Any:
    """``value`` as its declared type; what was not filled in is zero, empty or no, as the reference page says."""
    if value is None:
        return {"int": 0, "number": 0.0, "text": "", "yes_no": False, "list": []}[kind]
    return float(value) if kind == "number" else list(value) if kind == "list" else value
