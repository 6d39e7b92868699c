"""Sentences, table and command: everything in the definition is said, in whole sentences, in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from linli.config.cli import cli
from linli.drafting.explain import chapters, explain
from linli.drafting.load import load, read_folder
from linli.drafting.mermaid import mermaid
from linli.drafting.table import render, table, walk
from linli.kernel.institution import Act, Dated, Institution, Pack, Stage, Text

PACKS = Path(__file__).parents[2] / "src" / "linli" / "packs"
ON = date(2026, 1, 1)
BOTH = pytest.mark.parametrize("lang", ["zh", "en"])
EACH = pytest.mark.parametrize("name", ["request", "response"])


@pytest.fixture(scope="module")
def pack() -> Pack:
    found, findings = load(read_folder(PACKS, "changzhou"), "changzhou")
    assert found is not None and findings == []
    return found


def titles(institution: Institution, lang: str) -> set[str]:
    acts = [a for s in institution.stages.values() for a in s.acts.values()]
    stages = [s.title for s in institution.stages.values()]
    return {t.in_(lang) for t in (*stages, *(a.title for a in (*acts, *institution.anywhere.values())))}


@BOTH
@EACH
def test_every_stage_and_act_is_said(pack: Pack, name: str, lang: str) -> None:
    institution = pack.institutions[name]
    text = explain(pack, institution, lang, ON)
    drawn = mermaid(pack, institution, lang, ON)
    rows = render(table(pack, institution, lang, ON), lang)
    for title in titles(institution, lang):
        assert title in text
        assert title in rows or title in {s.title.in_(lang) for s in institution.stages.values() if s.end}
    for stage in institution.stages.values():
        assert stage.title.in_(lang) in drawn.replace("#39;", "'").replace("#44;", ",").replace("#59;", ";")


@BOTH
@EACH
def test_sentences_are_whole_and_name_nothing_by_its_key(pack: Pack, name: str, lang: str) -> None:
    institution = pack.institutions[name]
    keys = {*pack.parameters, *(n for n in institution.fields if "_" in n), "holder", "clock:", "children"}
    for chapter in chapters(pack, institution, lang, ON, sources=False):
        assert chapter.sentences, chapter.title
        for sentence in chapter.sentences:
            assert re.search(r"[。！？.!?]”?$", sentence), sentence
            assert not re.search(r"[{}]|[a-z]_[a-z]", sentence), sentence
            assert not [k for k in keys if re.search(rf"\b{k}\b(?! (notes|agrees))", sentence) and "_" in k], sentence
            assert "。。" not in sentence and ".." not in sentence and "None" not in sentence


def test_limits_are_the_ones_of_the_day(pack: Pack) -> None:
    old, new = Dated(ON, 24, "hour", "then", date(2026, 6, 30)), Dated(date(2026, 7, 1), 36, "hour", "now")
    changed = replace(pack, parameters={**pack.parameters, "grid_limit": (old, new)})
    institution = changed.institutions["request"]
    assert "网格员在 24 小时内办理" in explain(changed, institution, "zh", date(2026, 6, 30))
    assert "网格员在 36 小时内办理" in explain(changed, institution, "zh", date(2026, 7, 1))
    assert "时限未定（2025-12-31 没有规定）" in explain(changed, institution, "zh", date(2025, 12, 31))
    assert "now" not in explain(changed, institution, "zh", date(2026, 7, 1))
    assert "（依据：now）" in explain(changed, institution, "zh", date(2026, 7, 1), sources=True)


def test_what_an_official_looks_for_first(pack: Pack) -> None:
    text = explain(pack, pack.institutions["request"], "zh", ON)
    for said in (
        "由反映人提出。",
        "由社区在 2 个工作日内办理。",
        "到期没有办完的，系统自动“报镇街”，事项转入“镇街吹哨”环节。",
        "向“吹哨哪些单位”中的每个单位各发起一件“部门响应”，排在第一位的单位牵头。",
        "“没有解决，请再办”每件事最多 2 次，每次回到“社区收集”环节。",
        "办过这件事的人，不得以回访员的身份",
        "“答复承诺”：从“反映问题”起，10 个工作日内答复（“类别”为“供水”",
        "经督查员同意后才生效",
        "网格员空缺的，由社区工作者接办。",
        "只有督查员能看到：“被反映的单位”。",
    ):
        assert said in text
    english = explain(pack, pack.institutions["request"], "en", ON)
    assert "The grid worker holds the case and must act within 24 hours (within 30 minutes where" in english
    assert "an answer within 10 working days of “Report”" in english


def test_a_changed_definition_changes_the_words(pack: Pack) -> None:
    institution = pack.institutions["request"]
    reviewer = replace(institution.roles["reviewer"], never=())
    without = replace(institution, roles={**institution.roles, "reviewer": reviewer})
    assert "回访员的身份" not in explain(pack, without, "zh", ON)


def test_a_case_walks_before_it_is_answered(pack: Pack) -> None:
    order = walk(pack.institutions["request"])
    assert sorted(order) == sorted(pack.institutions["request"].stages)
    way = ("found", "collected", "raised", "joint", "gathered", "overseen", "answered", "closed")
    assert [n for n in order if n in way] == list(way)
    assert walk(pack.institutions["response"])[-3:] == ["responded", "redirected", "unanswered"]


def test_a_ring_without_a_bound_and_a_stray_stage_are_still_walked(pack: Pack) -> None:
    def stage(name: str, *to: str) -> Stage:
        acts = {f"to_{t}": Act(Text(t, t), ("handler",), to=t, name=f"to_{t}") for t in to}
        return Stage(Text(name, name), acts=acts, end=not to, name=name)

    stages = {n: stage(n, *to) for n, to in {"z": (), "a": ("b",), "b": ("a", "z", "nowhere"), "lost": ("z",)}.items()}
    ring = replace(pack.institutions["response"], stages=stages, open=Act(Text("o", "o"), ("x",), to="b"), anywhere={})
    assert walk(ring) == ["b", "a", "lost", "z"]
    assert "nowhere" in explain(pack, ring, "en", ON)


def test_mermaid_titles_cannot_add_a_line_or_markup(pack: Pack) -> None:
    institution = pack.institutions["response"]
    bad = Text('<script>alert("x")</script>\n[*] --> s1 : %% {; #}', "a")
    called = replace(institution.stages["called"], title=bad)
    nasty = replace(institution, stages={**institution.stages, "called": called})
    plain, text = mermaid(pack, institution, "zh", ON), mermaid(pack, nasty, "zh", ON)
    assert len(plain.splitlines()) == len(text.splitlines())
    assert not re.search(r'[<"%{]', text)
    assert "#60;script#62;" in text


def test_the_table_says_who_what_and_by_when(pack: Pack) -> None:
    rows = table(pack, pack.institutions["request"], "zh", ON)
    row = next(r for r in rows if r.act == "解决不了，报社区")
    assert (row.stage, row.who, row.by_when) == (
        "网格发现",
        "网格员、系统（到期自动）",
        "24 小时内（“急缓程度”为“紧急”的，30 分钟内）",
    )
    assert (row.leads_to, row.overdue, row.told) == ("社区收集", "解决不了，报社区 → 社区收集", "反映人")
    assert next(r for r in rows if r.act == "申请延期").who == "当前办理人（须督查员同意）"
    assert rows == table(pack, pack.institutions["request"], "zh", ON)


@pytest.mark.parametrize(("form", "start"), [("text", "Res"), ("table", "■ "), ("svg", "<?xml"), ("mermaid", "stateD")])
def test_the_command_prints_each_form(form: str, start: str) -> None:
    done = CliRunner().invoke(cli, ["explain", "changzhou/request", "--lang", "en", "--as", form, "--on", "2026-01-01"])
    assert done.exit_code == 0, done.output
    assert done.output.startswith(start)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("changzhou/requst", "did you mean changzhou/request?"),
        ("chanzhou/request", "did you mean changzhou?"),
        ("changzhou", "Name the institution too"),
        ("../etc/passwd", "There is no pack"),
        ("national/responce", "did you mean national/response?"),
    ],
)
def test_an_unknown_name_is_wrong_usage_with_a_way_out(name: str, said: str) -> None:
    done = CliRunner().invoke(cli, ["explain", name])
    assert done.exit_code == 2
    assert said in done.output
