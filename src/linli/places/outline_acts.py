"""The verb that takes outlines in: read, converted to WGS-84, made valid, dated, and each complaint said by area."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import transaction

from linli.places.acts import Reject, bump
from linli.places.datum import converted
from linli.places.models import Area, Outline
from linli.places.outlines import LEAST, Flaw, flaws, polygons

CODE = re.compile(r"[0-9]{6}|[0-9]{9}|[0-9]{12,20}")
FULL = 12
"""Digits of a statistical division code; a shorter one (district, street) is filled up with zeros."""
KINDS = ("Polygon", "MultiPolygon")


@dataclass(slots=True)
class Imported:
    """What an import did: counts, what was mended, what was refused, and the flaws among brothers afterwards."""

    created: int = 0
    replaced: int = 0
    same: int = 0
    mended: list[tuple[str, str]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)


@transaction.atomic
def import_outlines(
    features: Iterable[Mapping[str, Any]], datum: str, source: str, begins: date, least: float = LEAST
) -> Imported:
    """Take in GeoJSON features whose property ``code`` (or ``adcode``) names an area; ``begins``: first day.

    A different outline from a later day ends the one before; from the same day it mends it. Twice the same changes
    nothing. ``least``: square metres from which overlaps and gaps among brothers are listed.
    """
    known = {a.code: a for a in Area.objects.filter(valid_to__isnull=True).select_related("parent")}
    done, touched, seen = Imported(), set[str | None](), set[str]()
    for number, feature in enumerate(features, 1):
        try:
            area, geometry, mended = _read(feature, known, datum)
            if area.code in seen:
                raise ValueError(f"{area.code} 在文件里出现了两次；一个区域的几块要合成一个 MultiPolygon")
        except ValueError as fault:
            properties = feature.get("properties") if isinstance(feature, Mapping) else None
            done.rejects.append(Reject(number, str(fault), {"properties": str(properties)[:200]}))
            continue
        seen.add(area.code)
        try:
            _put(area, Outline(area=area, geometry=geometry, datum=datum, source=source, mended=mended), begins, done)
        except ValueError as fault:
            done.rejects.append(Reject(number, str(fault), {"code": area.code}))
            continue
        if mended:
            done.mended.append((area.code, mended))
        touched.add(area.parent.code if area.parent else None)
    if done.created or done.replaced:
        bump()
    done.flaws = list(_flaws(known, touched, least))
    return done


def _read(feature: Any, known: Mapping[str, Area], datum: str) -> tuple[Area, dict[str, Any], str]:
    """The area, its outline in WGS-84 made valid, and what was wrong with it."""
    if not isinstance(feature, Mapping) or not isinstance(feature.get("geometry"), Mapping):
        raise ValueError("不是带 geometry 的 GeoJSON Feature")
    properties = feature.get("properties") or {}
    code = str(properties.get("code") or properties.get("adcode") or "")
    if not CODE.fullmatch(code):
        raise ValueError(f"properties.code: 应为 6、9 或 12 至 20 位数字，写的是“{code[:40]}”")
    area = known.get(code.ljust(FULL, "0"))
    if area is None:
        raise ValueError(f"没有编码为 {code.ljust(FULL, '0')} 的现有区域；请先用 linli import areas 导入")
    return area, *_geometry(feature["geometry"], datum)


def _geometry(given: Mapping[str, Any], datum: str) -> tuple[dict[str, Any], str]:
    import shapely
    from shapely.geometry import MultiPolygon, mapping, shape

    if given.get("type") not in KINDS:
        raise ValueError(f"geometry.type: 应为 Polygon 或 MultiPolygon，写的是“{str(given.get('type'))[:40]}”")
    try:
        read = shape({"type": given["type"], "coordinates": converted(given["coordinates"], datum)})
        west, south, east, north = read.bounds
    except (KeyError, TypeError, ValueError, IndexError, shapely.errors.ShapelyError) as fault:
        raise ValueError(f"geometry.coordinates 读不出来：{fault}") from None
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError("geometry.coordinates 超出经纬度范围；应为 [经度, 纬度]，单位是度")
    if read.is_valid:
        return dict(mapping(read)), ""
    wrong = shapely.is_valid_reason(read)
    parts = polygons(shapely.make_valid(read))
    if not parts:
        raise ValueError(f"修正后没有面积：{wrong}")
    whole = parts[0] if len(parts) == 1 else MultiPolygon(parts)
    return dict(mapping(whole)), wrong[:200]


def _put(area: Area, new: Outline, begins: date, done: Imported) -> None:
    new.geometry = _plain(new.geometry)
    old = Outline.objects.filter(area=area, valid_to__isnull=True).first()
    new.valid_from = max(begins, area.valid_from) if old is None else begins
    if old is None:
        done.created += 1
    elif old.geometry == new.geometry:
        done.same += 1
        return
    elif begins < old.valid_from:
        raise ValueError(f"已有从 {old.valid_from} 起的边界，新的不能早于它；改正它用同一个日期")
    else:
        done.replaced += 1
        if begins > old.valid_from:
            Outline.objects.filter(id=old.pk).update(valid_to=begins - timedelta(days=1))
        else:
            new.valid_from = old.valid_from
            old.delete()
    new.save()


def _plain(value: Any) -> Any:
    """Tuples as lists, as JSON gives them back."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def _flaws(known: Mapping[str, Area], parents: Iterable[str | None], least: float) -> Iterator[Flaw]:
    living = dict(Outline.objects.filter(valid_to__isnull=True).values_list("area__code", "geometry"))
    children: defaultdict[str | None, list[str]] = defaultdict(list)
    for area in known.values():
        children[area.parent.code if area.parent else None].append(area.code)
    for parent in sorted(parents, key=str):
        brothers = {c: living[c] for c in children[parent] if c in living}
        complete = len(brothers) == len(children[parent])
        whole = living.get(parent or "") if complete else None
        if len(brothers) > 1 or whole is not None:
            found = flaws(brothers, parent or "", whole, least)
            yield from found if complete else (f for f in found if f.kind == "overlap")
