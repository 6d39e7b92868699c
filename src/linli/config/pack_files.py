"""Where a pack named on the command line is: shipped with Linli, or a folder that may extend a shipped one."""

from __future__ import annotations

import difflib
from importlib.resources import files as package_files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linli.drafting.check import check_files
from linli.drafting.load import read_folder

if TYPE_CHECKING:
    from linli.kernel.institution import Pack

SHIPPED = Path(str(package_files("linli") / "packs"))
"""The packs that come with Linli; a pack elsewhere may extend them."""


def pack_files(pack: str) -> tuple[dict[str, bytes], str]:
    """The files of ``pack`` (a shipped pack's name, or a path to a folder) and its name; UsageError when absent.

    A shipped name wins over a folder of the same name in the current directory; write ``./NAME`` for the folder.
    """
    if (SHIPPED / pack / "pack.yaml").is_file() and "/" not in pack:
        return read_folder(SHIPPED, pack), pack
    folder = Path(pack).resolve()
    if not folder.is_dir():
        known = sorted(p.parent.name for p in SHIPPED.glob("*/pack.yaml"))
        close = difflib.get_close_matches(pack, known, 1)
        offer = f"did you mean {close[0]}?" if close else f"give a folder, or one of {', '.join(known)}."
        raise click.UsageError(f"There is no pack {pack}: {offer}")
    found = read_folder(folder.parent, folder.name)
    for shipped in SHIPPED.glob("*/pack.yaml"):
        name = shipped.parent.name
        if name != folder.name and f"{name}/pack.yaml" not in found:
            found |= read_folder(SHIPPED, name)
    return found, folder.name


def sound_pack(pack: str, lang: str = "zh") -> Pack:
    """The pack, checked; its findings are printed and the command ends with 1 when there are any."""
    files, name = pack_files(pack)
    read, findings = check_files(files, name)
    if read is not None and not findings:
        return read
    for finding in findings:
        click.echo(finding.line(lang))
    click.echo(
        f"{name}：{len(findings)} 处需要改正，没有装入。"
        if lang == "zh"
        else f"{name}: {len(findings)} finding(s) to mend; nothing was loaded.",
        err=True,
    )
    raise SystemExit(1)
