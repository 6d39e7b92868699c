"""What is said of a condition is certain: never "never" where it may hold, never "always" where it may fail."""

from __future__ import annotations

from random import Random

import pytest

from linli.drafting.conditions import UNSURE, Bounds, Verdict, judge, pass_rule, quorum
from linli.kernel import ballot, expression

NAMES = {"n": "int", "x": "number", "flag": "yes_no", "word": "text", "lines": "list"}
BOUNDS = {"n": Bounds(low=0, high=5), "x": Bounds(high=100)}
NEVER, ALWAYS = Verdict(False, True), Verdict(True, False)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("n > 5", NEVER),
        ("n >= 0", ALWAYS),
        ("n > 4", UNSURE),
        ("x > 100.0", NEVER),
        ("x > 99.5", UNSURE),
        ("flag && !flag", NEVER),
        ("flag || n < 6", ALWAYS),
        ('word == "a" && word == "b"', NEVER),
        ('word > "2026" && word < "2027"', UNSURE),
        ('word < "2026" || word >= "2026"', ALWAYS),
        ("1 > 2", NEVER),
        ("true", ALWAYS),
        ("size(lines) >= 0", UNSURE),  # more than a comparison: nothing is said
        ("x * 0.0 > 1.0", UNSURE),
    ],
)
def test_what_is_certain_is_said_and_nothing_else(text: str, verdict: Verdict) -> None:
    expression.check(text, NAMES)
    assert judge(text, NAMES, BOUNDS) == verdict


def test_no_random_condition_is_called_constant_that_is_not() -> None:
    """Conditions are put together at random and tried at random; a verdict of never or always must not be refuted."""
    rng = Random(7)
    atoms = ["flag", "!flag", *(f"n {s} {k}" for s in ("<", "<=", "==", "!=", ">", ">=") for k in (-1, 0, 3, 5, 6))]
    atoms += [f"x {s} {k}" for s in ("<", ">=", "==") for k in (-2.5, 0.0, 99.5, 100.0, 100.5)]
    said = 0
    for _ in range(400):
        text = rng.choice(atoms)
        for _ in range(rng.randint(0, 3)):
            text = f"({text}) {rng.choice(['&&', '||'])} {rng.choice(atoms)}"
        verdict = judge(text, NAMES, BOUNDS)
        said += verdict != UNSURE
        for _ in range(60):
            values = {"n": rng.randint(0, 5), "x": rng.choice((-3.0, -2.5, 0.0, 7.25, 99.5, 99.75, 100.0))}
            came = expression.evaluate(text, NAMES, {**values, "flag": rng.random() < 0.5})
            assert verdict.may_hold if came else verdict.may_fail, f"{text} with {values}"
    assert said > 40, "some of them are constant and said to be"


def test_quorums_and_pass_rules_speak_of_assemblies() -> None:
    heads = {"present": "int", "roll": "int"}
    assert quorum("present * 2 > roll", heads, "present") == (UNSURE, False)
    assert quorum("present * 2 >= roll - 10", heads, "present")[1], "ten of ten may stay at home"
    assert quorum("present > roll", heads, "present")[0] == NEVER
    assert quorum("voted >= 2000", ballot.NAMES, "voted") == (UNSURE, False), "a large assembly is tried as well"
    assert quorum("share_voted * 3.0 >= share_roll * 2.0", ballot.NAMES, "voted")[1], "shares alone count nobody"
    names = {**ballot.NAMES, "yes": "int", "no": "int", "share_yes": "number", "share_no": "number"}
    assert pass_rule("yes * 2 > voted", names, ["yes", "no"]) == UNSURE
    assert pass_rule("yes > voted", names, ["yes", "no"]) == NEVER
    assert pass_rule("yes + no == voted", names, ["yes", "no"]) == ALWAYS
