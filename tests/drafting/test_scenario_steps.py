"""What a played scenario tells: which act at which stage of whose case; grandchildren report to their parent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from linli.drafting.load import load
from linli.drafting.scenario import Happened, Player, Scenario, Step, play, read_scenarios
from linli.drafting.worst import worst_case
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import NOWHERE, Act, Calls, Institution, Pack, Party, Role, Stage, Text
from tests.drafting.broken_packs import good


def sound() -> Pack:
    pack, findings = load(good(), "good")
    assert pack is not None and not findings
    return pack


def step(day: int, who: str, act: str, on: str | None = None, **data: object) -> Step:
    return Step(datetime(2026, 3, day, 10, tzinfo=SHANGHAI), who, act, data, NOWHERE, on)


def chain(pack: Pack, name: str, calls: str | None) -> Institution:
    """An institution whose cases call one of ``calls`` at once, or are done by hand when there is none."""
    done = Act(Text("办完", "Done"), ("unit",) if calls is None else ("children",), name="done", to="closed",
               answers=("caller",), result=("settled",))  # fmt: skip
    block = Calls(institution=calls, for_each="units", then="done", passes=("units",)) if calls else None
    acts: dict[str, Act] = {"done": done}
    work = Stage(Text("办", "Work"), holder="unit", within="council_limit", acts=acts, calls=block, name="work")
    unit = Role(Text("单位", "Unit"), duty="street_officer", at="street", name="unit")
    ask = pack.institutions["ask"]
    return Institution(
        institution=name, title=Text(name, name), source="test", valid_from=date(2024, 1, 1), raised_by="caller",
        parties={"caller": Party(Text("发起", "Caller"), who="case" if name != "top" else "person", name="caller")},
        roles={"unit": unit}, fields={"units": ask.fields["units"]},
        open=Act(Text("开", "Open"), ("caller",), may=("units",), to="work", name="open"),
        stages={"work": work, "closed": Stage(Text("完", "End"), end=True, name="closed")}, version=name,
    )  # fmt: skip


def test_the_end_of_a_grandchild_ends_the_child_and_then_the_whole() -> None:
    pack = sound()
    made = {
        "top": chain(pack, "top", "middle"),
        "middle": chain(pack, "middle", "leaf"),
        "leaf": chain(pack, "leaf", None),
    }
    pack = replace(pack, institutions={**pack.institutions, **made})
    scenario = Scenario(
        Text("三层", "Three levels"), "top", {"甲": Player("甲", "caller"), "乙": Player("乙", "unit")},
        (step(2, "甲", "open", units=["water"]), step(3, "乙", "done", on="water")), {"stage": "closed"}, NOWHERE,
    )  # fmt: skip
    played = play(pack, scenario)
    assert played.faults == []
    assert all(c.ended for c in played.cases.values())
    assert len(played.cases) == 3 and len(set(played.cases)) == 3
    joined = [(h.institution, h.moved) for h in played.steps if h.act == "child_ended"]
    assert joined == [("middle", "closed"), ("top", "closed")], "from below to above"


def test_steps_say_the_stage_they_were_done_at() -> None:
    pack = sound()
    stories, findings = read_scenarios(good(), pack)
    assert not findings
    seen: list[Happened] = []
    for scenario in stories:
        played = play(pack, scenario)
        assert played.faults == [], scenario.title
        stood: dict[str, str | None] = {}
        for happened in played.steps:
            assert happened.stage == stood.get(happened.case), (scenario.title.en, happened)
            stood[happened.case] = happened.moved or happened.stage
        scripted = [h for h in played.steps if h.who in scenario.cast]
        assert [(h.act, h.who) for h in scripted] == [(s.act, s.who) for s in scenario.steps]
        seen += played.steps
    assert any(h.refused for h in seen) and any(h.who is None for h in seen)


def test_what_may_be_added_to_the_worst_case_is_whole_words() -> None:
    pack = sound()
    institution = pack.institutions["ask"]
    unbounded = {n: replace(a, at_most=None) for n, a in institution.anywhere.items()}
    for anywhere in (institution.anywhere, unbounded):
        worst = worst_case(pack, replace(institution, anywhere=anywhere))
        assert worst is not None and worst.plus
        for extra in worst.plus:
            assert "：，" not in extra.zh and ": ," not in extra.en and "time(s)" not in extra.en, extra
