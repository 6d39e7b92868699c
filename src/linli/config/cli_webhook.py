"""linli webhook"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

ZH = click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
JSON = click.option("--json", "as_json", is_flag=True, help="Plain values for a machine.")


@click.group()
def command() -> None:
    """Post what happens to other systems: CloudEvents, signed, tried again, with a list of dead letters."""


@contextmanager
def _site() -> Iterator[Any]:
    """The verbs, with the database up and mistakes told in one sentence."""
    from linli.config import startup

    with startup.site():
        from linli.features.webhooks import acts, target
        from linli.features.webhooks.models import Subscription
        from linli.ledger.definitions import NoPack

        try:
            yield acts
        except (acts.Wrong, target.Refused) as wrong:
            raise click.UsageError(str(wrong)) from None
        except Subscription.DoesNotExist:
            raise click.UsageError("There is no such webhook; see: linli webhook list") from None
        except NoPack as missing:
            raise click.ClickException(str(missing)) from None


@command.command("add")
@click.argument("url")
@click.option(
    "--event", "kinds", multiple=True, metavar="KIND", help="opened, moved, answered, overdue, ended, updated."
)
@click.option("--institution", "institutions", multiple=True, metavar="NAME", help="Only this institution.")
@click.option("--area", metavar="CODE", default="", help="Only what happens inside this area.")
@click.option("--secret", default="", help="whsec_… that the receiver knows already (default: a new one).")
@JSON
def add(url: str, kinds: tuple[str, ...], institutions: tuple[str, ...], area: str, secret: str, as_json: bool) -> None:
    """Post events to URL from now on; options narrow them down. The secret is shown now and never again."""
    with _site() as acts:
        from django.utils import timezone

        made = acts.subscribe(url, kinds, institutions, area, secret, timezone.now())
    if as_json:
        click.echo(json.dumps({"id": made.id, "url": made.url, "secret": made.secret}))
    else:
        click.echo(f"{made.id}  {made.url}\n{made.secret}\n密钥只显示这一次。 The secret is shown only now.")


@command.command("list")
@JSON
def listed(as_json: bool) -> None:
    """The webhooks, what they want, what waits for them and what could not be delivered."""
    with _site():
        from linli.features.webhooks import queries

        found = queries.subscriptions()
    if as_json:
        rows = [
            {"id": s.id, "url": s.url, "events": s.kinds, "institutions": s.institutions, "area": s.area,
             "active": s.active, "note": s.note, "queued": s.queued, "dead": s.dead,
             "last": s.last.isoformat() if s.last else None}
            for s in found
        ]  # fmt: skip
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for s in found:
        wants = " ".join([*s.kinds, *s.institutions, s.area]).strip() or "*"
        state = "on" if s.active else f"off ({s.note})" if s.note else "off"
        click.echo(f"{s.id}  {s.url}  {wants}  {state}  queued {s.queued}  dead {s.dead}")
    if not found:
        click.echo("没有订阅。 There is no webhook.")


@command.command("test")
@click.argument("id", type=int)
def test(id: int) -> None:
    """Post a test event now. Exit status 0 when the receiver took it, 1 when not."""
    with _site() as acts:
        from django.utils import timezone

        answer = acts.test(id, timezone.now())
    click.echo("收到了。 It was taken." if answer.ok else f"没有收到：{answer.error}")
    sys.exit(0 if answer.ok else 1)


@command.command("remove")
@click.argument("id", type=int)
def remove(id: int) -> None:
    """End a webhook, with everything queued for it."""
    with _site() as acts:
        if not acts.remove(id):
            raise click.UsageError(f"There is no webhook {id}; see: linli webhook list")
    click.echo("已取消。 Ended.")


@command.command("stop")
@click.argument("id", type=int)
def stop(id: int) -> None:
    """Let a webhook rest; what happens meanwhile is not kept for it, what is queued waits."""
    _switch(id, False)


@command.command("start")
@click.argument("id", type=int)
def start(id: int) -> None:
    """Let a stopped webhook go on."""
    _switch(id, True)


def _switch(id: int, on: bool) -> None:
    with _site() as acts:
        if not acts.switch(id, on):
            raise click.UsageError(f"There is no webhook {id}; see: linli webhook list")
    click.echo("已启用。 On." if on else "已停用。 Off.")


@command.command("dead")
@JSON
def dead(as_json: bool) -> None:
    """The dead letters: events that no try could deliver, with the reason. Exit status 1 when there are any."""
    with _site():
        from linli.features.webhooks import queries
        from linli.kernel.calendar import SHANGHAI

        found = queries.dead()
    if as_json:
        rows = [
            {"id": d.id, "url": d.url, "type": d.type, "number": d.number, "created": d.created.isoformat(),
             "tries": d.tries, "reason": d.reason}
            for d in found
        ]  # fmt: skip
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    for d in () if as_json else found:
        click.echo(
            f"{d.id}  {d.created.astimezone(SHANGHAI):%Y-%m-%d %H:%M}  {d.type} {d.number}  {d.url}\n    {d.reason}"
        )
    sys.exit(1 if found else 0)


@command.command("again")
@click.argument("ids", type=int, nargs=-1)
def again(ids: tuple[int, ...]) -> None:
    """Queue dead letters to be sent again: those with these IDS, or all of them."""
    with _site() as acts:
        from django.utils import timezone

        queued = acts.again(timezone.now(), ids or None)
    click.echo(f"{queued} 件重新发送。 {queued} queued again.")
