"""From a request's route to dated steps: who does which act when, so that it ends as README.md says.

Closed routes are told forwards from the report, open ones backwards from now. Every delay stays inside the limit of
its stage in the pack changzhou; where a route wants the clock to act, nobody does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from linli.config.demo.content import FILED_BY, Ask
from linli.config.demo.hours import Hours, Week
from linli.kernel.calendar import SHANGHAI, Calendar, add_working_days

# Minutes at it, least and most, before somebody acts; all within the limits of the pack.
SOON, ON_CALL, GRID, COMMUNITY, STREET = (3, 8), (10, 200), (20, 600), (30, 500), (20, 390)
ACCEPT, RESPOND, RULE = (10, 150), (200, 700), (20, 380)
RATES, CALLS_BACK = (30, 2000), (60, 900)

NOT_OURS = "不属网格办理范围，请上级核定是否受理、怎么答复。"
EXPLAIN = "涉及政策规定，请社区出面把依据讲清楚。"
OVERLONG = "事情一时办不下来。"


@dataclass(frozen=True, slots=True)
class Step:
    """One act: when, in which role, what is filled in, and for a called unit's case which unit."""

    at: datetime
    role: str
    act: str
    data: dict[str, Any] = field(default_factory=dict)
    unit: str | None = None


@dataclass(slots=True)
class Plan:
    """A request from its report on, with the (stage, result, tier) it must have reached at the end."""

    ask: Ask
    opened: datetime
    steps: list[Step]
    ends: tuple[str, str | None, str | None]


class Routes:
    """Plans for requests that end at ``now`` or before; ``office`` is the calendar of working days."""

    def __init__(self, now: datetime, days: int, office: Calendar, dice: Random) -> None:
        self.now, self.office, self.dice = now.astimezone(SHANGHAI), office, dice
        self.first = self.now - timedelta(days=days)
        margin = timedelta(days=30)  # plans are made past both ends before they are told again to fit
        self.week = Week((self.first - margin).date(), (self.now + margin).date(), office)
        self.open_found = 0

    def plan(self, ask: Ask) -> Plan:
        """The plan of one request."""
        tell = self._open if ask.route.startswith("open_") else self._closed
        plan = tell(ask)
        for extra in ask.extra:
            if extra["act"] != "object":
                plan.steps.append(self._extra(plan, extra))
        return plan

    def _closed(self, ask: Ask) -> Plan:
        """Told forwards from a random report; told again from an earlier one until it ends before now."""
        latest = self.now
        for _ in range(200):
            opened = self._report(ask, latest)
            told = _Told(self, ask, opened)
            ends = getattr(told, ask.route)()
            if told.at < self.now:
                return Plan(ask, opened, told.steps, ends)
            latest -= timedelta(days=1)
        raise ValueError(f"no room in the days before {self.now} for: {ask.item['text']}")

    def _report(self, ask: Ask, latest: datetime) -> datetime:
        urgent = ask.item.get("diversion") == "emergency"
        served = ask.item["channel"] in ("phone", "counter") or urgent
        hours = self.week.office if served else self.week.awake
        return hours.between(self.first, max(latest, self.first + timedelta(days=1)), self.dice)

    def _open(self, ask: Ask) -> Plan:
        told: Plan = getattr(_Still(self, ask), ask.route)()
        return told

    def _extra(self, plan: Plan, extra: dict[str, Any]) -> Step:
        last = max([plan.opened, *(s.at for s in plan.steps)])
        hours = self.week.awake if extra["role"] == "reporter" else self.week.office
        room = hours.minutes(self.now) - hours.minutes(last)
        # Right after the last step where nobody is in the office any more, e.g. on a Sunday.
        at = hours.ago(self.now, min(3, room / 3), min(200, room / 2), self.dice) if room > 6 else last
        at = max(at, last + timedelta(seconds=60))
        data = dict(extra["with"])
        if "until_in_working_days" in extra:
            data["until"] = add_working_days(self.office, self.now.date(), extra["until_in_working_days"]).isoformat()
        return Step(at, extra["role"], extra["act"], data, extra.get("unit"))


