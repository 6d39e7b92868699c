"""The packs of Futian and Chaoyang, and Changzhou's orders: clean, sourced, and covered by the stories they tell."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path

import pytest
from django.utils import timezone

from linli.drafting.check import check_files
from linli.drafting.load import Files, read_folder
from linli.drafting.scenario import Scenario, play, read_scenarios
from linli.kernel.calendar import SHANGHAI
from linli.kernel.case import Case, apply
from linli.kernel.decide import Decision, Refusal, Who, decide
from linli.kernel.institution import Pack
from linli.ledger import act as ledger
from linli.ledger import definitions
from linli.ledger.models import Case as CaseRow
from tests.cast import Cast

PACKS = Path(__file__).resolve().parents[2] / "src" / "linli" / "packs"
OWN = {
    "futian": {"request", "admission", "assignment", "refusal", "purchase", "visit", "pledge"},
    "chaoyang": {"request", "hard_problem", "offer", "errand", "proposal", "task", "mediation", "obligation"},
    "changzhou": {"order", "signal", "hazard", "tip", "project"},
}
ALL = [(pack, name) for pack, names in OWN.items() for name in sorted(names)]


@cache
def pack_of(name: str) -> tuple[Pack, tuple[Scenario, ...]]:
    files: Files = read_folder(PACKS, name)
    pack, findings = check_files(files, name)
    assert pack is not None and not findings, [f.line("en") for f in findings]
    return pack, tuple(read_scenarios(files, pack)[0])


@pytest.mark.parametrize(
    ("name", "place"), [("futian", "440304000000"), ("chaoyang", "110105000000"), ("changzhou", "320400000000")]
)
def test_a_pack_is_clean_and_governs_its_place(name: str, place: str) -> None:
    pack, _ = pack_of(name)
    assert pack.place == place
    assert OWN[name] <= set(pack.institutions)


@pytest.mark.parametrize(("name", "institution"), ALL)
def test_every_catalogue_number_claimed_is_covered_by_a_story(name: str, institution: str) -> None:
    pack, scenarios = pack_of(name)
    named = re.search(r"\(catalogue ([\d, ]+)\)", pack.institutions[institution].source)
    assert named, "the source names its catalogue numbers"
    covered = {number for s in scenarios if s.institution == institution for number in s.covers}
    assert set(named[1].split(", ")) == covered


@pytest.mark.parametrize(("name", "institution"), ALL)
def test_every_institution_tells_three_stories(name: str, institution: str) -> None:
    assert sum(s.institution == institution for s in pack_of(name)[1]) >= 3


@pytest.mark.parametrize("name", ["futian", "chaoyang"])
def test_a_number_the_article_does_not_give_says_so(name: str) -> None:
    pack, _ = pack_of(name)
    for parameter, values in pack.parameters.items():
        assert all(v.source.startswith(("setting", "local practice of ", "assumption")) for v in values), parameter
    if name == "chaoyang":
        on = date(2026, 3, 2)
        grades = [pack.dated("promise_limit", on, {"urgency": g}) for g in pack.lists["answer_grades"]]
        assert [(g.value, g.unit) for g in grades] == [(2, "hour"), (24, "hour"), (7, "day"), (15, "day")]
        assert all("Beijing" in g.source and "in principle" in g.source for g in grades)
        assert pack.dated("promise_limit", on).value == 7, "what nobody graded"


def case_at(name: str, institution: str, scenario: str, stage: str) -> tuple[Pack, Case, datetime]:
    """A case of a shipped story, as it stood when it came to ``stage``, and when that was."""
    pack, scenarios = pack_of(name)
    found = next(s for s in scenarios if s.institution == institution and scenario in s.mark.file)
    played = play(pack, found)
    assert not played.faults, played.faults
    case: Case | None = None
    for entry in played.entries["main"]:
        case = apply(case, entry, "main")
        if case.stage == stage:
            return pack, case, entry.at
    raise AssertionError(f"{scenario} never stands at {stage}")


def attempt(
    pack: Pack, institution: str, case: Case, act: str, person: str, role: str, now: datetime, **data: object
) -> Decision | Refusal:
    return decide(pack, pack.institutions[institution], case, act, data, Who(person, frozenset({role})), now)


def test_who_carried_it_out_cannot_record_the_supervision_in_futian() -> None:
    pack, case, now = case_at("futian", "request", "agent_files", "answered")
    same = attempt(pack, "request", case, "uphold", "站里小梁", "station", now, checked="好了")
    assert isinstance(same, Refusal) and same.code == "not_yours"
    both_hats = attempt(pack, "request", case, "uphold", "站里小梁", "committee", now, checked="好了")
    assert isinstance(both_hats, Refusal) and both_hats.code == "same_person"
    other = attempt(pack, "request", case, "uphold", "居委会老郑", "committee", now, checked="好了")
    assert isinstance(other, Decision)


def test_the_answer_goes_to_the_person_and_not_to_the_cadre_who_filed() -> None:
    request = pack_of("futian")[0].institutions["request"]
    acts = [a for s in request.stages.values() for a in s.acts.values()] + list(request.anywhere.values())
    answering = [a for a in acts if a.answers]
    assert answering and all(a.answers == ("resident",) and "agent" not in a.tells for a in answering)
    assert "agent" in request.open.by and request.open.tells == ("resident",)


def test_work_enters_communities_thirty_working_days_after_the_application() -> None:
    pack, case, now = case_at("futian", "admission", "shops_survey", "approved")
    early = attempt(pack, "admission", case, "enter", "市监老谭", "department", now)
    assert isinstance(early, Refusal) and early.code == "not_yet"
    assert case.clocks["lead"].due == datetime(2026, 4, 15, tzinfo=SHANGHAI)  # 30 working days, Qingming off
    case = replace(case, counts={"lead_over": 1})
    assert isinstance(attempt(pack, "admission", case, "enter", "市监老谭", "department", now), Decision)


@pytest.mark.parametrize(("residents", "party", "passes"), [(21, 6, True), (20, 6, False), (21, 5, False)])
def test_two_rosters_are_counted_apart(residents: int, party: int, passes: bool) -> None:
    pack, case, now = case_at("chaoyang", "proposal", "left_lying", "hearing")
    case = replace(case, counts={**case.counts, "notice_over": 1})
    data = {"residents_roll": 40, "party_roll": 10, "roll": 50, "speakers": ["赞成方"], "replies": ["好"]}
    data |= {"residents_present": residents, "party_present": party, "present": residents + party}
    data |= {"resolutions": ["楼道扶手：装"]}
    outcome = attempt(pack, "proposal", case, "resolve", "社区党委老崔", "community", now, **data)
    assert isinstance(outcome, Decision) is passes


def test_an_order_runs_in_the_ledger_from_the_community_to_its_rating(cast: Cast) -> None:
    chen, unit = cast.id("chen"), cast.people["zhao"].duties.get().path
    opening = ledger.Opening(
        "order", cast.people["chen"].duties.get().path, ledger.Reporter(person=chen), by=chen, unit=unit
    )
    order = ledger.open(opening, {"service": "fire_check", "text": "请检查三栋老楼。"}, moment("2026-03-02 09:00"))
    assert isinstance(order, ledger.Receipt), order
    cast.act("zhao", order.id, "accept", moment("2026-03-02 10:00"), deliver_by="2026-03-10")
    cast.act("zhao", order.id, "deliver", moment("2026-03-03 10:00"), delivered="查了三栋，清理两处。")
    cast.act("chen", order.id, "rate", moment("2026-03-04 10:00"), rating="satisfied")
    row = CaseRow.objects.get(id=order.id)
    assert (row.stage, row.result, row.unit) == ("closed", "delivered", unit)


def test_a_signed_agreement_is_followed_line_by_line_in_the_ledger(cast: Cast) -> None:
    definitions.publish(pack_of("chaoyang")[0], timezone.now())
    definitions.forget()
    opening = ledger.Opening("mediation", cast.people["wang"].duties.get().path, ledger.Reporter(person=cast.id("li")))
    dispute = {"text": "楼上漏水", "other": "楼上住户", "wish": "修好"}
    case = ledger.open(opening, dispute, moment("2026-03-02 09:00"))
    assert isinstance(case, ledger.Receipt), case
    lines = ["楼上修水管", "物业刷墙"]
    signed = {"obligations": lines, "signed_on": "2026-03-03", "both_signed": "是"}
    cast.act("chen", case.id, "agree", moment("2026-03-03 09:00"), **signed)
    children = list(CaseRow.objects.filter(parent_id=case.id).order_by("number"))
    assert [c.fields["text"] for c in children] == lines
    for child in children:  # nobody is the branch's secretary here, so the street stands in
        assert CaseRow.objects.get(id=case.id).stage == "performing"
        cast.act("zhou", str(child.id), "date", moment("2026-03-04 09:00"), owes="楼上住户", due="2026-03-20")
        cast.act("zhou", str(child.id), "perform", moment("2026-03-05 09:00"), proof="验收单")
    cast.act("zhou", case.id, "report", moment("2026-03-06 09:00"), answer="两条都已履行。", result="performed")
    row = CaseRow.objects.get(id=case.id)
    assert (row.stage, row.result) == ("closed", "performed")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
