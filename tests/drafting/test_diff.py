"""What `diff` says, and that nothing changes unnoticed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import linli
from linli.config.cli_diff import command
from linli.drafting.diff import diff
from linli.drafting.diff_packs import diff_packs
from linli.drafting.diff_words import LABELS
from linli.drafting.load import load, read_folder
from linli.kernel import institution as language
from linli.kernel.institution import Act, Institution, Pack, Text

PACKS = Path(linli.__file__).parent / "packs"
REQUEST = "changzhou/request/institution.yaml"
NUMBERS = "changzhou/parameters.yaml"


def files() -> dict[str, str]:
    return {path: text.decode() for path, text in read_folder(PACKS, "changzhou").items()}


def read(found: dict[str, str]) -> Pack:
    pack, findings = load(found, "changzhou")
    assert pack is not None and not findings, findings
    return pack


def changed(file: str, *edits: tuple[str, str]) -> Pack:
    """The pack with edits, each of which must find its place."""
    found = files()
    for before, after in edits:
        assert before in found[file], before
        found[file] = found[file].replace(before, after)
    return read(found)


OLD = read(files())


def said(new: Pack) -> list[str]:
    changes = diff(OLD.institutions["request"], new.institutions["request"], OLD, new)
    assert all(c.says.zh.endswith("。") and c.says.en.endswith(".") and "{" not in c.says.en for c in changes)
    return [c.says.zh for c in changes]


WHISTLE = "        needs: [units, reason]\n        may: [task, whistle_type]\n        to: joint"
SENTENCES = [
    (
        NUMBERS,
        ("street_limit:\n  - {from: 2022-01-01, value: 1,", "street_limit:\n  - {from: 2022-01-01, value: 2,"),
        ["“镇街吹哨”环节的时限由 1 个工作日改为 2 个工作日。"],
    ),
    (
        NUMBERS,
        (
            "grid_limit:\n  - {from: 2022-01-01, ",
            "grid_limit:\n  - {from: 2026-05-01, value: 12, unit: hour, source: x}\n"
            "  - {from: 2022-01-01, to: 2026-04-30, ",
        ),
        ["自 2026 年 5 月 1 日起，“网格发现”环节的时限由 24 小时改为 12 小时。"],
    ),
    (
        REQUEST,
        (WHISTLE, WHISTLE.replace("units, reason", "photos, units").replace("  to:", "  at_most: 3\n        to:")),
        [
            "“镇街吹哨”环节“吹哨，请单位一起办”的必填项增加“照片”，取消“理由”。",
            "“镇街吹哨”环节“吹哨，请单位一起办”新定次数上限：3 次。",
        ],
    ),
    (
        REQUEST,
        ("holder: street\n    within: gather_limit", "holder: community\n    within: gather_limit"),
        ["“汇总答复”环节的办理人由镇街改为社区。"],
    ),
    (
        REQUEST,
        ("list: request_kinds, class: public", "list: request_kinds, class: handler"),
        ["填写项“诉求类型”的查看范围由所有人改为办理人员。"],
    ),
    (
        REQUEST,
        ("at: street, never: handler", "at: street"),
        ["角色“回访员”的回避范围取消任何办理。"],
    ),
    (
        REQUEST,
        ("        result: solved\n        tier: grid", "        result: [solved, explained]\n        tier: grid"),
        ["“网格发现”环节“解决了，答复”的办理结果增加“解释说明”。"],
    ),
    (
        REQUEST,
        ("title: {zh: 镇街吹哨, en: At the street}", "title: {zh: 镇街办理, en: At the street}"),
        ["“镇街吹哨”环节的名称由“镇街吹哨”改为“镇街办理”。"],
    ),
    (REQUEST, ("zh: 挂账, en: Parked with a plan", "zh: 挂账, en: Parked"), ["“挂账”环节的名称修改了英文措辞。"]),
]  # fmt: skip


@pytest.mark.parametrize(("file", "edit", "expected"), SENTENCES, ids=[s[2][0][:20] for s in SENTENCES])
def test_a_change_is_said_as_an_official_would(file: str, edit: tuple[str, str], expected: list[str]) -> None:
    assert said(changed(file, edit)) == expected


def test_order_comments_and_names_of_parameters_say_nothing() -> None:
    found = files()
    text = found[REQUEST]
    start, end = text.index("  remark:\n"), text.index("  extend:\n")
    remark, text = text[start:end], text[:start] + text[end:]
    text = text.replace("anywhere:\n", f"anywhere:\n{remark}") + "\n# 一句注释\n"
    text = text.replace("by: [holder, supervisor]\n    needs: [note]", "by: [supervisor, holder]\n    needs: [note]")
    text = text.replace("needs: [contacted, solved, satisfied]", "needs: [satisfied, contacted, solved]")
    text = text.replace("within: street_limit", "within: street_time")
    found[REQUEST] = text
    other = "changzhou/hazard/institution.yaml"
    found[other] = found[other].replace("within: street_limit", "within: street_time")
    found[NUMBERS] = found[NUMBERS].replace("street_limit:", "street_time:")
    new = read(found)
    assert new.institutions["request"].version != OLD.institutions["request"].version
    assert said(new) == [] and diff_packs(OLD, new) == []


def test_a_renamed_stage_is_one_change_and_asks_for_a_decision() -> None:
    new = changed(REQUEST, ("  gathered:\n", "  summed:\n"), ("to: gathered", "to: summed"), ("gathered, ", "summed, "))
    assert said(new) == ["“汇总答复”环节的内部代号由 gathered 改为 summed，停在这里的未结事项要指明转到哪个环节。"]


def test_a_rename_that_says_what_it_was_needs_no_decision() -> None:
    was = ("  gathered:\n", "  summed:\n    was: gathered\n")
    new = changed(REQUEST, was, ("to: gathered", "to: summed"), ("gathered, ", "summed, "))
    assert said(new) == ["“汇总答复”环节的内部代号由 gathered 改为 summed，停在这里的未结事项随之转入。"]
    wrong = changed(REQUEST, ("  gathered:\n", "  gathered:\n    was: raised\n"))
    assert said(wrong) == [], "a name that is still there was not renamed"


def test_renamed_fields_acts_and_roles_are_one_change_each() -> None:
    old = OLD.institutions["request"]
    reviewer, field = old.roles["reviewer"], old.fields["reason"]
    roles = {("checker" if n == "reviewer" else n): r for n, r in old.roles.items()}
    roles["checker"] = replace(reviewer, name="checker", was="reviewer")
    fields_ = {("grounds" if n == "reason" else n): f for n, f in old.fields.items()}
    fields_["grounds"] = replace(field, name="grounds", was="reason")

    def act(a: Act) -> Act:
        names = {"reviewer": "checker"}
        needs, may = (tuple("grounds" if n == "reason" else n for n in of) for of in (a.needs, a.may))
        return replace(a, by=tuple(names.get(r, r) for r in a.by), tells=tuple(names.get(r, r) for r in a.tells),
                       needs=needs, may=may)  # fmt: skip

    stages = {
        n: replace(
            s, holder="checker" if s.holder == "reviewer" else s.holder, acts={k: act(a) for k, a in s.acts.items()}
        )
        for n, s in old.stages.items()
    }
    anywhere = {n: act(a) for n, a in old.anywhere.items()}
    new = replace(old, roles=roles, fields=fields_, stages=stages, anywhere=anywhere, open=act(old.open))
    told = [c.says.zh for c in diff(old, new, OLD, OLD)]
    assert told[:2] == [
        "角色“回访员”的内部代号由 reviewer 改为 checker。",
        "填写项“理由”的内部代号由 reason 改为 grounds。",
    ]
    assert not [t for t in told[2:] if "取消" in t or "新增" in t], told


def test_a_new_stage_and_a_dropped_act_are_told_with_what_they_mean() -> None:
    visit = (
        "stages:\n  visited:\n    title: {zh: 上门会商, en: Visit}\n    holder: community\n"
        "    within: community_limit\n"
        "    overdue: go\n    acts:\n      go: {title: {zh: 去办, en: Go}, by: [community, clock], to: collected}\n"
    )
    new = changed(
        REQUEST,
        ("stages:\n", visit),
        ("        needs: [reason]\n        to: collected", "        needs: [reason]\n        to: visited"),
    )
    assert said(new) == [
        "新增“上门会商”环节，由社区办理，时限 2 个工作日，可以“去办”。",
        "“网格发现”环节“解决不了，报社区”的去向由“社区收集”改为“上门会商”。",
    ]
    back = diff(new.institutions["request"], OLD.institutions["request"], new, OLD)
    assert [(c.kind, c.path) for c in back] == [
        ("removed", "stages.visited"),
        ("changed", "stages.found.acts.pass_up.to"),
    ]


def test_what_all_share_is_compared_too() -> None:
    found = files()
    found["national/results.yaml"] += "\nsettled: {title: {zh: 调解成功, en: Settled}}\n"
    found[NUMBERS] += "\nspare:\n  - {from: 2022-01-01, value: 3, unit: day, source: x}\n"
    sections = diff_packs(OLD, read(found))
    assert [s.title.zh for s in sections] == ["各项制度共用"]
    assert [c.says.zh for c in sections[0].changes] == ["新增办理结果“调解成功”。", "参数 spare 的数值由无改为 3 日。"]


def _leaves(thing: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every key of every part of an institution, with its path."""
    if dataclasses.is_dataclass(thing) and not isinstance(thing, Text):
        for f in dataclasses.fields(thing):
            if not f.metadata.get("internal"):
                yield from _leaves(getattr(thing, f.name), (*path, f.name))
    elif isinstance(thing, dict) and thing and dataclasses.is_dataclass(next(iter(thing.values()))):
        for name, inner in thing.items():
            yield from _leaves(inner, (*path, name))
    else:
        yield path, thing


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, Text):
        return Text(f"{value.zh}改", f"{value.en} too")
    if isinstance(value, tuple):
        return (*value, "changed")
    return {type(None): "changed", str: "changed", int: 7}.get(type(value), value)