class _Told:
    """A closed route, told forwards; ``at`` is the last thing that happened. Each route returns how it must end."""

    def __init__(self, routes: Routes, ask: Ask, opened: datetime) -> None:
        self.routes, self.ask, self.item, self.dice = routes, ask, ask.item, routes.dice
        self.week, self.at = routes.week, opened
        self.steps: list[Step] = []

    def step(
        self, hours: Hours, delay: tuple[float, float], role: str, act: str, unit: str | None = None, **data: Any
    ) -> datetime:
        at = hours.after(self.at, *delay, self.dice)
        if unit is None:
            self.at = at
        self.steps.append(Step(at, role, act, data, unit))
        return at

    def climb(self, tiers: int, reason: str, delay: tuple[float, float] | None = None) -> None:
        # A matter of which only the street is known stands with the street's officer on call from the start.
        first = ON_CALL if self.ask.place.kind == "street" else GRID
        self.step(self.week.grid, delay or first, "grid_worker", "pass_up", reason=reason)
        if tiers > 1:
            self.step(self.week.office, delay or COMMUNITY, "community", "pass_up", reason=reason)

    @property
    def outcome(self) -> str:
        if self.ask.route == "explained":
            return "explained"
        return "solved" if self.item["rating"]["solved"] else "partly"

    def rate(self) -> None:
        said = self.item["rating"]
        solved = "solved" if said["solved"] else "not_solved"
        answers = {"contacted": said["contacted"], "solved": solved, "satisfied": said["satisfied"]}
        if self.ask.themselves and self.dice.random() < 0.85:
            self.step(self.week.awake, RATES, "reporter", "confirm", **answers)
        else:
            self.step(self.week.review, CALLS_BACK, "reviewer", "revisit", reached=True, **answers)

    def grid(self) -> tuple[str, str, str]:
        self.step(self.week.grid, GRID, "grid_worker", "solve", answer=self.item["answer"])
        self.rate()
        return "closed", "solved", "grid"

    def community(self) -> tuple[str, str, str]:
        self.climb(1, self.item.get("pass_reason", EXPLAIN))
        return self._by_community()

    explained = community

    def _by_community(self) -> tuple[str, str, str]:
        self.step(self.week.office, COMMUNITY, "community", "solve", answer=self.item["answer"], result=self.outcome)
        self.rate()
        return "closed", self.outcome, "community"

    def overdue_grid(self) -> tuple[str, str, str]:
        self.at += timedelta(hours=24)  # the clock passes it up
        return self._by_community()

    def street(self) -> tuple[str, str, str]:
        self.climb(2, self.item["pass_reason"])
        self.step(self.week.office, STREET, "street", "solve", answer=self.item["answer"], result=self.outcome)
        self.rate()
        return "closed", self.outcome, "street"

    def diverted(self) -> tuple[str, str, str]:
        urgent = SOON if self.item["diversion"] == "emergency" else None
        self.climb(2, NOT_OURS, urgent)
        named = {"diversion": self.item["diversion"], "answer": self.item["answer"]}
        self.step(self.week.office, urgent or STREET, "street", "divert", **named)
        self.rate()
        return "closed", "diverted", "street"

    def reopened(self) -> tuple[str, str, str]:
        if "pass_reason" in self.item:
            self.climb(1, self.item["pass_reason"])
            given = {"answer": self.item["answer"], "result": "solved"}
            self.step(self.week.office, COMMUNITY, "community", "solve", **given)
        else:
            self.step(self.week.grid, GRID, "grid_worker", "solve", answer=self.item["answer"])
        self.step(self.week.awake, RATES, "reporter", "not_solved", why=self.item["reason"])
        given = {"answer": self.item["second_answer"], "result": self.outcome}
        self.step(self.week.office, COMMUNITY, "community", "solve", **given)
        self.rate()
        return "closed", self.outcome, "community"

    def joint(self) -> tuple[str, str, str]:
        self.climb(2, self.item["pass_reason"])
        self.whistle("whistle", self.item["units"])
        return self._reply()

    def whistle(self, act: str, units: list[str]) -> None:
        """Call the units, and let each accept and respond; afterwards it is the moment of the last response."""
        self.step(self.week.office, STREET, "street", act, units=units, reason=self.item["pass_reason"])
        self.at = max(self.work(unit, self.at) for unit in units)

    def work(self, unit: str, called: datetime) -> datetime:
        accepted = self.week.office.after(called, *ACCEPT, self.dice)
        self.steps.append(Step(accepted, "department", "accept", {}, unit))
        return self.respond(unit, accepted)

    def respond(self, unit: str, since: datetime) -> datetime:
        at = self.week.office.after(since, *RESPOND, self.dice)
        self.steps.append(Step(at, "department", "respond", {"answer": self.item["unit_answers"][unit]}, unit))
        return at

    def _reply(self) -> tuple[str, str, str]:
        self.step(self.week.office, STREET, "street", "reply", answer=self.item["answer"], result=self.outcome)
        self.rate()
        return "closed", self.outcome, "street"

    def objected(self) -> tuple[str, str, str]:
        item, unit = self.item, self.item["objecting_unit"]
        self.climb(2, item["pass_reason"])
        self.step(self.week.office, STREET, "street", "whistle", units=item["units"], reason=item["pass_reason"])
        others = [self.work(u, self.at) for u in item["units"] if u != unit]
        objected = self.week.office.after(self.at, *ACCEPT, self.dice)
        self.steps.append(Step(objected, "department", "object", {"reason": item["reason"]}, unit))
        ruled = self.week.office.after(objected, *RULE, self.dice)
        upheld = item["ruling"] == "upheld"
        reason = f"经核对职责分工，{'异议成立，请改派' if upheld else '异议不成立，请继续办理'}。"
        self.steps.append(Step(ruled, "dispatcher", "uphold" if upheld else "dismiss", {"reason": reason}, unit))
        ended = ruled if upheld else self.respond(unit, ruled)
        self.at = max([ended, *others])
        more = [u for u in item["units_after"] if u not in item["units"]]
        if more:
            self.whistle("whistle_again", more)
        return self._reply()


