"""The dispatch catalogue (category × place × time → units): its only writes, and the one question asked of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction

from linli.places.acts import Reject, bump
from linli.places.models import Area, Dispatch, Unit

NEEDED = ("category", "area", "unit", "source", "owner", "valid_from")
OPTIONAL = ("rank", "valid_to")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the catalogue; ``area`` is a path, ``unit`` and ``owner`` are codes."""

    category: str
    area: str
    unit: str
    rank: int
    source: str
    owner: str
    starts: date
    ends: date | None


def rules(every: Iterable[Rule], category: str | None, place: str, day: date) -> list[Rule]:
    """The lines for ``category`` at the path ``place`` on ``day``: those of the nearest area, the leader first."""
    fitting = [
        r
        for r in every
        if r.category == category
        and f"{place}.".startswith(f"{r.area}.")
        and r.starts <= day
        and (r.ends is None or day <= r.ends)
    ]
    nearest = max((len(r.area) for r in fitting), default=0)
    return sorted((r for r in fitting if len(r.area) == nearest), key=lambda r: (r.rank, r.unit))


@transaction.atomic
def import_dispatch(
    rows: Iterable[tuple[int, Mapping[str, str]]], categories: Iterable[str]
) -> tuple[int, int, list[Reject]]:
    """Take the catalogue from (line, row) pairs; returns (new lines, lines ended or changed, rejects).

    Columns: category (one of ``categories``), area and unit and owner (codes), rank, source, valid_from, valid_to.
    The same file twice changes nothing. A line with a later first day ends the one before it the day before; one
    with ``valid_to`` ends it on that day. Nothing is overwritten (red line 13).
    """
    known = set(categories)
    areas = {a.code: a for a in Area.objects.filter(valid_to__isnull=True)}
    units = {u.code: u for u in Unit.objects.filter(valid_to__isnull=True)}
    created = changed = 0
    rejects: list[Reject] = []
    for line, row in rows:
        try:
            new, ended = _take(row, known, areas, units)
        except ValueError as fault:
            rejects.append(Reject(line, str(fault), row))
            continue
        created, changed = created + new, changed + ended
    if created or changed:
        bump()
    return created, changed, rejects


def _take(
    row: Mapping[str, str], categories: set[str], areas: Mapping[str, Area], units: Mapping[str, Unit]
) -> tuple[int, int]:
    words = {k: row.get(k, "").strip() for k in (*NEEDED, *OPTIONAL)}
    for name, known, what in (
        ("category", categories, "类别"), ("area", areas, "区域"), ("unit", units, "单位"), ("owner", units, "单位"),
    ):  # fmt: skip
        if words[name] not in known:
            raise ValueError(f"{name}: 没有编码为“{words[name]}”的{what}")
    if not words["source"]:
        raise ValueError("source: 请写依据，如某某职责清单第几条")
    begins, ends = _day("valid_from", words["valid_from"]), _day("valid_to", words["valid_to"], optional=True)
    if begins is None or (ends is not None and ends < begins):
        raise ValueError("valid_to: 不能早于 valid_from")
    key = {"category": words["category"], "area": areas[words["area"]], "unit": units[words["unit"]]}
    kept = {"rank": _rank(words["rank"]), "source": words["source"][:300], "owner": units[words["owner"]]}
    if Dispatch.objects.filter(**key, **kept, valid_from=begins, valid_to=ends).exists():
        return 0, 0
    living = Dispatch.objects.filter(**key, valid_to=None).first()
    if living is None:
        Dispatch.objects.create(**key, **kept, valid_from=begins, valid_to=ends)
        return 1, 0
    if begins < living.valid_from:
        raise ValueError(f"valid_from: 已有从 {living.valid_from} 起的一条，不能早于它")
    if begins == living.valid_from:
        for name, value in (kept | {"valid_to": ends}).items():
            setattr(living, name, value)
        living.save()
        return 0, 1
    living.valid_to = begins - timedelta(days=1)
    living.save(update_fields=["valid_to"])
    Dispatch.objects.create(**key, **kept, valid_from=begins, valid_to=ends)
    return 1, 1


def _day(name: str, text: str, optional: bool = False) -> date | None:
    if optional and not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{name}: 应写成 2024-01-01，写的是“{text}”") from None


def _rank(text: str) -> int:
    if text and not (text.isascii() and text.isdigit() and 1 <= int(text) <= 99):
        raise ValueError(f"rank: 应为 1 到 99 的整数，1 是牵头，写的是“{text}”")
    return int(text or 1)
