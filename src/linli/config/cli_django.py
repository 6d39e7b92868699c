"""linli django"""

from __future__ import annotations

import click


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Run one of Django's own commands with the database up, such as `linli django makemigrations`."""
    from django.core.management import execute_from_command_line

    from linli.config import startup

    with startup.site():
        execute_from_command_line(["linli django", *arguments])
