"""Events and cases as plain values for JSON, and back. What is stored is read by this and by nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, get_args

from linli.kernel.case import Case, Child, Event, Pending, Running

EVENTS: dict[str, type[Any]] = {c.__name__: c for c in get_args(Event)}


def event_json(event: Event) -> dict[str, Any]:
    """The event as a mapping for any JSON writer with ISO datetimes; :func:`event_from` reads it back."""
    return {"e": type(event).__name__} | {name: getattr(event, name) for name in type(event).__slots__}


def event_from(raw: Mapping[str, Any]) -> Event:
    """The event that :func:`event_json` wrote."""
    kind = EVENTS[raw["e"]]
    values = {k: v for k, v in raw.items() if k != "e"}
    for name in ("at", "start", "due"):
        if isinstance(values.get(name), str):
            values[name] = datetime.fromisoformat(values[name])
    if "dues" in values:
        values["dues"] = {k: datetime.fromisoformat(v) for k, v in values["dues"].items()}
    for name in ("units", "passes"):
        if name in values:
            values[name] = tuple(values[name])
    event: Event = kind(**values)
    return event


def case_from(raw: Mapping[str, Any]) -> Case:
    """The case out of its fields as plain values (ISO datetimes), as any JSON writer makes them of a dataclass."""
    moment = datetime.fromisoformat
    values = dict(raw)
    for name in ("opened", "paused", "ended"):
        values[name] = moment(raw[name]) if raw[name] else None
    values["clocks"] = {
        n: Running(**{**c, **{k: moment(c[k]) for k in ("start", "due", "first_due")}})
        for n, c in raw["clocks"].items()
    }
    values["blocks"] = raw.get("blocks", {})
    values["children"] = {n: Child(**c) for n, c in raw["children"].items()}
    values["pending"] = {n: Pending(p["by"], moment(p["at"]), p["data"]) for n, p in raw["pending"].items()}
    values["doers"] = {n: tuple(d) for n, d in raw["doers"].items()}
    values["answered"] = tuple(raw["answered"])
    return Case(**values)
