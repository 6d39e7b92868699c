"""docs/reference/figures.md: every figure, drawn from the same definitions as the pages, so it cannot drift."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from linli.drafting.figures import read_figures
from linli.insight import rates, sessions, shares
from linli.insight.figures import AS_OF_NOW, BY_CLOSING_DAY
from linli.insight.pressing import OVERDUE, SOON
from linli.insight.rates import ON_TIME, SMALL, Plan
from linli.kernel.institution import Institution, Pack, Text
from linli.ledger import filters as narrowing

Found = tuple[Pack, Institution, Plan]


def page(packs: Sequence[Pack], on: date) -> str:
    """The page in Markdown for the figures of ``packs`` as they hold on the day ``on``."""
    plans: dict[str, list[Found]] = {}
    for pack in packs:
        for institution in pack.institutions.values():
            for plan in rates.plans(pack, institution, on):
                plans.setdefault(plan.name, []).append((pack, institution, plan))
    order = [ON_TIME, *dict.fromkeys(n for p in packs for n in read_figures(p)[0].figures)]
    lines = [*_head(), *_tiers()]
    for name in (n for n in order if n in plans):
        lines += _figure(name, plans[name])
    return "\n".join([*lines, *_pressing(), *_plan()]) + "\n"


def _head() -> list[str]:
    return [
        "# Figures 统计数字",
        "",
        "<!-- Printed by `linli report definitions`; do not edit. -->",
        "",
        "每个数都写明公式、分子、分母、不计入的件数和时间口径，点开就是对应的事项；谁能看到哪些事项，就只数哪些。",
        "没有任何一个数会拦住往上报，也没有任何一个数按人排列。权重是设定值：北京三率的公式和权重没有公开，",
        "这里用的是假设（见 `packs/national/parameters.yaml`），页面上同样标明。",
        "",
        "Every number shows its formula, parts, what is left out and by which day it is counted, and opens to its",
        "cases; it covers what its viewer may see. None holds a case back and none is about a person. The weights are",
        "settings: no published formula or weights of Beijing's three rates were found, so they are marked as an",
        "assumption.",
        "",
        f"A rate over fewer than {SMALL} cases is marked. What a rate counts is `figures.yaml` of the pack; a city",
        "replaces one by naming it again. On the pages: *比率 Rates* (`/command/rates/`), by unit, area, category,",
        "level and period; exported as CSV or XLSX; over the API `GET /api/v1/figures/INSTITUTION`; at the terminal",
        "`linli report figures`.",
        "Each month the public sees `/figures/`, without small numbers.",
    ]


def _tiers() -> list[str]:
    return ["", "## 721 · Closed at which level", "", *_both(shares.FORMULA), "", *_dates(BY_CLOSING_DAY)]


def _figure(name: str, found: Sequence[Found]) -> Iterator[str]:
    plan = found[0][2]
    zh, en = ("按时率", "In time") if name == ON_TIME else (plan.title.zh, plan.title.en)
    formula = rates.WITH_OPEN if name == ON_TIME else plan.formula
    yield from ["", f"## {en} {zh}", "", f"`{name}`" + (" · the fewer the better 越低越好" if plan.less else ""), ""]
    yield from [*_both(formula), "", *_dates(BY_CLOSING_DAY), ""]
    yield from ["| part 项 | weight 权重 | filter 筛选 |", "|---|---|---|"]
    for spec in plan.parts:
        yield f"| {spec.title.en} {spec.title.zh} | {spec.weight}% | `{narrowing.Filters(**spec.asks).query()}` |"
    if name == ON_TIME:
        yield f"| {rates.STILL.en} {rates.STILL.zh} | 0% | `state=open&overdue=1` |"
    left = [f"{s.title.en} {s.title.zh}" for s in plan.excluded]
    if not (plan.figure and plan.figure.every):
        left.append(
            "results that never count (withdrawn, diverted, …), each with its number 撤回、引导等结果，逐项列出件数"
        )
    yield from [
        "",
        f"Left out 不计入: {'; '.join(left) or 'nothing 没有'}.",
        "",
        f"Source 依据: {_source(name, plan)}.",
    ]
    assumed = dict.fromkeys(s.source for s in plan.parts if s.source.startswith("assumption") and 0 < s.weight < 100)
    if assumed:
        yield from ["", *(f"- {source}" for source in assumed)]
    yield from ["", f"Counted for 适用: {_where(found)}."]


def _source(name: str, plan: Plan) -> str:
    return "the promise of each institution 各项制度的答复承诺" if name == ON_TIME else plan.source


def _where(found: Iterable[Found]) -> str:
    by_pack: dict[str, list[str]] = {}
    for pack, institution, _ in found:
        by_pack.setdefault(pack.name, []).append(institution.name)
    return "; ".join(f"{pack}: {', '.join(names)}" for pack, names in by_pack.items())


def _pressing() -> list[str]:
    return [
        "", f"## {SOON.en}, {OVERDUE.en.lower()} {SOON.zh}、{OVERDUE.zh}", "",
        "For each level and unit, what it holds that runs out within a day and what has run out; paused clocks stand.",
        "每个层级、每个单位手上快到期和已逾期的；暂停计时的不算。", "", *_dates(AS_OF_NOW),
    ]  # fmt: skip


def _plan() -> list[str]:
    lines = ["", "## The year plan 全年计划", "", "What the calendar opens, each holder by each period:", ""]
    lines += ["| word 词 | means 含义 |", "|---|---|"]
    for name, rule in sessions.RULES.items():
        title = sessions.STATES[name]  # type: ignore[index] # the same names
        lines.append(f"| {title.en} {title.zh} | {rule.en}. {rule.zh}。 |")
    return lines


def _both(text: Text) -> list[str]:
    return [text.zh, "", text.en]


def _dates(rule: Text) -> list[str]:
    return [f"{rule.zh}。 {rule.en}."]
