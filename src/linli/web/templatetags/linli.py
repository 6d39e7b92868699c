"""Words, icons and times for templates: ``{% load linli %}``.

Nothing here decides anything about a case; it only says in Chinese or English what the caller already knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.forms import BoundField, CheckboxInput
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from linli.web.language import chinese

register = template.Library()

SHANGHAI = ZoneInfo("Asia/Shanghai")
SPRITE = "linli/vendor/sprite.svg"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@register.simple_tag
def t(zh: str, en: str, **values: object) -> str:
    """The Chinese or the English words; ``{name}`` in them is replaced by the value of that keyword.

    ``{% t "共 {n} 件" "{n} requests" n=total %}``. Values are escaped with the words on output.
    """
    words = zh if chinese() else en
    for name, value in values.items():
        words = words.replace("{" + name + "}", str(value))
    return words


@register.filter
def text(value: Any) -> str:
    """The words of a ``{zh, en}`` object or mapping in the active language; a plain string as it is; None as "".

    A missing language falls back to the other one, so that a reader sees foreign words rather than none.
    """
    return words_of(value, chinese())


def words_of(value: Any, zh: bool) -> str:
    """The same where the caller has asked already whether the language is Chinese."""
    if value is None or isinstance(value, str):
        return value or ""
    if hasattr(value, "zh"):
        first, second = value.zh, value.en
    elif isinstance(value, Mapping) and ("zh" in value or "en" in value):
        first, second = value.get("zh"), value.get("en")
    else:
        return str(value)
    return str((first or second if zh else second or first) or "")


@register.simple_tag
def options(choices: Iterable[Mapping[str, Any]]) -> SafeString:
    """The ``<option>`` of every {value, label, chosen}. In one go: lists of areas and categories are long."""
    drawn, zh = [], chinese()
    for c in choices:
        chosen, words = " selected" if c["chosen"] else "", escape(words_of(c["label"], zh))
        drawn.append(f'<option value="{escape(str(c["value"]))}"{chosen}>{words}</option>')
    return mark_safe("".join(drawn))  # noqa: S308 - values and labels are escaped


@cache
def icon_names() -> frozenset[str]:
    """Every icon id in the sprite; read once from the package's own static files."""
    sprite = Path(__file__).parent.parent / "static" / SPRITE
    return frozenset(re.findall(r'<symbol id="([^"]+)"', sprite.read_text(encoding="utf-8")))


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString | str:
    """One icon of the sprite. Without a label it is decoration and hidden from screen readers; css adds a class.

    An unknown name raises in DEBUG and draws nothing otherwise: a resident's page must not fail over an icon.
    """
    if name not in icon_names():
        if settings.DEBUG:
            raise template.TemplateSyntaxError(f"icon: no “{name}” in {SPRITE}; use a listed id or add a symbol there")
        return ""
    return _draw(name, label, f"icon {css}".strip())


@lru_cache(maxsize=512)
def _draw(name: str, label: str, classes: str) -> SafeString:
    """The SVG text, made once: a page of fifty cases draws two hundred icons and the sprite's URL never changes."""
    href = f"{static(SPRITE)}#{name}"
    if label:
        return format_html('<svg class="{}" role="img" aria-label="{}"><use href="{}"/></svg>', classes, label, href)
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', classes, href)


@register.filter
def when(value: datetime | date | None, now: datetime | None = None) -> str:
    """A moment as people say it, in Asia/Shanghai: 今天 14:05, 昨天 20:10, 3月2日 20:10, 2025年12月1日.

    ``now`` decides what today is; without it the machine's clock does. A plain date has no time of day.
    None gives "". Naive datetimes raise ValueError, because nobody knows which moment they are.
    """
    return when_in(value, now, chinese())


def when_in(value: datetime | date | None, now: datetime | None, zh: bool) -> str:
    """The same where the caller has asked already whether the language is Chinese."""
    if value is None or value == "":
        return ""
    today = _local(now or timezone.now()).date()
    if not isinstance(value, datetime):
        return _day(value, today, zh)
    local = _local(value)
    words = _day(local.date(), today, zh)
    return words if local.year != today.year and abs((local.date() - today).days) > 1 else f"{words} {local:%H:%M}"


@register.filter
def until(due: datetime | None, now: datetime) -> str:
    """How long is left, or how late it is, in whole units rounded down: 还剩 3 小时, 逾期 2 天.

    Under an hour in minutes, under 48 hours in hours, then in days of 24 hours. Under a minute: 马上到期 / 刚刚逾期.
    """
    return until_in(due, now, chinese())


