"""linli migrate-cases"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from linli.kernel.refusal import Refusal
    from linli.ledger.migrate import Report

SHOWN = 8
"""Numbers printed of one group; --json has all."""


@click.command()
@click.argument("institution")
@click.option("--to", "version", default="newest", show_default=True, help="A published version, or newest.")
@click.option("--reason", default="", help="Why; it is written into every case. Needed unless --dry-run.")
@click.option(
    "--decide", "decided", multiple=True, metavar="OLD=NEW", help="Where cases of a stage that is gone go on."
)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--json", "as_json", is_flag=True, help="Plain values for a machine.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def command(
    institution: str, version: str, reason: str, decided: tuple[str, ...], dry_run: bool, as_json: bool, lang: str
) -> None:
    """Let the open cases of INSTITUTION go on under another version, and list those that cannot.

    No promise and no limit changes by it. The site may go on working; run it again after a stop, or after a decision.
    Exit status 0 when every case follows, 1 when some stay or need a decision, 2 for wrong usage.
    """
    decisions = _decisions(decided)
    if not dry_run and not reason.strip():
        raise click.UsageError("Say why with --reason; it is written into every case. Or only look, with --dry-run.")
    from linli.config import startup

    with startup.site():
        from linli.kernel.refusal import Refusal

        report = _done(institution, version, reason, decisions, dry_run, as_json)
    if isinstance(report, Refusal):
        raise click.UsageError(f"{report.says.in_(lang)} {report.change.in_(lang)}")
    if as_json:
        click.echo(json.dumps({**report.as_json(), "dry_run": dry_run}, ensure_ascii=False, indent=1))
    else:
        _print(report, dry_run, lang)
    sys.exit(1 if report.of("stay") or report.of("decide") else 0)


def _decisions(given: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for one in given:
        old, sign, new = one.partition("=")
        if not (sign and old.strip() and new.strip()):
            raise click.UsageError(f"Write --decide OLD=NEW with two names of stages, not {one!r}.")
        found[old.strip()] = new.strip()
    return found


def _done(
    institution: str, version: str, reason: str, decisions: dict[str, str], dry_run: bool, quiet: bool
) -> Report | Refusal:
    from django.utils import timezone
    from tqdm import tqdm

    from linli.ledger import migrate
    from linli.ledger.models import Case

    total = Case.objects.filter(institution=institution, ended=None).count()
    with tqdm(total=total, unit=" cases", disable=quiet or not sys.stderr.isatty(), leave=False) as bar:
        if dry_run:
            return migrate.plan(institution, version, timezone.now(), decisions, bar.update)
        return migrate.run(institution, version, reason, None, timezone.now(), decisions, bar.update)


HEADS = {
    "follow": ("转入", "follow"),
    "stay": ("留在原版本", "stay"),
    "decide": ("要先指明去向", "need a decision"),
}


def _print(report: Report, dry_run: bool, lang: str) -> None:
    zh = lang == "zh"
    for kind, (word_zh, word_en) in HEADS.items():
        for group in report.of(kind):
            way = f"{group.stage} → {group.to}" if group.to and group.to != group.stage else group.stage
            numbers = ", ".join(map(str, group.numbers[:SHOWN])) + (" …" if len(group.numbers) > SHOWN else "")
            count = f"{len(group.numbers)} 件{word_zh}" if zh else f"{len(group.numbers)} {word_en}"
            click.echo(f"{count} [{group.version} {way}] {group.why.in_(lang)} {numbers}")
    follow, stay, decide = (report.count(kind) for kind in HEADS)
    head = f"{report.institution} {report.version}"
    if zh:
        click.echo(f"{head}：{'将' if dry_run else '已'}转入 {follow} 件，留下 {stay} 件，待定 {decide} 件。")
    else:
        click.echo(f"{head}: {follow} {'would ' if dry_run else ''}follow, {stay} stay, {decide} undecided.")
