"""The small good pack and its deliberately broken copies.

Each file in broken/ says how the good pack is damaged (``change``) and everything that `check` then finds (``expect``).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from linli.drafting.load import read_folder

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in (HERE / "broken").glob("*.yaml"))


@dataclass(frozen=True)
class Broken:
    """A damaged copy of the good pack and what must be found in it, by place."""

    name: str
    files: dict[str, bytes]
    expect: list[dict[str, Any]]


def good() -> dict[str, bytes]:
    """The files of the good pack."""
    return read_folder(HERE, "good")


def broken(name: str) -> Broken:
    """The good pack with the changes of broken/NAME.yaml; each `find` must occur exactly once."""
    spec = yaml.safe_load((HERE / "broken" / f"{name}.yaml").read_text(encoding="utf-8"))
    files = good()
    for change in spec["change"]:
        _apply(files, change)
    return Broken(name, files, spec["expect"])


def _apply(files: dict[str, bytes], change: dict[str, Any]) -> None:
    file = change["file"]
    if change.get("delete"):
        del files[file]
    elif change.get("empty"):
        files[file] = b""
    elif "repeat" in change:
        files[file] += change["repeat"].encode() * change["times"]
    elif "encoding" in change:
        files[file] = files[file].decode().encode(change["encoding"])
    else:
        text = files[file].decode()
        assert text.count(change["find"]) == 1, f"{file}: {change['find']!r} occurs {text.count(change['find'])} times"
        files[file] = text.replace(change["find"], change["put"]).encode()


def write(files: dict[str, bytes], folder: Path) -> None:
    """Put a pack's files below ``folder``."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
