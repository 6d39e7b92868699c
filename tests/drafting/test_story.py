"""Stories with days: the shortest way a matter gets lost, told as people would tell it."""

from __future__ import annotations

import re

import pytest

from linli.drafting.check import check_files
from linli.drafting.finding import Finding
from linli.drafting.load import load
from linli.drafting.story import short, story
from linli.drafting.worst import worst_case
from linli.kernel.institution import Pack
from tests.drafting.broken_packs import NAMES, broken, good

ASK = "good/ask/institution.yaml"


def finding(name: str, code: str) -> Finding:
    return next(f for f in check_files(broken(name).files, "good")[1] if f.code == code)


def sound() -> Pack:
    pack, findings = load(good(), "good")
    assert pack is not None and not findings
    return pack


def test_a_lost_matter_is_told_with_the_days_of_its_limits() -> None:
    told = finding("silent_end", "silent-end").story
    assert [t.zh for t in told] == [
        "第 0 天，求助人“求助”，到了“社区受理”。",
        "第 2 天，社区“不办了”，到了“办结”。",
        "第 2 天，事情就此办结，求助人始终没有得到答复。",
    ]
    assert told[-1].en == "day 2: The case is closed and the asker was never answered."


def test_a_stage_nobody_holds_is_told_though_it_is_no_path() -> None:
    found = finding("no_holder", "open-stage-without-holder")
    assert [t.zh for t in found.story][-1] == "第 0 天，没有人负责这件事。"
    assert found.path == (), "the way there is told; the finding itself is about the stage"


def test_a_clock_that_moves_nothing_is_told_on_the_day_it_runs_out() -> None:
    told = finding("no_consequence", "clock-without-consequence").story
    arrived, ended = (int(re.findall(r"\d+", t.zh)[0]) for t in (told[-2], told[-1]))
    assert ended > arrived
    assert "什么也不会发生" in told[-1].zh


def test_a_round_trip_says_that_it_goes_on() -> None:
    told = finding("loop", "unbounded-loop").story
    assert told[-1].zh.endswith("又回到这里，可以一圈一圈转下去，没有尽头。")


@pytest.mark.parametrize("name", NAMES)
def test_every_path_has_a_story_and_the_days_never_go_back(name: str) -> None:
    for found in check_files(broken(name).files, "good")[1]:
        if found.path and found.path[0].startswith("open by"):
            assert len(found.story) >= 2, found.code
            days = [int(n[0]) for t in found.story if (n := re.findall(r"第 (\d+) 天", t.zh))]
            assert days == sorted(days), found.story
        for text in found.story:
            assert not re.search(r"[a-z]_[a-z]| by ", text.zh), text.zh


def test_the_longer_limit_makes_the_later_day() -> None:
    files = broken("silent_end").files
    slower = {n: c.replace(b"value: 2, unit: day", b"value: 9, unit: day") for n, c in files.items()}
    assert slower != files
    told = next(f for f in check_files(slower, "good")[1] if f.code == "silent-end").story
    assert told[1].zh.startswith("第 9 天")


def test_the_worst_case_is_told_to_its_last_day() -> None:
    pack = sound()
    institution = pack.institutions["ask"]
    worst = worst_case(pack, institution)
    assert worst is not None
    scenes = story(pack, institution, worst.path, whole=True)
    assert scenes[0].when.zh == "第 0 天"
    assert scenes[-1].when.zh == f"约第 {int(worst.days)} 天"
    assert short(scenes, "en").count(" → ") == len(scenes) - 1


def test_people_act_at_once_where_nobody_waits() -> None:
    pack = sound()
    scenes = story(pack, pack.institutions["ask"], ("open by asker", "received 社区受理", "solve by community"))
    assert [s.when.zh for s in scenes] == ["第 0 天", "第 0 天"]
    by_clock = ("open by asker", "received 社区受理", "pass_up by clock", "raised 街道办理")
    late = story(pack, pack.institutions["ask"], by_clock)[-1]
    assert late.when.zh == "第 2 天" and "时限到了" in late.says.zh
