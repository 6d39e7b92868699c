"""What the explored space says of each property: the names for which it fails. Definitions, not checks.

Every property is stated over situations and steps alone, by plain graph theory, so that it can be read against the red
lines. A stage that no case reaches says nothing but that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from linli.kernel.case import STAGE_CLOCK
from linli.kernel.institution import Act, Institution, Pack, Role
from tests.proof.explorer import Space, Step

Verdict = dict[str, frozenset[str]]

PROPERTIES = {
    "unreachable-stage": "no case ever stands there",
    "trap": "a case stands there and nothing anybody may count on ever moves it",
    "no-way-to-end": "some case can move for ever and never be closed",
    "silent-end": "this act closes a case whose raiser was never answered",
    "end-without-result": "this act closes a case without a result",
    "unbounded-loop": "a case can move for ever",
    "unheld": "a case stands there and nobody holds it",
    "clockless": "a case stands there and no clock runs",
    "idle-clock": "the clock runs out there and does nothing, or what is not its to do",
    "pause-unbounded": "the clocks can be stopped again and again for ever",
    "pause-without-resume": "a pause runs out and the clocks stay stopped",
    "extend-without-limit": "the due date can be moved again and again for ever",
    "cannot-pass-up": "an unanswered case is held below the top and holder and clock cannot pass it up",
    "calls-nobody": "this act enters a calling stage without anybody to call",
    "nobody-can-act": "this act is never done in any case",
    "worker-verifies": "somebody may verify in this role a case they worked on",
    "verifier-works": "by this act somebody answers a case that they may verify later in the very same role",
    "condition-never-true": "this act is refused by its guard whatever was filled in",
    "condition-always-true": "this act is never refused by its guard",
    "crash": "the kernel cannot do this act: what it works with is not there",
    "unannounced-item": "a vote is counted there about what was not written down before it began",
    "count-not-filled": "a vote is counted there and nobody said how many are entitled",
    "quorum-of-nobody": "a vote there has a quorum without a single voter",
    "back-calls-again": "this act returns to a calling stage and calls the units once more",
}


def judge(space: Space) -> Verdict:
    """Every property with the names for which it fails; all empty for a sound institution."""
    return _Judge(space).verdict()


class _Judge:
    def __init__(self, space: Space) -> None:
        self.space, self.of = space, space.institution
        self.numbers = range(len(space.cases))
        self.open = [n for n in self.numbers if space.cases[n].ended is None]
        self.ends = {n for n in self.numbers if space.cases[n].ended}
        self.reached = {c.stage for c in space.cases}

    def stage(self, number: int) -> str:
        return self.space.cases[number].stage

    def answered(self, number: int) -> bool:
        return self.of.raised_by in self.space.cases[number].answered

    def verdict(self) -> Verdict:
        space, of = self.space, self.of
        component = _components(len(space.cases), space.out)
        silent, without = self._ends()
        traps, lost = self._stuck()

        def circles(kind: Callable[[Step], bool]) -> Iterable[Step]:
            return (s for s in space.steps if kind(s) and component[s.source] == component[s.target])

        found: dict[str, Iterable[str]] = {
            "unreachable-stage": set(of.stages) - self.reached,
            "trap": {self.stage(n) for n in traps},
            "no-way-to-end": {self.stage(n) for n in lost},
            "silent-end": silent,
            "end-without-result": without,
            "unbounded-loop": {s.act for s in circles(lambda s: s.moved)},
            "unheld": {self.stage(n) for n in self.open if space.cases[n].holder not in of.roles},
            "clockless": {self.stage(n) for n in self.open if STAGE_CLOCK not in space.cases[n].clocks},
            "idle-clock": space.idle_clocks,
            "pause-unbounded": {s.act for s in circles(lambda s: s.paused)},
            "pause-without-resume": space.stuck_pauses,
            "extend-without-limit": {s.act for s in circles(lambda s: s.extended)},
            "cannot-pass-up": self._powerless(),
            "calls-nobody": space.called_nobody,
            "nobody-can-act": self._never_done(),
            "worker-verifies": self._own_work(space.own_work),
            "verifier-works": self._own_work({w for w in space.own_answer if w[2] in self._answers_before()}),
            "condition-never-true": {a for a, came in space.guards.items() if came == {False}},
            "condition-always-true": {a for a, came in space.guards.items() if came == {True}},
            "crash": space.crashes | {n for n in space.gaps if not n.startswith("clock:")},
            "unannounced-item": space.unannounced,
            "count-not-filled": space.uncounted,
            "quorum-of-nobody": space.by_nobody,
            "back-calls-again": space.called_again,
        }
        return {name: frozenset(names) for name, names in found.items()}

    def _ends(self) -> tuple[set[str], set[str]]:
        """The acts that close a case unanswered, and those that close one without a result."""
        closing = [(s.act, s.target) for s in self.space.steps if s.moved and s.target in self.ends]
        if self.space.opens and 0 in self.ends:
            closing.append(("open", 0))
        silent = {act for act, n in closing if not self.answered(n)}
        return silent, {act for act, n in closing if self.space.cases[n].result is None}

    def _stuck(self) -> tuple[set[int], set[int]]:
        """Situations that never move again, and those that move and reach neither an end nor one of the former."""
        sure = [s for s in self.space.steps if s.sure]
        moving = self._back_from({s.source for s in sure if s.moved}, sure)
        traps = set(self.open) - moving
        good = self._back_from(self.ends | traps, sure)
        return traps, set(self.open) - good

    def _back_from(self, goals: Iterable[int], steps: Iterable[Step]) -> set[int]:
        into: dict[int, list[int]] = {}
        for step in steps:
            into.setdefault(step.target, []).append(step.source)
        seen = set(goals)
        queue = deque(seen)
        while queue:
            for source in into.get(queue.popleft(), ()):
                if source not in seen:
                    seen.add(source)
                    queue.append(source)
        return seen

    def _powerless(self) -> set[str]:
        """Below the top, unanswered, and neither the holder's own acts nor the clock bring it higher before an answer.

        A stage whose clock gives the case back to where it was is put off, not worked on: passing up waits.
        """
        roles, found = self.of.roles, set()
        for start in self.open:
            stage = self.stage(start)
            holder = roles.get(self.space.cases[start].holder or "")
            overdue = self.of.acts_at(stage).get(self.of.stages[stage].overdue or "")
            put_off = overdue is not None and overdue.to == "back"
            if self.answered(start) or holder is None or put_off:
                continue
            if any(over(self.space.pack, holder, roles[r]) for r in self._working()) and not self._climbs(
                start, holder
            ):
                found.add(stage)
        return found

    def _working(self) -> set[str]:
        """The roles that hold an open stage, or do, hear of or agree to something while a case is open."""
        stages = [s for s in self.of.stages.values() if not s.end]
        acts = [self.of.open, *self.of.anywhere.values(), *(a for s in stages for a in s.acts.values())]
        names = {s.holder for s in stages} | {n for a in acts for n in (*a.by, *a.tells, a.approves)}
        return {n for n in names if n in self.of.roles}

    def _climbs(self, start: int, holder: Role) -> bool:
        seen, queue = {start}, deque([start])
        while queue:
            number = queue.popleft()
            mine = self.space.cases[number].holder
            for step in self.space.out[number]:
                own = step.by == "clock" or (step.by in ("holder", mine) and step.sure)
                if not own or step.target in seen or step.target in self.ends or self.answered(step.target):
                    continue
                now = self.of.roles.get(self.space.cases[step.target].holder or "")
                if now and over(self.space.pack, holder, now):
                    return True
                if now and (now.duty == holder.duty or now.at == holder.at):
                    seen.add(step.target)
                    queue.append(step.target)
        return False

    def _never_done(self) -> set[str]:
        """Acts written for a stage that cases reach, or for anywhere, and never done."""
        done = {act for _, act in self.space.done}
        own = {
            f"{s.name}/{a}"
            for s in self.of.stages.values()
            for a in s.acts
            if s.name in self.reached and not s.end and (s.name, a) not in self.space.done
        }
        return own | {f"anywhere/{a}" for a in self.of.anywhere if a not in done}

    def _answers_before(self) -> set[str]:
        """Acts that may be done where cases stand unanswered: to answer there is work, later it is verifying."""
        return {a for n in self.open if not self.answered(n) for a in self.of.acts_at(self.stage(n))}

    def _own_work(self, own: set[tuple[str, str, str]]) -> set[str]:
        """Who acts at stages after the answer from which a case can go back to be worked on, having worked before."""
        before = {self.stage(n) for n in self.open if not self.answered(n)}
        moves = [s for s in self.space.steps if s.moved and self.stage(s.source) not in before]
        verifying = {self.stage(s.source) for s in moves if self.stage(s.target) in before}
        goals = {n for n in self.numbers if n in self.ends or self.stage(n) in before}
        settles = {(self.stage(s.source), s.act) for s in moves if s.target in goals}
        return {r for stage, act, r in own if stage in verifying and (stage, act) in settles}


def over(pack: Pack, lower: Role, upper: Role) -> bool:
    """``upper`` stands over ``lower``: at a higher level of places (a unit is below all), or up the chain of duties."""
    ranks = {name: n for n, name in enumerate(reversed(list(pack.levels)), 1)}
    if ranks.get(upper.at, 0) > ranks.get(lower.at, 0):
        return True
    duty, met = pack.duties[lower.duty].above, set()
    while duty and duty not in met:
        if duty == upper.duty:
            return True
        met.add(duty)
        duty = pack.duties[duty].above
    return False


def act_named(institution: Institution, where: str) -> Act:
    """The act that ``stage/act`` or ``anywhere/act`` names."""
    place, _, act = where.partition("/")
    return institution.anywhere[act] if place == "anywhere" else institution.stages[place].acts[act]


def _components(size: int, out: list[list[Step]]) -> list[int]:
    """Tarjan: for each situation the number of its strongly connected component (two on one circle share it)."""
    order, low, component = [-1] * size, [0] * size, [-1] * size
    stack: list[int] = []
    clock = found = 0
    for root in range(size):
        if order[root] != -1:
            continue
        work = [(root, 0)]
        while work:
            node, at = work.pop()
            if at == 0:
                order[node] = low[node] = clock
                clock += 1
                stack.append(node)
            elif at > 0:
                low[node] = min(low[node], low[out[node][at - 1].target])
            for n in range(at, len(out[node])):
                target = out[node][n].target
                if order[target] == -1:
                    work += [(node, n + 1), (target, 0)]
                    break
                if component[target] == -1:
                    low[node] = min(low[node], order[target])
            else:
                if low[node] == order[node]:
                    while True:
                        other = stack.pop()
                        component[other] = found
                        if other == node:
                            break
                    found += 1
    return component
