"""Changzhi's and Nenjiang's packs: they load, prove, and show what their articles describe for handling matters."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

import linli.packs
from linli.drafting.check import check_files
from linli.drafting.load import load, read_folder
from linli.drafting.scenario import Played, play, read_scenarios
from linli.kernel.calendar import SHANGHAI
from linli.kernel.every import occurrences
from linli.kernel.institution import Institution, Pack

PACKS = Path(linli.packs.__path__[0])
HANDLING = {"changzhi": {"4", "5", "6", "115"}, "nenjiang": {"23", "31", "33", "57", "91", "92", "113", "115"}}
"""The catalogue's numbers of each article's institutions for handling matters."""
OWN = {
    "changzhi": {"request", "evening_session", "session_point", "month_list", "month_item"},
    "nenjiang": {"request", "contact_point", "coordination", "co_task", "annual_report"},
}
NUMBERS = re.compile(r"catalogue ([\d, ]+)")


def pack_of(name: str) -> Pack:
    pack, findings = load(read_folder(PACKS, name), name)
    assert pack is not None and not findings, [f.line("en") for f in findings]
    return pack


def claimed(institution: Institution) -> set[str]:
    """The catalogue's numbers that the `source` of an institution claims."""
    found = NUMBERS.search(institution.source)
    assert found, f"{institution.name} names no number of the catalogue"
    return {n.strip() for n in found[1].split(",")}


def run(name: str, institution: str, scenario: str) -> Played:
    pack = pack_of(name)
    scenarios, unread = read_scenarios(read_folder(PACKS, name), pack)
    assert not unread
    (told,) = [s for s in scenarios if s.mark.file == f"{name}/{institution}/scenarios/{scenario}.yaml"]
    return play(pack, told)


@pytest.mark.parametrize("name", HANDLING)
def test_the_pack_proves_without_a_finding(name: str) -> None:
    pack, findings = check_files(read_folder(PACKS, name), name)
    assert pack is not None and OWN[name] <= set(pack.institutions)
    assert [f.line("en") for f in findings] == []


@pytest.mark.parametrize("name", HANDLING)
def test_each_number_claimed_is_covered_by_a_scenario(name: str) -> None:
    pack = pack_of(name)
    scenarios, unread = read_scenarios(read_folder(PACKS, name), pack)
    assert not unread
    for institution in (pack.institutions[n] for n in OWN[name]):
        mine = [s for s in scenarios if s.institution == institution.name and s.mark.file.startswith(f"{name}/")]
        assert len(mine) >= 3, f"{institution.name} has {len(mine)} scenarios"
        assert claimed(institution) <= {n for s in mine for n in s.covers}, institution.name
    assert {n for i in OWN[name] for n in claimed(pack.institutions[i])} == HANDLING[name]


@pytest.mark.parametrize("name", HANDLING)
def test_every_number_of_time_has_a_source_and_none_is_said_to_be_the_article_s(name: str) -> None:
    """Neither article states a limit in hours or days, so each is marked as a setting."""
    own = pack_of(name).sources[f"{name}/parameters.yaml"]
    sources = re.findall(r'source: "([^"]*)"', own)
    assert sources and all(s.startswith("setting") for s in sources), [s for s in sources if s[:7] != "setting"]


@pytest.mark.parametrize(
    ("name", "institution", "in_a_year"),
    [
        ("changzhi", "evening_session", 12),
        ("changzhi", "month_list", 12),
        ("nenjiang", "coordination", 4),
        ("nenjiang", "annual_report", 1),
    ],
)
def test_the_calendar_opens_them_as_often_as_the_article_says(name: str, institution: str, in_a_year: int) -> None:
    pack = pack_of(name)
    every = pack.institutions[institution].every
    assert every is not None and "clock" in pack.institutions[institution].open.by
    year = [datetime(y, 1, 1, tzinfo=SHANGHAI) for y in (2025, 2026)]
    calendar = pack.calendars[every.calendar] if every.calendar else None
    assert len(occurrences(every, *year, calendar)) == in_a_year
    assert any(every.duty == r.duty for r in pack.institutions[institution].roles.values())


@pytest.mark.parametrize(
    ("institution", "scenario"), [("evening_session", "three_points"), ("month_list", "split_and_answered")]
)
def test_the_record_stays_open_while_one_point_lacks_its_answer(institution: str, scenario: str) -> None:
    played = run("changzhi", institution, scenario)
    assert played.faults == []
    children = {i: c for i, c in played.cases.items() if i != "main"}
    assert len(children) >= 2 and all(c.ended for c in children.values())
    last = max(c.ended for c in children.values() if c.ended)
    assert played.main.ended == last, "the record closes with the last answer and not before"
    joins = [e for e in played.entries["main"] if e.act == "child_ended"]
    assert len(joins) == len(children)
    assert all(c.fields.get("delivery") for c in children.values()), "an answer says how it reached the person"


def test_a_month_without_a_session_is_counted_and_told() -> None:
    played = run("changzhi", "evening_session", "missed_month")
    assert played.main.counts["month_missed"] == 1 and played.main.result == "not_held"
    assert "residents" in played.told


def test_a_meeting_resolves_nothing_unannounced_or_without_a_quorum() -> None:
    """Red line 7, on the committee's own meeting: three refusals stand in its scenario."""
    pack = pack_of("nenjiang")
    scenarios, _ = read_scenarios(read_folder(PACKS, "nenjiang"), pack)
    (told,) = [s for s in scenarios if s.mark.file.endswith("coordination/scenarios/two_tasks.yaml")]
    assert {s.refused for s in told.steps} >= {"not_yet", "no_quorum", "not_announced"}
    assert play(pack, told).faults == []


def test_three_audiences_appraise_and_the_writer_does_not() -> None:
    report = pack_of("nenjiang").institutions["annual_report"]
    score = report.stages["appraising"].score
    assert score is not None and set(score.raters) == {"unit_side", "member_side", "resident_side"}
    assert sum(score.raters.values()) == 100 == sum(i.weight for i in score.indicators.values())
    assert all("handler" in report.roles[r].never for r in score.raters)
    played = run("nenjiang", "annual_report", "three_audiences")
    assert played.faults == [] and played.main.blocks["score"]["grade"] == "good"
    assert played.main.blocks["published"]["audience"] == "residents"
