"""The pack in force and every published version of its institutions, from the database, kept in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction

from linli.kernel.institution import Institution, Pack
from linli.kernel.load import load
from linli.ledger.models import Definition, PackFile
from linli.people import registry
from linli.places.acts import bump

PACK_ROW = "#pack"
"""The row of PackFile whose content is the name of the pack in force."""


class NoPack(LookupError):
    """No pack is loaded yet: run ``linli load PACK``."""


@dataclass(slots=True)
class Runtime:
    """The pack in force; institutions by (name, version), older ones read on demand."""

    pack: Pack
    files: Mapping[str, str]
    registry: int
    """The registry's version at which the files were last compared with the database."""
    pinned: dict[tuple[str, str], Institution] = field(default_factory=dict)

    def institution(self, name: str, version: str | None = None) -> Institution:
        """The institution as published under ``version`` (the one in force without); LookupError when unknown."""
        now = self.pack.institutions.get(name)
        if now is not None and version in (None, now.version):
            return now
        found = self.pinned.get((name, version or ""))
        if found is None:
            found = self.pinned[(name, version or "")] = self._older(name, version or "")
        return found

    def _older(self, name: str, version: str) -> Institution:
        source = Definition.objects.filter(institution=name, version=version).values_list("source", flat=True).first()
        if source is None:
            raise LookupError(f"institution {name} version {version} was never published here")
        old = {
            f"{name}/pack.yaml": f"pack: {name}\ntitle: {{zh: x, en: x}}\n",
            f"{name}/{name}/institution.yaml": source,
        }
        pack, findings = load(old, name)
        if pack is None or name not in pack.institutions:
            raise LookupError(f"institution {name} version {version} cannot be read: {findings[0].line('en')}")
        return pack.institutions[name]


_current: dict[str, Runtime] = {}


def runtime() -> Runtime:
    """The pack in force; NoPack when none is loaded.

    Putting a pack in force raises the registry's version, so a process that learns of a new version (every page and
    every write asks for it) reads the pack again if its files have changed.
    """
    key, version = str(connection.settings_dict["NAME"]), registry.current().version
    here = _current.get(key)
    if here is None or here.registry != version:
        here = _current[key] = _read(here, version)
    return here


def _read(before: Runtime | None, version: int) -> Runtime:
    files = dict(PackFile.objects.values_list("path", "content"))
    name = files.pop(PACK_ROW, "")
    if before is not None and before.pack.name == name and before.files == files:
        before.registry = version
        return before
    pack, findings = load(files, name)
    if pack is None:
        raise NoPack(findings[0].line("en") if findings and name else "no pack is loaded; run: linli load PACK")
    return Runtime(pack, files, version)


def forget() -> None:
    """Drop the copy in memory."""
    _current.clear()


@transaction.atomic
def publish(pack: Pack, now: datetime) -> list[str]:
    """Put ``pack`` in force; returns the institutions that got a new version. Open cases keep their own."""
    known = set(Definition.objects.values_list("institution", "version"))
    fresh = []
    for institution in pack.institutions.values():
        if (institution.name, institution.version) not in known:
            Definition.objects.create(
                institution=institution.name,
                version=institution.version,
                source=_source(pack, institution.name),
                valid_from=institution.valid_from,
                loaded=now,
            )
            fresh.append(institution.name)
    PackFile.objects.all().delete()
    PackFile.objects.create(path=PACK_ROW, content=pack.name)
    PackFile.objects.bulk_create(PackFile(path=path, content=text) for path, text in pack.sources.items())
    bump()
    transaction.on_commit(forget)
    return fresh


def _source(pack: Pack, name: str) -> str:
    return next(text for path, text in sorted(pack.sources.items()) if path.endswith(f"/{name}/institution.yaml"))
