"""linli verify"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from linli.ledger.verify import Report


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Plain values for a machine.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.option(
    "--rebuild", is_flag=True, help="Write cached states that differ anew from the entries, then check again."
)
def command(as_json: bool, lang: str, rebuild: bool) -> None:
    """Check every case against its own entries: the hash chain, the data, the state, children, holders and clocks.

    Others may go on working. Exit status 0 when all is well, 1 when something is wrong, 2 for wrong usage.
    """
    from linli.config import startup

    with startup.site():
        report = _checked(as_json)
        if rebuild and report.faults:
            _rebuild(report, lang, as_json)
            report = _checked(as_json)
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
    else:
        _print(report, lang)
    sys.exit(1 if report.faults else 0)


def _checked(quiet: bool) -> Report:
    from datetime import UTC, datetime

    from django.db import ProgrammingError
    from tqdm import tqdm

    from linli.ledger.models import Case
    from linli.ledger.verify import Report, verify

    try:
        total = Case.objects.count()
        with tqdm(total=total, unit=" cases", disable=quiet or not sys.stderr.isatty(), leave=False) as bar:
            return verify(datetime.now(UTC), bar.update) if total else Report()
    except ProgrammingError as missing:
        raise click.ClickException(
            f"The tables are not there or not up to date; run: linli migrate ({missing})"
        ) from None


def _rebuild(report: Report, lang: str, quiet: bool) -> None:
    from datetime import UTC, datetime

    from linli.ledger.verify import rebuild

    wrong = sorted({f.case for f in report.faults if f.number})
    done = len(rebuild(wrong, datetime.now(UTC)))
    if not quiet:
        zh, en = (
            f"{len(wrong)} 件中按记录重建了 {done} 件。",
            f"Rebuilt {done} of {len(wrong)} case(s) from their entries.",
        )
        click.echo(zh if lang == "zh" else en)


def _print(report: Report, lang: str) -> None:
    zh = lang == "zh"
    for fault in report.faults:
        click.echo(fault.line(lang))
    counts = (report.cases, report.entries)
    click.echo(
        "检查了 {} 件事项、{} 步记录。".format(*counts) if zh else "Checked {} case(s), {} entries.".format(*counts)
    )
    for count, note in _NOTES.items():
        if getattr(report, count):
            click.echo(f"{getattr(report, count)} {note[0] if zh else note[1]}")
    wrong = len(report.faults)
    if wrong:
        click.echo(f"{wrong} 处不对。" if zh else f"{wrong} thing(s) are wrong.")
    else:
        click.echo("全部一致。" if zh else "All is well.")


_NOTES = {
    "erased": ("步的填写内容已依法删除。", "act(s) have data that was lawfully erased."),
    "lingering": ("件的内容已删除，但缓存里还读得到。", "case(s) still show erased data in their cached state."),
    "gaps": (
        "件没有人办理：这一级到最上一级的岗位都空着。",
        "case(s) have nobody: every post up to the top is vacant.",
    ),
}
