"""Every entry of the catalogue for handling cases is told by a scenario; none may lose it.

The entries covered are listed at the end of the run (see tests/conftest.py).
"""

from __future__ import annotations

from functools import cache

import pytest

from linli.drafting.load import load, read_folder
from linli.drafting.scenario import Scenario, play, read_scenarios
from linli.kernel.institution import Pack
from tests.packs.catalogue import PACKS, covered, summary

WORKS_WHEN = {
    1: ["changzhou/request/lamp"],
    2: ["changzhou/request/grid_solves", "changzhou/request/community_solves", "changzhou/request/street_solves"],
    3: ["changzhou/order/fire_check", "changzhou/order/refused_with_reason"],
    4: ["changzhi/request/leak_by_two_channels", "changzhi/request/already_in_letters"],
    5: ["changzhi/evening_session/three_points", "changzhi/evening_session/missed_month"],
    6: ["changzhi/month_list/split_and_answered", "changzhi/month_list/one_item_late"],
    7: ["chaoyang/errand/carer_subsidy"],
    8: ["chaoyang/hard_problem/lights_and_walls", "chaoyang/request/with_the_hard_problem"],
    9: ["changzhou/request/parking_theme"],
    10: ["chaoyang/mediation/property_war", "chaoyang/mediation/party_refuses"],
    11: ["futian/request/agent_files"],
    12: ["futian/visit/no_need", "futian/visit/need_next_door"],
    13: ["changzhou/request/vacancy"],
    14: ["changzhou/request/photo_and_place", "changzhou/request/elder_by_phone"],
    15: ["changzhou/project/pocket_park"],
    16: ["changzhou/signal/true_with_a_clock", "changzhou/signal/false_keeps_its_reason"],
    17: ["changzhou/tip/one_photo", "changzhou/tip/stops"],
    37: ["futian/assignment/admitted_survey", "futian/assignment/refused_in_one_act", "futian/admission/shops_survey"],
    48: ["futian/pledge/kept", "futian/pledge/overdue_in_public"],
    115: ["changzhi/month_item/cannot_be_reached", "changzhi/request/one_part_answered"],
}
"""Entry → the scenarios whose steps are its “works when” sentence."""

AT_LEAST = {
    *WORKS_WHEN, 22, 23, 29, 31, 32, 33, 47, 57, 70, 71, 72, 74, 79, 91, 92, 107, 109, 113, 122,
}  # fmt: skip
"""Entries that were covered once and stay so."""


@cache
def stories(pack: str) -> tuple[Pack, dict[str, Scenario]]:
    read, findings = load(read_folder(PACKS, pack), pack)
    assert read is not None and not findings
    found, unread = read_scenarios(read_folder(PACKS, pack), read)
    assert not unread
    return read, {s.mark.file: s for s in found}


@pytest.mark.parametrize("entry", WORKS_WHEN)
def test_the_sentence_of_an_entry_is_played(entry: int) -> None:
    for told in WORKS_WHEN[entry]:
        name, institution, story = told.split("/")
        pack, found = stories(name)
        scenario = found.get(f"{name}/{institution}/scenarios/{story}.yaml")
        assert scenario is not None, f"entry {entry} has lost its scenario {told}"
        assert str(entry) in scenario.covers, f"{told} no longer names entry {entry} in `covers`"
        assert play(pack, scenario).faults == []


def test_no_entry_loses_its_last_scenario() -> None:
    lost = AT_LEAST - set(covered())
    assert not lost, f"no scenario covers {sorted(lost)} any more"


def test_the_entries_are_listed_at_the_end_of_the_run() -> None:
    first, *rest = summary()
    assert first.startswith(f"{len(covered())} entries")
    assert sum(line.count("(") for line in rest) == len(covered()) >= len(AT_LEAST)
