"""Who did work on a case, and who may verify it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import linli
from linli.drafting.load import load, read_folder
from linli.kernel.calendar import SHANGHAI
from linli.kernel.case import Case
from linli.kernel.decide import Decision, decide, open_case
from linli.kernel.institution import Pack
from linli.kernel.refusal import Refusal, Who

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)


def changzhou() -> Pack:
    pack, findings = load(read_folder(Path(linli.__file__).parent / "packs", "changzhou"), "changzhou")
    assert pack is not None and not findings
    return pack


class Story:
    """Acts on one case, an hour apart."""

    def __init__(self, institution: str, raiser: str, **data: str) -> None:
        self.pack = changzhou()
        self.institution = self.pack.institutions[institution]
        self.now = NOW
        opened = open_case(self.pack, self.institution, "c", data, Who("li", frozenset({raiser})), NOW)
        assert isinstance(opened, Decision), opened
        self.case: Case = opened.case

    def act(self, person: str, role: str, name: str, holder: bool = False, **data: object) -> Decision | Refusal:
        self.now += timedelta(hours=1)
        who = Who(person, frozenset({role, *(("holder",) if holder else ())}))
        outcome = decide(self.pack, self.institution, self.case, name, data, who, self.now)
        if isinstance(outcome, Decision):
            self.case = outcome.case
        return outcome


def test_a_reviewer_who_sent_a_case_back_may_verify_it_again() -> None:
    story = Story("request", "reporter", text="井盖松了", category="manhole")
    story.act("wang", "grid_worker", "solve", answer="垫好了")
    assert isinstance(story.act("wu", "reviewer", "send_back", reached=True, why="还在响"), Decision)
    story.act("chen", "community", "solve", answer="换了井盖", result="solved")
    rated = {"reached": True, "contacted": True, "solved": "solved", "satisfied": "satisfied"}
    assert isinstance(story.act("wu", "reviewer", "revisit", **rated), Decision)


def test_whoever_did_the_work_may_not_verify_it() -> None:
    story = Story("request", "reporter", text="井盖松了", category="manhole")
    story.act("wang", "grid_worker", "solve", answer="垫好了")
    rated = {"reached": True, "contacted": True, "solved": "solved", "satisfied": "satisfied"}
    refused = story.act("wang", "reviewer", "revisit", **rated)
    assert isinstance(refused, Refusal) and refused.code == "same_person"


def test_an_arbiter_who_writes_a_note_as_holder_may_still_decide() -> None:
    story = Story("response", "caller", text="路灯")
    story.act("zhao", "department", "object", reason="不归我们")
    assert isinstance(story.act("qian", "dispatcher", "remark", holder=True, note="已问过供电"), Decision)
    assert isinstance(story.act("qian", "dispatcher", "uphold", reason="确实不归供电"), Decision)
