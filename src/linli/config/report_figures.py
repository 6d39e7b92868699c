"""linli report figures · linli report sessions"""

from __future__ import annotations

import csv
import json
import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from linli.insight.figures import Scope
    from linli.insight.rates import Measure
    from linli.insight.sessions import YearPlan

DAY = click.DateTime(["%Y-%m-%d"])
PAGE_DAY = date(2026, 1, 1)
"""The day whose dated weights the reference page shows."""
KINDS = ["day", "week", "month", "quarter", "year"]
LANG = click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
JSON = click.option("--json", "as_json", is_flag=True, help="Plain values for a machine.")


def _scope() -> Scope:
    from django.db import ProgrammingError

    from linli.insight import figures
    from linli.ledger.definitions import NoPack

    try:
        return figures.operator_scope(datetime.now(UTC))
    except NoPack as missing:
        raise click.ClickException(str(missing)) from None
    except ProgrammingError:
        raise click.ClickException("The tables are not there or not up to date; run: linli migrate") from None


@click.command("figures")
@click.argument("institution", default="request")
@click.option("--period", type=click.Choice(KINDS), default="month", show_default=True)
@click.option("--on", "day", type=DAY, help="The period around this day (default: today).")
@click.option("--from", "first", type=DAY, help="Instead of a period: first day of closing.")
@click.option("--to", "last", type=DAY, help="Last day of closing (default: today).")
@click.option("--area", metavar="CODE", default="", help="Only this area, by its code.")
@click.option("--unit", metavar="CODE", default="", help="Only this unit, by its code.")
@click.option("--category", metavar="NAME", default="", help="Only this category or group of categories.")
@click.option("--by", type=click.Choice(["unit", "area", "category", "tier", *KINDS]), help="Also line by line.")
@click.option("--csv", "as_csv", is_flag=True, help="One row for each part, as the pages export it.")
@JSON
@LANG
def report_figures(institution: str, as_csv: bool, as_json: bool, lang: str, **asked: Any) -> None:
    """Every rate of INSTITUTION over a period, with its parts, what is left out and its formula."""
    from linli.config import startup

    with startup.site():
        from linli.insight import groups, rates, sheet

        scope = _scope()
        base = _base(scope, institution, **{k: v for k, v in asked.items() if k != "by"})
        definition = scope.pack.institutions[institution]
        whole = rates.measures(scope, definition, base)
        lines = groups.lines(scope, definition, base, asked["by"]) if asked["by"] else []
        if as_csv:
            csv.writer(sys.stdout).writerows(sheet.rows(scope, definition, base, whole, lines, lang))
            return
        if as_json:
            found: dict[str, Any] = {
                "institution": institution,
                "from": str(base.closed_from),
                "to": str(base.closed_to),
            }
            found |= {"rates": [sheet.as_values(m) for m in whole]}
            told = [
                {"title": sheet.text(x.group.title), "rates": [sheet.as_values(m) for m in x.measures]} for x in lines
            ]
            found |= {"lines": told} if asked["by"] else {}
            click.echo(json.dumps(found, ensure_ascii=False, indent=1))
            return
        click.echo(f"{definition.title.in_(lang)} · {base.closed_from} – {base.closed_to}")
        for measure in (m for m in whole if m.whole or m.left_out):
            click.echo("\n".join(words(measure, lang)))
        for line in lines:
            cells = [f"{m.title.in_(lang)} {_percent(m)} ({m.whole})" for m in line.measures if m.whole]
            click.echo(f"{line.group.title.in_(lang)}  {' · '.join(cells) or '—'}")


def _base(scope: Scope, institution: str, period: str, day: datetime | None, first: datetime | None,
          last: datetime | None, area: str, unit: str, category: str) -> Any:  # fmt: skip
    from linli.insight import periods, rates
    from linli.kernel.calendar import SHANGHAI
    from linli.ledger.filters import categories

    known = {"institution": scope.pack.institutions, "area": scope.registry.places, "unit": scope.registry.units,
             "category": categories(scope.pack)}  # fmt: skip
    for what, value in (("institution", institution), ("area", area), ("unit", unit), ("category", category)):
        if value and value not in known[what]:
            raise click.UsageError(f"There is no {what} {value} here.")
    today: date = scope.now.astimezone(SHANGHAI).date()
    if first or last:
        end = last.date() if last else today
        begin = first.date() if first else end
        if begin > end:
            raise click.UsageError(f"--from {begin} lies after --to {end}; exchange them.")
    else:
        found = periods.around(period, day.date() if day else today)
        begin, end = found.first, found.last
    base = rates.closed(institution, begin, end, area)
    return base.but(unit=unit, category=(category,) if category else ())


