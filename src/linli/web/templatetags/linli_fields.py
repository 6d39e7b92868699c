"""Fields of forms: ``{% load linli_fields %}{% control f %}``.

An open case has a form for each of its acts, with forty fields that say the same on every case; drawing them anew took
a quarter of its page.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from linli.web.language import chinese

register = template.Library()

KEPT = 1024
"""So many drawn fields are kept in memory (1 to 20 kB each)."""


@register.simple_tag
def control(f: Mapping[str, Any]) -> SafeString:
    """``parts/field.html`` for ``f``; one that says nothing of its own is drawn once for every page it stands on."""
    if f.get("error") or f.get("value") or f.get("lat"):
        return _rendered(f)
    return _drawn(_Field(f), chinese())


class _Field:
    """A field known by everything it says, down to its choices: changed words are another field."""

    __slots__ = ("f", "said")

    def __init__(self, f: Mapping[str, Any]) -> None:
        self.f, self.said = f, _frozen(f)

    def __hash__(self) -> int:
        return hash(self.said)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Field) and self.said == other.said


def _frozen(value: Any) -> Hashable:
    if isinstance(value, Mapping):
        return tuple([(k, _frozen(v)) for k, v in value.items()])
    if isinstance(value, list | tuple):
        return tuple([_frozen(v) for v in value])
    return value if isinstance(value, str) else (type(value), value)  # 1, 1.0 and True are written differently


@lru_cache(KEPT)
def _drawn(field: _Field, zh: bool) -> SafeString:
    return _rendered(field.f)


def _rendered(f: Mapping[str, Any]) -> SafeString:
    return render_to_string("linli/parts/field.html", {"f": f})
