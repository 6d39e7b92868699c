"""linli import dispatch"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from linli.config.import_areas import read_rows, tell, write_rejects

NEEDED = ("category", "area", "unit", "source", "owner", "valid_from")
OPTIONAL = ("rank", "valid_to")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Plain values for a machine.")
def command(file: Path, as_json: bool) -> None:
    """Import the dispatch catalogue from FILE (CSV): which unit a category belongs to, where and from when.

    Columns: category, area, unit, rank (1 leads), source, owner, valid_from, valid_to. The same file twice changes
    nothing; a later first day ends the line before it. Rejected rows go to FILE.rejects.csv with line and reason.
    Exit status 0 when all rows are in, 1 with rejects, 2 for wrong usage.
    """
    from tqdm import tqdm

    from linli.config import startup

    header, rows = read_rows(file, NEEDED, OPTIONAL)
    with startup.site() as where:
        startup.migrate(where)
        from linli.ledger.definitions import runtime
        from linli.places.dispatch import import_dispatch

        bar = tqdm(rows, desc=file.name, unit="row", disable=None, leave=False)
        categories = runtime().pack.lists.get("request_categories", {})
        created, changed, rejects = import_dispatch(bar, categories)
    rejected = file.with_name(f"{file.stem}.rejects.csv")
    if rejects:
        write_rejects(rejected, header, rejects)
    tell(file, rejected if rejects else None, len(rows), created, changed, rejects, as_json)
    sys.exit(1 if rejects else 0)
