"""The reference page of the language and its examples, drawn from the dataclasses: it cannot say what is not so."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin

from linli.drafting import figures, standards
from linli.drafting import reference_words as words
from linli.drafting.reader import shape
from linli.kernel import ballot, blocks, institution

CLASSES: dict[str, type] = {
    name: getattr(next(m for m in (standards, figures, institution) if hasattr(m, name)), name) for name in words.TITLES
}
"""The classes that a pack's files are made of, in reading order."""

EXAMPLES: dict[str, str] = {
    "Calls": """\
title: {zh: 部门会办, en: Joint work}
holder: street
within: joint_limit
overdue: take_back
calls: {institution: response, for_each: units, then: gather, passes: [text]}
acts:
  gather:    {title: {zh: 收齐答复, en: Gather the answers}, by: children, to: raised}
  take_back: {title: {zh: 到期收回, en: Take back}, by: clock, to: raised}
""",
    "Follows": """\
title: {zh: 并案办理, en: Handled with another}
holder: community
within: merged_limit
overdue: part
follows: {case: same_as, then: answer_too, otherwise: part, passes: [answer]}
acts:
  answer_too: {title: {zh: 随主案答复, en: Told}, by: lead, answers: reporter, result: [solved, partly], to: answered}
  part: {title: {zh: 退出并案, en: Take apart}, by: [community, clock, lead], to: collected}
""",
    "Ballot": """\
title: {zh: 居民表决, en: Vote}
holder: community
within: vote_limit
overdue: count
ballot:
  options: {agree: {zh: 同意, en: For}, against: {zh: 不同意, en: Against}}
  choice: choice
  roll: households
  item: proposal
  quorum: voted * 3 >= roll * 2
  passes: agree * 2 > voted
  source: 民法典第二百七十八条
acts:
  vote:  {title: {zh: 投票, en: Vote}, by: resident, needs: [choice], does: vote}
  count: {title: {zh: 计票, en: Count}, by: [community, clock], does: tally, to: counted}
""",
    "Meeting": """\
title: {zh: 议事会, en: Council meeting}
holder: community
within: meeting_limit
overdue: lapse
meeting:
  agenda: agenda
  present: present
  roll: members
  quorum: present * 2 > roll
  resolutions: resolutions
  decides: resolve
  source: 社区议事协商制度第八条
acts:
  resolve: {title: {zh: 记录决定, en: Record}, by: community, needs: [present, members, resolutions], to: resolved}
  lapse:   {title: {zh: 没有开成, en: Not held}, by: clock, to: dropped}
""",
    "Score": """\
title: {zh: 考评, en: Appraisal}
holder: street
within: rating_limit
overdue: add_up
score:
  indicators:
    speed:   {title: {zh: 办得快不快, en: Speed}, weight: 40, field: speed}
    quality: {title: {zh: 办得好不好, en: Quality}, weight: 60, field: quality}
  raters: {community: 70, street: 30}
  grades:
    fair: {title: {zh: 一般, en: Fair}, least: 0}
    good: {title: {zh: 良好, en: Good}, least: 80}
acts:
  rate:   {title: {zh: 打分, en: Rate}, by: [community, street], needs: [speed, quality], does: rate}
  add_up: {title: {zh: 算总分, en: Add up}, by: [street, clock], does: score, to: scored}
""",
    "Slot": """\
title: {zh: 借用活动室, en: Book the hall}
holder: community
within: reply_limit
overdue: lapse
slot: {place: hall, start: from_when, end: until_when}
acts:
  book:  {title: {zh: 订下来, en: Book}, by: community, needs: [hall, from_when, until_when], does: reserve, to: booked}
  lapse: {title: {zh: 过期作罢, en: Lapse}, by: clock, to: dropped}
""",
    "Funding": """\
title: {zh: 微项目资金, en: Money of a small project}
holder: community
within: project_limit
overdue: close
funding: {amount: amount, who: giver}
acts:
  give:  {title: {zh: 认捐, en: Pledge}, by: donor, needs: [amount, giver], does: pledge}
  take:  {title: {zh: 到账, en: Received}, by: community, needs: [amount, giver], does: receive}
  pay:   {title: {zh: 支出, en: Spend}, by: community, needs: [amount, giver], does: spend}
  close: {title: {zh: 结账, en: Close}, by: [community, clock], to: accounted}
""",
    "Publish": """\
title: {zh: 公示, en: On display}
holder: community
within: display_limit
overdue: pass_on
publish: {audience: residents, places: [board, site], for: display_limit, fields: [outcome], objections: object}
acts:
  object:  {title: {zh: 提异议, en: Object}, by: resident, needs: [reason], at_most: 3, to: reviewed}
  pass_on: {title: {zh: 公示期满, en: Display over}, by: clock, to: closed}
""",
    "Every": """\
{each: month, day: 15, at: "19:00", duty: community_officer, calendar: office}
""",
}
"""A short example of each block: a whole stage (the value of ``every`` for Every)."""


