"""Runs `linli import requests` on this test's database and reads back what it wrote."""

from __future__ import annotations

import csv
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from click.testing import CliRunner

from linli.config import startup
from linli.config.cli import cli
from linli.features.requests.mapping import LINE, WHERE, WHY


@contextmanager
def _here() -> Any:
    """The test's own database is up and Django is set up already."""
    yield None


def run(folder: Path, *arguments: object) -> tuple[int, str]:
    """The command, with ``folder`` as current directory: its exit status and all it printed."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        with mock.patch.object(startup, "site", _here):
            done = CliRunner().invoke(cli, ["import", "requests", *map(str, arguments)])
    finally:
        os.chdir(before)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def counts(folder: Path, *arguments: object) -> dict[str, Any]:
    """The same with --json, as its answer."""
    found: dict[str, Any] = json.loads(run(folder, *arguments, "--json")[1])
    return found


def rejects(path: Path) -> dict[int, tuple[str, str]]:
    """(column, reason) by line of a file of rejected rows."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {int(row[LINE]): (row[WHERE], row[WHY]) for row in csv.DictReader(file)}
