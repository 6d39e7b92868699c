"""linli import areas"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from linli.places.acts import Reject

NEEDED = ("code", "name", "kind", "parent", "valid_from")
OPTIONAL = ("lat", "lng")
ADDED = ("line", "reason")
"""Columns of the rejects file that an import passes over."""


def read_text(path: Path) -> str:
    """The text of a file in UTF-8 (with or without a byte order mark) or GB18030, which takes in GBK and GB2312."""
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise click.ClickException(f"{path} is neither UTF-8 nor GB18030; save it as “CSV UTF-8”.")


def read_rows(
    path: Path, needed: Sequence[str] = NEEDED, optional: Sequence[str] = OPTIONAL
) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The header and (line, row) pairs; a line is where the row begins in the file, the header being line 1."""
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""), restval="", restkey="")
    header = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = header
    missing = [name for name in needed if name not in header]
    if missing:
        names = ", ".join((*needed, *optional))
        raise click.ClickException(f"{path} line 1: no column {', '.join(missing)}; the first line must name {names}.")
    rows: list[tuple[int, dict[str, str]]] = []
    line = 2
    try:
        for row in reader:
            rows.append((line, {k: v for k, v in row.items() if isinstance(v, str)}))
            line = reader.line_num + 1
    except csv.Error as fault:
        raise click.ClickException(f"{path} line {reader.line_num}: {fault}; mend the quotes on that line.") from None
    return header, rows


def write_rejects(path: Path, header: Sequence[str], rejects: Sequence[Reject]) -> None:
    """The rejected rows as they were, with line and reason; with a byte order mark, so that Excel reads it too."""
    names = [name for name in header if name not in ADDED]
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.DictWriter(handle, [*ADDED, *names], extrasaction="ignore")
        writer.writeheader()
        for reject in rejects:
            writer.writerow({**reject.row, "line": reject.line, "reason": reject.reason})


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Plain values for a machine.")
def command(file: Path, as_json: bool) -> None:
    """Import the tree of areas from FILE (CSV): code, name, kind, parent, lat, lng, valid_from; parents first.

    The same file twice changes nothing. Rejected rows go to FILE.rejects.csv with line and reason.
    Exit status 0 when all rows are in, 1 with rejects, 2 for wrong usage.
    """
    from tqdm import tqdm

    from linli.config import startup

    header, rows = read_rows(file)
    with startup.site() as where:
        startup.migrate(where)
        from linli.places.acts import import_areas

        bar = tqdm(rows, desc=file.name, unit="row", disable=None, leave=False)
        created, changed, rejects = import_areas(bar)
    rejected = file.with_name(f"{file.stem}.rejects.csv")
    if rejects:
        write_rejects(rejected, header, rejects)
    tell(file, rejected if rejects else None, len(rows), created, changed, rejects, as_json)
    sys.exit(1 if rejects else 0)


def tell(
    file: Path, rejected: Path | None, rows: int, created: int, changed: int, rejects: Sequence[Reject], as_json: bool
) -> None:
    """Say how an import went: in words, with the first rejects, or as JSON."""
    if as_json:
        told: dict[str, Any] = {"file": str(file), "rows": rows, "created": created, "changed": changed}
        told["rejects"] = [{"line": r.line, "reason": r.reason} for r in rejects]
        told["rejects_file"] = str(rejected) if rejected else None
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    for reject in rejects[:20]:
        click.echo(f"{file}:{reject.line}: {reject.reason}", err=True)
    if rejected:
        click.echo(f"{len(rejects)} 行没有导入，原因见 {rejected}，改好后可以直接导入它。", err=True)
    click.echo(f"{rows} 行：新增 {created}，改名 {changed}，未变 {rows - created - changed - len(rejects)}。")
