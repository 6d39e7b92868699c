"""Expressions are typed, checked at load, total, and touch nothing."""

from __future__ import annotations

import pytest

from linli.kernel.expression import BadExpression, check, evaluate

NAMES = {"present": "int", "roll": "int", "share": "number", "kind": "text", "met": "yes_no", "lines": "list"}


@pytest.mark.parametrize(
    ("text", "values", "holds"),
    [
        ("present * 2 > roll", {"present": 6, "roll": 11}, True),
        ("present * 2 > roll", {"present": 5, "roll": 11}, False),
        ("share >= 0.5 && kind == 'vote'", {"share": 0.5, "kind": "vote"}, True),
        ("size(lines) == 2", {"lines": ["a", "b"]}, True),
        ("!met", {}, True),
        ("roll > 0 && present * 3 >= roll * 2", {"present": 0, "roll": 0}, False),
    ],
)
def test_it_holds(text: str, values: dict[str, object], holds: bool) -> None:
    check(text, NAMES)
    assert evaluate(text, NAMES, values) is holds


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("absent > 1", 1),
        ("present > 'many'", 9),
        ("present +", 10),
        ("present + 1", 1),
        ("__import__('os').system('id') == 0", 11),
        ("present > 1 " + "|| present > 1 " * 60, 1),
    ],
)
def test_it_is_refused_at_load_with_its_column(text: str, column: int) -> None:
    with pytest.raises(BadExpression) as fault:
        check(text, NAMES)
    assert fault.value.column == column


def test_what_cannot_be_computed_is_an_error_not_a_no() -> None:
    check("10 / roll > 1", NAMES)
    with pytest.raises(BadExpression, match="divide by zero"):
        evaluate("10 / roll > 1", NAMES, {"roll": 0})