class _Still:
    """A route that is still open at the end, told backwards from now so that its last clock is still running."""

    def __init__(self, routes: Routes, ask: Ask) -> None:
        self.routes, self.ask, self.item, self.dice = routes, ask, ask.item, routes.dice
        self.week, self.now = routes.week, routes.now
        self.steps: list[Step] = []

    def plan(self, stage: str, result: str | None = None, tier: str | None = None) -> Plan:
        """With the report some hours before the first step."""
        first = min(s.at for s in self.steps)
        opened = self.week.awake.between(first - timedelta(hours=20), first - timedelta(minutes=20), self.dice)
        if opened >= first:
            opened = first - timedelta(minutes=20)
        return Plan(self.ask, opened, sorted(self.steps, key=lambda s: s.at), (stage, result, tier))

    def add(self, at: datetime, role: str, act: str, unit: str | None = None, **data: Any) -> datetime:
        self.steps.append(Step(at, role, act, data, unit))
        return at

    def office(self, before: datetime, least: float, most: float) -> datetime:
        return self.week.office.ago(before, least, most, self.dice)

    def open_found(self) -> Plan:
        """Spread over the 22 hours before now, so that some run out within hours and some were just reported."""
        n = self.routes.open_found = self.routes.open_found + 1
        oldest = self.week.awake.minutes(self.now - timedelta(hours=22))
        room = self.week.awake.minutes(self.now) - oldest
        share = ((n * 7) % 12 + self.dice.random()) / 12
        opened = self.week.awake.at(oldest + room * share).replace(microsecond=0)
        return Plan(self.ask, opened, [], ("found", None, None))

    def open_answered(self) -> Plan:
        at = self.week.grid.ago(self.now, 10, 690 * 2.2, self.dice)
        self.add(at, "grid_worker", "solve", answer=self.item["answer"])
        return self.plan("answered", "solved", "grid")

    def open_collected(self) -> Plan:
        park = self.ask.parked
        if park is None:
            entered = self.office(self.now, 5, 700)
        else:
            day = add_working_days(self.routes.office, self.now.date(), -13)
            entered = self.week.office.at(self.week.office.minutes(_midnight(day)) + self.dice.uniform(10, 200))
            self.put_aside(park, entered, self.now)
        self.add(entered, "grid_worker", "pass_up", reason=self.item["pass_reason"])
        return self.plan("collected")

    def put_aside(self, park: dict[str, Any], entered: datetime, until: datetime) -> None:
        review = until.date() - timedelta(days=1)  # ends at 24:00, and the clock takes it up again
        at = self.week.office.after(entered, 20, 180, self.dice)
        told = {"reason": park["reason"], "plan": park["plan"], "review_on": review.isoformat()}
        self.add(at, park["role"], "park", **told)

    def open_raised(self) -> Plan:
        self.raise_to_street(self.office(self.now, 5, 380))
        return self.plan("raised")

    def raise_to_street(self, entered: datetime) -> None:
        reason = self.item["pass_reason"]
        self.add(entered, "community", "pass_up", reason=reason)
        self.add(self.office(entered, 20, 380), "grid_worker", "pass_up", reason=reason)

    def open_joint(self) -> Plan:
        called = self.called()
        self.add(called, "street", "whistle", units=self.item["units"], reason=self.item["pass_reason"])
        if self.ask.parked:
            day = add_working_days(self.routes.office, called.date(), -14)
            raised = self.week.office.at(self.week.office.minutes(_midnight(day)) + self.dice.uniform(10, 200))
            self.put_aside(self.ask.parked, raised, called)
        else:
            raised = self.office(called, 20, 380)
        self.raise_to_street(raised)
        objections = {e["unit"]: e["with"] for e in self.ask.extra if e["act"] == "object"}
        for unit in self.item["units"]:
            self.unit(unit, called, objections.get(unit))
        return self.plan("joint")

    def called(self) -> datetime:
        """When the units were called, so that what is to be seen now is still to be seen."""
        office, now = self.week.office, self.now
        if self.ask.silent:  # its three working days are over, the five of the whole are not
            day = add_working_days(self.routes.office, now.date(), -4)
            return office.at(office.minutes(_midnight(day)) + self.dice.uniform(5, 150)).replace(microsecond=0)
        if any(e["act"] == "object" for e in self.ask.extra):  # decided by the end of the next working day
            today = office.minutes(now) - office.minutes(_midnight(now.date()))
            room = today + 420
            return self.office(now, room * 0.6, room * 0.95)
        return self.office(now, 450, 900)

    def unit(self, unit: str, called: datetime, objection: dict[str, Any] | None) -> None:
        office = self.week.office
        accepted = office.after(called, 10, 60, self.dice)
        if objection:
            self.add(accepted, "department", "object", unit, **objection)
            return
        self.add(accepted, "department", "accept", unit)
        answer = self.item.get("unit_answers", {}).get(unit)
        if answer:
            room = min(office.minutes(self.now) - office.minutes(accepted), RESPOND[1])
            self.add(office.after(accepted, room * 0.4, room * 0.9, self.dice), "department", "respond", unit,
                     answer=answer)  # fmt: skip


def _midnight(day: Any) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)


def filed_by(ask: Ask) -> str | None:
    """The role that files it for the reporter; None when they do so themselves."""
    return FILED_BY.get(str(ask.item["channel"]))
