"""The pack in force and every published version of its institutions, from the database, kept in memory.

Loading a pack publishes its institutions: the exact text is stored and never changed, and its version is the hash of
that text. A text whose ``valid_from`` lies ahead waits: until that day new cases open under the version before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from django.db import connection, transaction
from django.utils import timezone

from linli.drafting.load import load
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Act, Institution, Pack, Text
from linli.ledger.models import Case, Definition, PackFile
from linli.people import registry
from linli.places.acts import bump

PACK_ROW = "#pack"
"""The row of PackFile whose content is the name of the pack in force."""


class NoPack(LookupError):
    """No pack is loaded yet: run ``linli load PACK``."""


class StillNeeded(ValueError):
    """A pack that lacks something which an open case of an older version will ask for; ``says`` names all of it."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.says = Text(zh, en)


class NotInForce(LookupError):
    """On that day no version of the institution holds yet; ``first`` is the first day on which one does."""

    def __init__(self, name: str, on: date, first: date | None) -> None:
        when = f"; it holds from {first} on" if first else ""
        super().__init__(f"institution {name} is not in force on {on}{when}")
        self.first = first


Published = tuple[date, str]
"""First day and version of a published institution."""


@dataclass(slots=True)
class Runtime:
    """The pack in force; institutions by (name, version), older ones read on demand.

    ``pack`` is what holds on the day it was read: an institution that is loaded but holds only from a later day is
    there as the version before it. ``loaded`` has them as loaded, ``earlier`` what was published before, newest first.
    """

    pack: Pack
    files: Mapping[str, str]
    registry: int
    """The registry's version at which the files were last compared with the database."""
    loaded: Mapping[str, Institution] = field(default_factory=dict)
    earlier: Mapping[str, tuple[Published, ...]] = field(default_factory=dict)
    until: date | None = None
    """The day on which a loaded version comes into force and all this is read again."""
    pinned: dict[tuple[str, str], Institution] = field(default_factory=dict)

    def institution(self, name: str, version: str | None = None, on: date | None = None) -> Institution:
        """The institution as published under ``version``; without, the one that holds on the day ``on`` (today).

        LookupError when it is unknown, NotInForce when no version holds on that day.
        """
        now = self.loaded.get(name) or self.pack.institutions.get(name)
        if version is None:
            if on is None:
                today = self.pack.institutions.get(name)
                if today is not None:
                    return today
            elif now is not None:
                return now if now.valid_from <= on else self._before(now, on)
        elif now is not None and version == now.version:
            return now
        found = self.pinned.get((name, version or ""))
        if found is None:
            found = self.pinned[(name, version or "")] = self._older(name, version or "")
        return found

    def ever(self) -> Iterator[Institution]:
        """Every version of every institution under which a case may still be open, those in force first."""
        yield from self.pack.institutions.values()
        held = {(i.name, i.version) for i in self.pack.institutions.values()}
        for name, versions in self.earlier.items():
            for _, version in versions:
                if (name, version) not in held:
                    with suppress(LookupError):  # one that cannot be read any more is for linli verify to tell
                        yield self.institution(name, version)

    def _before(self, coming: Institution, on: date) -> Institution:
        """What holds while ``coming`` does not: the version with the latest first day that has begun."""
        name = coming.name
        for first, version in self.earlier.get(name, ()):
            if first <= on and version != coming.version:
                return self.institution(name, version)
        raise NotInForce(name, on, coming.valid_from)

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
        if pack.institutions[name].version != version:
            raise LookupError(f"the stored text of institution {name} version {version} is not the one published")
        return pack.institutions[name]

    def at(self, today: date) -> Runtime:
        """The same with ``pack`` and ``until`` for ``today``."""
        ahead = [i for i in self.loaded.values() if i.valid_from > today]
        if not ahead:
            return self
        holds = dict(self.loaded)
        for institution in ahead:
            try:
                holds[institution.name] = self._before(institution, today)
            except NotInForce:
                del holds[institution.name]
        until = min(i.valid_from for i in ahead)
        return replace(self, pack=replace(self.pack, institutions=holds), until=until)


_current: dict[str, Runtime] = {}


def runtime() -> Runtime:
    """The pack in force; NoPack when none is loaded.

    Putting a pack in force raises the registry's version, so a process that learns of a new version (every page and
    every write asks for it) reads the pack again if its files have changed.
    """
    key, version = str(connection.settings_dict["NAME"]), registry.current().version
    here = _current.get(key)
    if here is None or here.registry != version or (here.until is not None and here.until <= _today()):
        here = _current[key] = _read(here, version)
    return here


