"""JSON Schemas (draft 2020-12) of a pack's files for editors, drawn from the same dataclasses as the reader.

An editor reads YAML as YAML 1.2 does; the reader takes every scalar as text and converts it. Where both could differ
the schema is the stricter one. What only the whole pack can tell (is this role declared?) is left to `check`.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, is_dataclass
from datetime import date
from typing import Any, Literal, Union, get_args, get_origin

from linli.drafting.figures import Figure
from linli.drafting.reader import shape
from linli.drafting.reference import is_mapping
from linli.drafting.reference_words import key_zh
from linli.drafting.standards import StandardsFile
from linli.kernel.institution import Code, Dated, Institution, PackFile, Result, Text

Schema = dict[str, Any]
DRAFT = "https://json-schema.org/draft/2020-12/schema"
NAME: Schema = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,62}$"}
WORD: Schema = {"type": ["string", "number", "boolean"], "pattern": "\\S"}
DAY: Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
MOMENT: Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}.*)?$"}
WHOLE: Schema = {"type": "integer", "minimum": -999_999_999, "maximum": 999_999_999}
HOUR: Schema = {"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}$"}

FILES: dict[str, tuple[str, Any]] = {
    "institution": ("*/institution.yaml", Institution),
    "pack": ("pack.yaml", PackFile),
    "parameters": ("parameters.yaml", Mapping[str, tuple[Dated, ...]]),
    "lists": ("lists.yaml", Mapping[str, Mapping[str, Code]]),
    "results": ("results.yaml", Mapping[str, Result]),
    "standards": ("standards.yaml", StandardsFile),
    "figures": ("figures.yaml", Mapping[str, Figure]),
    "calendars": ("calendars.yaml", None),
    "scenario": ("*/scenarios/*.yaml", None),
}
"""Each kind of file: where it lies in a pack, and its type where it is read into a dataclass."""


def schema(kind: str) -> Schema:
    """The schema of one kind of file (a key of FILES); KeyError for another."""
    pattern, read_as = FILES[kind]
    defs: dict[str, Schema] = {}
    if kind == "calendars":
        top = _calendars(defs)
    elif kind == "scenario":
        top = _scenario(defs)
    else:
        top = _value(read_as, defs)
    return {"$schema": DRAFT, "title": f"Linli: {pattern}", **top, "$defs": dict(sorted(defs.items()))}


def editor_settings(folder: str) -> dict[str, list[str]]:
    """The value of ``yaml.schemas`` in an editor's settings, for schemas that lie in ``folder``."""
    return {f"{folder}/{kind}.schema.json": [pattern] for kind, (pattern, _) in FILES.items()}


def _value(kind: Any, defs: dict[str, Schema]) -> Schema:
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _value(next(a for a in args if a is not type(None)), defs)
    if origin is tuple:
        return _some(_value(args[0], defs))
    if origin is Literal:
        return {"enum": list(args)}
    if is_mapping(kind):
        return {"type": "object", "propertyNames": NAME, "additionalProperties": _value(args[1], defs)}
    if is_dataclass(kind) and isinstance(kind, type):
        return _thing(kind, defs)
    return {bool: {"type": "boolean"}, int: WHOLE, date: DAY}.get(kind, WORD)


def _thing(cls: type, defs: dict[str, Schema]) -> Schema:
    if cls.__name__ not in defs:
        defs[cls.__name__] = {}  # so that a class that contains itself ends
        keys, required = shape(cls)
        defs[cls.__name__] = {
            "type": "object",
            "description": (cls.__doc__ or "").strip().split("\n")[0],
            "additionalProperties": False,
            "required": sorted(required),
            "properties": {key: _key(cls, key, spec, kind, defs) for key, (spec, kind) in keys.items()},
        }
    return {"$ref": f"#/$defs/{cls.__name__}"}


def _key(cls: type, key: str, spec: Any, kind: Any, defs: dict[str, Schema]) -> Schema:
    found = {**_value(kind, defs), "description": f"{key_zh(cls.__name__, key)} {spec.metadata['doc']}"}
    if spec.default is not MISSING and spec.default not in (None, ()):
        found["default"] = list(spec.default) if isinstance(spec.default, tuple) else spec.default
    return found


def _closed(required: list[str], **properties: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def _some(item: Schema) -> Schema:
    return {"anyOf": [item, _list(item)]}


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def _calendars(defs: dict[str, Schema]) -> Schema:
    """calendars.yaml, which ``linli.drafting.load`` reads by hand."""
    off = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}(\\.\\.[0-9]{4}-[0-9]{2}-[0-9]{2})?$"}
    defs["Year"] = _closed(["source", "off", "worked"], source=WORD, off=_some(off), worked=_some(off))
    years = {"type": "object", "propertyNames": {"pattern": "^[0-9]{4}$"}}
    defs["Calendar"] = _closed(
        [],
        title=_value(Text, defs),
        source=WORD,
        hours=_list({**_list(HOUR), "minItems": 2, "maxItems": 2}),
        years={**years, "additionalProperties": {"$ref": "#/$defs/Year"}},
    )
    calendars = {"type": "object", "additionalProperties": {"$ref": "#/$defs/Calendar"}}
    return _closed(["calendars"], calendars=calendars)


def _scenario(defs: dict[str, Schema]) -> Schema:
    """A scenario, which ``linli.drafting.scenario`` reads by hand."""
    defs["Step"] = _closed(
        ["at", "who", "act"],
        at={**MOMENT, "description": "什么时候。When, as 2026-03-02 20:10."},
        who={**WORD, "description": "谁，cast 里的名字。Who, a name of `cast`."},
        act={**WORD, "description": "做什么；ACT.agree 是同意。Which act; ACT.agree settles one that asks."},
        **{
            "with": {"type": "object", "description": "填的内容。What is filled in."},
            "as": {**WORD, "description": "open：另开的事项叫什么，on 里用。For `open`: its name for `on`."},
        },
        on={**WORD, "description": "在哪个被吹哨的单位、哪件另开的事项那里办。At which called unit or named case."},
        institution={**WORD, "description": "open：另开哪项制度的事项。For `open`: of which institution."},
        refused={**WORD, "description": "本应被拒绝的代码。The refusal that is expected."},
    )
    defs["Expect"] = _closed(
        [],
        stage=WORD,
        result=WORD,
        tier=WORD,
        holder=WORD,
        told=_some(WORD),
        acts=_list(WORD),
        counts={"type": "object", "additionalProperties": WHOLE},
        children={"type": "object", "additionalProperties": WORD},
    )
    return _closed(
        ["scenario", "cast", "steps", "expect"],
        scenario=_value(Text, defs),
        cast={"type": "object", "additionalProperties": WORD, "description": "名字: 角色。name: role, or role@unit."},
        steps=_list({"$ref": "#/$defs/Step"}),
        expect={"$ref": "#/$defs/Expect"},
        until={**MOMENT, "description": "看到什么时候为止。Watch until then."},
        vacant=_list({**WORD, "description": "没有人担任的角色。Roles that nobody holds."}),
        covers=_list(WORD),
    )
