"""linli import outlines"""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from linli.places.datum import DATUMS, WGS84

if TYPE_CHECKING:
    from linli.places.outline_acts import Imported


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--datum", type=click.Choice(DATUMS), default=WGS84, show_default=True, help="What it is drawn in.")
@click.option("--from", "begins", type=click.DateTime(["%Y-%m-%d"]), help="First day it holds (default today).")
@click.option("--least", default=10_000.0, show_default=True, help="Square metres of an overlap or gap worth listing.")
@click.option("--json", "as_json", is_flag=True, help="Plain values for a machine.")
def command(file: Path, datum: str, begins: datetime | None, least: float, as_json: bool) -> None:
    """Import outlines of areas from FILE (GeoJSON): polygons whose property `code` is the code of a known area.

    Coordinates are converted to WGS-84, invalid outlines are made valid and said so, and overlaps and gaps between
    the areas of one parent are listed. The same file twice changes nothing; a later first day ends the one before.
    Exit status 0 when all are in without overlap or gap, 1 with rejects or flaws, 2 for wrong usage.
    """
    from linli.config import startup

    features = read_features(file)
    with startup.site() as where:
        startup.migrate(where)
        from django.utils import timezone
        from tqdm import tqdm

        from linli.places.outline_acts import import_outlines

        day: date = begins.date() if begins else timezone.localdate()
        bar = tqdm(features, desc=file.name, unit="outline", disable=None, leave=False)
        done = import_outlines(bar, datum, file.name[:200], day, least)
    _tell(file, done, as_json)
    sys.exit(1 if done.rejects or done.flaws else 0)


def read_features(file: Path) -> list[Any]:
    """The features of a FeatureCollection, or the one Feature. Raises ClickException in words."""
    try:
        read = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as fault:
        raise click.ClickException(f"{file} is no JSON: {fault}") from None
    kind = read.get("type") if isinstance(read, dict) else None
    if kind == "Feature":
        return [read]
    if kind != "FeatureCollection" or not isinstance(read.get("features"), list):
        raise click.ClickException(f"{file}: a GeoJSON FeatureCollection is wanted, this is {str(kind)[:40]!r}.")
    return list(read["features"])


def _tell(file: Path, done: Imported, as_json: bool) -> None:
    if as_json:
        told = {
            "file": str(file), "created": done.created, "replaced": done.replaced, "same": done.same,
            "mended": [{"code": c, "was": w} for c, w in done.mended],
            "rejects": [{"feature": r.line, "reason": r.reason} for r in done.rejects],
            "flaws": [f.as_json() for f in done.flaws],
        }  # fmt: skip
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    for reject in done.rejects[:20]:
        click.echo(f"{file} 第 {reject.line} 个：{reject.reason}", err=True)
    for code, wrong in done.mended:
        click.echo(f"{code} 的轮廓不合规（{wrong}），已自动修正，请在地图上核对。")
    for flaw in done.flaws[:50]:
        size = f"{flaw.square_metres / 10_000:.1f} 公顷，在 {flaw.lat}, {flaw.lng}"
        what = f"{' 与 '.join(flaw.codes)} 重叠" if flaw.kind == "overlap" else f"{flaw.codes[0] or '全域'} 有空隙"
        click.echo(f"{what} {size}")
    if len(done.flaws) > 50:
        click.echo(f"……另有 {len(done.flaws) - 50} 处重叠或空隙，用 --json 看全部。")
    counts = f"新增 {done.created}，更换 {done.replaced}，未变 {done.same}，未导入 {len(done.rejects)}"
    click.echo(f"轮廓：{counts}；重叠或空隙 {len(done.flaws)} 处。")
