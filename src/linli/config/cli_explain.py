"""linli explain"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from linli.kernel.institution import Institution, Pack

FORMS = ("text", "table", "svg", "mermaid", "bpmn")


@click.command()
@click.argument("name", metavar="PACK/INSTITUTION")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Language.")
@click.option("--as", "form", type=click.Choice(FORMS), default="text", show_default=True, help="What to print.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day whose limits are shown (default: today).")
@click.option("--sources", is_flag=True, help="With text: say where each number comes from.")
def command(name: str, lang: str, form: str, on: datetime | None, sources: bool) -> None:
    """Say in plain words, as a table or as a picture, how an institution works."""
    from linli.kernel.calendar import SHANGHAI

    pack, institution = find(name)
    day = on.date() if on else datetime.now(SHANGHAI).date()
    click.echo(_drawn(pack, institution, lang, form, day, sources), nl=False)


def _drawn(pack: Pack, institution: Institution, lang: str, form: str, on: date, sources: bool) -> str:
    if form == "table":
        from linli.drafting.table import render, table

        return render(table(pack, institution, lang, on), lang)
    if form == "svg":
        from linli.drafting.diagram import diagram
        from linli.drafting.svg import standalone

        return standalone(diagram(pack, institution, lang, on))
    if form == "mermaid":
        from linli.drafting.mermaid import mermaid

        return mermaid(pack, institution, lang, on)
    if form == "bpmn":
        from linli.drafting.bpmn import bpmn

        return bpmn(pack, institution, lang, on)
    from linli.drafting.explain import explain

    return explain(pack, institution, lang, on, sources=sources)


def find(name: str) -> tuple[Pack, Institution]:
    """The institution called PACK/INSTITUTION (a shipped pack or a folder); UsageError says what there is instead."""
    from linli.config.pack_files import pack_files
    from linli.drafting.load import load

    pack_name, _, wanted = name.rpartition("/")
    pack, findings = load(*pack_files(pack_name or wanted))
    if pack is None:
        said = findings[0].line("en") if findings else "no reason given"
        raise click.UsageError(f"Pack {pack_name} cannot be read: {said}")
    if wanted not in pack.institutions or not pack_name:
        known = [f"{pack_name or wanted}/{n}" for n in pack.institutions]
        what = f"Pack {pack_name} has no institution {wanted!r}" if pack_name else "Name the institution too"
        raise click.UsageError(f"{what}; {_offer(name, known)}")
    return pack, pack.institutions[wanted]


def _offer(name: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(name, names, 1)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(names) or '(none)'}."
