"""What is filled in with an act of a demo's matter: from the step, the matter, and the city's usual words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from linli.config.demo.world import DemoError
from linli.kernel.calendar import SHANGHAI, add_working_days
from linli.kernel.case import Case as KernelCase
from linli.kernel.institution import Act, Institution, Pack


class Filling:
    """Fills in acts from a city's ``matters.yaml``."""

    def __init__(self, pack: Pack, doc: Mapping[str, Any]) -> None:
        self.pack, self.doc = pack, doc
        self.used: dict[str, int] = {}
        self.numbers: dict[str, str] = {}
        """Numbers of the matters that carry a label, for fields that name another case."""

    def of_act(
        self, institution: Institution, item: Mapping[str, Any], case: KernelCase, act: Act, given: Mapping[str, Any],
        at: datetime,
    ) -> dict[str, Any]:  # fmt: skip
        """The act's fields: from the step, from the matter, from the city's usual words."""
        usual = self._usual(act.name)
        data = {}
        for name in (*act.needs, *act.may):
            if name in given:
                raw = given[name]
            elif name in act.needs and name in item:
                raw = item[name]
            elif name in usual and name in act.needs:
                raw = usual[name]
            elif name in act.needs and (called := self._called(institution, act, name, {**item, **given})):
                raw = called
            else:
                continue
            data[name] = self.value(institution, name, raw, at, case.opened)
        if len(act.result) > 1:
            data["result"] = given.get("result") or item.get("result") or act.result[0]
        return data

    def _usual(self, act: str) -> Mapping[str, Any]:
        """The city's usual words for an act, the next of them each time."""
        found = self.doc.get("usual", {}).get(act, {})
        if isinstance(found, list):
            self.used[act] = self.used.get(act, -1) + 1
            found = found[self.used[act] % len(found)]
        return dict(found)

    def _called(self, institution: Institution, act: Act, name: str, given: Mapping[str, Any]) -> list[str]:
        """The units or lines of an act that calls: those told under ``each``."""
        calls = institution.stages[act.to].calls if act.to and act.to in institution.stages else None
        return list(given.get("each", {})) if calls and calls.for_each == name else []

    def value(self, institution: Institution, name: str, raw: Any, at: datetime, begun: datetime) -> Any:
        """A date is written as days from the act on, ``6w`` for working days; ``{month}`` is that of the opening.

        A field that names a case is written as the label of that matter.
        """
        spec = institution.fields[name]
        day = at.astimezone(SHANGHAI).date()
        if spec.type == "date" and isinstance(raw, int):
            return (day + timedelta(days=raw)).isoformat()
        if spec.type == "date" and str(raw).endswith("w"):
            return add_working_days(self.pack.calendars["office"], day, int(raw[:-1])).isoformat()
        if spec.type == "case":
            return self.numbers.get(raw, "")
        if isinstance(raw, str):
            month = begun.astimezone(SHANGHAI)
            return raw.replace("{month}", f"{month.year} 年 {month.month} 月")
        return raw


def step_of(step: Any) -> tuple[str, Mapping[str, Any]]:
    """A step as act and what is filled in: ``solve`` or ``{solve: {answer: …}}``."""
    if isinstance(step, str):
        return step, {}
    if not isinstance(step, dict) or len(step) != 1:
        raise DemoError(f"a step is an act, or one act with what is filled in, not {step}")
    ((name, given),) = step.items()
    return str(name), given or {}
