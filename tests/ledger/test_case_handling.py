"""What residents and supervisors beg for elsewhere, one by one in the ledger: docs/reference/peers.md names these."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import linli
from linli.drafting.load import load, read_folder
from linli.kernel.institution import Act, Institution
from linli.ledger import act as ledger
from linli.ledger import due
from linli.ledger.definitions import runtime
from linli.ledger.models import Case, Message
from tests.cast import NOW, Cast

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PACKS = Path(linli.__file__).parent / "packs"
SHIPPED = sorted(p.parent.name for p in PACKS.glob("*/pack.yaml"))
RATING = {"contacted": "yes", "solved": "solved", "satisfied": "satisfied"}


def at_street(cast: Cast) -> Case:
    lamp = cast.lamp()
    cast.act("wang", lamp.id, "pass_up", NOW + HOUR, reason="要社区")
    cast.act("chen", lamp.id, "pass_up", NOW + 2 * HOUR, reason="要镇街")
    return Case.objects.get(id=lamp.id)


def test_each_lawful_ground_is_told_in_its_own_words_with_the_right_channel(cast: Cast) -> None:
    """Row 9. The handler adds where to go; the words of the ground come from the list."""
    grounds = runtime().pack.lists["diversions"]
    assert len(grounds) == 6
    told = set()
    for name, ground in grounds.items():
        case = at_street(cast)
        cast.act("zhou", str(case.id), "divert", NOW + 3 * HOUR, diversion=name, answer="到司法所窗口办理。")
        answer = Message.objects.filter(case=case, answer=True).latest("id").text("zh")
        assert ground.says is not None and ground.says.zh in answer and "到司法所窗口办理。" in answer
        case.refresh_from_db()
        assert (case.stage, case.result) == ("answered", "diverted")
        told.add(ground.says.zh)
    assert len(told) == 6


def test_a_matter_divided_has_holders_and_clocks_of_its_own_and_one_answer(cast: Cast) -> None:
    """Row 17."""
    case = cast.lamp()
    cast.act("chen", case.id, "divide", NOW + HOUR, points=["灯不亮", "井盖松", "垃圾没人收"])
    parts = list(Case.objects.filter(parent_id=case.id).order_by("number"))
    assert [p.fields["problem"] for p in parts] == ["灯不亮", "井盖松", "垃圾没人收"]
    assert all(p.holder_path and p.next_due for p in parts)
    for n, part in enumerate(parts, 1):
        assert not Message.objects.filter(case_id=case.id, answer=True).exists(), "one answer, when all are done"
        cast.act("chen", str(part.id), "done", NOW + n * 2 * HOUR, answer="办好了", result="solved")
    cast.act("zhou", case.id, "reply", NOW + DAY, answer="三件都办好了", result="solved")
    answers = Message.objects.filter(case_id=case.id, answer=True)
    assert {m.person_id for m in answers} == {cast.people["li"].id} and "三件都办好了" in answers[0].text("zh")


def test_supervision_a_forced_redo_and_criticism_are_acts_that_are_counted(cast: Cast) -> None:
    """Row 32."""
    case = at_street(cast)
    cast.act("xu", str(case.id), "supervise", NOW + 3 * HOUR, note="尽快")
    cast.act("zhou", str(case.id), "solve", NOW + 4 * HOUR, answer="已转交", result="explained")
    cast.act("xu", str(case.id), "redo", NOW + 5 * HOUR, note="转交不是答复")
    cast.act("xu", str(case.id), "criticise", NOW + 6 * HOUR, note="推诿")
    case.refresh_from_db()
    counts = case.kernel().counts
    assert case.stage == "raised" and {k: counts[k] for k in ("supervision", "redo", "criticism")} == {
        "supervision": 1, "redo": 1, "criticism": 1,
    }  # fmt: skip
    refused = ledger.act(str(case.id), "supervise", {"note": "我自己督办"}, cast.id("zhou"), NOW + 7 * HOUR)
    assert isinstance(refused, ledger.Refusal) and refused.code == "not_yours"


def test_a_parked_matter_is_told_with_its_plan_and_taken_up_on_its_review_day(cast: Cast) -> None:
    """Row 35."""
    case = at_street(cast)
    plan = {"reason": "名额已满", "plan": "列入明年计划", "review_on": "2026-04-10"}
    cast.act("zhou", str(case.id), "park", NOW + 3 * HOUR, **plan)
    words = " ".join(m.text("zh") for m in Message.objects.filter(case=case, person=cast.people["li"]))
    assert "列入明年计划" in words and "2026" in words
    due.sweep(NOW + 20 * DAY)
    case.refresh_from_db()
    assert case.stage == "parked"
    due.sweep(NOW.replace(month=4, day=11, hour=0, minute=5))
    case.refresh_from_db()
    assert case.stage == "raised", "it fired by itself"


def test_the_reviewer_calls_back_each_attempt_is_kept_and_the_handler_may_not(cast: Cast) -> None:
    """Row 42."""
    lamp = cast.lamp()
    cast.act("wang", lamp.id, "solve", NOW + HOUR, answer="修好了")
    for n, how in enumerate(("phone", "visit"), 2):
        cast.act("wu", lamp.id, "attempt", NOW + n * HOUR, tried=how)
    for key in ("wang", "chen", "zhou"):
        refused = ledger.act(lamp.id, "revisit", {"reached": "yes", **RATING}, cast.id(key), NOW + 4 * HOUR)
        assert isinstance(refused, ledger.Refusal)
    cast.act("wu", lamp.id, "revisit", NOW + 5 * HOUR, reached="yes", **RATING)
    case = Case.objects.get(id=lamp.id)
    kept = [d.data["tried"] for d in case.details.filter(seq__in=case.entries.filter(act="attempt").values("seq"))]
    assert sorted(kept) == ["phone", "visit"] and case.kernel().counts["attempts"] == 2


@pytest.mark.parametrize("name", SHIPPED)
def test_nobody_is_left_unsolved_without_words(name: str) -> None:
    """Row 44. Every way in which a person's matter ends unsolved by somebody's act carries what they wrote."""
    pack, findings = load(read_folder(PACKS, name), name)
    assert pack is not None and not findings
    for institution in pack.institutions.values():
        if institution.parties[institution.raised_by].who != "person":
            continue
        for act in answering(institution):
            unsolved = [r for r in act.result if r in ("partly", "explained", "diverted")]
            written = [n for n in act.needs if institution.fields[n].type in ("text", "code")]
            shown = {n for n in written if act.says and f"{{{n}" in act.says.zh}
            by_itself = set(act.by) <= {"clock", "children", "lead"}
            assert not unsolved or by_itself or shown, f"{institution.name}.{act.name} ends as {unsolved} unexplained"


def test_an_unsolved_matter_is_refused_without_its_reason(cast: Cast) -> None:
    """Row 44, done."""
    case = at_street(cast)
    for result in ("partly", "explained"):
        refused = ledger.act(str(case.id), "solve", {"result": result}, cast.id("zhou"), NOW + 3 * HOUR)
        assert isinstance(refused, ledger.Refusal) and "answer" in refused.fields


def answering(institution: Institution) -> list[Act]:
    acts = [*institution.anywhere.values(), *(a for s in institution.stages.values() for a in s.acts.values())]
    return [a for a in acts if institution.raised_by in a.answers]


def test_accepting_contact_promise_and_revisit_have_clocks_of_their_own(cast: Cast) -> None:
    """Row 25."""
    case = at_street(cast)
    clocks = case.kernel().clocks
    assert len({clocks[n].due for n in ("promise", "contact", "stage")}) == 3
    cast.act("zhou", str(case.id), "contact", NOW + 3 * HOUR, tried="phone")
    case.refresh_from_db()
    assert "contact" not in case.kernel().clocks, "who has been contacted waits for the answer only"
    assert case.kernel().clocks["promise"].due == clocks["promise"].due
    cast.act("zhou", str(case.id), "whistle", NOW + 4 * HOUR, units=["power"], reason="请修")
    called = Case.objects.get(parent=case)
    accept = called.kernel().clocks["stage"].due
    cast.act("zhao", str(called.id), "accept", NOW + 5 * HOUR)
    called.refresh_from_db()
    assert called.kernel().clocks["stage"].due > accept, "accepting and answering are two limits"
    cast.act("zhao", str(called.id), "respond", NOW + 6 * HOUR, answer="修好了")
    cast.act("zhou", str(case.id), "reply", NOW + 7 * HOUR, answer="修好了", result="solved")
    case.refresh_from_db()
    assert "promise" not in case.kernel().clocks and case.kernel().clocks["stage"].due > NOW + 2 * DAY
