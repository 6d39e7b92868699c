"""The cities' data files: one folder each, named like the pack. Reads without a database."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "cities"


@cache
def document(city: str, name: str) -> dict[str, Any]:
    """A YAML file of the city; empty when it has none of this name."""
    path = FOLDER / city / f"{name}.yaml"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    read: dict[str, Any] = yaml.load(path.read_bytes(), loader) if path.is_file() else {}  # noqa: S506  # safe
    return read


def cities() -> list[str]:
    """Packs that have a demo city here."""
    return sorted(p.parent.name for p in FOLDER.glob("*/city.yaml"))
