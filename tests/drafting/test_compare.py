"""Cities side by side: every answer comes from the definition, and every line fits the terminal."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner

from linli.config.cli import cli
from linli.config.pack_files import SHIPPED
from linli.drafting.compare import Comparison, compare, shared_matters
from linli.drafting.compare_text import WIDTH, cells, html, text, wrap
from linli.drafting.load import load, read_folder
from linli.drafting.worst import worst_case
from linli.kernel.institution import Pack, Text

ON = date(2026, 1, 1)
CITIES = ("changzhi", "futian", "changzhou", "chaoyang", "nenjiang")


@pytest.fixture(scope="module")
def packs() -> list[Pack]:
    found = [load(read_folder(SHIPPED, name), name)[0] for name in CITIES]
    return [p for p in found if p is not None]


def answers(found: Comparison, key: str) -> dict[str, tuple[str, ...]]:
    return dict(zip(found.cities, next(q for q in found.questions if q.key == key).answers, strict=True))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_city_answers_every_question(packs: list[Pack], lang: str) -> None:
    found = compare(packs, "request", lang, ON)
    asked = {"raised", "first", "levels", "called", "overdue", "promise", "answers", "told", "reopens"}
    assert asked | {"extends", "supervises", "verifies", "public", "hidden", "worst"} <= {
        q.key for q in found.questions
    }
    for question in found.questions:
        assert len(question.answers) == 5
        for line in (line for lines in question.answers for line in lines):
            assert line and "None" not in line and not re.search(r"[a-z]_[a-z]|[{}]", line), line
            assert lang == "zh" or not re.search(r"[\u4e00-\u9fff]", line), line


def test_what_each_city_says_is_what_its_definition_says(packs: list[Pack]) -> None:
    found = compare(packs, "request", "zh", ON)
    for pack in packs:
        institution = pack.institutions["request"]
        first = institution.stages[institution.open.to or ""]
        assert institution.roles[first.holder or ""].title.zh in answers(found, "first")[pack.name][0]
        worst = worst_case(pack, institution, ON)
        assert worst is not None and answers(found, "worst")[pack.name][0] == worst.words("zh")
        extend = institution.anywhere["extend"]
        said = " ".join(answers(found, "extends")[pack.name])
        assert extend.title.zh in said and institution.roles[extend.approves or ""].title.zh in said
        again = [a for a in answers(found, "reopens")[pack.name] if "没有解决，请再办" in a]
        assert again and all(f"最多 {institution.stages[s].acts[n].at_most} 次" in again[0] for s, n in _reopen(pack))


def _reopen(pack: Pack) -> list[tuple[str, str]]:
    stages = pack.institutions["request"].stages
    return [(s.name, a.name) for s in stages.values() for a in s.acts.values() if a.title.zh == "没有解决，请再办"]


def test_a_changed_definition_changes_the_comparison(packs: list[Pack]) -> None:
    pack = packs[0]
    institution = pack.institutions["request"]
    open_ = replace(institution, against=None, title=Text("别的诉求", "Another request"))
    other = replace(pack, name="other", institutions={**pack.institutions, "request": open_})
    found = compare([pack, other], "request", "zh", ON)
    hidden = answers(found, "hidden")
    assert hidden["other"] == ("没有这样的规定",) != hidden[pack.name]
    assert found.matters == ("居民诉求", "别的诉求")
    assert all(q.same for q in found.questions if q.key != "hidden"), "nothing else differs"
    assert found.only == ((), ())


def test_what_only_one_city_has(packs: list[Pack]) -> None:
    found = compare(packs, "request", "zh", ON)
    own = dict(zip(found.cities, found.only, strict=True))
    assert any("老大难" in line for line in own["chaoyang"])
    assert any("夜间" in line for line in own["changzhi"])
    assert not [line for lines in own.values() for line in lines if "部门响应" in line], "all inherit it"


def test_matters_that_all_inherit_are_no_comparison(packs: list[Pack]) -> None:
    assert shared_matters(packs) == ["request"]
    with pytest.raises(LookupError, match="changzhi has no institution 'hard_problem'"):
        compare(packs, "hard_problem", "zh", ON)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("count", [2, 3, 5])
def test_no_line_is_wider_than_the_terminal(packs: list[Pack], lang: str, count: int) -> None:
    found = compare(packs[:count], "request", lang, ON)
    lines = text(found).splitlines()
    assert max(map(cells, lines)) <= WIDTH
    assert any("──" in line for line in lines)
    squeezed = re.sub(r"\s", "", text(found))
    if count > 3:  # in columns the words of several cities stand in one line
        for question in found.questions:
            for lines_ in question.answers:
                assert all(re.sub(r"\s", "", line) in squeezed for line in lines_)


def test_wrapping_keeps_every_word_and_no_line_begins_with_a_comma() -> None:
    said = "街道（乡镇）办理：“报县（区）”，转“县（区）办理”；an averyveryverylongwordwithoutanyspace 3 个工作日内。"
    for width in range(8, 40):
        lines = wrap(said, width)
        assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", said)
        assert max(map(cells, lines)) <= width
        assert not [line for line in lines if line[:1] in "，；。）”" and width > 10]


def test_the_html_file_is_whole_and_escaped(packs: list[Pack]) -> None:
    bad = Text("<script>x</script>", "<b>")
    other = replace(packs[1], title=bad)
    page = html(compare([packs[0], other], "request", "zh", ON))
    assert "<script>" not in page and "&lt;script&gt;" in page

    class Counting(HTMLParser):
        rows = cells = 0

        def handle_starttag(self, tag: str, attrs: object) -> None:
            self.rows += tag == "tr"
            self.cells += tag == "td"

    counted = Counting()
    counted.feed(page)
    assert counted.cells == 2 * (counted.rows - 1)


def test_the_command() -> None:
    done = CliRunner().invoke(cli, ["compare", "changzhou", "chaoyang", "--json", "--lang", "en", "--on", "2026-01-01"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert [c["pack"] for c in told["cities"]] == ["changzhou", "chaoyang"]
    assert told["questions"][1]["answers"]["chaoyang"] == ["Street working committee, within 1 hour"]
    everyone = CliRunner().invoke(cli, ["compare", "all"])
    assert everyone.exit_code == 0 and everyone.output.count(" · ") == 5
    assert CliRunner().invoke(cli, ["compare", "all", "--as", "html"]).output.startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["changzhou"], "at least two packs"),
        (["changzhou", "changzhou"], "at least two packs"),
        (["changzhou", "nowhere"], "There is no pack nowhere"),
        (["changzhou", "chaoyang", "--matter", "offer"], "changzhou has no institution 'offer'"),
    ],
)
def test_wrong_usage_says_the_way_out(args: list[str], said: str) -> None:
    done = CliRunner().invoke(cli, ["compare", *args])
    assert done.exit_code == 2 and said in done.output
