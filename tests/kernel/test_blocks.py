"""The typed blocks in the kernel: votes, meetings, scores, slots, money, publishing, guards."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from linli.drafting.load import load
from linli.kernel.calendar import SHANGHAI
from linli.kernel.case import Case
from linli.kernel.decide import Decision, decide, open_case
from linli.kernel.institution import Pack
from linli.kernel.refusal import Refusal, Who

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)
HEAD = """
pack: t
title: {zh: 试, en: Trial}
levels: {community: {title: {zh: 社区, en: Community}}}
duties: {clerk: {title: {zh: 干事, en: Clerk}, at: community}}
"""
PARAMETERS = "week: [{from: 2020-01-01, value: 7, unit: day, source: setting}]"
CALENDARS = "calendars: {always: {title: {zh: 全天候, en: Around the clock}}}"
RESULTS = "\n".join(f"{r}: {{title: {{zh: {r}, en: {r}}}}}" for r in ("passed", "failed", "done"))
TOP = """
institution: thing
title: {zh: 事, en: Thing}
source: test
valid_from: 2020-01-01
raised_by: asker
parties: {asker: {who: person, title: {zh: 提出人, en: Asker}}}
roles:
  clerk: {duty: clerk, at: community, title: {zh: 干事, en: Clerk}}
  voter: {duty: clerk, at: community, title: {zh: 户, en: Voter}}
open: {title: {zh: 提出, en: Ask}, by: asker, to: work, may: [FIELDS_MAY]}
fields:
FIELDS
stages:
  work:
    title: {zh: 办, en: Work}
    holder: clerk
    within: week
    overdue: lapse
    BLOCK
    acts:
ACTS
      lapse: {title: {zh: 到期, en: Lapse}, by: clock, answers: asker, to: over}
  over: {title: {zh: 完, en: Over}, end: true}
