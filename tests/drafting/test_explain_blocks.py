"""Every block, guard and calendar opening in words, in both languages, in text, table, Mermaid, SVG and BPMN."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree

import pytest

from linli.config.pack_files import SHIPPED
from linli.drafting.bpmn import bpmn
from linli.drafting.condition_words import Conditions, Unsayable, parse, python
from linli.drafting.diagram import diagram
from linli.drafting.explain import chapters, explain
from linli.drafting.load import load, read_folder
from linli.drafting.mermaid import mermaid
from linli.drafting.table import table
from linli.drafting.words import Words
from linli.kernel.institution import Dated, Every, Institution, Pack
from tests.drafting.broken_packs import good

ON = date(2026, 1, 1)
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CITIES = sorted(p.parent.name for p in SHIPPED.glob("*/pack.yaml"))


@pytest.fixture(scope="module")
def pack() -> Pack:
    found, findings = load(good(), "good")
    assert found is not None and not findings
    return found


def shipped(name: str) -> Pack:
    found = load(read_folder(SHIPPED, name), name)[0]
    assert found is not None
    return found


def test_every_block_is_said(pack: Pack) -> None:
    council = pack.institutions["council"]
    text = explain(pack, council, "zh", ON)
    for said in (
        "每月 15 日 19:00，逢休息日顺延到下一个工作日，系统按日程自动立项：有社区工作者的社区，各立一件。",
        "议题以公布的“议题”为准，没有公布的议题不能作决定。",
        "“实到”超过“应到”的一半，才能“作决定”。",
        "有表决权的人数见“应到”，一人一票，可选：“同意”“不同意”。",
        "参加表决的人数超过有表决权的人数的一半，表决才有效（算式：voted * 2 > roll）。",
        "“同意”票超过参加表决的人数的一半，就是通过（算式：agree * 2 > voted）。",
        "通过的，结果记为“通过”；没有通过的，结果记为“未通过”",
        "在公告栏向居民公示 5 日，公示内容：“表决事项”“结论”。",
        "期限一到，系统自动“开始落实”",
        "没有到账的钱不能支出。",
        "这里预订“场地”",
        "已经“到账”，才能“支出”；否则不予办理，并说明：“先要到账。”",
        "总分 80 分及以上为“良好”，其余为“一般”。",
        "时限过了 50% 时，系统提醒当前办理人。",
        "等它的结果",
    ):
        assert said in text, said
    english = explain(pack, council, "en", ON)
    assert "one case for each community" in english and "“Spend” is possible only when “Receive” is done" in english
    assert not re.search(r"[\u4e00-\u9fff]", english.replace("样例", ""))


def test_an_advisory_vote_says_so(pack: Pack) -> None:
    council = pack.institutions["council"]
    voting = council.stages["voting"]
    assert voting.ballot is not None and "意见。" not in explain(pack, council, "zh", ON)
    advisory = replace(voting, ballot=replace(voting.ballot, advisory=True))
    changed = replace(council, stages={**council.stages, "voting": advisory})
    assert "法律规定这类事项由别处决定，这次表决的结果只是意见。" in explain(pack, changed, "zh", ON)


@pytest.mark.parametrize("name", CITIES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_shipped_institutions_are_said_in_whole_sentences(name: str, lang: str) -> None:
    pack = shipped(name)
    for institution in pack.institutions.values():
        for chapter in chapters(pack, institution, lang, ON):
            assert chapter.sentences, chapter.title
            for sentence in chapter.sentences:
                assert re.search(r"[。！？.!?]”?$", sentence), sentence
                assert not re.search(r"[{}]|[a-z]_[a-z]|None|。。|，，|；；| {2}", sentence), sentence
                assert "算式成立" not in sentence and "this holds:" not in sentence, sentence
                assert lang == "zh" or not re.search(r"[\u4e00-\u9fff]", sentence), sentence
                assert lang == "en" or not re.search(r"[a-z]{3,}(?! \*| >)", sentence), sentence


def test_lines_are_not_units(pack: Pack) -> None:
    changzhi = shipped("changzhi")
    text = explain(changzhi, changzhi.institutions["evening_session"], "zh", ON)
    assert "“居民提出的诉求”里的每一条各立一件“夜谈事项”。" in text
    assert "中的每个单位各发起一件“求助协助”" not in text
    assert "中的每个单位各发起一件" in explain(pack, pack.institutions["ask"], "zh", ON)


@pytest.mark.parametrize(
    ("every", "zh", "en"),
    [
        (Every("month", 1, "09:00", "d"), "每月 1 日 9:00", "on day 1 of each month at 09:00"),
        (Every("month", -1, "17:30", "d"), "每月最后一天 17:30", "on the last day of each month at 17:30"),
        (Every("week", 5, "18:00", "d"), "每周五 18:00", "every Friday at 18:00"),
        (Every("week", -1, "18:00", "d"), "每周日 18:00", "every Sunday at 18:00"),
        (Every("year", -31, "09:00", "d"), "每年 12 月 1 日 9:00", "on 1 December of each year at 09:00"),
        (Every("year", 60, "09:00", "d"), "每年第 60 天 9:00", "on day 60 of each year at 09:00"),
    ],
)
def test_the_calendar_is_said_as_dates(pack: Pack, every: Every, zh: str, en: str) -> None:
    from linli.drafting.block_words import recurrence

    council = pack.institutions["council"]
    assert recurrence(Words(pack, council, "zh", ON), every) == zh
    assert recurrence(Words(pack, council, "en", ON), every) == en


def conditions(pack: Pack) -> Conditions:
    return Conditions(Words(pack, pack.institutions["council"], "zh", ON))


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("present * 3 >= roll * 2", "“实到”不少于“应到”的三分之二"),
        ("present > 0.0 && present <= roll", "“实到”大于 0，并且“实到”不超过“应到”"),
        ("roll * 2.0 < present", "“应到”少于“实到”的一半"),
        ("0 < present", "“实到”大于 0"),
        ("done_give == 0 || count_urged > 0", "还没有“到账”，或者已经“催办”"),
        ("agenda.all(a, a in decided)", "“议题”中的每一项都在“决定”里"),
        ("!passed", "不是表决已经通过"),
        ("spent == received", "支出合计等于到账合计"),
        ("present == roll + speed", "“实到”等于“应到”与“快不快”之和"),
        ("size(decided) >= size(agenda)", "“决定”的条数不少于“议题”的条数"),
        ("agenda.exists(a, a == 'x')", "算式成立：agenda.exists(a, a == 'x')"),
    ],
)
def test_conditions_in_words(pack: Pack, expression: str, said: str) -> None:
    assert conditions(pack).say(expression) == said


def test_what_cannot_be_read_is_quoted_and_never_raises(pack: Pack) -> None:
    for broken in ("", "a >", "(((", "a ? b : c", "'x", "a..b", "all(", "1 2"):
        with pytest.raises(Unsayable):
            parse(broken)
        assert broken in conditions(pack).say(broken)


def test_python_reads_the_guard_as_the_kernel_does() -> None:
    assert python("a && !b || c != d") == "a and not b or c != d"
    assert eval(python("x.all(p, p in y)"), {"x": [1, 2], "y": [2, 1]}) is True
    assert eval(python("x.exists(p, p in y)"), {"x": [1], "y": [2]}) is False


def test_pictures_and_tables_carry_blocks_and_guards(pack: Pack) -> None:
    council = pack.institutions["council"]
    rows = {r.act: r for r in table(pack, council, "zh", ON)}
    assert rows["支出"].only_if == "已经“到账”" and rows["作决定"].only_if == "“实到”超过“应到”的一半"
    assert rows["筹备议事"].by_when.startswith("每月 15 日 19:00") and rows["并入"].only_if == "最多 1 次"
    svg = re.sub(r"<[^>]+>", "", diagram(pack, council, "zh", ON))
    drawn = mermaid(pack, council, "zh", ON)
    for said in ("每月 15 日 19:00", "公示 5 日", "记账：认捐、到账、支出"):
        assert said.replace(" ", "") in svg.replace(" ", "")
        assert said in drawn.replace("#58;", ":").replace("#x3a;", ":")
    assert "条件：已经“到账”" in svg


def flows(institution: Institution, pack: Pack) -> str:
    root = ElementTree.fromstring(bpmn(pack, institution, "zh", ON))
    return "\n".join(e.text or "" for e in root.iter(f"{BPMN}conditionExpression"))


def test_bpmn_carries_guards_as_conditions_and_blocks_as_documentation(pack: Pack) -> None:
    chaoyang = shipped("chaoyang")
    asked = flows(chaoyang.institutions["hard_problem"], chaoyang)
    assert '(act == "publish" and (spent == received))' in asked
    text = bpmn(pack, pack.institutions["council"], "zh", ON)
    root = ElementTree.fromstring(text)
    tasks = {t.get("id"): "".join(d.text or "" for d in t) for t in root.iter(f"{BPMN}userTask")}
    assert "没有公布的议题不能作决定" in tasks["stage_meeting"]
    assert "voted * 2 > roll" in tasks["stage_voting"] and "总分 80 分及以上" in tasks["stage_judged"]
    notes = "\n".join(n.text or "" for n in root.iter(f"{BPMN}text"))
    assert "要满足的条件" in notes and "支出：已经“到账”" in notes
    start = next(root.iter(f"{BPMN}startEvent"))
    assert start.find(f"{BPMN}timerEventDefinition/{BPMN}timeCycle") is not None


def test_limits_that_differ_by_field_and_by_day_are_said(pack: Pack) -> None:
    council = pack.institutions["council"]
    text = explain(pack, council, "zh", ON)
    assert "在 10 日内（“类别”为“求助”的，5 日内）办理" in text
    later = Dated(date(2027, 1, 1), 8, "day", "new")
    values = [replace(v, to=date(2026, 12, 31)) if not v.when else v for v in pack.parameters["council_limit"]]
    changed = replace(pack, parameters={**pack.parameters, "council_limit": (*values, later)})
    assert "自 2027 年 1 月 1 日起改为 8 日内" in explain(changed, council, "zh", ON)
    assert "起改为" not in text
