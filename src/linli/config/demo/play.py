"""Lives the plans through, in the order of time over all of them, with the clocks running in between."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from django.db.models import Min
from tqdm import tqdm

from linli.config.demo.routes import Plan, Step, filed_by
from linli.config.demo.world import DemoError, World
from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger import outbox
from linli.ledger.definitions import Runtime
from linli.ledger.mandates import Where
from linli.ledger.models import Case
from linli.people.registry import Snapshot


@dataclass(slots=True)
class _Live:
    """A request that has been raised: its case and the open cases of the units called for it."""

    plan: Plan
    receipt: ledger.Receipt
    units: dict[str, str]


class Player(World):
    """Runs plans of written requests."""

    def __init__(
        self, rt: Runtime, registry: Snapshot, favourites: Iterable[str], dice: Random, post: outbox.Post
    ) -> None:
        super().__init__(rt, registry, favourites, dice, post)
        self.live: dict[int, _Live] = {}

    def play(self, plans: list[Plan], now: datetime) -> list[tuple[Plan, str]]:
        """Everything that happens up to ``now``; (plan, case id) in the order given. Raises DemoError."""
        agenda = sorted(
            [(p.opened, i, -1) for i, p in enumerate(plans)]
            + [(s.at, i, n) for i, p in enumerate(plans) for n, s in enumerate(p.steps)]
        )
        for at, i, n in tqdm(agenda, desc="demo", unit="", disable=None, leave=False):
            self.clocks(at)
            if n < 0:
                self._raise(i, plans[i])
            else:
                self._step(self.live[i], plans[i].steps[n])
            self.deliver(at)
        self.clocks(now)
        return [(self.live[i].plan, self.live[i].receipt.id) for i in range(len(plans))]

    def _note(self, running: Any) -> None:
        following = running.next_due()
        if following and (self.horizon is None or following[1] < self.horizon):
            self.horizon = following[1]

    def _raise(self, number: int, plan: Plan) -> None:
        ask, item = plan.ask, plan.ask.item
        role = filed_by(ask)
        by = self.holder("request", role, Where(ask.place.path), plan.opened) if role else None
        if ask.has_account and role is None:
            by = ask.person
        data = {"text": item["text"], "category": item["category"], "kind": item["kind"]}
        if ask.place.kind == "grid" and ask.place.lat is not None and ask.place.lng is not None:
            lat, lng = (v + self.dice.uniform(-0.0012, 0.0012) for v in (ask.place.lat, ask.place.lng))
            data["point"] = f"{lat:.5f},{lng:.5f}"
        opening = ledger.Opening("request", ask.place.path, ledger.Reporter(ask.person), by, item["channel"])
        done = self._done(ledger.open(opening, data, plan.opened), plan, "open", plan.opened)
        self.live[number] = _Live(plan, done, {})

    def _step(self, live: _Live, step: Step) -> None:
        ask = live.plan.ask
        case, unit = live.receipt.id, None
        if step.unit:
            case, unit = live.units[step.unit], self.registry.units[step.unit].path
        themselves = step.role == "reporter"
        where = Where(ask.place.path, unit)
        institution = "response" if unit else "request"
        person = ask.person if themselves else self.holder(institution, step.role, where, step.at)
        done = ledger.act(case, step.act, step.data, person, step.at, self._channel(step), themselves)
        receipt = self._done(done, live.plan, step.act, step.at)
        if "units" in step.data:
            live.units |= {c.unit: id for id, c in receipt.case.children.items() if c.open}
            first = Case.objects.filter(parent__id=receipt.id, ended=None).aggregate(first=Min("next_due"))["first"]
            self.horizon = min(filter(None, (self.horizon, first)))

    def _done(self, outcome: ledger.Receipt | Refusal, plan: Plan, act: str, at: datetime) -> ledger.Receipt:
        if isinstance(outcome, Refusal):
            raise DemoError(f"{plan.ask.route}: {act} {at:%Y-%m-%d %H:%M}: {outcome.says.zh} {plan.ask.item['text']}")
        self._note(outcome.case)
        return outcome

    def _channel(self, step: Step) -> str:
        return "phone" if step.role == "reviewer" else "web"
