"""What can be said for certain about a condition without running a case: does it ever hold, does it always?

Only what can be proved by trying everything is said. A guard is tried at every value that makes a difference, where it
is put together of comparisons of one name with one constant (``done_brief > 0 && money >= 100.0``); of others nothing
is said. Quorums and pass rules speak of heads, so they are tried on every small assembly and on large ones around each
number that the rule itself names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from linli.kernel import expression
from linli.kernel.expression import BadExpression

MOST = 4_096
"""More combinations are not tried, and nothing is said."""
SMALL = 7
"""Every assembly of so many heads is tried whole."""

_STRING = re.compile(r'"[^"]*"|\'[^\']*\'')
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"(?<![A-Za-z0-9_.])\d+(?:\.\d+)?")
_CONSTANT = r"(?:-?\d+(?:\.\d+)?|\"[^\"]*\"|'[^']*'|true|false)"
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_SIGN = r"(?:==|!=|<=|>=|<|>)"
_ATOM = re.compile(rf"{_CONSTANT}|{_NAME}|(?:{_NAME}|{_CONSTANT})\s*{_SIGN}\s*(?:{_CONSTANT}|{_NAME})")


class Verdict(NamedTuple):
    """What was found by trying everything: may it hold, may it fail. Both true where nothing is certain."""

    may_hold: bool
    may_fail: bool


UNSURE = Verdict(True, True)


class Bounds(NamedTuple):
    """What a name can be: an inclusive range of numbers, or the given values alone."""

    low: float | None = None
    high: float | None = None
    only: tuple[Any, ...] | None = None


def used(text: str) -> set[str]:
    """The words of an expression that may be names."""
    return set(_WORD.findall(_STRING.sub("", text)))


def judge(text: str, names: Mapping[str, str], bounds: Mapping[str, Bounds]) -> Verdict:
    """Whether a well-typed ``text`` may hold and may fail while every name stays within its ``bounds``."""
    atoms = [a.strip(" !()") for a in re.split(r"&&|\|\|", text)]
    if not all(_ATOM.fullmatch(a) and len(used(a) & set(names)) <= 1 for a in atoms):
        return UNSURE
    wanted = sorted(used(text) & set(names))
    values = [_telling(names[n], _constants(text), bounds.get(n, Bounds())) for n in wanted]
    size = 1
    for given in values:
        size *= len(given)
    if not 0 < size <= MOST:
        return UNSURE
    return _tried(text, names, (dict(zip(wanted, chosen, strict=True)) for chosen in product(*values)))


def _tried(text: str, names: Mapping[str, str], situations: Iterable[Mapping[str, Any]]) -> Verdict:
    holds = fails = False
    needed = {n: t for n, t in names.items() if n in used(text)}
    for values in situations:
        try:
            came = expression.evaluate(text, needed, values)
        except BadExpression:
            came = False  # what cannot be computed refuses the act
        holds, fails = holds or came, fails or not came
        if holds and fails:
            break
    return Verdict(holds, fails)


def _constants(text: str) -> list[Any]:
    strings = [s[1:-1] for s in _STRING.findall(text)]
    return [*strings, *(float(n) for n in _NUMBER.findall(_STRING.sub("", text)))]


def _telling(kind: str, constants: list[Any], bounds: Bounds) -> list[Any]:
    """The values of a name between which no comparison with one of ``constants`` changes."""
    if bounds.only is not None:
        return list(bounds.only)
    if kind == "yes_no":
        return [True, False]
    if kind == "text":
        given = [c for c in constants if isinstance(c, str)]
        return list(dict.fromkeys(["", *given, *(c + "\x01" for c in given), "\uffff"]))  # each, and just after it
    if kind == "list":
        return []
    numbers = [c for c in constants if isinstance(c, float)] or [0.0]
    edges = [b for b in (bounds.low, bounds.high) if b is not None]
    near = {n + d for n in [*numbers, *(-n for n in numbers), *edges] for d in (-1.0, -0.5, 0.0, 0.5, 1.0)}
    kept = [n for n in sorted(near) if (bounds.low is None or n >= bounds.low)]
    kept = [n for n in kept if bounds.high is None or n <= bounds.high]
    return [int(n) for n in kept if n == int(n)] if kind == "int" else kept


class Assembly(NamedTuple):
    """Heads in a room: how many are entitled, how many came or voted, and for which option."""

    roll: int
    came: int
    votes: tuple[int, ...] = ()


def assemblies(text: str, options: int = 0) -> Iterator[Assembly]:
    """Every assembly of up to SMALL heads, and larger ones around the numbers that ``text`` names."""
    for roll in range(1, SMALL + 1):
        for came in range(roll + 1):
            yield from _split(roll, came, options)
    named = sorted({int(c) for c in _constants(text) if isinstance(c, float) and SMALL < c < 1e6})
    sizes = {n + d for n in [*named, *(2 * n for n in named), 1000] for d in (-1, 0, 1)}
    for roll in sorted(sizes)[:40]:
        around = {0, roll, roll // 3, roll // 2, 2 * roll // 3, *(n for n in named if n <= roll)}
        for came in sorted({min(max(c + d, 0), roll) for c in around for d in (-1, 0, 1)}):
            yield from _split(roll, came, options, whole=False)


def _split(roll: int, came: int, options: int, whole: bool = True) -> Iterator[Assembly]:
    if not options:
        yield Assembly(roll, came)
    elif whole and options <= 3:
        for votes in product(range(came + 1), repeat=options - 1):
            if sum(votes) <= came:
                yield Assembly(roll, came, (*votes, came - sum(votes)))
    else:
        for first in range(options):
            for other in range(options):
                less = max(came - 1, 0) // 2 if other != first else 0
                spread = [0] * options
                spread[other] += less
                spread[first] += came - less
                yield Assembly(roll, came, tuple(spread))


def quorum(text: str, names: Mapping[str, str], came: str) -> tuple[Verdict, bool]:
    """Whether a quorum may hold and may fail, and whether it holds with nobody there. ``came`` is the name of heads."""

    def values(found: Assembly) -> dict[str, Any]:
        return {came: found.came, "roll": found.roll, "share_voted": float(found.came), "share_roll": 0.0}

    nobody = (values(a) for a in assemblies(text) if not a.came)
    return _tried(text, names, map(values, assemblies(text))), _tried(text, names, nobody).may_hold


def pass_rule(text: str, names: Mapping[str, str], options: list[str]) -> Verdict:
    """Whether a pass rule may hold and may fail."""

    def values(found: Assembly) -> dict[str, Any]:
        heads = dict(zip(options, found.votes, strict=True))
        shares = {f"share_{o}": float(n) for o, n in heads.items()}
        return {
            "voted": found.came,
            "roll": found.roll,
            "share_voted": float(found.came),
            "share_roll": 0.0,
            **heads,
            **shares,
        }

    return _tried(text, names, map(values, assemblies(text, len(options))))
