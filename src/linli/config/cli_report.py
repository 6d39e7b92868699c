"""linli report"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click

from linli.config.report_by import report_by
from linli.config.report_figures import report_definitions, report_figures, report_sessions

if TYPE_CHECKING:
    from linli.insight.figures import Part
    from linli.insight.shares import Report721

DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def command() -> None:
    """Figures over everything this installation holds, for whoever runs it."""


command.add_command(report_by)
command.add_command(report_figures)
command.add_command(report_sessions)
command.add_command(report_definitions)


@command.command("721")
@click.option("--from", "first", type=DAY, help="First day of closing, e.g. 2026-03-01 (default: 30 days back).")
@click.option("--to", "last", type=DAY, help="Last day of closing (default: today).")
@click.option("--area", metavar="CODE", default="", help="Only this area, by its code.")
@click.option("--json", "as_json", is_flag=True, help="Plain values for a machine.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def report_721(first: datetime | None, last: datetime | None, area: str, as_json: bool, lang: str) -> None:
    """At which tier matters end: the shares over closed cases, with their parts and what is left out."""
    from linli.config import startup

    with startup.site():
        report = _report(first.date() if first else None, last.date() if last else None, area)
    if as_json:
        click.echo(json.dumps(as_values(report), ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(lines(report, lang)))


def _report(first: date | None, last: date | None, area: str) -> Report721:
    from django.db import ProgrammingError

    from linli.insight import figures, shares
    from linli.ledger.definitions import NoPack

    try:
        scope = figures.operator_scope(datetime.now(UTC))
    except NoPack as missing:
        raise click.ClickException(str(missing)) from None
    except ProgrammingError:
        raise click.ClickException("The tables are not there or not up to date; run: linli migrate") from None
    usual = figures.last_days(scope.now)
    first, last = first or min(usual[0], last or usual[0]), last or usual[1]
    if first > last:
        raise click.UsageError(f"--from {first} lies after --to {last}; exchange them.")
    if area and area not in scope.registry.places:
        raise click.UsageError(f"There is no area {area}; give the code of a living area, e.g. {scope.pack.place}.")
    return shares.report_721(scope, first, last, area)


def as_values(report: Report721) -> dict[str, Any]:
    """The report as plain values. ``open`` is the query string that lists exactly these cases in the pages."""
    return {
        "report": "721",
        "from": report.first.isoformat(),
        "to": report.last.isoformat(),
        "area": _text(report.area),
        "closed": _part(report.whole),
        "tiers": [
            _part(t.part) | {"tier": t.part.key, "percent": t.percent, "target": t.target, "off": t.off}
            for t in report.tiers
        ],
        "excluded": [_part(p) | {"reason": p.key} for p in report.excluded],
        "unclosed": [
            {
                "tier": _text(u.tier),
                "closed_further_up": _part(u.further_up) if u.further_up else None,
                "categories": [_part(p) | {"category": p.key} for p in u.categories],
                "overdue": _part(u.overdue),
            }
            for u in report.unclosed
        ],
        "reopened": [
            {"place": _text(g.title), "closed": _part(g.closed), "closed_here": _part(g.lowest),
             "reopened": _part(g.reopened), "flagged": g.flagged}
            for g in report.grids
        ],
        "formula": _text(report.formula),
        "dates": _text(report.date_rule),
        "setting": _text(report.setting),
    }  # fmt: skip


def _text(words: Any) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}


def _part(part: Part) -> dict[str, Any]:
    return {"title": _text(part.title), "count": part.value, "open": part.filters.query()}


def lines(report: Report721, lang: str) -> list[str]:
    """The report as people read it at a terminal."""
    zh = lang == "zh"
    words = [f"721 · {report.area.in_(lang)} · {report.first} – {report.last}"]
    words.append(f"{report.whole.title.in_(lang)}{'：' if zh else ': '}{report.whole.value}")
    for tier in report.tiers:
        share = "—" if tier.percent is None else f"{tier.percent:.1f}%"
        aim = "" if tier.target is None else (f"（参考 {tier.target}%）" if zh else f" (target {tier.target}%)")
        words.append(f"  {tier.part.title.in_(lang)}  {share}  {tier.part.value} / {report.whole.value}{aim}")
    if report.excluded:
        words.append("不计入：" if zh else "Left out:")
        words += [f"  {p.title.in_(lang)}  {p.value}" for p in report.excluded]
    words.append("各层级没有办结的：" if zh else "What each tier did not close:")
    for u in report.unclosed:
        worst = ("、" if zh else ", ").join(f"{p.title.in_(lang)} {p.value}" for p in u.categories)
        up = f"{u.further_up.title.in_(lang)} {u.further_up.value}" if u.further_up else ""
        told = " · ".join(w for w in (up, worst, f"{u.overdue.title.in_(lang)} {u.overdue.value}") if w)
        words.append(f"  {u.tier.in_(lang)}  {told}")
    if report.grids:
        words.append("答复后又重新办理的：" if zh else "Where an answer did not hold:")
        flag = "  ← 去掉重办的就达不到目标" if zh else "  ← without them the target is missed"
        words += [
            f"  {g.title.in_(lang)}  {g.reopened.value} / {g.closed.value}{flag if g.flagged else ''}"
            for g in report.grids
        ]
    return [
        *words,
        report.formula.in_(lang),
        f"{report.date_rule.in_(lang)}{'。' if zh else '.'}",
        report.setting.in_(lang),
    ]
