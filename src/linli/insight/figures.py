"""Counts and rates, each with its formula in words, its parts, what is left out, and the filter that opens its cases.

A figure is counted with the same :class:`Filters` that its link carries, over the same visible cases. Nothing here is
ever asked when somebody acts: no figure can hold a case back (red line 1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Institution, Pack, Text
from linli.ledger import filters as narrowing
from linli.ledger import visible
from linli.ledger.definitions import runtime
from linli.ledger.filters import Filters
from linli.ledger.marks import raised
from linli.ledger.models import Case
from linli.ledger.visible import Viewer
from linli.people import registry
from linli.people.registry import Snapshot

BY_CLOSING_DAY = Text(
    "按办结时间计入，北京时间，首尾两天都算", "Counted by the day of closing, Beijing time, both ends included"
)
AS_OF_NOW = Text("截至打开页面的这一刻", "As of the moment this page was opened")


@dataclass(frozen=True, slots=True)
class Part:
    """A number with its name and the filter that lists exactly these cases."""

    title: Text
    value: int
    filters: Filters
    key: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """Numerator over denominator, both as the parts they are made of; ``percent`` is None when there is nothing."""

    title: Text
    good: Part
    others: tuple[Part, ...]
    excluded: tuple[Part, ...]
    formula: Text
    date_rule: Text

    @property
    def whole(self) -> int:
        """The denominator: every part that counts."""
        return self.good.value + sum(p.value for p in self.others)

    @property
    def percent(self) -> float | None:
        """With one decimal."""
        return percent(self.good.value, self.whole)


def percent(part: int, whole: int) -> float | None:
    """``part`` of ``whole`` in per cent with one decimal; None of nothing."""
    return round(100 * part / whole, 1) if whole else None


@dataclass(frozen=True, slots=True)
class Scope:
    """What is counted over: the cases of one viewer (or, for the operator at the command line, all) at one moment."""

    cases: QuerySet[Case]
    pack: Pack
    registry: Snapshot
    now: datetime
    who: Viewer | None = None

    def found(self, filters: Filters) -> QuerySet[Case]:
        """The cases of ``filters``."""
        return narrowing.narrow(self.cases, filters, self.pack, self.registry, self.now, self.who)

    def part(self, title: Text, filters: Filters, key: str = "") -> Part:
        """Count ``filters``."""
        return Part(title, self.found(filters).count(), filters, key)

    def groups(self, filters: Filters, *columns: str, **also: Any) -> list[dict[str, Any]]:
        """One row for each combination of ``columns`` with ``n`` cases, the largest first."""
        rows = self.found(filters).order_by().values(*columns).annotate(n=Count("*"), **also)
        return sorted(rows, key=lambda r: (-r["n"], *(str(r[c]) for c in columns)))


def scope_of(who: Viewer, now: datetime) -> Scope:
    """What ``who`` may see."""
    return Scope(visible.visible(who), runtime().pack, registry.current(), now, who)


def operator_scope(now: datetime) -> Scope:
    """Every case, for whoever runs the installation and asks at its command line."""
    return Scope(Case.objects.all(), runtime().pack, registry.current(), now)


def last_days(now: datetime, days: int = 30) -> tuple[date, date]:
    """The ``days`` days that end today, in Shanghai."""
    today = now.astimezone(SHANGHAI).date()
    return today - timedelta(days=days - 1), today


def tiered(pack: Pack) -> tuple[str, ...]:
    """The institutions whose cases count under a tier."""
    return tuple(i.name for i in pack.institutions.values() if tiers_of(i))


def tiers_of(institution: Institution) -> set[str]:
    """The levels under which cases of an institution may count."""
    acts = [*institution.anywhere.values(), *(a for s in institution.stages.values() for a in s.acts.values())]
    return {a.tier for a in acts if a.tier}


def by_stage(scope: Scope, area: str = "") -> dict[str, list[Part]]:
    """Open cases by stage, in the order of the definition, for each institution that has any."""
    counted = {(r["institution"], r["stage"]): r["n"] for r in scope.groups(_open(area), "institution", "stage")}
    found: dict[str, list[Part]] = {}
    for name in sorted({i for i, _ in counted}, key=list(scope.pack.institutions).index):
        stages = scope.pack.institutions[name].stages
        known = [n for n, s in stages.items() if not s.end] + [s for i, s in counted if i == name and s not in stages]
        for stage in known:
            title = stages[stage].title if stage in stages else Text(stage, stage)
            filters = _open(area).but(stage=(f"{name}.{stage}",))
            found.setdefault(name, []).append(Part(title, counted.get((name, stage), 0), filters, stage))
    return found


def pressing(scope: Scope, area: str = "") -> tuple[Part, Part, Part]:
    """Open cases; those with a clock that runs out within a day; those with one that has run out."""
    return (
        scope.part(Text("在办", "Open"), _open(area), "open"),
        scope.part(Text("24 小时内到期", "Due within 24 hours"), Filters(state="open", area=area, soon=True), "soon"),
        scope.part(Text("已逾期", "Overdue"), Filters(state="open", area=area, overdue=True), "overdue"),
    )


def overdue_by_holder(scope: Scope, area: str = "") -> list[Part]:
    """Overdue cases by who holds them now, the most first."""
    overdue = Filters(state="open", area=area, overdue=True)
    rows = scope.groups(overdue, "holder_duty", "holder_path")
    return [
        Part(
            holder_title(scope, r["holder_duty"], r["holder_path"]),
            r["n"],
            overdue.but(holder=f"{r['holder_duty'] or ''}@{r['holder_path'] or ''}"),
        )
        for r in rows
    ]


def holder_title(scope: Scope, duty: str | None, path: str | None) -> Text:
    """A post by its place or unit and its name."""
    at = scope.registry.named(path or "")
    if duty is None or duty not in scope.pack.duties:
        return Text("无人办理", "Nobody")
    title = scope.pack.duties[duty].title
    return Text(f"{at} {title.zh}".strip(), f"{title.en}, {at}" if at else title.en)


def on_time(scope: Scope, institution: str, first: date, last: date, area: str = "") -> Rate:
    """Closed within the promised time, over everything closed in the period and everything open and overdue now."""
    return all_on_time(scope, (institution,), first, last, area)[institution]


def all_on_time(scope: Scope, names: Iterable[str], first: date, last: date, area: str = "") -> dict[str, Rate]:
    """The same for each of the institutions ``names``; two statements, however many there are."""
    wanted = tuple(names)
    closed = Filters(state="closed", institution=wanted, area=area, closed_from=first, closed_to=last)
    still = Filters(state="open", institution=wanted, area=area, overdue=True)
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in scope.groups(closed, "institution", "result", "marks"):
        rows.setdefault(row["institution"], []).append(row)
    late = {r["institution"]: r["n"] for r in scope.groups(still, "institution")}
    return {
        name: _on_time(scope, name, closed.but(institution=(name,)), rows.get(name, []), late.get(name, 0))
        for name in wanted
    }


def _on_time(scope: Scope, name: str, closed: Filters, rows: list[dict[str, Any]], open_late: int) -> Rate:
    institution = scope.pack.institutions[name]
    title, ran_out = institution.title, set(narrowing.late_marks(institution))
    counts = {n: r.counts for n, r in scope.pack.results.items()}
    counted = [r for r in rows if counts.get(r["result"]) == "closed"]
    late = sum(r["n"] for r in counted if ran_out & set(r["marks"]))
    in_time = sum(r["n"] for r in counted) - late
    here = closed.but(counted="yes")
    still = closed.but(state="open", closed_from=None, closed_to=None, overdue=True)
    return Rate(
        title=Text(f"{title.zh}按时率", f"In time: {title.en}"),
        good=Part(Text("按时办结", "Closed in time"), in_time, here.but(late="no")),
        others=(
            Part(Text("超时办结", "Closed late"), late, here.but(late="yes")),
            Part(Text("逾期未办结", "Open and overdue"), open_late, still),
        ),
        excluded=_excluded(scope, closed, rows),
        formula=Text(
            "按时办结 ÷（按时办结＋超时办结＋现在仍逾期未办结的）。承诺的时限到过期的，即使后来办结也算超时。",
            "Closed in time ÷ (closed in time + closed late + open and overdue now). "
            "A case whose promised time ran out counts as late even if it was closed afterwards.",
        ),
        date_rule=BY_CLOSING_DAY,
    )


def _excluded(scope: Scope, closed: Filters, rows: Iterable[dict[str, Any]]) -> tuple[Part, ...]:
    """What was closed but does not count, by result, the most first."""
    sums: dict[str, int] = {}
    for row in rows:
        result = scope.pack.results.get(row["result"] or "")
        if result is not None and result.counts == "excluded":
            sums[row["result"]] = sums.get(row["result"], 0) + row["n"]
    return tuple(
        Part(scope.pack.results[n].title, v, closed.but(result=(n,)), n)
        for n, v in sorted(sums.items(), key=lambda p: (-p[1], p[0]))
    )


def responses(scope: Scope, first: date, last: date, area: str = "") -> list[tuple[str, Rate]]:
    """For each unit with a case addressed to it: how much it closed in time. (Unit's name, rate), the worst first."""
    found = []
    for name, institution in scope.pack.institutions.items():
        if not any(r.at == "unit" for r in institution.roles.values()):
            continue
        closed = Filters(state="closed", institution=(name,), area=area, closed_from=first, closed_to=last)
        rows = _by_unit(scope, closed, Filters(state="open", institution=(name,), area=area, overdue=True))
        found += [(scope.registry.units_by_path[path].name, rate) for path, rate in rows.items()]
    return sorted(found, key=lambda r: (r[1].percent if r[1].percent is not None else 101, -r[1].whole, r[0]))


def _by_unit(scope: Scope, closed: Filters, still: Filters) -> Mapping[str, Rate]:
    counted = closed.but(counted="yes")
    asked = {"in_time": counted.but(late="no"), "late": counted.but(late="yes"), "still": still}
    counts = _unit_counts(scope, closed, still)
    words = {
        "in_time": Text("按时答复", "Answered in time"),
        "late": Text("超时或未答复", "Late or no answer"),
        "still": Text("逾期未答复", "Open and overdue"),
        "excluded": Text("改派等不计入", "Redirected and the like"),
    }
    rates = {}
    for path, n in counts.items():
        code = scope.registry.units_by_path[path].code
        every = asked | {"excluded": closed.but(counted="no")}
        parts = {k: Part(words[k], n.get(k, 0), f.but(unit=code), k) for k, f in every.items()}
        rates[path] = Rate(
            title=Text("按时答复率", "Answered in time"),
            good=parts["in_time"],
            others=(parts["late"], parts["still"]),
            excluded=(parts["excluded"],),
            formula=Text(
                "按时答复 ÷（按时答复＋超时或未答复＋现在逾期未答复的）；改派的不计入。",
                "In time ÷ (in time + late or unanswered + open and overdue now). Redirected calls are left out.",
            ),
            date_rule=BY_CLOSING_DAY,
        )
    return rates


def _unit_counts(scope: Scope, closed: Filters, still: Filters) -> dict[str, dict[str, int]]:
    """For each unit: in time, late, still open, excluded; one read of what was closed and one of what is open."""
    ran_out = set(narrowing.late_marks(scope.pack.institutions[closed.institution[0]]))
    kinds = {n: r.counts for n, r in scope.pack.results.items()}
    counts: dict[str, dict[str, int]] = {}
    for row in scope.groups(closed, "unit", "result", "marks"):
        kind = kinds.get(row["result"])
        if row["unit"] in scope.registry.units_by_path and kind:
            key = "excluded" if kind == "excluded" else "late" if ran_out & set(row["marks"]) else "in_time"
            here = counts.setdefault(row["unit"], {})
            here[key] = here.get(key, 0) + row["n"]
    for row in scope.groups(still, "unit"):
        if row["unit"] in scope.registry.units_by_path:
            counts.setdefault(row["unit"], {})["still"] = row["n"]
    return counts


def _open(area: str) -> Filters:
    return Filters(state="open", area=area)


REOPENED_HERE = Q(marks__contains=[raised(narrowing.REOPENED)])
