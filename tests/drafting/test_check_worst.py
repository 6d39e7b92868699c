"""The worst case is the longest way: counted by hand, and by a second walker that knows nothing of the first."""

from __future__ import annotations

from datetime import datetime

import pytest

from linli.config.pack_files import SHIPPED
from linli.drafting.load import load, read_folder
from linli.drafting.worst import days, worst_case
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Institution, Pack
from tests.drafting.broken_packs import broken, good


def loaded(files: dict[str, bytes], name: str) -> Pack:
    pack, findings = load(files, name)
    assert pack is not None and not findings
    return pack


PACKS = {"good": loaded(good(), "good"), "changzhou": loaded(read_folder(SHIPPED, "changzhou"), "changzhou")}


def test_the_worst_case_of_the_good_pack_counted_by_hand() -> None:
    pack = PACKS["good"]
    worst = worst_case(pack, pack.institutions["ask"])
    assert worst is not None
    assert [p.stage for p in worst.parts] == ["received", "raised", "joint", "raised", "joint", "raised"]
    assert worst.total() == {"day": 2, "hour": 72, "working_day": 6}
    assert worst.rearms == ("raised",)
    assert worst.path[-1] == "reply by street"
    assert len(worst.plus) == 3, "extension, pause and parking stand beside the sum"
    # Mon 3 March 09:00; +2 days: end of the 5th; +24 h: the 7th 00:00; 10, 11, 12 March; +24 h: the 14th 00:00;
    # 17, 18, 19 March; +24 h: the 21st 00:00.
    start = datetime(2025, 3, 3, 9, tzinfo=SHANGHAI)
    assert worst.ends(pack.calendars, start) == datetime(2025, 3, 21, tzinfo=SHANGHAI)


def test_the_worst_case_follows_the_day() -> None:
    pack = PACKS["good"]
    worst = worst_case(pack, pack.institutions["ask"], datetime(2024, 6, 1, tzinfo=SHANGHAI).date())
    assert worst is not None
    assert worst.total()["day"] == 3, "in 2024 the community had three days"


def test_the_worst_case_of_changzhou() -> None:
    pack = PACKS["changzhou"]
    worst = worst_case(pack, pack.institutions["request"])
    assert worst is not None
    stages = [p.stage for p in worst.parts]
    # Both bounded calls of the street, both of the district, and the first one.
    assert stages.count("joint") == 5
    assert stages.count("overseen") == 3
    assert worst.total() == {"hour": 24, "working_day": 42}


@pytest.mark.parametrize(("name", "of"), [(n, i) for n, p in PACKS.items() for i in p.institutions])
def test_no_walk_is_longer(name: str, of: str) -> None:
    pack = PACKS[name]
    worst = worst_case(pack, pack.institutions[of])
    assert worst is not None
    assert worst.days == pytest.approx(longest(pack, pack.institutions[of]))


def longest(pack: Pack, institution: Institution) -> float:
    """The longest unanswered way in days, by plain recursion over the definition."""

    def limit(stage: str) -> float:
        newest = pack.parameters[institution.stages[stage].within or ""][-1]
        return days(newest.limit, pack.calendars)

    def walk(stage: str, used: dict[str, int]) -> float:
        ways = []
        for act in institution.acts_at(stage).values():
            people = [b for b in act.by if b not in ("clock", "children")]
            by_itself = institution.stages[stage].overdue == act.name or "children" in act.by
            free = act.at_most is None or used.get(act.name, 0) < act.at_most
            if act.to is None or not (by_itself or (people and free)):
                continue
            target = institution.stages[act.to]
            if institution.raised_by in act.answers:
                ways.append(0.0)
            elif target.within and not target.end:
                ways.append(walk(act.to, {**used, act.name: used.get(act.name, 0) + 1}))
        return limit(stage) + max(ways, default=float("-inf"))

    return walk(institution.open.to or "", {})


def test_no_worst_case_where_a_loop_has_no_bound() -> None:
    pack = loaded(broken("loop").files, "good")
    worst = worst_case(pack, pack.institutions["ask"])
    assert worst is not None, "this loop lies after the answer"
    endless = good()
    file = "good/ask/institution.yaml"
    endless[file] = endless[file].replace(b"        at_most: 2\n        to: joint\n", b"        to: joint\n")
    pack = loaded(endless, "good")
    assert worst_case(pack, pack.institutions["ask"]) is None
