"""linli mail"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from linli.features.mail.fetch import Counts

WORDS = {
    "opened": ("新登记 {} 件", "{} opened"),
    "added": ("补充到原事项 {} 封", "{} added to their matter"),
    "undelivered": ("退信 {} 封", "{} bounced"),
    "ignored": ("自动信件 {} 封，不登记", "{} by machines"),
    "already": ("收过的 {} 封", "{} taken before"),
    "rejected": ("收不了 {} 封", "{} rejected"),
}


@click.group()
def command() -> None:
    """E-mail in: letters become matters or additions to them. The worker fetches by itself."""


@command.command("fetch")
@click.option("--json", "as_json", is_flag=True, help="Plain values for a machine.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def fetch(as_json: bool, lang: str) -> None:
    """Look into the mailbox now.

    Exit status 0 when every letter was taken, 1 when some were put into the rejects folder or the server does not
    answer, 2 when LINLI_MAIL_IN is not set.
    """
    from linli.config import startup

    with startup.site():
        from django.utils import timezone
        from tqdm import tqdm

        from linli.config import mail_door
        from linli.features.mail.mailbox import MailServerDown
        from linli.ledger.definitions import NoPack

        with tqdm(unit="letter", disable=as_json or not sys.stderr.isatty(), leave=False) as bar:

            def progress(done: int, of: int) -> None:
                bar.total = of
                bar.update(done - bar.n)

            try:
                counts = mail_door.visit(timezone.now, progress)
            except mail_door.NotSetUp as wrong:
                raise click.UsageError(str(wrong)) from None
            except (MailServerDown, NoPack) as down:
                raise click.ClickException(str(down)) from None
    _print(counts, as_json, lang)
    sys.exit(1 if counts.of.get("rejected") else 0)


def _print(counts: Counts, as_json: bool, lang: str) -> None:
    zh = lang == "zh"
    if as_json:
        click.echo(json.dumps({name: counts.of.get(name, 0) for name in WORDS} | {"busy": counts.busy}))
    elif counts.busy:
        click.echo("另一个进程正在收信。" if zh else "Another process is reading the mailbox.")
    elif not counts.total:
        click.echo("没有新邮件。" if zh else "No new mail.")
    else:
        words = [WORDS[n][0 if zh else 1].format(count) for n, count in counts.of.items()]
        click.echo(("，".join(words) + "。") if zh else ", ".join(words) + ".")
        if counts.of.get("rejected"):
            click.echo("原因：linli mail rejects" if zh else "Why: linli mail rejects")


@command.command("rejects")
@click.option("--json", "as_json", is_flag=True, help="Plain values for a machine.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def rejects(as_json: bool, lang: str) -> None:
    """The letters that could not be taken, and why. They lie in the folder Linli-Rejects of the mailbox."""
    from linli.config import startup

    with startup.site():
        from linli.features.mail import queries
        from linli.kernel.calendar import SHANGHAI

        found = queries.rejected()
    if as_json:
        rows = [
            {"came": r.came.isoformat(), "from": r.sender, "subject": r.subject, "zh": r.reason.zh, "en": r.reason.en}
            for r in found
        ]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    elif not found:
        click.echo("没有收不了的邮件。" if lang == "zh" else "No rejected letters.")
    for r in () if as_json else found:
        click.echo(f"{r.came.astimezone(SHANGHAI):%Y-%m-%d %H:%M}  {r.sender}  {r.subject}\n    {r.reason.in_(lang)}")


@command.command("retry")
def retry() -> None:
    """Move the rejected letters back into the mailbox, so that the next fetch tries them again."""
    from linli.config import startup

    with startup.site():
        from linli.config import mail_door
        from linli.features.mail.mailbox import MailServerDown

        box = mail_door.mailbox()
        if box is None:
            raise click.UsageError("No mailbox is read: set LINLI_MAIL_IN to imaps://user:password@host/INBOX.")
        try:
            with box:
                moved = box.again()
        except MailServerDown as down:
            raise click.ClickException(str(down)) from None
    click.echo(f"{moved} letter(s) moved back; now: linli mail fetch")
