"""linli diff"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from linli.drafting.diff_packs import Section
    from linli.kernel.institution import Pack

MARKS = {"added": "+", "removed": "-", "changed": "~"}


@click.command()
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="Plain values for a machine.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def command(old: str, new: str, as_json: bool, lang: str) -> None:
    """Say in plain words what B changes compared with A.

    A and B are packs (a shipped pack's name, or a folder) or single institutions written PACK/INSTITUTION. The order
    of things, comments and names of parameters make no difference; limits are compared on every day.
    Exit status 0 when they mean the same, 1 when something differs, 2 for wrong usage.
    """
    (before, one), (after, other) = _read(old), _read(new)
    if (one is None) != (other is None):
        raise click.UsageError("Compare two packs or two institutions, not one with the other.")
    sections = _sections(before, one, after, other)
    if as_json:
        told = {"old": old, "new": new, "sections": [s.as_json() for s in sections]}
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        _print(sections, lang)
    sys.exit(1 if sections else 0)


def _sections(before: Pack, one: str | None, after: Pack, other: str | None) -> list[Section]:
    from linli.drafting.diff import diff
    from linli.drafting.diff_packs import Section, diff_packs

    if one is None or other is None:
        return diff_packs(before, after)
    a, b = before.institutions[one], after.institutions[other]
    changes = diff(a, b, before, after)
    return [Section(other, b.title, a.version, b.version, changes)] if changes else []


def _read(named: str) -> tuple[Pack, str | None]:
    """The pack, and which of its institutions is meant; UsageError says what there is instead."""
    from linli.config.pack_files import SHIPPED, pack_files
    from linli.drafting.load import load

    is_pack = (SHIPPED / named / "pack.yaml").is_file() or (Path(named) / "pack.yaml").is_file()
    folder, _, wanted = named.rstrip("/").rpartition("/")
    institution = wanted if folder and not is_pack else None
    files, name = pack_files(folder if institution else named)
    pack, findings = load(files, name)
    if pack is None or findings:
        raise click.UsageError(f"{named} cannot be read: {findings[0].line('en') if findings else 'it has no head'}")
    if institution is not None and institution not in pack.institutions:
        known = ", ".join(f"{folder}/{n}" for n in pack.institutions)
        raise click.UsageError(f"There is no institution {named}; there is {known}.")
    return pack, institution


def _print(sections: list[Section], lang: str) -> None:
    zh = lang == "zh"
    for section in sections:
        versions = f" {section.old or '—'} → {section.new or '—'}" if section.name else ""
        click.echo(f"{section.title.in_(lang)}{f' ({section.name})' if section.name else ''}{versions}")
        for change in section.changes:
            click.echo(f"  {MARKS[change.kind]} {change.says.in_(lang)}")
        click.echo()
    count = sum(len(s.changes) for s in sections)
    if count:
        click.echo(f"共 {count} 处不同。" if zh else f"{count} difference(s).")
    else:
        click.echo("没有不同。" if zh else "No difference.")
