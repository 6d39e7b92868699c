"""linli import requests"""

from __future__ import annotations

import csv
import json
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from linli.features.requests.acts import Counts, Reject
    from linli.features.requests.mapping import ColumnMapping, Layout
    from linli.features.requests.reading import Table

OTHER = "other"
"""The category of a file that says nothing about categories, where the institution's list has it."""


@click.command("requests")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--map", "map_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Mapping, YAML.")
@click.option("--column", "columns", multiple=True, metavar="FIELD=COLUMN", help="Which column holds a field.")
@click.option("--source", metavar="NAME", help="The system whose numbers these are.  [default: import]")
@click.option("--area", metavar="CODE", help="Where it is, for rows that do not say.")
@click.option("--category", metavar="CODE", help="The category of rows that have none.")
@click.option("--institution", default="request", show_default=True)
@click.option("--encoding", type=click.Choice(["utf-8", "gb18030"]), help="Of a CSV file, if found wrongly.")
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="Where rejected rows go.")
@click.option("--tell", is_flag=True, help="Send people the SMS and e-mails about what is registered.")
@click.option("--json", "as_json", is_flag=True, help="Plain values for a machine.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def command(
    file: Path, map_file: Path | None, columns: tuple[str, ...], source: str | None, area: str | None,
    category: str | None, institution: str, encoding: str | None, rejects: Path | None, tell: bool, as_json: bool,
    lang: str,
) -> None:  # fmt: skip
    """Bring requests of another system in from FILE, CSV or XLSX, keeping their numbers and times.

    Columns called 编号, 时间, 主题, 内容, 类别, 地址, 区域, 姓名, 电话 (number, time, title, text, category, address,
    area, name, phone) and their usual variants are understood; name others with --column or --map. Rows that cannot be
    taken go to a CSV with the same columns behind line, column and reason: mend it and import it the same way.
    The same file twice creates nothing twice. Exit status 0 when every row is in, 1 with rejects, 2 for wrong usage.
    """
    from linli.config import startup
    from linli.features.requests.mapping import MappingError, read, with_options
    from linli.features.requests.reading import UnreadableFile, open_table

    try:
        mapping = read(map_file.read_text(encoding="utf-8-sig")) if map_file else read("source: import")
        mapping = with_options(mapping, columns, source, area=area, category=category)
        with closing(open_table(file, encoding)) as table, startup.site():
            run = _Run(file, table, mapping, institution, lang)
            counts, where = run.go(_beside(file, rejects), tell, quiet=as_json)
    except (MappingError, UnreadableFile, UnicodeDecodeError) as wrong:
        raise click.UsageError(str(wrong)) from None
    _print(counts, where, run.assumed, run.layout.unused, as_json, lang)
    sys.exit(1 if counts.rejected else 0)


def _beside(file: Path, rejects: Path | None) -> Path:
    """Where rejected rows go: the file asked for, or a new one here; never a file that somebody may be mending."""
    if rejects is not None:
        if rejects.exists() and rejects.samefile(file):
            raise click.UsageError(f"--rejects names the file that is being read: {file}.")
        if not rejects.resolve().parent.is_dir():
            raise click.UsageError(f"--rejects: there is no folder {rejects.resolve().parent}.")
        return rejects
    stem = file.stem.split(".rejects", 1)[0]
    names = (Path(f"{stem}.rejects{'' if n == 1 else f'-{n}'}.csv") for n in range(1, 10_000))
    return next(name for name in names if not name.exists())


