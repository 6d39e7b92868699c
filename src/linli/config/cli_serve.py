"""linli serve"""

from __future__ import annotations

import click

from linli.config.serving import DEFAULT_THREADS, Server, default_workers


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=default_workers, type=click.IntRange(1, 64), help="Default: 2 per processor.")
@click.option(
    "--threads",
    default=DEFAULT_THREADS,
    show_default=True,
    type=click.IntRange(1, 80),
    help="Requests at once in each.",
)
@click.option("--migrate/--no-migrate", default=True, show_default=True, help="Bring tables up to date first.")
def command(host: str, port: int, workers: int, threads: int, migrate: bool) -> None:
    """Serve the site; `linli worker` beside it fires clocks and sends messages."""
    from linli.config import demo_guard, environment, startup

    server = Server(host, port, workers, threads)
    server.prepare_environment()
    server.require_free_port()
    with startup.site() as where:
        demo_guard.refuse_demo_on_real_data(where, demo=environment.boolean("LINLI_DEMO"))
        if migrate:
            startup.migrate(where)
        startup.collect_static()
        click.echo(f"Linli 邻里: {server.url}  (Ctrl-C to stop)")
        server.run()
