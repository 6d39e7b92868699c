"""Text → Pack. Reading is strict and total: any bytes give a pack or findings, never a traceback."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from linli.drafting.calendar_text import parse_days, parse_hours
from linli.drafting.finding import Finding, error, nearest
from linli.drafting.reader import BAD, Reader
from linli.kernel.calendar import Calendar, Year
from linli.kernel.institution import Code, Dated, Institution, Mark, Pack, PackFile, Result, Text

Files = Mapping[str, str | bytes]
"""Path inside the packs folder (``changzhou/request/institution.yaml``) → content."""


def read_folder(packs: Path, name: str) -> dict[str, bytes]:
    """The files of pack ``name`` and of the packs beside it that it may extend, by path relative to ``packs``."""
    found: dict[str, bytes] = {}
    for pack in {name, *_extended(packs, name)}:
        for path in sorted((packs / pack).rglob("*.yaml")):
            found[path.relative_to(packs).as_posix()] = path.read_bytes()
    return found


def _extended(packs: Path, name: str) -> Iterable[str]:
    """Names of the packs that ``name`` extends, following the chain; a broken pack.yaml ends it."""
    seen: list[str] = []
    while True:
        file = packs / name / "pack.yaml"
        if not file.is_file():
            return seen
        head = Reader("")
        read = head.compose(file.read_bytes())
        pack = head.thing(PackFile, read) if read is not BAD else BAD
        if pack is BAD or not pack.extends or pack.extends in seen:
            return seen
        name = pack.extends
        seen.append(name)


def load(files: Files, name: str) -> tuple[Pack | None, list[Finding]]:
    """Read pack ``name`` out of ``files``; the pack is None when its head cannot be read at all."""
    return _Loader(files).pack(name, ())


class _Loader:
    def __init__(self, files: Files) -> None:
        self.files = files
        self.findings: list[Finding] = []

    def pack(self, name: str, seen: tuple[str, ...]) -> tuple[Pack | None, list[Finding]]:
        head = self._read(f"{name}/pack.yaml", PackFile)
        if head is None:
            return None, self.findings
        base = self._base(head, (*seen, name))
        pack = Pack(
            name=name,
            title=head.title,
            place=head.place or (base.place if base else None),
            levels=head.levels or (base.levels if base else {}),
            duties={**(base.duties if base else {}), **head.duties},
            calendars={**(base.calendars if base else {}), **self._calendars(name)},
            parameters={**(base.parameters if base else {}), **self._parameters(name)},
            lists={**(base.lists if base else {}), **self._named(name, "lists.yaml", Mapping[str, Code])},
            results={**(base.results if base else {}), **self._named(name, "results.yaml", Result)},
            institutions={**(base.institutions if base else {}), **self._institutions(name)},
            sources=self._sources((*seen, name), base),
        )
        return pack, self.findings

    def _base(self, head: PackFile, seen: tuple[str, ...]) -> Pack | None:
        if head.extends is None:
            return None
        if head.extends in seen or f"{head.extends}/pack.yaml" not in self.files:
            say = (f"没有可继承的制度包 {head.extends}。", f"There is no pack {head.extends} to extend.")
            known = {PurePosixPath(f).parts[0] for f in self.files} - set(seen)
            self.findings.append(error("no-such-pack", head.marks["extends"], *say, *nearest(head.extends, known)))
            return None
        return self.pack(head.extends, seen)[0]

    def _read(self, file: str, kind: Any) -> Any:
        """The file read as ``kind``, or None with findings."""
        if file not in self.files:
            say = (f"缺少文件 {file}。", f"The file {file} is missing.")
            fix = ("请新建这个文件。", "Create it.")
            self.findings.append(error("missing-file", Mark(file, 1, 1), *say, *fix))
            return None
        reader = Reader(file)
        node = reader.compose(self.files[file])
        read = reader.value(kind, node) if node is not BAD else BAD
        self.findings += reader.findings
        return None if read is BAD else read

    def _named(self, name: str, file: str, kind: Any) -> dict[str, Any]:
        path = f"{name}/{file}"
        return (self._read(path, Mapping[str, kind]) or {}) if path in self.files else {}

    def _parameters(self, name: str) -> dict[str, tuple[Dated, ...]]:
        return self._named(name, "parameters.yaml", tuple[Dated, ...])

    def _calendars(self, name: str) -> dict[str, Calendar]:
        path = f"{name}/calendars.yaml"
        if path not in self.files:
            return {}
        reader = Reader(path)
        node = reader.compose(self.files[path])
        found = _read_calendars(reader, node) if node is not BAD else {}
        self.findings += reader.findings
        return found

    def _institutions(self, name: str) -> dict[str, Institution]:
        found = {}
        for file in sorted(self.files):
            parts = PurePosixPath(file).parts
            if len(parts) == 3 and parts[0] == name and parts[2] == "institution.yaml":
                read = self._read(file, Institution)
                if read is not None:
                    found[read.institution] = self._pinned(read, file, parts[1])
        return found

    def _pinned(self, read: Institution, file: str, folder: str) -> Institution:
        if read.institution != folder:
            say = (
                f"文件夹叫 {folder}，制度却叫 {read.institution}。",
                f"The folder is {folder} but it says {read.institution}.",
            )
            self.findings.append(
                error("wrong-folder", read.marks["institution"], *say, "两处请写一样。", "Use one name.")
            )
        content = self.files[file]
        digest = hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()[:12]
        return replace(read, version=digest, open=replace(read.open, name="open"))

    def _sources(self, names: tuple[str, ...], base: Pack | None) -> dict[str, str]:
        mine = {}
        for file, content in self.files.items():
            if PurePosixPath(file).parts[0] == names[-1]:
                mine[file] = content if isinstance(content, str) else content.decode("utf-8", "replace")
        return {**(base.sources if base else {}), **mine}


def _read_calendars(reader: Reader, node: Any) -> dict[str, Calendar]:
    top = reader.pairs(node)
    if top is BAD:
        return {}
    found = {}
    for word, key, value in top:
        if word != "calendars":
            say = (f"这里不能写 {word}。", f"There is no key {word} here.")
            reader.complain("unknown-key", key, *say, *nearest(word, ["calendars"]))
            continue
        named = reader.pairs(value)
        for name, _, body in named if named is not BAD else []:
            read = _read_calendar(reader, name, body)
            if read is not None:
                found[name] = read
    return found


def _read_calendar(reader: Reader, name: str, node: Any) -> Calendar | None:
    pairs = reader.pairs(node)
    if pairs is BAD:
        return None
    parts: dict[str, Any] = {"hours": (), "years": None}
    for word, key, value in pairs:
        if word == "title":
            reader.value(Text, value)
        elif word == "source":
            reader.value(str, value)
        elif word == "hours":
            parts["hours"] = _read_hours(reader, value)
        elif word == "years":
            parts["years"] = _read_years(reader, value)
        else:
            say = (f"这里不能写 {word}。", f"There is no key {word} here.")
            reader.complain("unknown-key", key, *say, *nearest(word, ["title", "source", "hours", "years"]))
    if BAD in parts.values():
        return None
    try:
        return Calendar(name=name, **parts)
    except ValueError as fault:
        say = (f"日历 {name} 自相矛盾（{fault}）。", f"The calendar {name} contradicts itself ({fault}).")
        reader.complain("wrong-value", node, *say, "请改正这一年的日期。", "Correct the days.")
        return None


def _read_hours(reader: Reader, node: Any) -> Any:
    read = reader.value(tuple[tuple[str, ...], ...], node)
    try:
        return BAD if read is BAD else parse_hours(read)
    except (ValueError, TypeError) as fault:
        say = (f"办公时间写得不对（{fault}）。", f"The hours cannot be read ({fault}).")
        return reader.complain("wrong-type", node, *say, '应写成 [["09:00", "12:00"]]。', 'Write [["09:00", "12:00"]].')


def _read_years(reader: Reader, node: Any) -> Any:
    years: dict[int, Year] = {}
    pairs = reader.pairs(node)
    for word, key, value in pairs if pairs is not BAD else []:
        inner = reader.pairs(value)
        kinds = {"source": str, "off": tuple[str, ...], "worked": tuple[str, ...]}
        read = {w: reader.value(kinds.get(w, str), v) for w, _, v in inner} if inner is not BAD else {}
        try:
            if set(read) != set(kinds):
                raise ValueError(f"keys are {', '.join(sorted(read))}")
            years[int(word)] = Year(parse_days(read["off"]), parse_days(read["worked"]), read["source"])
        except (ValueError, TypeError) as fault:
            say = (f"{word} 年的放假安排写得不对（{fault}）。", f"The days of {word} cannot be read ({fault}).")
            fix = ("每年要有且只有 source、off、worked。", "Each year has source, off and worked, nothing else.")
            reader.complain("wrong-type", key, *say, *fix)
    return years