def _percent(measure: Measure) -> str:
    return "—" if measure.percent is None else f"{measure.percent}%"


def words(measure: Measure, lang: str) -> list[str]:
    """The rate as people read it at a terminal."""
    zh = lang == "zh"
    parts = ("、" if zh else ", ").join(f"{c.part.title.in_(lang)} {c.part.value}" for c in measure.parts)
    out = ("、" if zh else ", ").join(f"{p.title.in_(lang)} {p.value}" for p in measure.excluded if p.value)
    notes = [("件数少" if zh else "few cases")] if measure.small else []
    notes += [("权重是假设" if zh else "weights are an assumption")] if measure.assumed else []
    told = f"（{'；'.join(notes)}）" if notes and zh else f" ({'; '.join(notes)})" if notes else ""
    lines = [f"{measure.title.in_(lang)}  {_percent(measure)}{told}", f"  {parts}"]
    lines += [f"  {'不计入：' if zh else 'Left out: '}{out}"] if out else []
    return [*lines, f"  {measure.formula.in_(lang)}"]


@click.command("sessions")
@click.option("--year", type=click.IntRange(2000, 2100), help="Default: this year.")
@click.option("--institution", default="", help="Only this one; default: every institution the calendar opens.")
@JSON
@LANG
def report_sessions(year: int | None, institution: str, as_json: bool, lang: str) -> None:
    """The year plan: each holder by each period, held, missed, late, under way or to come."""
    from linli.config import startup

    with startup.site():
        from linli.insight import sessions
        from linli.kernel.calendar import SHANGHAI

        scope = _scope()
        names = [i.name for i in sessions.by_calendar(scope.pack)]
        if institution and institution not in names:
            raise click.UsageError(
                f"The calendar opens no {institution} here; it opens: {', '.join(names) or 'nothing'}."
            )
        plans = sessions.year_plans(scope, year or scope.now.astimezone(SHANGHAI).year, institution)
        if as_json:
            click.echo(json.dumps([plan_values(p) for p in plans], ensure_ascii=False, indent=1))
            return
        for plan in plans:
            click.echo("\n".join(plan_lines(plan, lang)))
        if not plans:
            click.echo("这里没有按日历开办的制度。" if lang == "zh" else "Nothing here is opened by the calendar.")


def plan_values(plan: YearPlan) -> dict[str, Any]:
    """A year plan as plain values."""
    return {
        "institution": plan.institution,
        "year": plan.year,
        "gap": plan.gap,
        "holders": [
            {"place": h.place, "code": h.code, "names": list(h.names),
             "periods": [{"period": s.period, "state": s.state, "case": s.number, "reason": s.reason} for s in h.slots]}
            for h in plan.holders
        ],
    }  # fmt: skip


def plan_lines(plan: YearPlan, lang: str) -> list[str]:
    """A year plan as people read it at a terminal."""
    from linli.insight.sessions import STATES

    totals = " · ".join(f"{STATES[n].in_(lang)} {plan.count(n)}" for n in STATES if n != "before" and plan.count(n))
    found = [f"{plan.title.in_(lang)} {plan.year}  {totals}", *([f"  {plan.gap}"] if plan.gap else [])]
    for holder in plan.holders:
        cells = " ".join(f"{s.period.partition('-')[2] or s.period}:{STATES[s.state].in_(lang)}" for s in holder.slots)
        found.append(f"  {holder.place} {'、'.join(holder.names)}  {cells}")
        found += [f"    {s.period} {s.reason}" for s in holder.slots if s.reason]
    return found


@click.command("definitions")
def report_definitions() -> None:
    """docs/reference/figures.md: what each figure counts, for every city that comes with Linli. Needs no database."""
    click.echo(reference_page(), nl=False)


def reference_page() -> str:
    """The page, from the shipped packs."""
    from importlib.resources import files
    from pathlib import Path

    from linli.config import startup
    from linli.drafting.load import load, read_folder

    startup.setup_django()
    from linli.insight import reference

    folder = Path(str(files("linli") / "packs"))
    names = sorted(p.parent.name for p in folder.glob("*/pack.yaml"))
    packs = [p for p in (load(read_folder(folder, n), n)[0] for n in names) if p is not None and p.place]
    return reference.page(packs, PAGE_DAY)
