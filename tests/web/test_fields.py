"""Fields of forms: drawn once for all pages where they say the same, and never taken for one another."""

from __future__ import annotations

from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from linli.kernel.institution import Text
from linli.web.templatetags.linli_fields import _drawn, control

SELECT: dict[str, Any] = {
    "name": "unit", "id": "f-x-unit", "kind": "select", "label": Text("单位", "Unit"), "required": True, "value": "",
    "options": [{"value": "power", "label": Text("供电", "Power")}, {"value": "water", "label": "水 & <b>"}],
}  # fmt: skip
DIFFERENT = [
    {"required": False}, {"help": "先看地址"}, {"error": Text("请选一个", "Choose one")}, {"value": "water"},
    {"options": [{"value": "power", "label": Text("电力", "Power")}]}, {"options": [*SELECT["options"][:1]]},
    {"kind": "radio"}, {"id": "f-y-unit"}, {"kind": "number", "step": 1}, {"kind": "number", "step": True},
]  # fmt: skip


def template(f: dict[str, Any]) -> str:
    return render_to_string("linli/parts/field.html", {"f": f})


@pytest.mark.parametrize("changed", DIFFERENT)
def test_a_field_is_drawn_as_its_template_says_whatever_was_drawn_before(changed: dict[str, Any]) -> None:
    for f in (SELECT, SELECT | changed, SELECT):
        for lang in ("zh-hans", "en"):
            with translation.override(lang):
                assert control(f) == template(f)


def test_what_says_the_same_is_drawn_once() -> None:
    _drawn.cache_clear()
    for _ in range(3):
        control({**SELECT, "options": [dict(o) for o in SELECT["options"]]})
    assert (_drawn.cache_info().misses, _drawn.cache_info().hits) == (1, 2)


def test_what_somebody_typed_is_kept_nowhere() -> None:
    _drawn.cache_clear()
    assert "王小二" in control({**SELECT, "kind": "text", "value": "王小二"})
    control(SELECT | {"kind": "place", "value": "", "lat": "31.7", "lon": "119.9"})
    assert _drawn.cache_info().currsize == 0