"""


def build(fields: dict[str, str], block: str, acts: list[str], may: str = "") -> Pack:
    lines = [f"  {n}: {{type: {t}, class: party, title: {{zh: {n}, en: {n}}}}}" for n, t in fields.items()]
    text = TOP.replace("FIELDS_MAY", may).replace("FIELDS", "\n".join(lines)).replace("BLOCK", block)
    text = text.replace("ACTS", "\n".join(f"      {a}" for a in acts))
    files = {
        "t/pack.yaml": HEAD,
        "t/parameters.yaml": PARAMETERS,
        "t/calendars.yaml": CALENDARS,
        "t/results.yaml": RESULTS,
    }
    pack, findings = load({**files, "t/thing/institution.yaml": text}, "t")
    assert pack is not None and not findings, [f.line("en") for f in findings]
    return pack


def start(pack: Pack, **data: Any) -> Case:
    opened = open_case(pack, pack.institutions["thing"], "c", data, Who("a", frozenset({"asker"})), NOW)
    assert isinstance(opened, Decision), opened
    return opened.case


def do(pack: Pack, case: Case, act: str, person: str = "p", role: str = "clerk", **data: Any) -> Decision | Refusal:
    who = Who(person, frozenset({role}))
    return decide(pack, pack.institutions["thing"], case, act, data, who, NOW + timedelta(hours=1))


def done(outcome: Decision | Refusal) -> Case:
    assert isinstance(outcome, Decision), outcome
    return outcome.case


def act(name: str, more: str) -> str:
    return f"{name}: {{title: {{zh: {name}, en: {name}}}, {more}}}"


BALLOT = (
    "ballot: {options: {yes: {zh: 同意, en: Yes}, no: {zh: 不同意, en: No}}, choice: choice, roll: roll, item: item,"
    " quorum: 'voted * 3 >= roll * 2', passes: 'yes * 2 > voted', source: test}"
)


@pytest.fixture
def vote() -> Pack:
    acts = [
        act("vote", "by: voter, needs: [choice], does: vote"),
        act("close", "by: clerk, does: tally, answers: asker, result: [passed, failed], to: over"),
    ]
    return build({"choice": "text", "roll": "number", "item": "text"}, BALLOT, acts, "roll, item")


def test_everybody_votes_once_and_the_choice_is_kept_apart_from_the_fields(vote: Pack) -> None:
    case = start(vote, roll=3, item="装电梯")
    case = done(do(vote, case, "vote", "a", "voter", choice="yes"))
    again = do(vote, case, "vote", "a", "voter", choice="no")
    assert isinstance(again, Refusal) and again.code == "voted"
    assert "choice" not in case.fields
    wrong = do(vote, case, "vote", "b", "voter", choice="maybe")
    assert isinstance(wrong, Refusal) and "choice" in wrong.fields


@pytest.mark.parametrize(
    ("votes", "quorum", "passed", "result"),
    [("yy", True, True, "passed"), ("yn", True, False, "failed"), ("y", False, False, "failed")],
)
def test_without_quorum_nothing_passes(vote: Pack, votes: str, quorum: bool, passed: bool, result: str) -> None:
    case = start(vote, roll=3, item="装电梯")
    for voter, choice in enumerate(votes):
        case = done(do(vote, case, "vote", str(voter), "voter", choice={"y": "yes", "n": "no"}[choice]))
    case = done(do(vote, case, "close"))
    tally = case.blocks["tally"]
    assert (tally["quorum"], tally["passed"], case.result) == (quorum, passed, result)


def test_a_meeting_needs_quorum_and_an_announced_item() -> None:
    block = (
        "meeting: {agenda: agenda, present: present, roll: roll, quorum: 'present * 2 > roll', resolutions: resolved,"
        " decides: resolve, source: test}"
    )
    fields = {"agenda": "items", "present": "number", "roll": "number", "resolved": "items"}
    acts = [act("resolve", "by: clerk, needs: [present, resolved], answers: asker, result: done, to: over")]
    pack = build(fields, block, acts, "agenda, roll")
    case = start(pack, agenda=["车棚", "电梯"], roll=10)
    few = do(pack, case, "resolve", present=5, resolved=["车棚：建"])
    assert isinstance(few, Refusal) and few.code == "no_quorum"
    unannounced = do(pack, case, "resolve", present=6, resolved=["绿化：改"])
    assert isinstance(unannounced, Refusal) and unannounced.code == "not_announced"
    assert done(do(pack, case, "resolve", present=6, resolved=["车棚：建", "电梯：缓"])).ended


def test_a_score_is_the_weighted_mean_of_the_groups_that_rated() -> None:
    block = (
        "score: {indicators: {speed: {title: {zh: 快, en: Speed}, weight: 60, field: speed},"
        " care: {title: {zh: 心, en: Care}, weight: 40, field: care}}, raters: {clerk: 75, voter: 25},"
        " grades: {low: {title: {zh: 差, en: Low}, least: 0}, good: {title: {zh: 好, en: Good}, least: 80}}}"
    )
    acts = [
        act("rate", "by: [clerk, voter], needs: [speed, care], does: rate"),
        act("settle", "by: clerk, does: score, answers: asker, result: done, to: over"),
    ]
    pack = build({"speed": "number", "care": "number"}, block, acts)
    case = start(pack)
    case = done(do(pack, case, "rate", "a", "clerk", speed=90, care=80))
    case = done(do(pack, case, "rate", "b", "voter", speed=50, care=60))
    case = done(do(pack, case, "rate", "c", "voter", speed=70, care=80))
    scored = done(do(pack, case, "settle")).blocks["score"]
    # speed: 90·.75 + 60·.25 = 82.5; care: 80·.75 + 70·.25 = 77.5; total 82.5·.6 + 77.5·.4 = 80.5
    assert scored == {"total": "80.50", "grade": "good", "parts": {"speed": "82.50", "care": "77.50"}}


def test_nothing_is_spent_that_was_not_received() -> None:
    money = ("pledge", "receive", "spend")
    acts = [act(n, f"by: clerk, needs: [amount, giver], does: {n}") for n in money]
    pack = build({"amount": "number", "giver": "text"}, "funding: {amount: amount, who: giver}", acts)
    case = start(pack)
    case = done(do(pack, case, "pledge", amount=100, giver="甲"))
    refused = do(pack, case, "spend", amount=1, giver="乙")
    assert isinstance(refused, Refusal) and refused.code == "not_enough"
    case = done(do(pack, case, "receive", amount=60, giver="甲"))
    case = done(do(pack, case, "spend", amount=60, giver="乙"))
    assert case.blocks["money"] == {"pledged": 100, "received": 60, "spent": 60}
    for name in money:
        nothing = do(pack, case, name, amount=-5, giver="丙")
        assert isinstance(nothing, Refusal) and "大于零" in nothing.fields["amount"].zh


def test_a_slot_ends_after_it_starts() -> None:
    acts = [act("reserve", "by: clerk, needs: [room, from_, till], does: reserve")]
    fields = {"room": "text", "from_": "moment", "till": "moment"}
    pack = build(fields, "slot: {place: room, start: from_, end: till}", acts)
    case = start(pack)
    backwards = do(pack, case, "reserve", room="大厅", from_="2026-03-09 19:00", till="2026-03-09 18:00")
    assert isinstance(backwards, Refusal) and "till" in backwards.fields
    case = done(do(pack, case, "reserve", room="大厅", from_="2026-03-09 18:00", till="2026-03-09 19:00"))
    assert case.blocks["slot"]["place"] == "大厅"


def test_a_guard_refuses_with_the_authors_words() -> None:
    guarded = act(
        "finish",
        "by: clerk, when: 'size(items) > 0 && done_note > 0', or_else: {zh: 先记一笔, en: Note something first},"
        " answers: asker, result: done, to: over",
    )
    pack = build({"items": "items"}, "", [guarded, act("note", "by: clerk, needs: [items]")])
    case = start(pack)
    refused = do(pack, case, "finish")
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.says.zh) == ("not_yet", "先记一笔")
    case = done(do(pack, case, "note", items="一\n二"))
    assert done(do(pack, case, "finish")).ended


def test_what_is_published_hangs_for_its_period() -> None:
    block = "publish: {audience: residents, places: [board], for: week, fields: [text]}"
    pack = build({"text": "text"}, block, [], "text")
    shown = start(pack, text="本月收支").blocks["published"]
    assert shown["shown"] == {"text": "本月收支"}
    assert shown["until"].startswith("2026-03-10T00:00")
