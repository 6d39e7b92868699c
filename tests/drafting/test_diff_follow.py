"""Each reason for which an open case stays under its own version, one by one; and that nothing else keeps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import linli
from linli.drafting.diff import Follow, follow
from linli.drafting.load import load, read_folder
from linli.kernel.calendar import SHANGHAI
from linli.kernel.case import Case, Child, apply
from linli.kernel.case import Entry as KernelEntry
from linli.kernel.decide import Decision, decide, open_case
from linli.kernel.institution import Ballot, Institution, Pack, Text
from linli.kernel.refusal import Who

PACKS = Path(linli.__file__).parent / "packs"
FOUND = read_folder(PACKS, "changzhou")
REQUEST = "changzhou/request/institution.yaml"
NOW = datetime(2026, 3, 2, 10, tzinfo=SHANGHAI)
UP = {"reason": "办不了"}
PARK = {"reason": "要排计划", "plan": "下月", "review_on": "2026-04-20"}
EXTEND = {"delay": "等配件", "until": "2026-04-10"}
Steps = list[tuple[str, str, dict[str, Any]]]


def read(*edits: tuple[str, str]) -> Pack:
    text = FOUND[REQUEST].decode()
    for before, after in edits:
        assert before in text, before
        text = text.replace(before, after)
    pack, findings = load({**FOUND, REQUEST: text.encode()}, "changzhou")
    assert pack is not None and not findings, findings
    return pack


OLD = read()
WAS = OLD.institutions["request"]


def case(steps: Steps, **filled: Any) -> Case:
    """A lamp after these acts, each (role, act, data) an hour after the one before."""
    data = {"text": "路灯不亮", "category": "lighting", **filled}
    done = open_case(OLD, WAS, "c", data, Who("li", frozenset({"reporter"})), NOW)
    for number, (role, act, what) in enumerate(steps, 1):
        assert isinstance(done, Decision), done
        who = Who(role, frozenset({role, "holder"}))
        done = decide(OLD, WAS, done.case, act, what, who, NOW + timedelta(hours=number))
    assert isinstance(done, Decision), done
    return done.case


def judged(found: Case, *edits: tuple[str, str], decisions: dict[str, str] | None = None) -> Follow:
    pack = read(*edits)
    return follow(WAS, pack.institutions["request"], found, pack, decisions)


COLLECTED: Steps = [("grid_worker", "pass_up", UP)]
RAISED: Steps = [*COLLECTED, ("community", "pass_up", UP)]
ASKED: Steps = [*COLLECTED, ("community", "extend", EXTEND)]
SOLVED: Steps = [("grid_worker", "solve", {"answer": "好了"})]
AGREE = "    approves: supervisor\n"
CLOCK = FOUND[REQUEST].decode()
CLOCK = CLOCK[CLOCK.index("clocks:\n  promise:") : CLOCK.index("\nstages:")]
REASONS: dict[str, tuple[Case, list[tuple[str, str]], str]] = {
    "party": (case([]), [("reporter", "resident")], "提出人不再是"),
    "anonymous": (case([]), [("who: person, anonymous: true", "who: person")], "匿名"),
    "field gone": (
        case(COLLECTED),
        [("reason:     {type", "grounds:     {type"), ("[reason", "[grounds"), (", reason", ", grounds")],
        "“理由”在新版本里没有了",
    ),
    "field type": (
        case([], address="东门路"),
        [("address:    {type: text, max: 200", "address:    {type: number")],
        "换了类型",
    ),
    "choice gone": (case([], kind="report"), [("list: request_kinds", "list: diversions")], "不在新的选项里"),
    "more readers": (
        case(COLLECTED),
        [("max: 500, class: handler, title: {zh: 理由", "max: 500, class: public, title: {zh: 理由")],
        "更多人看到",
    ),
    "promise": (case([]), [(CLOCK, "clocks:\n  vow:" + CLOCK.removeprefix("clocks:\n  promise:"))], "没有这项承诺"),
    "too often": (
        case(
            [
                *SOLVED,
                ("reporter", "not_solved", {"why": "没好"}),
                ("community", "solve", {"answer": "好了", "result": "solved"}),
                ("reporter", "not_solved", {"why": "没好"}),
            ]
        ),
        [("at_most: 2\n        counts: reopened", "at_most: 1\n        counts: reopened")],
        "做过 2 次",
    ),
    "barred": (case(SOLVED), [("at: street, never: handler", "at: street")], "不再要求回访员回避"),
    "waits, act gone": (
        case(ASKED),
        [("only_in: [collected, raised, joint, divided, gathered, overseen]", "only_in: [raised]")],
        "正等待同意",
    ),
    "waits, no agreement": (case(ASKED), [(AGREE, "")], "正等待同意"),
    "waits, needs more": (case(ASKED), [("needs: [delay, until]", "needs: [delay, until, note]")], "重新填写"),
    "paused": (
        case([("grid_worker", "pause", {"addition": "哪一盏"})]),
        [("only_in: [found, collected, raised, gathered, overseen]", "only_in: [raised]")],
        "不能恢复",
    ),
    "silent": (
        case([]),
        [
            (
                "        answers: reporter\n        result: solved\n        tier: grid",
                "        result: solved\n        tier: grid",
            )
        ],
        "不答复就办结",
    ),
}


@pytest.mark.parametrize("name", REASONS)
def test_a_case_stays_when_something_about_it_would_be_lost(name: str) -> None:
    found, edits, why = REASONS[name]
    outcome = judged(found, *edits)
    assert outcome.kind == "stay" and why in outcome.why.zh, outcome
    assert outcome.why.en.endswith(".") and outcome.why.zh.endswith("。")


@pytest.mark.parametrize("name", [n for n in REASONS if n not in ("party", "anonymous", "promise", "silent")])
def test_a_case_that_has_nothing_of_the_kind_follows_the_same_version(name: str) -> None:
    """Otherwise the reason above would keep everybody."""
    outcome = judged(case([]), *REASONS[name][1])
    assert (outcome.kind, outcome.to_stage) == ("follow", "found"), outcome


def joint(open_child: bool) -> Case:
    found = case([*RAISED, ("street", "whistle", {"units": ["power"], "reason": "一起"})])
    return replace(found, children={"k": Child("power", True, open=open_child)})


def test_called_units_at_work_are_gathered_or_the_case_stays() -> None:
    calls = "for_each: units, join: all_ended"
    assert judged(joint(True), (calls, "for_each: units, join: any_ended")).kind == "follow"
    start = FOUND[REQUEST].decode().index("    calls: {institution")
    line = FOUND[REQUEST].decode()[start:].splitlines(keepends=True)[0]
    outcome = judged(joint(True), (line, ""))
    assert outcome.kind == "stay" and "不在这里汇总" in outcome.why.zh


def test_a_case_comes_back_to_a_stage_that_is_decided_too() -> None:
    parked = case([*RAISED, ("street", "park", PARK)])
    rename = [("  raised:\n", "  desk:\n"), ("to: raised", "to: desk"), ("collected, raised, ", "collected, desk, ")]
    asked = judged(parked, *rename)
    assert (asked.kind, asked.asks, asked.to_stage) == ("decide", ("raised",), "desk")
    decided = judged(parked, *rename, decisions={"raised": "desk"})
    assert (decided.kind, decided.to_stage, decided.back) == ("follow", "parked", "desk")
    new = read(*rename).institutions["request"]
    entry = KernelEntry(NOW, "migrate:x", None, None, "system", (decided.event(new, "更名"),))
    followed = apply(parked, entry)
    assert (followed.version, followed.stage, followed.back) == (new.version, "parked", "desk")
    assert followed.clocks == parked.clocks and followed.fields == parked.fields
    with pytest.raises(ValueError, match="does not follow"):
        asked.event(new, "更名")


def _with_ballot(institution: Institution, quorum: str) -> Institution:
    ballot = Ballot({"yes": Text("同意", "Yes")}, "note", "reached", "text", quorum, "voted > 1", "a law")
    stage = replace(institution.stages["found"], ballot=ballot)
    return replace(institution, stages={**institution.stages, "found": stage})


@pytest.mark.parametrize(
    ("votes", "quorum", "kind"),
    [({"li": "yes"}, "voted > 9", "stay"), ({}, "voted > 9", "follow"), ({"li": "yes"}, "voted > 0", "follow")],
)
def test_a_vote_that_has_begun_goes_on_by_its_own_rules(votes: dict[str, str], quorum: str, kind: str) -> None:
    found = replace(case([]), blocks={"votes": votes} if votes else {})
    outcome = follow(_with_ballot(WAS, "voted > 0"), _with_ballot(WAS, quorum), found, OLD)
    assert outcome.kind == kind, outcome


def test_the_holder_is_whoever_holds_the_stage_now() -> None:
    edits = ("holder: street\n    within: street_limit", "holder: district\n    within: street_limit")
    new = read(edits).institutions["request"]
    found = judged(case(RAISED), edits)
    assert found.event(new, "x").holder == "district"


DECISIONS: list[tuple[Callable[[], Case], dict[str, str], str]] = [
    (lambda: case(RAISED), {}, "看来就是“镇街吹哨”"),
    (lambda: case(RAISED), {"raised": "nowhere"}, "nowhere 在新版本里不是"),
    (lambda: case(RAISED), {"raised": "closed"}, "closed 在新版本里不是"),
    (lambda: case(RAISED), {"raised": "joint"}, "没有吹哨"),
    (lambda: case(RAISED), {"raised": "answered"}, "不答复就办结"),
]


@pytest.mark.parametrize(("make", "decisions", "why"), DECISIONS)
def test_a_decision_is_asked_for_and_checked(make: Callable[[], Case], decisions: dict[str, str], why: str) -> None:
    rename = [("  raised:\n", "  desk:\n"), ("to: raised", "to: desk"), ("collected, raised, ", "collected, desk, ")]
    outcome = judged(make(), *rename, decisions=decisions)
    assert outcome.kind == "decide" and outcome.asks == ("raised",) and why in outcome.why.zh, outcome


def test_a_stage_that_says_what_it_was_takes_its_cases_along() -> None:
    up = case([("grid_worker", "pass_up", UP)])
    assert up.stage == "collected"
    edits = [("  collected:\n", "  gathering_in:\n    was: collected\n"), ("to: collected", "to: gathering_in")]
    text = FOUND[REQUEST].decode()
    edits += [("[found, collected,", "[found, gathering_in,")] if "[found, collected," in text else []
    found = judged(up, *edits)
    assert (found.kind, found.to_stage) == ("follow", "gathering_in")
    without = [(edits[0][0], edits[0][1].replace("    was: collected\n", "")), *edits[1:]]
    assert judged(up, *without).kind == "decide"
    assert judged(up, *without, decisions={"collected": "gathering_in"}).kind == "follow"


def test_a_field_that_is_called_otherwise_keeps_the_cases_that_filled_it_in() -> None:
    new = replace(WAS, fields={("grounds" if n == "reason" else n): replace(f, was="reason" if n == "reason" else None)
                               for n, f in WAS.fields.items()})  # fmt: skip
    assert follow(WAS, new, case([]), OLD).kind == "follow"
    kept = follow(WAS, new, case([("grid_worker", "pass_up", UP)]), OLD)
    assert kept.kind == "stay" and "换了代号（grounds）" in kept.why.zh
