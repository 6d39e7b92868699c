"""The worst case is the longest way: counted by hand, and by a second walker that knows nothing of the first."""

from __future__ import annotations

from datetime import datetime
from functools import cache

import pytest

from linli.config.pack_files import SHIPPED
from linli.drafting.check_states import Graph
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
    # Whistled once, again twice, and twice by the district; merged twice, each time coming back to the district.
    assert stages.count("joint") == 5
    assert stages.count("merged") == 2
    assert stages.count("overseen") == 5
    # 24 h; collected 2, raised 1, joint 5 x 5, gathered 5 x 1, overseen 5 x 3, merged 2 x 10 working days.
    assert worst.total() == {"hour": 24, "working_day": 68}


@pytest.mark.parametrize(("name", "of"), [(n, i) for n, p in PACKS.items() for i in p.institutions])
def test_no_walk_is_longer(name: str, of: str) -> None:
    pack = PACKS[name]
    worst = worst_case(pack, pack.institutions[of])
    assert worst is not None
    assert worst.days == pytest.approx(longest(pack, pack.institutions[of]))


def longest(pack: Pack, institution: Institution) -> float:
    """The longest unanswered way in days, by plain recursion over the definition."""

    def limit(stage: str) -> float:
        values = pack.parameters[institution.stages[stage].within or ""]
        newest = [v for v in values if v.to is None]
        return max(days(v.limit, pack.calendars) for v in newest)

    @cache
    def walk(stage: str, used: frozenset[tuple[str, int]], came: str | None) -> float:
        ways, counts = [], dict(used)
        for act in institution.acts_at(stage).values():
            people = [b for b in act.by if b not in ("clock", "children", "lead")]
            by_itself = institution.stages[stage].overdue == act.name or {"children", "lead"} & set(act.by)
            free = act.at_most is None or counts.get(act.name, 0) < act.at_most
            if act.to is None or not (by_itself or (people and free)):
                continue
            goes = (came or stage) if act.to == "back" else act.to
            target = institution.stages[goes]
            if institution.raised_by in act.answers:
                ways.append(0.0)
            elif target.within and not target.end:
                after = counts | {act.name: counts.get(act.name, 0) + 1} if act.at_most is not None else counts
                ways.append(walk(goes, frozenset(after.items()), stage))
        return limit(stage) + max(ways, default=float("-inf"))

    return walk(institution.open.to or "", frozenset(), None)


def test_many_rounds_after_the_answer_do_not_shorten_the_way_to_it() -> None:
    """`check` does not count rounds one by one when they multiply; the longest way is walked to its full number."""
    files = read_folder(SHIPPED, "changzhou")
    file = "changzhou/request/institution.yaml"
    few, many = (f"        at_most: {n}\n        counts: reopened".encode() for n in (2, 9))
    pack = loaded({**files, file: files[file].replace(few, many)}, "changzhou")
    institution = pack.institutions["request"]
    assert not Graph(institution).exact, "else this shows nothing"
    worst = worst_case(pack, institution)
    assert worst is not None and [p.stage for p in worst.parts].count("merged") == institution.anywhere["merge"].at_most


def test_no_worst_case_where_a_loop_has_no_bound() -> None:
    pack = loaded(broken("loop").files, "good")
    worst = worst_case(pack, pack.institutions["ask"])
    assert worst is not None, "this loop lies after the answer"
    endless = good()
    file = "good/ask/institution.yaml"
    endless[file] = endless[file].replace(b"        at_most: 2\n        to: joint\n", b"        to: joint\n")
    pack = loaded(endless, "good")
    assert worst_case(pack, pack.institutions["ask"]) is None
