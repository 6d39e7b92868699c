"""Every code has a page; its wrong example gives exactly this code, its right one gives nothing."""

from __future__ import annotations

import re

import pytest

from linli.drafting.check import check_files
from linli.drafting.codes import CODES
from tests.drafting.broken_packs import good
from tests.drafting.finding_pages import FOLDER, IN_MEMORY, example, hunks, index, page

BLOCK = re.compile(r"^`(good/[^`]+)`\n\n```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def written(code: str) -> str:
    return (FOLDER / f"{code}.md").read_text(encoding="utf-8")


def test_there_are_enough_codes_and_a_page_for_each() -> None:
    assert len(CODES) >= 40
    assert {p.stem for p in FOLDER.glob("*.md")} == set(CODES)
    listed = set(re.findall(r"\]\(findings/([a-z0-9-]+)\.md\)", index()))
    assert listed == set(CODES)
    assert index() == (FOLDER.parent / "findings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", CODES)
def test_a_page_is_up_to_date(code: str) -> None:
    assert written(code) == page(CODES[code]), "run: python -m tests.drafting.finding_pages"


@pytest.mark.parametrize("code", sorted(set(CODES) - IN_MEMORY))
def test_the_examples_of_a_page_do_what_it_says(code: str) -> None:
    """The blocks are taken from the page and put into the good pack: wrong gives this code alone, right gives none."""
    text = written(code)
    wrong_part, right_part = text.split("## 正确的例子 Right")
    wrong, right = BLOCK.findall(wrong_part), BLOCK.findall(right_part)
    files = good()
    found = example(code)
    assert found is not None
    if not hunks(found.files):  # a missing, empty, huge or foreign file: told in words
        assert not wrong
        files = found.files
    for (file, bad), (same, sound) in zip(wrong, right, strict=True):
        assert file == same
        content = files[file].decode()
        assert content.count(sound) == 1
        files[file] = content.replace(sound, bad).encode()
    findings = check_files(files, "good")[1]
    assert {f.code for f in findings} == found.codes
    assert code in found.codes
    assert all(f.line("en").splitlines()[0][:399] in text for f in findings)
    assert check_files(good(), "good")[1] == []


def test_only_what_cannot_be_alone_brings_others_along() -> None:
    together = {c: example(c) for c in CODES if c not in IN_MEMORY}
    assert {c: e.codes - {c} for c, e in together.items() if e and len(e.codes) > 1} == {
        # Work that never ends goes round somewhere.
        "no-way-to-end": {"unbounded-loop"},
        # A clock that no longer moves is missed by the scenarios that let it run out.
        "waits-without-end": {"scenario-fails"},
    }
