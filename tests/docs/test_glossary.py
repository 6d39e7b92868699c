"""The glossary knows every public class that a reader of the code meets."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
WORDS = set(re.findall(r"^\| ([A-Za-z0-9]+) \|", GLOSSARY, re.MULTILINE))
SOURCES = [
    *(
        "kernel/institution.py",
        "kernel/case.py",
        "kernel/decide.py",
        "kernel/refusal.py",
        "kernel/ballot.py",
        "kernel/score.py",
        "kernel/clock.py",
        "kernel/calendar.py",
    ),
    *("drafting/finding.py", "kernel/values.py", "ledger/models.py", "people/models.py", "places/models.py"),
]


@pytest.mark.parametrize("source", SOURCES)
def test_every_public_class_is_in_the_glossary(source: str) -> None:
    tree = ast.parse((ROOT / "src/linli" / source).read_text(encoding="utf-8"))
    names = {n.name for n in tree.body if isinstance(n, ast.ClassDef) and not n.name.startswith("_")}
    assert names, f"{source} has no public class: is the list above still right?"
    assert names <= WORDS, f"missing in docs/glossary.md: {', '.join(sorted(names - WORDS))}"


def test_every_word_has_chinese_and_a_meaning() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", GLOSSARY, re.MULTILINE)
    for word, zh, meaning in rows:
        if word not in ("word",) and not word.startswith("-"):
            assert re.search(r"[\u4e00-\u9fff]", zh), f"{word} has no Chinese"
            assert len(meaning.split()) > 1, f"{word} has no meaning"