def language() -> str:
    """docs/reference/language.md."""
    lines = [
        "# The language 制度的写法",
        "",
        "<!-- Printed from the dataclasses by `linli reference language`; do not edit. -->",
        "",
        "A pack 制度包 is a folder of YAML files; every key it may use is on this page. Values are read by the type",
        "asked for: `no` is a word, `2026-01-01` a day. Anchors, aliases and tags are refused, and so is every unknown",
        "key. A *list* may be written as one value when it has only one. Names 名称 are lower-case letters, digits and",
        "underscores, a letter first. Editors check while you type with the schemas in [schema/](schema/).",
        "",
        "```",
        *(f"{file:<34} {what}" for file, what in FILES),
        "```",
    ]
    for name, cls in CLASSES.items():
        lines += _chapter(name, cls)
    return "\n".join([*lines, *_tables()]) + "\n"


FILES = (
    ("PACK/pack.yaml", "[PackFile] 层级、职务"),
    ("PACK/parameters.yaml", "[Dated] 每个数字、从哪天起、依据"),
    ("PACK/lists.yaml", "[Code] 代码表"),
    ("PACK/results.yaml", "[Result] 办理结果"),
    ("PACK/standards.yaml", "[StandardsFile] 登记册要达到的标准"),
    ("PACK/figures.yaml", "[Figure] 每个比率数什么"),
    ("PACK/calendars.yaml", "哪些天上班"),
    ("PACK/NAME/institution.yaml", "[Institution] 一项制度"),
    ("PACK/NAME/scenarios/STORY.yaml", "一个情景：既是例子，也是测试"),
)


def _chapter(name: str, cls: type) -> Iterator[str]:
    zh, where = words.TITLES[name]
    yield from ("", f"## {name} {zh}", "", f"{_first_line(cls)} *({where})*", "")
    yield from ("| key 键 | value 值 | 说明 | meaning |", "|---|---|---|---|")
    keys, required = shape(cls)
    for key, (spec, kind) in keys.items():
        value = typed(kind) + ("; **required 必填**" if key in required else _default(spec))
        yield f"| `{key}` | {value} | {words.key_zh(name, key)} | {_cell(spec.metadata['doc'])} |"
    if name in EXAMPLES:
        lead = "every:" if name == "Every" else "a_stage:"
        yield from ("", "```yaml", lead, *(f"  {line}" for line in EXAMPLES[name].splitlines()), "```")


def typed(kind: Any) -> str:
    """What a value of ``kind`` looks like, in words of the page."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return typed(next(a for a in args if a is not type(None)))
    if origin is tuple:
        return f"list of {typed(args[0])}"
    if origin is Literal:
        return " / ".join(f"`{a}`" for a in args)
    if is_mapping(kind):
        return f"name → {typed(args[1])}"
    if is_dataclass(kind) and isinstance(kind, type):
        return f"[{kind.__name__}](#{_anchor(kind.__name__)})"
    return {bool: "`true` / `false`", int: "whole number", str: "text"}.get(kind, "day")


def is_mapping(kind: Any) -> bool:
    """Whether ``kind`` is a mapping of names to something."""
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _anchor(name: str) -> str:
    return f"{name.lower()}-{words.TITLES[name][0]}".replace("：", "")  # as GitHub makes it


def _first_line(cls: type) -> str:
    return (cls.__doc__ or "").strip().split("\n")[0]


def _default(spec: Any) -> str:
    if spec.default is MISSING or spec.default in (None, ()):
        return ""
    return f"; else `{str(spec.default).lower() if isinstance(spec.default, bool) else spec.default}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _tables() -> Iterator[str]:
    for title, rows in (
        ("`type` of a field 字段类型", words.FIELD_TYPES),
        ("`class` of a field 谁能看", words.FIELD_CLASSES),
        ("`does` of an act 动作的作用", words.DOES),
    ):
        yield from ("", f"## {title}", "", "| value 值 | 说明 | meaning |", "|---|---|---|")
        yield from (f"| `{value}` | {zh} | {en} |" for value, (zh, en) in rows.items())
    yield from ("", "## Expressions 条件", "")
    yield "`when`, `quorum` and `passes` are written in CEL: `+ - * / == != < <= > >= && || ! in`, `size(list)`."
    yield "What was not filled in is zero, empty or no; what cannot be computed (1/0) refuses the act."
    yield "没有填的字段按零、空或者否计算；算不出来的，动作不能做。"
    yield from ("", "`when` may ask:", "", "| name | type | 说明 |", "|---|---|---|")
    yield from (f"| `{name}` | {kind} | {words.ASKED[name]} |" for name, kind in blocks.FACTS.items())
    yield "| `done_ACT` | int | 动作做了几次 |"
    yield "| `count_COUNTER` | int | 计数 |"
    yield "| `FIELD` | by its type | 字段的值（point 除外） |"
    heads = ", ".join(f"`{n}` ({t})" for n, t in ballot.NAMES.items())
    yield from ("", f"A ballot's `quorum` may ask {heads}; its `passes` also each option and `share_OPTION`.")
    yield "A meeting's `quorum` may ask `present` and `roll` (int)."
