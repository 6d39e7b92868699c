"""Which column holds what: well-known names, a mapping file (YAML), or options. Pure.

source: hotline                      # whose numbers these are
columns: {number: 工单号, text: 诉求内容, time: 来电时间}
constants: {category: lighting, area: "320402001000"}     # for every row whose own cell is empty or absent
values: {category: {路灯类: lighting}}                     # the source's word → ours
time_formats: ["%d.%m.%Y %H:%M"]                          # instead of the usual ways to write a time
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

FIELDS = ("number", "time", "title", "text", "category", "address", "area", "name", "phone")
"""What a row may say besides the fields of the institution's own form."""

ALIASES: dict[str, tuple[str, ...]] = {
    "number": ("number", "编号", "留言编号", "工单编号", "工单号", "诉求编号", "事项编号", "受理编号"),
    "time": ("time", "时间", "留言时间", "反映时间", "来电时间", "诉求时间", "受理时间", "登记时间"),
    "title": ("title", "subject", "主题", "标题", "留言主题", "诉求标题", "诉求主题", "工单标题"),
    "text": ("text", "description", "详情", "内容", "留言详情", "诉求内容", "诉求详情", "反映内容", "问题描述"),
    "category": ("category", "类别", "诉求类别", "问题类别"),
    "address": ("address", "地址", "详细地址", "诉求地址", "事发地址"),
    "area": ("area", "区域", "属地", "所属区域", "所属社区", "所属街道", "区划代码"),
    "name": ("name", "姓名", "反映人", "来电人", "诉求人"),
    "phone": ("phone", "电话", "手机", "联系电话", "来电号码"),
}
LINE, WHERE, WHY = "行号", "退回栏", "退回原因"
OURS = (LINE, WHERE, WHY)
"""Columns in front of a file of rejected rows; skipped when it is imported again."""


class MappingError(ValueError):
    """The columns cannot be understood; one sentence says what to write instead."""


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """What the person said about the file. Empty parts are filled in by :func:`layout`."""

    source: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    time_formats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each field stands in a row: ``index`` by field; ``header`` as in the file, without our own columns."""

    header: tuple[str, ...]
    index: Mapping[str, int]
    mapping: ColumnMapping
    width: int
    """Cells of a full row, our own columns included."""
    own: tuple[int, ...] = ()
    """Positions of our own columns, in a file of rejected rows."""

    def column(self, name: str) -> str:
        """The column's name in the file for a field, or the field's own when a constant fills it."""
        kept = [i for i in range(self.width) if i not in self.own]
        return self.header[kept.index(self.index[name])] if name in self.index else name

    @property
    def unused(self) -> list[str]:
        """Columns nobody asked for."""
        used = {self.column(name) for name in self.index}
        return [name for name in self.header if name and name not in used]


def read(text: str) -> ColumnMapping:
    """A mapping file. Raises MappingError with the key and what it should be."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f"第 {mark.line + 1} 行" if mark else ""
        raise MappingError(f"映射文件{where}不是正确的 YAML。 The mapping file is not valid YAML.") from None
    if not isinstance(raw, dict) or not raw:
        raise MappingError("映射文件应写 columns、constants、values 等。 A mapping file has keys such as columns.")
    known = ("source", "columns", "constants", "values", "time_formats")
    wrong = [str(k) for k in raw if k not in known]
    if wrong:
        raise MappingError(f"映射文件里没有 {wrong[0]} 这一项；可写：{'、'.join(known)}。 Unknown key {wrong[0]}.")
    values = raw.get("values") or {}
    if not isinstance(values, dict):
        raise MappingError("values 应写成 字段: {原来的写法: 这里的写法}。 values is a mapping of mappings.")
    formats = raw.get("time_formats") or []
    if not isinstance(formats, list) or not all(isinstance(f, str) for f in formats):
        raise MappingError('time_formats 应是一列格式，如 ["%Y/%m/%d %H:%M"]。 time_formats is a list of formats.')
    source = raw.get("source")
    return ColumnMapping(
        str(source) if source is not None else None,
        _texts(raw, "columns"),
        _texts(raw, "constants"),
        {str(name): _texts(values, name) for name in values},
        tuple(formats),
    )


def _texts(raw: Mapping[Any, Any], key: Any) -> dict[str, str]:
    found = raw.get(key) or {}
    if not isinstance(found, dict) or not all(
        isinstance(v, (str, int)) and not isinstance(v, bool) for v in found.values()
    ):
        raise MappingError(f"{key} 应写成 名称: 文字（编码加引号）。 {key} maps names to quoted texts.")
    return {str(k): str(v) for k, v in found.items()}


def with_options(
    mapping: ColumnMapping, columns: Sequence[str], source: str | None, **constants: str | None
) -> ColumnMapping:
    """What the options say goes before what the file says; each of ``columns`` is ``field=COLUMN``."""
    named = dict(mapping.columns)
    for option in columns:
        name, equals, column = option.partition("=")
        if not equals or not name.strip() or not column.strip():
            raise MappingError(f"--column 应写成 字段=列名，写的是“{option}”。 Write --column field=COLUMN.")
        named[name.strip()] = column.strip()
    given = {name: value for name, value in constants.items() if value}
    return replace(mapping, columns=named, source=source or mapping.source, constants={**mapping.constants, **given})


def layout(mapping: ColumnMapping, header: Sequence[str], own_fields: Iterable[str] = ()) -> Layout:
    """Find each field's column in ``header``; ``own_fields`` are those of the institution's form, which have no usual
    names and are read only when the mapping names their column.

    Raises MappingError when a named column is not there, a field is unknown, or nothing holds the number or the text.
    """
    names = [_plain(cell) for cell in header]
    own = tuple(i for i, name in enumerate(names) if name in OURS)
    known = tuple(dict.fromkeys((*FIELDS, *own_fields)))
    for name in (*mapping.columns, *mapping.constants, *mapping.values):
        if name not in known:
            raise MappingError(f"没有 {name} 这个字段；可用：{'、'.join(known)}。 There is no field {name}.")
    index = {}
    for name in known:
        wanted = mapping.columns.get(name)
        choices = (wanted,) if wanted else () if name in mapping.constants else ALIASES.get(name, ())
        at = _position(names, [_plain(choice) for choice in choices])
        if at is None and wanted:
            raise MappingError(f"表头里没有“{wanted}”；有：{'、'.join(map(str, header))}。 No such column.")
        if at is not None:
            index[name] = at
    _require(index, header)
    kept = tuple(str(cell).strip() for i, cell in enumerate(header) if i not in own)
    return Layout(kept, index, mapping, len(names), own)


def _plain(cell: object) -> str:
    return unicodedata.normalize("NFKC", str(cell)).strip().strip("*\ufeff").lower()


def _position(names: Sequence[str], choices: Iterable[str]) -> int | None:
    """The one column called by the first of ``choices`` that there is; a name that stands twice decides nothing."""
    for choice in choices:
        if names.count(choice) > 1:
            raise MappingError(f"表头里有 {names.count(choice)} 个“{choice}”，请只留一个。 This column stands twice.")
        if choice in names:
            return names.index(choice)
    return None


def _require(index: Mapping[str, int], header: Sequence[str]) -> None:
    for name, words in (("number", "编号 (number)"), ("text", "内容 (text)")):
        if name not in index and not (name == "text" and "title" in index):
            there = "、".join(map(str, header))[:200]
            raise MappingError(
                f"不知道哪一列是{words}；表头是：{there}。请用 --column {name}=列名 或 --map 指明。"
                f" Say which column holds the {name}."
            )
