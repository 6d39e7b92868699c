"""The officials' tutorial, written out as it says: what its ten steps give passes the check, and its break is found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from linli.config.pack_files import SHIPPED
from linli.drafting.check import check_files
from linli.drafting.load import read_folder
from linli.drafting.worst import worst_case

DOCS = Path(__file__).parents[2] / "docs/tutorial"
BLOCK = re.compile(r"^`(my_city/[^`]+)`\n\n```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def written() -> dict[str, bytes]:
    """The reader's files: the blocks of one file one after the other."""
    files: dict[str, str] = {}
    for name, text in BLOCK.findall((DOCS / "for-officials.zh.md").read_text(encoding="utf-8")):
        files[name] = files.get(name, "") + text
    assert len(files) == 5, "pack, parameters, institution and two scenarios"
    return {name: text.encode() for name, text in files.items()}


def test_it_passes_the_check_and_keeps_what_the_paper_promises() -> None:
    pack, findings = check_files({**read_folder(SHIPPED, "national"), **written()}, "my_city")
    assert [f.line("zh") for f in findings] == []
    assert pack is not None
    order = pack.institutions["community_order"]
    amounts = {n: pack.parameters[n][0].value for n in pack.parameters if n.startswith("order_")}
    paper = (DOCS / "for-officials.zh.md").read_text(encoding="utf-8").partition("## 第一步")[0]
    for name, words in (("street", "{} 个工作日内处理"), ("joint", "最多等 {} 个"), ("promise", "{} 个工作日内答复")):
        assert words.format(amounts[f"order_{name}_limit"]) in paper
    assert f"{amounts['order_return_limit']} 日内可以退回一次" in paper
    found = worst_case(pack, order)
    assert found is not None and found.total() == {"working_day": 15}


def test_the_lesson_about_the_worst_case_is_true() -> None:
    files = written()
    name = "my_city/community_order/institution.yaml"
    once = files[name].replace(b"at_most: 2", b"at_most: 1")
    pack, findings = check_files({**read_folder(SHIPPED, "national"), **files, name: once}, "my_city")
    assert pack is not None and findings == []
    found = worst_case(pack, pack.institutions["community_order"])
    assert found is not None and found.total() == {"working_day": 8}
    told = (DOCS / "for-officials.zh.md").read_text(encoding="utf-8")
    assert "最长 15 个工作日" in told and "最长就是 8 个工作日" in told


def test_the_break_it_suggests_is_found_where_it_says() -> None:
    files = written()
    name = "my_city/community_order/institution.yaml"
    broken = files[name].replace(b"    overdue: take_back\n", b"")
    assert broken != files[name]
    _, findings = check_files({**read_folder(SHIPPED, "national"), **files, name: broken}, "my_city")
    assert "clock-without-consequence" in {f.code for f in findings}


@pytest.mark.parametrize("page", ["for-officials.zh.md", "for-officials.md"])
def test_its_links_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (DOCS / page).read_text(encoding="utf-8"))
    assert links
    for link in links:
        assert (DOCS / link).resolve().is_file(), link
