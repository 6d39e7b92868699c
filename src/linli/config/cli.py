"""The `linli` command. Exit status: 0 all is well, 1 findings, rejects or a failure, 2 wrong usage or settings.

A command is a module here called `cli_NAME.py` with a click command called `command`; adding one is adding a file.
Modules are imported when their command is asked for, and import Django inside their functions, so that
`linli check` starts quickly and needs no database.
"""

from __future__ import annotations

import importlib
import pkgutil
import signal
import sys
from typing import Any

import click

import linli.config
from linli.config import environment
from linli.config.process import exit_with_parent

PREFIX = "cli_"


class Commands(click.Group):
    """Finds commands by file name and turns our own errors into one sentence and an exit status."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = (module.name for module in pkgutil.iter_modules(linli.config.__path__))
        return sorted(name.removeprefix(PREFIX).replace("_", "-") for name in names if name.startswith(PREFIX))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"linli.config.{PREFIX}{cmd_name.replace('-', '_')}")
        found: click.Command = module.command
        return found

    def invoke(self, ctx: click.Context) -> Any:
        try:
            environment.check_names()
            exit_with_parent()
            return super().invoke(ctx)
        except environment.SettingError as error:
            raise click.UsageError(str(error), ctx) from None
        except Exception as error:
            # Loaded only now: psycopg costs a tenth of a second, and most commands that fail have it loaded already.
            from linli.config.postgres_files import DatabaseUnavailable

            if isinstance(error, DatabaseUnavailable):
                raise click.ClickException(str(error)) from None
            raise


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="linli")
def cli() -> None:
    """Linli 邻里 runs a neighbourhood's institutions as code."""


def main() -> None:
    """Entry point of the `linli` script."""
    # `kill` and `docker stop` end us in order too: context managers run, the embedded database shuts down.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    cli(prog_name="linli")


if __name__ == "__main__":
    main()
