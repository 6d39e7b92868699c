"""`check` refuses every broken pack at the right place and leaves the good and the shipped ones alone."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from linli.config.pack_files import SHIPPED
from linli.drafting.check import check, check_files
from linli.drafting.codes import CODES, page
from linli.drafting.load import load, read_folder
from linli.drafting.scenario import read_scenarios
from linli.kernel.institution import Text
from tests.drafting.broken_packs import NAMES, broken, good

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "linli"
SHIPPED_PACKS = sorted(p.parent.name for p in SHIPPED.glob("*/pack.yaml"))


def test_the_good_pack_has_no_finding() -> None:
    pack, findings = check_files(good(), "good")
    assert pack is not None
    assert findings == []


@pytest.mark.parametrize("name", SHIPPED_PACKS)
def test_shipped_packs_have_no_finding(name: str) -> None:
    pack, findings = check_files(read_folder(SHIPPED, name), name)
    assert pack is not None
    assert [f.line("en") for f in findings] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_pack_is_refused(name: str) -> None:
    case = broken(name)
    _, findings = check_files(case.files, "good")
    found = [
        {"code": f.code, "file": f.mark.file, "line": f.mark.line} | ({"path": list(f.path)} if f.path else {})
        for f in findings
    ]
    assert found == case.expect
    for finding in findings:
        assert finding.severity == CODES[finding.code].severity
        assert finding.says.zh and finding.says.en
        assert finding.remedy.zh and finding.remedy.en
        assert re.search("[㐀-鿿]", finding.remedy.zh), "a Chinese remedy is written in Chinese"


def test_every_code_has_a_broken_pack() -> None:
    shown = {entry["code"] for name in NAMES for entry in broken(name).expect}
    # The reader refuses an empty text before any pack exists; see the next test for packs made in memory.
    assert set(CODES) - shown == {"text-empty"}


def test_an_empty_text_is_found_in_a_pack_made_in_memory() -> None:
    files = good()
    pack, _ = load(files, "good")
    assert pack is not None
    ask = replace(pack.institutions["ask"], title=Text(" ", "Ask"))
    emptied = replace(pack, institutions={**pack.institutions, "ask": ask})
    assert [f.code for f in check(emptied, read_scenarios(files, pack)[0])] == ["text-empty"]


def test_a_warning_may_stand_with_a_reason() -> None:
    files = broken("unused").files
    assert [f.code for f in check_files(files, "good")[1]] == ["unused-name"]
    file = "good/ask/institution.yaml"
    reason = b"against: blamed\nallows:\n  - {code: unused-name, because: {zh: \xe5\xbe\x85\xe7\x94\xa8, en: Later}}\n"
    assert check_files({**files, file: files[file].replace(b"against: blamed\n", reason)}, "good")[1] == []


def test_findings_are_the_same_every_time() -> None:
    """Nothing hangs on the order of sets or files."""
    files = broken("no_way_to_end").files
    backwards = dict(reversed(files.items()))
    assert check_files(files, "good")[1] == check_files(backwards, "good")[1]


def test_every_code_in_the_source_is_registered() -> None:
    text = "".join(p.read_text(encoding="utf-8") for p in (SOURCE / "kernel").glob("*.py"))
    text += "".join(p.read_text(encoding="utf-8") for p in (SOURCE / "drafting").glob("*.py"))
    used = set(re.findall(r'\b(?:error|warning|complain|found)\(\s*"([a-z0-9-]+)"', text))
    assert used == set(CODES)


def test_the_page_of_findings_is_up_to_date() -> None:
    written = (ROOT / "docs/reference/findings.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m linli.drafting.codes > docs/reference/findings.md"


@pytest.mark.parametrize("file", ["good/ask/institution.yaml", "good/assist/institution.yaml", "good/pack.yaml"])
def test_a_missing_line_gives_findings_or_nothing_but_never_a_traceback(file: str) -> None:
    lines = good()[file].splitlines(keepends=True)
    refused = 0
    for n in range(len(lines)):
        _, findings = check_files({**good(), file: b"".join(lines[:n] + lines[n + 1 :])}, "good")
        assert all(f.mark.file.startswith("good/") and f.mark.line >= 1 and f.mark.column >= 1 for f in findings)
        refused += bool(findings)
    # Some lines may go: blank ones, and what is optional. Nearly all are needed.
    assert refused >= 0.8 * len(lines)
