"""linli standards"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from linli.drafting.standards import Standards
    from linli.kernel.institution import Pack
    from linli.ledger.standards import Survey


@click.command()
@click.option("--facts", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="CSV: code, name, value.")
@click.option("--open", "opens", is_flag=True, help="Open a gap case for each place that breaks a standard.")
@click.option("--json", "as_json", is_flag=True, help="Plain values for a machine.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def command(facts: Path | None, opens: bool, as_json: bool, lang: str) -> None:
    """Hold the pack's standards against the registry of places, units and duties.

    What the registry does not know (floor areas, households) comes from a CSV with the columns code, name and value.
    Exit status 0 when every standard is kept, 1 when one is broken, 2 for wrong usage.
    """
    from linli.config import startup

    with startup.site():
        from datetime import UTC, datetime

        from linli.drafting.standards import read_standards
        from linli.ledger.definitions import runtime
        from linli.ledger.standards import survey

        pack = runtime().pack
        standards, _ = read_standards(pack.sources, pack)
        measured = _read(facts, pack, standards) if facts else {}
        found = survey(datetime.now(UTC), measured, opens=opens)
    if as_json:
        click.echo(json.dumps(_as_json(found), ensure_ascii=False, indent=1))
    else:
        _print(found, opens, lang)
    sys.exit(1 if found.of(False) else 0)


def _read(file: Path, pack: Pack, standards: Standards) -> dict[tuple[str, str], Any]:
    """The measures of a CSV; UsageError names the line that cannot be read."""
    from linli.drafting.standards import typed

    kinds = {n: m.type for measures in standards.registers.values() for n, m in measures.items()}
    found: dict[tuple[str, str], Any] = {}
    with file.open(encoding="utf-8-sig", newline="") as text:
        rows = csv.DictReader(text)
        if not {"code", "name", "value"} <= set(rows.fieldnames or ()):
            raise click.UsageError(f"{file}: the first line must name the columns code, name and value.")
        for row in rows:
            try:
                found[row["code"], row["name"]] = typed(kinds[row["name"]], row["value"])
            except KeyError:
                known = ", ".join(sorted(kinds)) or "none"
                raise click.UsageError(
                    f"{file}:{rows.line_num}: no register of this pack holds {row['name']}; known: {known}."
                ) from None
            except (ValueError, TypeError) as fault:
                raise click.UsageError(f"{file}:{rows.line_num}: {fault}.") from None
    return found


def _as_json(found: Survey) -> dict[str, Any]:
    seen = [
        {
            "standard": s.standard.name,
            "code": s.code,
            "name": s.name,
            "holds": s.judged.holds,
            "facts": dict(s.judged.facts),
            "missing": list(s.judged.missing),
        }
        for s in found.seen
    ]
    return {"seen": seen, "opened": found.opened, "still_open": found.still_open, "refused": len(found.refused)}


def _print(found: Survey, opens: bool, lang: str) -> None:
    from linli.drafting.standards import evidence

    zh = lang == "zh"
    for seen in found.of(False):
        words = evidence(seen.standard, seen.judged.facts).in_(lang)
        title = seen.standard.title.in_(lang)
        click.echo(f"{seen.name}：不达标“{title}”。{words}" if zh else f"{seen.name}: below “{title}”. {words}")
    for seen, refusal in found.refused:
        click.echo(f"{seen.name}：{refusal.says.zh}" if zh else f"{seen.name}: {refusal.says.en}", err=True)
    kept, broken, unknown = (len(found.of(h)) for h in (True, False, None))
    if zh:
        click.echo(f"达标 {kept}，不达标 {broken}，缺数据 {unknown}。")
    else:
        click.echo(f"{kept} kept, {broken} broken, {unknown} unknown for want of facts.")
    if opens:
        new, old = len(found.opened), found.still_open
        click.echo(f"新开整改 {new} 件，已有 {old} 件。" if zh else f"{new} gap(s) opened, {old} open already.")
