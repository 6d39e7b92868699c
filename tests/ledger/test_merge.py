"""The same matter raised twice, and many cases of one theme: handled together, answered one by one."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger import verify
from linli.ledger.models import Case, Message
from tests.cast import GRID_B, NOW, Cast, area

HOUR = timedelta(hours=1)


def refused(cast: Cast, key: str, case: str, name: str, **data: object) -> Refusal:
    outcome = ledger.act(case, name, data, cast.id(key), NOW + HOUR)
    assert isinstance(outcome, Refusal), outcome
    return outcome


def by_phone(cast: Cast, phone: str, text: str = "路灯不亮") -> ledger.Receipt:
    reporter = ledger.Reporter(name="邻居", phone=phone)
    return cast.opened({"text": text, "category": "lighting"}, reporter=reporter, by=cast.id("qian"), channel="phone")


def test_each_reporter_gets_the_answer_and_rates_for_themselves(cast: Cast) -> None:
    lead, other = cast.lamp(), by_phone(cast, "19900000077")
    cast.act("qian", other.id, "merge", NOW + HOUR, same_as=str(lead.number))
    waiting = Case.objects.get(id=other.id)
    assert (waiting.stage, str(waiting.lead_id)) == ("merged", lead.id)
    cast.act("wang", lead.id, "solve", NOW + 2 * HOUR, answer="换了灯泡，已经亮了")
    for id in (lead.id, other.id):
        case = Case.objects.get(id=id)
        assert (case.stage, case.result, case.lead_id) == ("answered", "solved", None)
    told = Message.objects.filter(case=other.id, answer=True, to="reporter")
    assert {m.channel for m in told} == {"in_app", "sms"} and "换了灯泡" in told[0].text("zh")
    cast.act(None, other.id, "not_solved", NOW + 3 * HOUR, why="我门口这盏还不亮")
    cast.act("li", lead.id, "confirm", NOW + 3 * HOUR, contacted="是", solved="solved", satisfied="satisfied")
    assert Case.objects.get(id=other.id).stage == "collected"
    assert Case.objects.get(id=lead.id).stage == "closed"
    assert verify.verify(NOW + 4 * HOUR).faults == []


def test_a_chain_of_merged_matters_is_answered_to_its_end(cast: Cast) -> None:
    first, second, third = cast.lamp(), cast.lamp(), cast.lamp()
    cast.act("qian", third.id, "merge", NOW + HOUR, same_as=str(second.number))
    cast.act("qian", second.id, "merge", NOW + HOUR, same_as=str(first.number))
    cast.act("wang", first.id, "solve", NOW + 2 * HOUR, answer="换了灯泡")
    assert set(Case.objects.values_list("stage", flat=True)) == {"answered"}


def test_a_matter_never_waits_for_itself(cast: Cast) -> None:
    first, second = cast.lamp(), cast.lamp()
    assert refused(cast, "qian", first.id, "merge", same_as=str(first.number)).code == "incomplete"
    cast.act("qian", second.id, "merge", NOW + HOUR, same_as=str(first.number))
    assert refused(cast, "qian", first.id, "merge", same_as=str(second.number)).code == "incomplete"


def test_nobody_joins_what_they_may_not_know_of(cast: Cast) -> None:
    mine = cast.lamp()
    told = {"text": "乙街道办事处态度不好", "category": "other", "accused": ["street-b"]}
    against = cast.opened(told, grid=GRID_B)
    for number in (str(against.number), "99999999", "abc", {"number": str(against.number), "id": against.id}):
        assert refused(cast, "wang", mine.id, "merge", same_as=number).code == "incomplete"
    cast.act("qian", mine.id, "merge", NOW + HOUR, same_as=str(against.number))  # the district's dispatcher may


def test_a_matter_that_was_answered_already_cannot_be_joined(cast: Cast) -> None:
    lead, other = cast.lamp(), cast.lamp()
    cast.act("wang", lead.id, "solve", NOW + HOUR, answer="换了灯泡")
    assert refused(cast, "qian", other.id, "merge", same_as=str(lead.number)).code == "incomplete"


def test_taken_apart_it_goes_on_where_it_was(cast: Cast) -> None:
    lead, other = cast.lamp(), cast.lamp()
    cast.act("qian", other.id, "merge", NOW + HOUR, same_as=str(lead.number))
    cast.act("chen", other.id, "part", NOW + 2 * HOUR)
    case = Case.objects.get(id=other.id)
    assert (case.stage, case.holder_duty, case.lead_id) == ("found", "grid_worker", None)
    cast.act("wang", lead.id, "solve", NOW + 3 * HOUR, answer="换了灯泡")
    assert Case.objects.get(id=other.id).stage == "found"


def test_sixty_parking_cases_are_told_one_result(cast: Cast) -> None:
    theme = ledger.open(
        ledger.Opening("theme", area("320402001001").path, by=cast.id("chen")),
        {"name": "停车难", "category": "parking", "text": "车位不够"}, NOW,
    )  # fmt: skip
    assert isinstance(theme, ledger.Receipt)
    cases = [by_phone(cast, f"199000{n:05}", "晚上停不进车") for n in range(60)]
    for case in cases:
        cast.act("chen", case.id, "merge", NOW + HOUR, same_as=str(theme.number))
    cast.act("chen", theme.id, "tell_result", NOW + 2 * HOUR, answer="画了 41 个车位", result="partly")
    asked = Case.objects.filter(institution="request")
    assert set(asked.values_list("stage", "result")) == {("answered", "partly")}
    assert Message.objects.filter(channel="sms", answer=True).values("person").distinct().count() == 60
    assert verify.verify(NOW + 3 * HOUR).faults == []


@pytest.mark.django_db(transaction=True)
def test_two_matters_merged_into_each_other_at_once_do_not_both_wait(cast: Cast) -> None:
    for _ in range(5):
        pair = (cast.lamp(), cast.lamp())
        gate, outcomes = Barrier(2), [None, None]

        def merge(n: int, pair: tuple = pair, gate: Barrier = gate, outcomes: list = outcomes) -> None:
            gate.wait()
            try:
                named = {"same_as": str(pair[1 - n].number)}
                outcomes[n] = ledger.act(pair[n].id, "merge", named, cast.id("qian"), NOW + HOUR)
            finally:
                connection.close()

        threads = [Thread(target=merge, args=(n,)) for n in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(isinstance(o, Refusal) for o in outcomes) == 1, outcomes
        stages = sorted(Case.objects.filter(id__in=[p.id for p in pair]).values_list("stage", flat=True))
        assert stages == ["found", "merged"]
