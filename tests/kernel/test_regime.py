"""Limits by urgency, reminders, extensions in a pause, a matter merged into another: the clocks' rules in the whole."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from linli.kernel.calendar import SHANGHAI
from linli.kernel.case import Case, Joined, Told, apply_event
from linli.kernel.decide import Decision, child_ended, decide, fire, lead_answered, open_case
from linli.kernel.refusal import Refusal, Who
from tests.kernel.test_decide import changzhou

PACK = changzhou()
REQUEST = PACK.institutions["request"]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def who(person: str, *roles: str) -> Who:
    return Who(person, frozenset(roles))


def opened(when: datetime, **data: str) -> Case:
    filled = {"text": "路灯不亮", "category": "lighting", **data}
    done = open_case(PACK, REQUEST, "c", filled, who("li", "reporter"), when)
    assert isinstance(done, Decision), done
    return done.case


def did(case: Case, when: datetime, act: str, *roles: str, **data: object) -> Case:
    done = decide(PACK, REQUEST, case, act, data, who("zhou", *roles), when)
    assert isinstance(done, Decision), done
    return done.case


FRIDAY = at("2026-02-13 16:00")


@pytest.mark.parametrize(
    ("data", "due"),
    [
        ({}, "2026-03-06 00:00"),  # ten working days: 14 Feb is worked, 15 to 23 Feb are not, 28 Feb is worked
        ({"category": "gas"}, "2026-02-14 16:00"),  # around the clock, on a holiday as on any day
        ({"urgency": "emergency"}, "2026-02-13 18:00"),
        ({"urgency": "emergency", "category": "gas"}, "2026-02-13 18:00"),
        ({"urgency": "general"}, "2026-03-06 00:00"),
    ],
)
def test_the_promise_follows_category_and_urgency(data: dict[str, str], due: str) -> None:
    assert opened(FRIDAY, **data).clocks["promise"].due == at(due)


def test_a_case_in_the_middle_of_december_is_a_clear_error_and_no_guess() -> None:
    filled = {"text": "路灯不亮", "category": "lighting"}
    refused = open_case(PACK, REQUEST, "c", filled, who("li", "reporter"), at("2026-12-25 09:00"))
    assert isinstance(refused, Refusal) and refused.code == "gap" and "2027" in refused.says.zh


def test_the_holder_is_reminded_at_half_and_at_four_fifths() -> None:
    case = opened(at("2026-03-02 08:00"))
    fired = []
    while (due := case.next_due()) and due[1] < at("2026-03-03 08:00"):
        done = fire(PACK, REQUEST, case, due[0], due[1])
        assert done is not None and done.entry.events[-1] == Told("holder")
        fired.append((due[0], due[1]))
        case = done.case
    assert fired == [
        ("contact@50", at("2026-03-02 20:00")),
        ("stage@50", at("2026-03-02 20:00")),
        ("contact@80", at("2026-03-03 03:12")),
        ("stage@80", at("2026-03-03 03:12")),
    ]


def test_reminders_go_with_their_clock() -> None:
    case = did(opened(at("2026-03-02 08:00")), at("2026-03-02 09:00"), "solve", "grid_worker", answer="换了灯泡")
    assert set(case.clocks) == {"stage", "stage@50", "stage@80"}  # of the revisit; promise and contact are kept
    assert case.clocks["stage@50"].start == at("2026-03-02 09:00")


def test_a_pause_holds_promise_and_reminders_and_an_extension_in_it_is_kept() -> None:
    case = did(opened(at("2026-03-02 09:00")), at("2026-03-02 10:00"), "pass_up", "grid_worker", reason="要换灯杆")
    promise = case.clocks["promise"].due
    paused = did(case, at("2026-03-03 10:00"), "pause", "community", "holder", addition="哪一根灯杆？")
    assert paused.next_due() == ("pause", at("2026-03-09 00:00"))
    asked = did(paused, at("2026-03-03 11:00"), "extend", "community", "holder", delay="等备件", until="2026-03-31")
    agreed = decide(PACK, REQUEST, asked, "extend.agree", {}, who("xu", "supervisor"), at("2026-03-04 10:00"))
    assert isinstance(agreed, Decision)
    assert agreed.case.clocks["promise"].first_due == promise
    resumed = did(agreed.case, at("2026-03-05 10:00"), "resume", "reporter")
    # Paused on 3 March, resumed on 5 March: what was left to 31 March then, two working days later.
    assert resumed.clocks["promise"].due == at("2026-04-03 00:00")
    assert resumed.clocks["promise@50"].due > at("2026-03-05 10:00")
    assert not any(c.remaining for c in resumed.clocks.values())


def test_days_are_counted_over_midnight_and_over_a_make_up_sunday() -> None:
    late, early = opened(at("2026-03-02 23:59")), opened(at("2026-03-03 00:01"))
    assert early.clocks["promise"].due - late.clocks["promise"].due == DAY
    # Sunday 4 January 2026 is worked for the New Year's holiday.
    before = did(opened(at("2026-01-03 09:00")), at("2026-01-03 10:00"), "pass_up", "grid_worker", reason="要专业队伍")
    assert before.clocks["stage"].due == at("2026-01-06 00:00")


def test_a_reopened_case_gets_a_new_promise_and_a_transfer_does_not() -> None:
    case = opened(at("2026-03-02 09:00"))
    first = case.clocks["promise"].due
    up = did(case, at("2026-03-02 12:00"), "pass_up", "grid_worker", reason="办不了")
    assert up.clocks["promise"].due == first
    answered = did(up, at("2026-03-03 09:00"), "solve", "community", answer="换了灯泡", result="solved")
    assert "promise" not in answered.clocks
    again = did(answered, at("2026-03-05 09:00"), "not_solved", "reporter", why="又灭了")
    assert again.clocks["promise"].due == at("2026-03-20 00:00") and again.stage == "collected"


OTHER = {"id": "x", "number": "10000002", "institution": "request", "stage": "collected"}


def merged() -> Case:
    return did(opened(at("2026-03-02 09:00")), at("2026-03-02 10:00"), "merge", "dispatcher", same_as=OTHER)


def test_a_merged_matter_keeps_its_own_promise_and_gets_the_other_s_answer() -> None:
    alone, case = opened(at("2026-03-02 09:00")), merged()
    assert case.clocks["promise"] == alone.clocks["promise"] and case.blocks["follows"]["id"] == "x"
    said = lead_answered(PACK, REQUEST, case, {"answer": "已换管", "note": "内部"}, "solved", at("2026-03-03 09:00"))
    assert said is not None
    assert (said.case.stage, said.case.result, said.case.answered) == ("answered", "solved", ("reporter",))
    assert said.entry.data == {"answer": "已换管", "result": "solved"}  # and nothing that was internal
    assert "promise" not in said.case.clocks and said.case.blocks["follows"] == {}


def test_a_merged_matter_goes_on_by_itself_when_the_other_comes_to_nothing() -> None:
    said = lead_answered(PACK, REQUEST, merged(), {}, "withdrawn", at("2026-03-03 09:00"))
    assert said is not None and said.case.stage == "found" and not said.case.answered
    assert lead_answered(PACK, REQUEST, said.case, {}, "solved", at("2026-03-03 10:00")) is None


@pytest.mark.parametrize("named", [{"number": "7"}, {**OTHER, "stage": "answered"}, {**OTHER, "institution": "order"}])
def test_only_an_open_matter_of_the_right_kind_can_be_joined(named: dict[str, str]) -> None:
    case = opened(at("2026-03-02 09:00"))
    refused = decide(PACK, REQUEST, case, "merge", {"same_as": named}, who("q", "dispatcher"), at("2026-03-02 10:00"))
    assert isinstance(refused, Refusal) and named["number"] in refused.fields["same_as"].zh


def test_a_rating_stays_open_for_a_week() -> None:
    case = did(opened(at("2026-03-02 09:00")), at("2026-03-02 10:00"), "solve", "grid_worker", answer="换了灯泡")
    rated = {"contacted": True, "solved": "solved", "satisfied": "satisfied"}
    closed = did(case, at("2026-03-02 20:00"), "confirm", "reporter", **rated)
    again = {**rated, "satisfied": "neutral"}
    changed = did(closed, at("2026-03-09 23:59"), "rate_again", "reporter", **again)
    assert changed.fields["satisfied"] == "neutral" and changed.ended == closed.ended
    late = decide(PACK, REQUEST, closed, "rate_again", again, who("li", "reporter"), at("2026-03-10 00:01"))
    assert isinstance(late, Refusal) and late.code == "over"


def test_an_upheld_objection_counts_against_the_one_who_dispatched() -> None:
    case = did(
        opened(at("2026-03-02 09:00")), at("2026-03-02 10:00"), "dispatch", "dispatcher", units=["u1"], reason="归它"
    )
    joint = apply_event(Joined("k", "u1", True), case)
    ended = child_ended(PACK, REQUEST, joint, "k", "redirected", at("2026-03-03 10:00"))
    assert ended.case.counts["misdispatch"] == 1 and ended.case.stage == "gathered"
