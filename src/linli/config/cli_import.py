"""linli import: one module ``import_NAME.py`` here for each kind of file, with a click command ``command``."""

from __future__ import annotations

import importlib
import pkgutil

import click

import linli.config

PREFIX = "import_"


class Kinds(click.Group):
    """Finds the kinds by file name; a kind is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = (module.name for module in pkgutil.iter_modules(linli.config.__path__))
        return sorted(name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        found: click.Command = importlib.import_module(f"linli.config.{PREFIX}{cmd_name}").command
        return found


@click.group(cls=Kinds)
def command() -> None:
    """Bring data in from files; rows that do not fit come back in a file that can be mended and imported again."""