def _today() -> date:
    return timezone.now().astimezone(SHANGHAI).date()


def _read(before: Runtime | None, version: int) -> Runtime:
    files = dict(PackFile.objects.values_list("path", "content"))
    name = files.pop(PACK_ROW, "")
    if before is not None and before.pack.name == name and before.files == files and before.until is None:
        before.registry = version
        return before
    pack, findings = load(files, name)
    if pack is None:
        raise NoPack(findings[0].line("en") if findings and name else "no pack is loaded; run: linli load PACK")
    return Runtime(pack, files, version, pack.institutions, _published()).at(_today())


def _published() -> dict[str, tuple[Published, ...]]:
    """Every published version by institution, the one with the latest first day first; of two, the last loaded."""
    found: dict[str, list[Published]] = {}
    rows = Definition.objects.order_by("-valid_from", "-loaded", "-id")
    for name, first, version in rows.values_list("institution", "valid_from", "version"):
        found.setdefault(name, []).append((first, version))
    return {name: tuple(versions) for name, versions in found.items()}


def forget() -> None:
    """Drop the copy in memory."""
    _current.clear()


@transaction.atomic
def publish(pack: Pack, now: datetime) -> list[str]:
    """Put ``pack`` in force; returns the institutions that got a new version. Open cases keep their own.

    A published text is only ever added, never changed. Raises StillNeeded when open cases would get stuck because
    the pack no longer has something that their older version asks for.
    """
    _check_needed(pack)
    known = set(Definition.objects.values_list("institution", "version"))
    fresh = []
    for institution in pack.institutions.values():
        if (institution.name, institution.version) not in known:
            Definition.objects.create(
                institution=institution.name,
                version=institution.version,
                source=_source(pack, institution),
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


def _source(pack: Pack, institution: Institution) -> str:
    """Its text: where a city replaces an institution of the pack it extends there are two, and the mark tells which."""
    return pack.sources[institution.mark.file]


def _check_needed(pack: Pack) -> None:
    """Open cases of other versions go on: what these ask the pack for must still be there."""
    lost: dict[str, list[str]] = {}
    open_ones = Case.objects.filter(ended=None).order_by().values_list("institution", "version").distinct()
    for name, version in open_ones:
        now = pack.institutions.get(name)
        if now is None or now.version != version:
            institution = Runtime(pack, {}, 0).institution(name, version)
            for what in needed(institution) - _offered(pack):
                lost.setdefault(f"{what[0]} {what[1]}", []).append(f"{name} {version}")
    if lost:
        names = [f"{what} ({', '.join(sorted(set(users)))})" for what, users in sorted(lost.items())]
        raise StillNeeded(
            f"还有未办结的事项要用到：{'、'.join(names)}。请保留，等这些事项办结或转入新版本后再删。",
            f"Open cases still need: {'; '.join(names)}. Keep these until the cases have ended or follow a version.",
        )


def needed(institution: Institution) -> set[tuple[str, str]]:
    """What an institution asks its pack for while cases run under it, as (kind, name)."""
    found = {("duty", r.duty) for r in institution.roles.values()}
    found |= {("level", r.at) for r in institution.roles.values() if r.at != "unit"}
    found |= {("list", f.list) for f in institution.fields.values() if f.list}
    found |= {("parameter", c.limit) for c in institution.clocks.values()}
    for stage in institution.stages.values():
        found |= {("parameter", stage.within)} if stage.within else set()
        found |= {("institution", stage.calls.institution)} if stage.calls else set()
        found |= {("parameter", stage.publish.period)} if stage.publish else set()
    for act in _acts(institution):
        found |= {("result", r) for r in act.result}
        found |= {("level", act.tier)} if act.tier else set()
        found |= {("parameter", act.within)} if act.within else set()
    return found


def _acts(institution: Institution) -> Iterator[Act]:
    yield from institution.anywhere.values()
    for stage in institution.stages.values():
        yield from stage.acts.values()


def _offered(pack: Pack) -> set[tuple[str, str]]:
    kinds: dict[str, Mapping[str, object]] = {
        "duty": pack.duties, "level": pack.levels, "list": pack.lists, "parameter": pack.parameters,
        "institution": pack.institutions, "result": pack.results,
    }  # fmt: skip
    return {(kind, name) for kind, names in kinds.items() for name in names}
