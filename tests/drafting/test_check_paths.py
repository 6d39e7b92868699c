"""A path that `check` shows is a story that really happens: the kernel walks every one of them, act by act."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count

import pytest

from linli.drafting.check import check_files
from linli.drafting.finding import Finding
from linli.kernel.calendar import SHANGHAI
from linli.kernel.case import STAGE_CLOCK, Case, Child
from linli.kernel.decide import Decision, child_ended, decide, fire, open_case
from linli.kernel.institution import Act, Institution, Pack
from linli.kernel.refusal import Refusal, Who
from tests.drafting.broken_packs import NAMES, broken

START = datetime(2025, 3, 3, 9, tzinfo=SHANGHAI)


def stories() -> list[tuple[str, Pack, Finding]]:
    found = []
    for name in NAMES:
        pack, findings = check_files(broken(name).files, "good")
        found += [(name, pack, f) for f in findings if pack and f.path and f.path[0].startswith("open by ")]
    return found


@pytest.mark.parametrize(("name", "pack", "finding"), stories())
def test_the_shortest_path_really_happens(name: str, pack: Pack, finding: Finding) -> None:
    institution = pack.institutions[finding.mark.file.split("/")[1]]
    walk = _Walk(pack, institution)
    walk.open(finding.path[0].removeprefix("open by "))
    assert walk.case.stage == finding.path[1].split()[0]
    for step, arrives in zip(finding.path[2::2], finding.path[3::2], strict=True):
        act, _, by = step.partition(" by ")
        walk.step(act, by)
        assert walk.case.stage == arrives.split()[0], step
    answered = institution.raised_by in walk.case.answered
    if finding.code == "silent-end":
        assert walk.case.ended and not answered
    elif finding.code == "end-without-result":
        assert walk.case.ended and walk.case.result is None
    elif finding.code == "trap":
        assert not walk.case.ended
        assert walk.ways_on() == []


class _Walk:
    """Does named acts with the real kernel, filling in whatever they need."""

    def __init__(self, pack: Pack, institution: Institution) -> None:
        self.pack, self.institution, self.now = pack, institution, START
        self.case: Case
        self.people = count()

    def open(self, by: str) -> None:
        data = self._data(self.institution.open)
        self._take(open_case(self.pack, self.institution, "x", data, self._who(by), self.now))

    def step(self, name: str, by: str) -> None:
        act = self.institution.acts_at(self.case.stage)[name]
        if by == "clock":
            self.now = self.case.clocks[STAGE_CLOCK].due
            self._take(fire(self.pack, self.institution, self.case, STAGE_CLOCK, self.now))
        elif by == "children":
            object.__setattr__(self.case, "children", {"c": Child("power", True)})
            self._take(child_ended(self.pack, self.institution, self.case, "c", None, self.now))
        else:
            self.now += timedelta(minutes=1)
            data = self._data(act)
            self._take(decide(self.pack, self.institution, self.case, name, data, self._who(by), self.now))
            if act.approves:
                who = self._who(act.approves)
                self._take(decide(self.pack, self.institution, self.case, f"{name}.agree", {}, who, self.now))

    def ways_on(self) -> list[str]:
        """The acts that would move the case from here, by anybody; by the called units while one is still at work."""
        found, called = [], any(c.open for c in self.case.children.values())
        for act in self.institution.acts_at(self.case.stage).values():
            for by in (b for b in act.by if b != "children" or called):
                done = decide(
                    self.pack, self.institution, self.case, act.name, self._data(act), self._who(by), self.now
                )
                if by != "clock" and isinstance(done, Decision) and done.case.stage != self.case.stage:
                    found.append(act.name)
        return found

    def _take(self, outcome: Decision | Refusal | None) -> None:
        assert isinstance(outcome, Decision), outcome
        self.case = outcome.case

    def _who(self, role: str) -> Who:
        return Who(f"person {next(self.people)}", frozenset({role, "holder"}))

    def _data(self, act: Act) -> dict[str, object]:
        later = (self.now + timedelta(days=30)).date().isoformat()
        samples = {"text": "x", "date": later, "units": ["power"], "yes_no": "yes", "number": 1}
        fields = self.institution.fields
        data = {n: samples.get(fields[n].type, "request") for n in act.needs}
        return data | ({"result": act.result[0]} if len(act.result) > 1 else {})
