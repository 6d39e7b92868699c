"""linli migrate"""

from __future__ import annotations

import click


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; exit 1 if the tables are behind.")
def command(check: bool) -> None:
    """Bring the database's tables up to date."""
    from django.core.management import call_command

    from linli.config import startup

    with startup.site() as where:
        if check:
            call_command("migrate", check_unapplied=True, verbosity=1)
        else:
            startup.migrate(where, verbosity=1)
