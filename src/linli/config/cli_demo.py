"""linli demo"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from linli.config.database import Address
from linli.config.serving import DEFAULT_THREADS, Server

if TYPE_CHECKING:
    from linli.kernel.institution import Pack

WELCOME = """
邻里演示已就绪：{zh} · The Linli demo is ready: {en}

  先打开 · open first   {url}/
  在登录页点一个人物即可进入，无需密码。人物与诉求均为虚构。
  Pick a member of the cast on the sign-in page; no password. People and requests are invented.

  按 Ctrl-C 结束 · Ctrl-C to stop
"""

FIRST = "changzhou"
"""The city of the demo when none is named."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@click.option("--pack", help="changzhi, changzhou, chaoyang, futian or nenjiang; or the folder of a pack of your own.")
def command(host: str, port: int, workers: int, pack: str | None) -> None:
    """Serve a made-up district with its people and requests: no setting needed, no real data touched.

    Each city has its own demo, with its real places and its own words; without --pack it is changzhou. A pack of
    your own is put in force on top of the demo of the city it extends.
    """
    from linli.config import demo_guard, environment, startup

    city, own = chosen(pack)
    server = Server(host, port, workers, DEFAULT_THREADS)
    server.require_free_port()
    if not environment.text("LINLI_HOME"):
        name = "demo" if city == FIRST else f"demo-{city}"
        os.environ["LINLI_HOME"] = str(environment.home() / name)  # never the folder of a real site
    os.environ["LINLI_DEMO"] = "yes"
    os.environ["LINLI_DEMO_CITY"] = city
    server.prepare_environment()
    with startup.site() as where:
        demo_guard.refuse_demo_on_real_data(where, demo=True)
        load(where, city)
        if own:
            publish(own)
        startup.collect_static()
        with worker_beside_us():
            click.echo(WELCOME.format(url=server.url, **titles()))
            server.run()


def chosen(pack: str | None) -> tuple[str, Pack | None]:
    """The city whose demo it is, and a pack of one's own to put in force there; UsageError for neither."""
    from linli.config.demo.city_files import cities
    from linli.config.pack_files import sound_pack

    known = [FIRST, *cities()]
    if pack is None or pack in known:
        return pack or FIRST, None
    own = sound_pack(pack)
    extended = {path.split("/")[0] for path in own.sources}
    return next((city for city in known if city in extended), FIRST), own


def titles() -> dict[str, str]:
    """The names of the pack in force, by language."""
    from linli.ledger import definitions

    title = definitions.runtime().pack.title
    return {"zh": title.zh, "en": title.en}


def load(where: Address, city: str = FIRST) -> None:
    """Fill a new database with the city's demo; one that was interrupted half-way is emptied and filled again."""
    from django.core.management import call_command

    from linli.config import demo_guard, startup

    before, held = demo_guard.mark(where), demo_guard.city(where)
    if before == demo_guard.READY and held != city:
        raise click.ClickException(
            f"This database holds the demo of {held}, not of {city}: set LINLI_HOME to another folder for {city}."
        )
    if not before or held != city:
        demo_guard.set_mark(where, demo_guard.LOADING, city)
    startup.migrate(where)
    if before == demo_guard.READY:
        return
    if before == demo_guard.LOADING:
        call_command("flush", interactive=False, verbosity=0)
    from linli.config.demo.load import load_demo

    load_demo(city=city)
    demo_guard.set_mark(where, demo_guard.READY, city)


def publish(pack: Pack) -> None:
    """Put ``pack`` in force beside the demo's data."""
    from django.utils import timezone

    from linli.ledger import definitions

    definitions.publish(pack, timezone.now())


@contextmanager
def worker_beside_us() -> Iterator[None]:
    """`linli worker` in a process of its own while the block runs; ended in order afterwards."""
    # A session of its own: Ctrl-C reaches us, and we end it after the last request.
    worker = subprocess.Popen([sys.executable, "-m", "linli.config.cli", "worker"], start_new_session=True)
    try:
        yield
    finally:
        worker.terminate()
        try:
            worker.wait(timeout=15)
        except subprocess.TimeoutExpired:
            worker.kill()
