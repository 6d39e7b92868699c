"""linli compare"""

from __future__ import annotations

import json
from datetime import datetime

import click

FORMS = ("text", "html")


@click.command()
@click.argument("packs", metavar="PACK...", nargs=-1, required=True)
@click.option("--matter", default="request", show_default=True, help="The institution that is compared.")
@click.option("--as", "form", type=click.Choice(FORMS), default="text", show_default=True, help="What to print.")
@click.option("--json", "as_json", is_flag=True, help="Plain values for a machine.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Language.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day whose limits are shown (default: today).")
def command(packs: tuple[str, ...], matter: str, form: str, as_json: bool, lang: str, on: datetime | None) -> None:
    """Show side by side what several PACKs do about the same matter; `all` stands for every shipped city.

    Who first and by when, who next, who supervises, who answers, what the public sees, the worst case.
    """
    from linli.config.pack_files import SHIPPED, pack_files
    from linli.drafting.compare import compare
    from linli.drafting.compare_text import html, text
    from linli.drafting.load import load
    from linli.kernel.calendar import SHANGHAI

    shipped = sorted(p.parent.name for p in SHIPPED.glob("*/pack.yaml") if p.parent.name != "national")
    wanted = list(dict.fromkeys(n for name in packs for n in (shipped if name == "all" else [name])))
    if len(wanted) < 2:
        raise click.UsageError(f"Name at least two packs, or `all`; shipped: {', '.join(shipped)}.")
    read = []
    for name in wanted:
        pack, findings = load(*pack_files(name))
        if pack is None:
            said = findings[0].line(lang) if findings else "no reason given"
            raise click.UsageError(f"Pack {name} cannot be read: {said}")
        read.append(pack)
    try:
        found = compare(read, matter, lang, on.date() if on else datetime.now(SHANGHAI).date())
    except LookupError as missing:
        raise click.UsageError(f"{missing.args[0]}.") from None
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
    else:
        click.echo(text(found) if form == "text" else html(found), nl=False)
