"""The choices of the list page's filters: several hundred, the same for all who work in the same places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from linli.kernel.institution import Pack, Text
from linli.ledger import filters as narrowing
from linli.ledger.filters import Filters
from linli.ledger.visible import Viewer
from linli.people.registry import Snapshot
from linli.web.language import chinese

MOST_AREAS = 200
KEPT = 256
"""For so many sets of duties what was drawn is kept in memory (about 30 kB each)."""
CHOICES = ("stage", "category", "area", "overdue", "opened_from", "opened_to", "result", "tier", "unit")


@dataclass(frozen=True, slots=True)
class Drawn:
    """The filters that are always there, and those that unfold."""

    fields: SafeString
    more: SafeString


_kept: dict[tuple[tuple[str, ...], bool], tuple[Pack, Snapshot, Drawn]] = {}


def drawn(pack: Pack, snapshot: Snapshot, who: Viewer, given: Filters) -> Drawn:
    """The form's choices with those of ``given`` chosen; while none is, they are drawn once for each set of duties."""
    if any(getattr(given, name) for name in CHOICES):
        return _draw(pack, snapshot, who, given)
    key = (tuple(sorted({h.path for h in who.duties})), chinese())
    kept = _kept.get(key)
    if kept is None or kept[0] is not pack or kept[1] is not snapshot:
        if len(_kept) >= KEPT:
            _kept.clear()
        kept = _kept[key] = (pack, snapshot, _draw(pack, snapshot, who, given))
    return kept[2]


def _draw(pack: Pack, snapshot: Snapshot, who: Viewer, given: Filters) -> Drawn:
    context = {"form": form(pack, snapshot, who, given)}
    parts = (render_to_string(f"linli/staff/filter_{name}.html", context) for name in ("fields", "more"))
    return Drawn(*parts)


def form(pack: Pack, snapshot: Snapshot, who: Viewer, given: Filters) -> dict[str, Any]:
    """The choices of the filter form, each ``[{value, label, chosen}]``; groups where there are many."""
    return {
        "stages": [
            {"label": i.title, "options": _options({f"{i.name}.{n}": s for n, s in i.stages.items()}, given.stage)}
            for i in pack.institutions.values()
        ],
        "categories": _grouped(pack, given),
        "areas": [{"value": p[0], "label": p[1], "chosen": p[0] == given.area} for p in areas(pack, snapshot, who)],
        "results": _options(pack.results, given.result),
        "tiers": _options(pack.levels, given.tier),
        "units": [
            {"value": u.code, "label": u.name, "chosen": u.code == given.unit}
            for u in sorted(snapshot.units.values(), key=lambda u: u.name)
            if any(u.kind in pack.duties[r.duty].at for i in pack.institutions.values()
                   for r in i.roles.values() if r.at == "unit")
        ],
        "given": given,
        "more": bool(given.opened_from or given.opened_to or given.result or given.tier or given.unit),
    }  # fmt: skip


def _options(titled: Mapping[str, Any], chosen: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{"value": n, "label": t.title, "chosen": n in chosen} for n, t in titled.items()]


def _grouped(pack: Pack, given: Filters) -> list[dict[str, Any]]:
    codes = narrowing.categories(pack)
    heads = [n for n, c in codes.items() if c.group is None and any(o.group == n for o in codes.values())]
    found = []
    for head in heads:
        members = {n: c for n, c in codes.items() if c.group == head}
        options = [{"value": head, "label": Text("（整类）", "(all)"), "chosen": head in given.category}]
        found.append({"label": codes[head].title, "options": options + _options(members, given.category)})
    alone = {n: c for n, c in codes.items() if c.group is None and n not in heads}
    return [*found, {"label": None, "options": _options(alone, given.category)}] if alone else found


def areas(pack: Pack, snapshot: Snapshot, who: Viewer, most: int = MOST_AREAS) -> list[tuple[str, str]]:
    """(code, name, indented by level) of the areas inside the viewer's duties, as far down as ``most`` allow."""
    inside = snapshot.within(h.path for h in who.duties)
    levels = list(pack.levels)
    while len(inside) > most and levels:
        lowest = levels.pop()
        inside = [p for p in inside if p.kind != lowest]
    base = min((p.path.count(".") for p in inside), default=0)
    return [(p.code, "\u3000" * (p.path.count(".") - base) + p.name) for p in inside]
