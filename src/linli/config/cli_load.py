"""linli load"""

from __future__ import annotations

import json
import sys

import click


@click.command()
@click.argument("pack")
@click.option("--json", "as_json", is_flag=True, help="Plain values for a machine.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def command(pack: str, as_json: bool, lang: str) -> None:
    """Check PACK, a shipped pack's name or a folder, and put it in force.

    A pack with findings is refused and nothing changes. New matters follow the new version; open ones keep their own.
    Exit status 0 when it is in force, 1 with findings, 2 for wrong usage.
    """
    from linli.config.pack_files import pack_files, sound_pack
    from linli.drafting.check import check_files

    if as_json:
        files, name = pack_files(pack)
        found, findings = check_files(files, name)
        if found is None or findings:
            told = {"pack": name, "published": [], "findings": [f.as_json() for f in findings]}
            click.echo(json.dumps(told, ensure_ascii=False, indent=1))
            sys.exit(1)
        read = found
    else:
        read = sound_pack(pack, lang)
        name = read.name

    from django.utils import timezone

    from linli.config import startup

    with startup.site() as where:
        startup.migrate(where)
        from linli.ledger import definitions

        try:
            fresh = definitions.publish(read, timezone.now())
        except definitions.StillNeeded as needed:
            raise click.ClickException(needed.says.in_(lang)) from None
    if as_json:
        published = [{"institution": i, "version": read.institutions[i].version} for i in fresh]
        click.echo(json.dumps({"pack": name, "published": published, "findings": []}, ensure_ascii=False, indent=1))
        return
    titles = {i: f"{read.institutions[i].title.in_(lang)} ({i} {read.institutions[i].version})" for i in fresh}
    if lang == "zh":
        click.echo(f"{name} 已生效。" + (f"新版本：{'、'.join(titles.values())}" if fresh else "各项制度没有变化。"))
    else:
        click.echo(f"{name} is in force; " + (f"new: {', '.join(titles.values())}" if fresh else "nothing changed"))
