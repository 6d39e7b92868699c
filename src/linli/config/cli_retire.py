"""linli retire"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from linli.ledger.retention import Tally


@click.command()
@click.option("--dry-run", is_flag=True, help="Only count what would be destroyed.")
@click.option("--hold", type=int, metavar="NUMBER", help="Keep everything of this case, for the reason --why.")
@click.option("--why", default="", help="Why it is held back: a lawsuit, an audit, an inspection.")
@click.option("--lift", type=int, metavar="NUMBER", help="The reason to hold this case back is gone.")
@click.option("--list", "list_", is_flag=True, help="What was destroyed: number, when, rule, how much.")
@click.option("--json", "as_json", is_flag=True, help="Plain values for a machine.")
def command(dry_run: bool, hold: int | None, why: str, lift: int | None, list_: bool, as_json: bool) -> None:
    """Destroy personal data of cases that ended longer ago than the pack's retain_limit; the worker does so daily.

    Words, files, points and whoever raised it go; entries, hashes, public fields and figures stay, and linli verify
    finds all in order. It cannot be undone: look at --dry-run first. Exit status 0, or 2 for wrong usage.
    """
    from linli.config import startup

    if hold is not None and not why.strip():
        raise click.UsageError("--hold needs --why: the reason why it is kept.")
    with startup.site() as where:
        startup.migrate(where)
        if hold is not None or lift is not None:
            _holds(hold, why, lift)
        elif list_:
            _list(as_json)
        else:
            _tell(_run(dry_run, as_json), dry_run, as_json)


def _holds(hold: int | None, why: str, lift: int | None) -> None:
    from django.utils import timezone

    from linli.ledger import retention

    try:
        if hold is not None:
            retention.hold(hold, why, timezone.now())
            click.echo(f"事项 {hold} 及其协办事项暂缓销毁。")
        if lift is not None:
            retention.lift(lift, timezone.now())
            click.echo(f"事项 {lift} 不再暂缓销毁。")
    except retention.UnknownCase as wrong:
        raise click.ClickException(f"{wrong}.") from None


def _run(dry_run: bool, quiet: bool) -> Tally:
    from django.utils import timezone
    from tqdm import tqdm

    from linli.ledger import retention
    from linli.web.page import attachments

    try:
        ready = retention.ripe(timezone.now())
        if dry_run:
            return retention.Tally(ready)
        hidden = quiet or not sys.stderr.isatty()
        with tqdm(total=sum(ready.values()), unit=" cases", disable=hidden, leave=False) as bar:
            return retention.retire(timezone.now(), attachments.remove, bar.update)
    except (LookupError, ValueError) as wrong:
        raise click.ClickException(f"{wrong}.") from None


def _list(as_json: bool) -> None:
    from django.utils.timezone import localtime

    from linli.ledger.models import Retired

    rows = Retired.objects.order_by("at", "case__number").values_list(
        "case__number", "at", "rule", "entries", "messages", "files", "person"
    )
    names = ("number", "at", "rule", "entries", "messages", "files", "person")
    if as_json:
        every = [dict(zip(names, (r[0], r[1].isoformat(), *r[2:]), strict=True)) for r in rows]
        click.echo(json.dumps(every, ensure_ascii=False, indent=1))
        return
    for number, at, rule, entries, messages, files, person in rows.iterator():
        gone = f"{entries} 步内容、{messages} 条消息、{files} 个附件{'、反映人' if person else ''}"
        click.echo(f"{number}\t{localtime(at):%Y-%m-%d %H:%M}\t{gone}\t{rule}")


def _tell(tally: Tally, dry_run: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"dry_run": dry_run, **tally.as_json()}, ensure_ascii=False, indent=1))
        return
    for institution, count in tally.cases.items():
        click.echo(f"{institution}: {count} 件{'到期可销毁' if dry_run else '已销毁'}")
    if not tally.cases:
        click.echo("没有保存期满的事项。")
    elif not dry_run:
        counts = f"{tally.entries} 步内容、{tally.messages} 条消息、{tally.files} 个附件、{tally.persons} 位反映人"
        click.echo(f"共销毁 {counts}。清单：linli retire --list")
