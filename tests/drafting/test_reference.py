"""The reference page is printed from the dataclasses, and every example on it can be read."""

from __future__ import annotations

import re
from dataclasses import is_dataclass
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from click.testing import CliRunner

from linli.config.cli_reference import command
from linli.drafting import figures, standards
from linli.drafting import reference_words as words
from linli.drafting.reader import BAD, Reader, shape
from linli.drafting.reference import CLASSES, EXAMPLES, language
from linli.kernel import ballot, blocks, expression, institution
from linli.kernel.institution import FIELD_CLASSES, Act, Ballot, Every, FieldType, Stage

PAGE = Path(__file__).parents[2] / "docs/reference/language.md"


def test_the_committed_page_is_the_one_that_is_printed() -> None:
    printed = CliRunner().invoke(command, ["language"])
    assert printed.exit_code == 0
    assert printed.output == language()
    written = PAGE.read_text(encoding="utf-8")
    assert written == language(), "run: linli reference language > docs/reference/language.md"


def subclasses(cls: type) -> bool:
    """Whether ``cls`` only lends its fields to others."""
    return any(issubclass(c, cls) and c is not cls for c in vars(institution).values() if isinstance(c, type))


def test_every_class_that_is_read_from_text_is_on_the_page() -> None:
    read = {
        name
        for name, cls in [*vars(institution).items(), *vars(standards).items(), *vars(figures).items()]
        if isinstance(cls, type) and is_dataclass(cls) and "marks" in cls.__dataclass_fields__ and not subclasses(cls)
    }
    assert set(CLASSES) == read


@pytest.mark.parametrize("name", CLASSES)
def test_every_key_has_chinese_and_english(name: str) -> None:
    keys, _ = shape(CLASSES[name])
    for key, (spec, _) in keys.items():
        assert re.search("[㐀-鿿]", words.key_zh(name, key)), f"{name}.{key}"
        assert spec.metadata["doc"].endswith((".", "…")), f"{name}.{key}"
    assert set(words.KEYS.get(name, {})) <= set(keys), f"{name}: words for keys that are gone"


def test_the_tables_name_every_value() -> None:
    assert set(words.FIELD_TYPES) == set(get_args(FieldType))
    assert tuple(words.FIELD_CLASSES) == FIELD_CLASSES
    does = next(a for a in get_args(get_type_hints(Act)["does"]) if a is not type(None))
    assert set(words.DOES) == set(get_args(does))
    assert set(words.ASKED) == set(blocks.FACTS)


def test_there_is_an_example_of_every_block() -> None:
    blocks_of_a_stage = {
        kind.__name__
        for _, hint in shape(Stage)[0].values()
        for kind in get_args(hint)
        if is_dataclass(kind) and isinstance(kind, type)
    }
    assert blocks_of_a_stage - {"Act"} | {"Every"} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_can_be_read(name: str) -> None:
    reader = Reader("example")
    read = reader.value(Every if name == "Every" else Stage, reader.compose(EXAMPLES[name]))
    assert reader.findings == []
    assert read is not BAD
    if isinstance(read, Stage):
        assert isinstance(getattr(read, name.lower()), CLASSES[name])
        assert read.overdue in read.acts, "an example shows what happens when the time runs out"
    if isinstance(read, Stage) and isinstance(read.ballot, Ballot):
        expression.check(read.ballot.quorum, ballot.NAMES)
        expression.check(read.ballot.passes, ballot.names(read.ballot))
    if isinstance(read, Stage) and read.meeting:
        expression.check(read.meeting.quorum, {"present": "int", "roll": "int"})
    if isinstance(read, Stage) and read.score:
        assert sum(i.weight for i in read.score.indicators.values()) == 100 == sum(read.score.raters.values())
    assert all(f"  {line}" in PAGE.read_text(encoding="utf-8") for line in EXAMPLES[name].splitlines())


def test_every_link_inside_the_page_leads_somewhere() -> None:
    text = language()
    heads = {re.sub(r"[`：]", "", h).lower().replace(" ", "-") for h in re.findall(r"^## (.+)$", text, re.MULTILINE)}
    links = set(re.findall(r"\]\(#([^)]+)\)", text))
    assert links
    assert links <= heads
