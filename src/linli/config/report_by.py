"""linli report by"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from linli.insight.by_field import Row
    from linli.kernel.institution import Institution

DAYS = 90


@click.command("by")
@click.argument("institution")
@click.argument("field")
@click.option("--days", type=click.IntRange(1), default=DAYS, show_default=True, help="How far back.")
@click.option("--area", metavar="CODE", default="", help="Only this area, by its code.")
@click.option("--json", "as_json", is_flag=True, help="Plain values for a machine.")
def report_by(institution: str, field: str, days: int, area: str, as_json: bool) -> None:
    """Cases of INSTITUTION for each value of its FIELD, longest ago first.

    Which buildings were visited, and when last: linli report by visit building
    """
    from linli.config import startup

    with startup.site():
        found, rows = _rows(institution, field, days, area)
    if as_json:
        values = [{"value": r.value, "cases": r.cases, "last": r.last.isoformat()} for r in rows]
        click.echo(
            json.dumps({"institution": institution, "field": field, "rows": values}, ensure_ascii=False, indent=1)
        )
    else:
        click.echo("\n".join(lines(found, field, rows)))


def _rows(name: str, field: str, days: int, area: str) -> tuple[Institution, list[Row]]:
    from linli.insight.by_field import askable, by_field
    from linli.ledger.definitions import NoPack, runtime
    from linli.people import registry

    try:
        known = runtime().pack.institutions
    except NoPack as missing:
        raise click.ClickException(str(missing)) from None
    if name not in known:
        raise click.UsageError(f"There is no institution {name}; in force are {', '.join(sorted(known))}.")
    if field not in askable(known[name]):
        raise click.UsageError(f"{name} cannot be counted by {field}; ask by {', '.join(askable(known[name]))}.")
    places = registry.fresh().places
    if area and area not in places:
        raise click.UsageError(f"There is no area {area}; give the code of a living area.")
    now = datetime.now(UTC)
    within = places[area].path if area else None
    return known[name], by_field(known[name], field, now - timedelta(days=days), now, within)


def lines(institution: Institution, field: str, rows: list[Row]) -> list[str]:
    """The report as people read it."""
    from linli.kernel.calendar import SHANGHAI

    title = institution.fields[field].title
    head = f"{institution.title.zh} · {title.zh} ({institution.title.en}, {title.en})"
    body = [
        f"{r.last.astimezone(SHANGHAI):%Y-%m-%d}  {r.cases:>6}  {r.value or '（没有填 not filled in）'}" for r in rows
    ]
    return [head, *(body or ["没有 none"])]