def until_in(due: datetime | None, now: datetime, zh: bool) -> str:
    """The same where the caller has asked already whether the language is Chinese."""
    if due is None or due == "":
        return ""
    left = due - now
    late = left < timedelta(0)
    amount, chinese_unit, unit = _span(abs(left))
    if amount == 0:
        words = ("刚刚逾期", "just overdue") if late else ("马上到期", "due now")
    else:
        plural = "" if amount == 1 else "s"
        how = (f"逾期 {amount} {chinese_unit}", f"{amount} {unit}{plural} overdue")
        words = how if late else (f"还剩 {amount} {chinese_unit}", f"{amount} {unit}{plural} left")
    return words[0 if zh else 1]


@register.filter
def iso(value: datetime | date | None) -> str:
    """The value of a ``datetime`` attribute, in Asia/Shanghai."""
    if isinstance(value, datetime):
        return _local(value).isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else ""


@register.filter
def shares(parts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Parts of a whole for a bar: each part plus ``percent`` (one decimal), ``x`` and ``width`` (per cent, text).

    ``value`` of each part is a count ≥ 0. With a whole of zero ``percent`` is None: 0 of 0 is not 0 %.
    """
    rows = [dict(part) for part in parts]
    whole, x = sum(row["value"] for row in rows), 0.0
    for serial, row in enumerate(rows, 1):
        width = 100 * row["value"] / whole if whole else 0.0
        row |= {"serial": serial, "whole": whole, "percent": round(width, 1) if whole else None}
        row |= {"x": f"{x:.3f}%", "width": f"{width:.3f}%"}
        x += width
    return rows


@register.simple_tag
def field_id(f: Mapping[str, Any]) -> str:
    """The HTML id of a field: its own ``id``, else ``f-`` and its name. Error links point here."""
    return str(f.get("id") or f"f-{f['name']}")


@register.filter
def input_value(value: Any) -> str:
    """What stands in an input's ``value``: dates in the form browsers read, in Asia/Shanghai; None as ""."""
    if isinstance(value, datetime):
        return _local(value).strftime("%Y-%m-%dT%H:%M") if value.tzinfo else value.strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


@register.filter
def bound(field: BoundField) -> dict[str, Any]:
    """A Django form field as the ``f`` of ``parts/field.html``."""
    widget, kind = field.field.widget, type(field.field.widget).__name__
    kinds = {"Textarea": "textarea", "Select": "select", "RadioSelect": "radio", "CheckboxSelectMultiple": "checks"}
    inputs = {"DateInput": "date", "DateTimeInput": "datetime", "CheckboxInput": "checkbox", "HiddenInput": "hidden"}
    kind = str(kinds.get(kind) or inputs.get(kind) or getattr(widget, "input_type", "text"))
    chosen = {str(v) for v in _as_list(field.value())}
    options = [
        {"value": value, "label": label, "chosen": str(value) in chosen}
        for value, label in getattr(field.field, "choices", ())
    ]
    return {
        "name": field.html_name, "id": field.auto_id, "label": field.label, "help": field.help_text,
        "kind": kind, "value": field.value() if field.value() is not None else "", "options": options,
        "error": " ".join(map(str, field.errors)), "required": field.field.required,
        "chosen": isinstance(widget, CheckboxInput) and bool(field.value()),
        "max": getattr(field.field, "max_length", None) or getattr(field.field, "max_value", None),
        "min": getattr(field.field, "min_value", None), "multiple": widget.attrs.get("multiple"),
    }  # fmt: skip


@register.filter
def form_errors(form: Any) -> list[dict[str, str]]:
    """The errors of a Django form as the ``errors`` of ``parts/errors.html``; those of no field come first."""
    rows = [{"text": str(error), "field": ""} for error in form.non_field_errors()]
    return rows + [{"text": str(e), "field": f.auto_id, "label": str(f.label)} for f in form for e in f.errors]


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple, set)) else [value]


def _local(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone: give an aware datetime, as PostgreSQL's timestamptz does")
    return moment.astimezone(SHANGHAI)


def _day(day: date, today: date, zh: bool) -> str:
    near = {0: ("今天", "Today"), -1: ("昨天", "Yesterday"), 1: ("明天", "Tomorrow")}.get((day - today).days)
    if near:
        return near[0 if zh else 1]
    year = day.year != today.year
    if zh:
        return f"{day.year}年{day.month}月{day.day}日" if year else f"{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]}" + (f" {day.year}" if year else "")


def _span(length: timedelta) -> tuple[int, str, str]:
    """A length as (whole amount, Chinese unit, English unit)."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 60:
        return minutes, "分钟", "minute"
    if minutes < 48 * 60:
        return minutes // 60, "小时", "hour"
    return minutes // (24 * 60), "天", "day"