def _with(thing: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    if isinstance(thing, dict):
        return {**thing, path[0]: _with(thing[path[0]], path[1:], value)}
    return dataclasses.replace(thing, **{path[0]: _with(getattr(thing, path[0]), path[1:], value)})


SILENT = {"institution", "allows"}


@pytest.mark.parametrize("name", ["request", "response"])
def test_no_key_changes_unnoticed(name: str) -> None:
    """Each key of the definition is changed alone: one thing is said, at its path. Of dates and mappings see above."""
    old = OLD.institutions[name]
    tried = 0
    for path, value in _leaves(old):
        new_value = _other(value)
        if new_value == value or path[-1] == "was" or (len(path) == 1 and path[0] in SILENT):
            continue
        new = _with(old, path, new_value)
        changes = diff(old, new, OLD, OLD)
        tried += 1
        assert changes, f"{'.'.join(path)}: {value!r} → {new_value!r} went unnoticed"
        wanted = ".".join(p.rstrip("_") for p in path)
        assert [c.path for c in changes] == [wanted], (wanted, changes)
        assert changes[0].says.zh != changes[0].says.en
    assert tried > 300


def test_every_key_of_the_language_has_a_name() -> None:
    """A key added to the language gets a word here, or people would read its code name."""
    apart = {"parties", "roles", "fields", "clocks", "stages", "anywhere", "open", "acts", "allows", "institution"}
    apart |= {"was"}  # it says what a thing was called, which is told as such
    kinds = [
        language.Institution, language.Party, language.Role, language.Field, language.Clock, language.Act,
        language.Stage, language.Calls, language.Follows, language.Ballot, language.Meeting, language.Score,
        language.Indicator, language.Grade, language.Slot, language.Funding, language.Publish, language.Every,
    ]  # fmt: skip
    keys = {(k.__name__, f.name) for k in kinds for f in dataclasses.fields(k) if not f.metadata.get("internal")}
    missing = [f"{k}.{n}" for k, n in sorted(keys) if n not in apart and f"{k}.{n}" not in LABELS and n not in LABELS]
    assert not missing


def _blocks() -> Institution:
    """An institution whose first stage votes, scores and publishes."""
    ballot = language.Ballot({"yes": Text("同意", "Yes")}, "text", "reached", "text", "voted > 0", "voted > 1", "a law")
    score = language.Score(
        {"speed": language.Indicator(Text("速度", "Speed"), 100, "reached")}, {"street": 100},
        {"good": language.Grade(Text("好", "Good"), 0)},
    )  # fmt: skip
    publish = language.Publish("everybody", ("board",), "pause_limit", ("category",))
    old = OLD.institutions["request"]
    stage = dataclasses.replace(old.stages["found"], ballot=ballot, score=score, publish=publish)
    return dataclasses.replace(old, stages={**old.stages, "found": stage})


@pytest.mark.parametrize(
    ("path", "value", "zh"),
    [
        (("ballot", "quorum"), "voted > 9", "“网格发现”环节的表决规则的法定人数由`voted > 0`改为`voted > 9`。"),
        (("ballot", "advisory"), True, "“网格发现”环节的表决规则的“仅供参考”由“否”改为“是”。"),
        (
            ("score", "raters"),
            {"street": 60, "community": 40},
            "“网格发现”环节的评价办法的评价主体权重的镇街由 100%改为 60%。",
        ),
        (
            ("score", "indicators", "speed", "weight"),
            90,
            "“网格发现”环节的评价办法的评价指标“速度”的权重由 100%改为 90%。",
        ),
        (("publish", "places"), ("site", "board"), "“网格发现”环节的公示安排的公示地点增加site。"),
        (("ballot",), None, "“网格发现”环节取消表决规则。"),
    ],
)  # fmt: skip
def test_blocks_are_compared_inside(path: tuple[str, ...], value: Any, zh: str) -> None:
    old = _blocks()
    changes = diff(old, _with(old, ("stages", "found", *path), value), OLD, OLD)
    assert changes[0].says.zh == zh


def test_a_published_period_is_compared_by_its_number() -> None:
    new = changed(
        NUMBERS, ("pause_limit:\n  - {from: 2022-01-01, value: 5", "pause_limit:\n  - {from: 2022-01-01, value: 7")
    )
    paths = [c.path for c in diff(_blocks(), _blocks(), OLD, new)]
    assert paths == ["stages.found.publish.period", "anywhere.pause.within"]


def _linli(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(command, list(arguments))
    return done.exit_code, done.output


def test_the_command_tells_by_its_exit_status(tmp_path: Path) -> None:
    found = files()
    found[NUMBERS] = found[NUMBERS].replace(
        "grid_limit:\n  - {from: 2022-01-01, value: 24,", "grid_limit:\n  - {from: 2022-01-01, value: 12,"
    )
    for path, text in found.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    folder = str(tmp_path / "changzhou")
    assert _linli("changzhou", "changzhou") == (0, "没有不同。\n")
    status, told = _linli("changzhou", folder)
    assert status == 1 and "由 24 小时改为 12 小时" in told
    status, told = _linli("changzhou/request", f"{folder}/request", "--json")
    assert status == 1
    assert json.loads(told)["sections"][0]["changes"][0]["path"] == "stages.found.within"
    assert _linli("changzhou/response", f"{folder}/response")[0] == 0
    for wrong in (("changzhou", "nowhere"), ("changzhou", "changzhou/request"), ("changzhou/x", "changzhou/request")):
        assert _linli(*wrong)[0] == 2
