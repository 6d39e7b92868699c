"""Verbs: the only writes to places and units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.db.models import F, Q

from linli.places.ltree import label
from linli.places.models import Area, Dispatch, Outline, Registry, Unit


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not taken: where it stands and one sentence on how to mend it."""

    line: int
    reason: str
    row: Mapping[str, str]


def bump() -> None:
    """Note that places, units or duties changed; every process reloads its copy before its next decision."""
    if not Registry.objects.filter(id=1).update(version=F("version") + 1):
        Registry.objects.create(id=1)


@transaction.atomic
def import_areas(rows: Iterable[tuple[int, Mapping[str, str]]]) -> tuple[int, int, list[Reject]]:
    """Create or rename areas from (line, row) pairs, parents first; returns (created, changed, rejects).

    Columns: code, name, kind, parent (a code, empty at the top), lat, lng, valid_from (YYYY-MM-DD).
    The same file twice creates nothing twice.
    """
    known = {a.code: a for a in Area.objects.filter(valid_to__isnull=True).select_related("parent")}
    created = changed = 0
    rejects: list[Reject] = []
    for line, row in rows:
        try:
            area, is_new = _area(row, known)
        except ValueError as fault:
            rejects.append(Reject(line, str(fault), row))
            continue
        known[area.code] = area
        created, changed = created + is_new, changed + (not is_new and getattr(area, "was_changed", False))
    if created or changed:
        bump()
    return created, changed, rejects


def _area(row: Mapping[str, str], known: Mapping[str, Area]) -> tuple[Area, bool]:
    code, name, kind = (row.get(k, "").strip() for k in ("code", "name", "kind"))
    if not (code.isascii() and code.isdigit() and 12 <= len(code) <= 20):
        raise ValueError(f"code: 应为 12 至 20 位数字，写的是“{code}”")
    if not name or not kind:
        raise ValueError("name、kind 都要填")
    if len(name) > 100 or len(kind) > 40 or not (name + kind).isprintable():
        raise ValueError("name 最多 100 字、kind 最多 40 字，不能有换行等控制字符")
    parent_code = row.get("parent", "").strip()
    if parent_code and parent_code not in known:
        raise ValueError(f"parent: 没有编码为 {parent_code} 的上级；上级要写在前面")
    old = known.get(code)
    if old is not None:
        _refuse_moving(old, kind, parent_code)
        known_name = old.name
        living = old if old.name == name else _rename(old, name, _day(row.get("valid_from", "")))
        living.was_changed = living is not old or old.name != known_name  # type: ignore[attr-defined]
        return living, False
    parent = known.get(parent_code)
    path = ".".join(filter(None, (parent.path if parent else "", label(f"a{code}"))))
    lat, lng = (_number(row.get(k, ""), k) for k in ("lat", "lng"))
    begins = _day(row.get("valid_from", ""))
    fields = {"code": code, "name": name, "kind": kind, "parent": parent, "path": path, "lat": lat, "lng": lng}
    return Area.objects.create(**fields, valid_from=begins), True


def _refuse_moving(area: Area, kind: str, parent: str) -> None:
    """History is dated: an area that moves or changes its kind is ended and begun anew, never overwritten."""
    now = area.parent.code if area.parent else ""
    if (area.kind, now) != (kind, parent):
        raise ValueError(
            f"{area.code} 已登记为 {area.kind}、上级 {now or '（无）'}；区划调整不能用导入覆盖，请先终止旧的"
        )


def _rename(area: Area, name: str, begins: date) -> Area:
    """``area`` under a new name from the day ``begins``: the old row ends the day before and stays (red line 13).

    With the same first day as before it is a spelling mended. What hangs on the area goes over to the new row.
    """
    if begins <= area.valid_from:
        area.name = name
        area.save(update_fields=["name"])
        return area
    area.valid_to = begins - timedelta(days=1)
    area.save(update_fields=["valid_to"])
    old_id = area.pk
    fields = ("code", "kind", "parent", "path", "lat", "lng")
    new = Area.objects.create(**{f: getattr(area, f) for f in fields}, name=name, valid_from=begins)
    Area.objects.filter(pk=old_id).update(successor=new)
    Area.objects.filter(parent_id=old_id, valid_to=None).update(parent=new)
    Unit.objects.filter(area_id=old_id, valid_to=None).update(area=new)
    Outline.objects.filter(area_id=old_id, valid_to=None).update(area=new)
    lines = Dispatch.objects.filter(area_id=old_id)
    lines.filter(Q(valid_to=None) | Q(valid_to__gte=begins)).update(area=new)
    return new


def _number(text: str, key: str) -> float | None:
    if not text.strip():
        return None
    try:
        degrees = float(text)
    except ValueError:
        raise ValueError(f"{key}: 应为数字，写的是“{text}”") from None
    if not abs(degrees) <= (90 if key == "lat" else 180):  # nan is not
        raise ValueError(f"{key}: 超出范围，写的是“{text}”")
    return degrees


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"valid_from: 应写成 2022-01-01，写的是“{text}”") from None


def create_unit(code: str, name: str, kind: str, area: Area, begins: date, parent: Unit | None = None) -> Unit:
    """A unit that acts at ``area`` from the day ``begins``; an existing living code is returned as it is."""
    old = Unit.objects.filter(code=code, valid_to__isnull=True).first()
    if old is not None:
        return old
    path = ".".join((parent.path if parent else "u", label(code)))
    unit = Unit.objects.create(code=code, name=name, kind=kind, area=area, parent=parent, path=path, valid_from=begins)
    bump()
    return unit