class _Run:
    """One import: what is known here, what is assumed, and how the rows go in."""

    def __init__(self, file: Path, table: Table, mapping: ColumnMapping, institution: str, lang: str) -> None:
        from linli.features.requests import acts
        from linli.features.requests.mapping import layout
        from linli.ledger.definitions import NoPack, runtime
        from linli.people import registry

        self.file, self.table, self.institution, self.lang = file, table, institution, lang
        self.assumed: list[tuple[str, str]] = []
        try:
            pack = runtime().pack
        except NoPack as missing:
            raise click.ClickException(str(missing)) from None
        if institution not in pack.institutions:
            raise click.UsageError(f"There is no institution {institution}; there is {', '.join(pack.institutions)}.")
        snapshot = registry.reload()
        self.known = acts.known(pack, institution, snapshot)
        mapping = self._complete(mapping, acts.top(snapshot))
        self.layout: Layout = layout(mapping, table.header, self.known.fields)

    def _complete(self, mapping: ColumnMapping, top: str | None) -> ColumnMapping:
        """Areas and categories that the command names are checked now, and what nothing names is assumed, saying so."""
        from linli.features.requests.mapping import layout, with_options

        if top is None:
            raise click.ClickException("没有区域，先运行 linli import areas。 There is no area yet.")
        area, category = mapping.constants.get("area"), mapping.constants.get("category")
        if area and not self.known.areas.get(area):
            raise click.UsageError(f"--area: 没有 {area} 这个区域（或有几个同名）。 There is no such area.")
        if category and category not in self.known.categories:
            raise click.UsageError(f"--category: 没有 {category} 这个类别。 There is no such category.")
        there = layout(mapping, self.table.header, self.known.fields).index
        if not area and "area" not in there:
            self.assumed.append(("area", top))
            mapping = with_options(mapping, (), None, area=top)
        if not category and "category" not in there and "category" in self.known.fields:
            if OTHER not in self.known.categories:
                raise click.UsageError("没有类别栏，请加 --category 代码。 Add --category CODE.")
            self.assumed.append(("category", OTHER))
            mapping = with_options(mapping, (), None, category=OTHER)
        return mapping

    def go(self, rejects: Path, tell: bool, quiet: bool) -> tuple[Counts, Path | None]:
        """Read the file to its end; the counts, and where the rejects are if there are any."""
        from datetime import UTC, datetime

        from tqdm import tqdm

        from linli.features.requests.acts import import_requests

        hidden = quiet or not sys.stderr.isatty()
        source = self.layout.mapping.source or "import"
        with (
            _Rejects(rejects, self.layout, self.lang) as sink,
            tqdm(total=self.table.size, unit=self.table.unit, unit_scale=True, disable=hidden, leave=False) as bar,
        ):
            counts = import_requests(
                self.table.rows, self.layout, self.known, self.institution, source, datetime.now(UTC), tell, sink.add,
                lambda at: bar.update(at - bar.n),
            )  # fmt: skip
        return counts, rejects if counts.rejected else None


class _Rejects:
    """The file of rejected rows, made when the first one comes."""

    def __init__(self, path: Path, layout: Layout, lang: str) -> None:
        self.path, self.layout, self.lang = path, layout, lang
        self.file: Any = None

    def __enter__(self) -> _Rejects:
        return self

    def __exit__(self, *problem: object) -> None:
        if self.file is not None:
            self.file.close()

    def add(self, rejected: Reject) -> None:
        """Write one row: line, columns and reasons, its cells, so that no spreadsheet computes them."""
        from linli.features.requests.mapping import OURS
        from linli.features.requests.rules import escaped

        if self.file is None:
            self.file = self.path.open("w", encoding="utf-8-sig", newline="")
            self.writer = csv.writer(self.file)
            self.writer.writerow([*OURS, *self.layout.header])
        where = "、".join(dict.fromkeys(p.column for p in rejected.problems if p.column))
        why = " ".join(p.says.in_(self.lang) for p in rejected.problems)
        cells = [escaped(c) for i, c in enumerate(rejected.raw.cells) if i not in self.layout.own]
        self.writer.writerow([rejected.raw.line, where, why, *cells])


def _print(
    counts: Counts, where: Path | None, assumed: list[tuple[str, str]], unused: list[str], as_json: bool, lang: str
) -> None:
    if as_json:
        found: dict[str, Any] = {"opened": counts.opened, "already": counts.already, "rejected": counts.rejected}
        found |= {"rejects": str(where) if where else None, "assumed": dict(assumed), "unused": unused}
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    zh = lang == "zh"
    for name, value in assumed:
        click.echo(f"文件里没有 {name}，一律记为 {value}。" if zh else f"No {name} in the file: {value} for every row.")
    if unused:
        click.echo(f"没有用到的列：{'、'.join(unused)}" if zh else f"Columns not used: {', '.join(unused)}")
    numbers = (counts.opened, counts.already, counts.rejected)
    say = "新登记 {} 件，已有 {} 件，退回 {} 行。" if zh else "{} opened, {} already there, {} rejected."
    click.echo(say.format(*numbers))
    if where:
        say = "退回的行和原因在 {}，改好后用同样的命令再导入。" if zh else "Rejected rows are in {}: mend it."
        click.echo(say.format(where))
