"""Forms drawn from the definition: a field of an institution becomes a control, and what is sent becomes its value.

Nothing here decides whether a value fits; the ledger does. What people typed comes back word for word with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from linli.kernel.institution import Code, Field, Institution, Pack, Text
from linli.kernel.refusal import Refusal
from linli.people.registry import Office, Snapshot
from linli.places.dispatch import Rule
from linli.web.page import attachments

SHORT_TEXT = 120
CARDS = 6
"""A code list with at most so many leaves is shown as cards; a longer one as a grouped list."""
RESULT = "result"
YES, NO = Text("是", "Yes"), Text("否", "No")
UNKNOWN = Text("请选择", "Choose")


@dataclass(frozen=True, slots=True)
class Frame:
    """What controls are drawn from: the definition, the registry, and where the case is (a path of the area tree)."""

    pack: Pack
    institution: Institution
    snapshot: Snapshot
    place: str = ""
    listed: tuple[Rule, ...] = ()
    """What the dispatch catalogue says of this case: the units proposed where none was chosen yet."""
    again: bool = False
    """The form came back: whatever was chosen, or taken out, stays so."""


@dataclass(slots=True)
class Filled:
    """What was sent: ``data`` for the ledger, and complaints by field that were found before asking it."""

    data: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, Text] = field(default_factory=dict)


# --- drawing


def control(
    frame: Frame, spec: Field, *, required: bool, value: Any = None, error: Text | None = None, prefix: str = ""
) -> dict[str, Any]:
    """``spec`` as the ``f`` of ``parts/field.html``. ``prefix`` keeps HTML ids apart where a page has several forms."""
    f: dict[str, Any] = {
        "name": spec.name, "id": f"f-{prefix}{spec.name}", "label": spec.title, "help": spec.help,
        "required": required, "error": error, "value": "" if value is None else value,
    }  # fmt: skip
    return f | _DRAW[spec.type](frame, spec, value, required)


def controls(
    frame: Frame,
    needs: Sequence[str],
    may: Sequence[str],
    filled: Filled | None = None,
    prefix: str = "",
    results: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """All controls of an act: what it needs, the choice of the result when there are several, what it may take."""
    sent = filled or Filled()

    def draw(name: str, required: bool) -> dict[str, Any]:
        spec = frame.institution.fields[name]
        value, error = sent.data.get(name), sent.errors.get(name)
        return control(frame, spec, required=required, value=value, error=error, prefix=prefix)

    rows = [draw(n, True) for n in needs]
    if results:
        rows.append(_result(frame, results, sent, prefix))
    return rows + [draw(n, False) for n in may]


def _result(frame: Frame, results: Sequence[str], sent: Filled, prefix: str) -> dict[str, Any]:
    options = [{"value": r, "label": frame.pack.results[r].title} for r in results]
    return {
        "name": RESULT, "id": f"f-{prefix}{RESULT}", "kind": "radio", "label": Text("办理结果", "Result"),
        "required": True, "options": options, "value": sent.data.get(RESULT), "error": sent.errors.get(RESULT),
    }  # fmt: skip


def _text(frame: Frame, spec: Field, value: Any, required: bool) -> dict[str, Any]:
    if spec.max is not None and spec.max <= SHORT_TEXT:
        return {"kind": "text"}
    long = spec.max is None or spec.max > 300
    return {"kind": "textarea", "rows": 5 if long else 3, "max": spec.max}


def leaves(codes: Mapping[str, Code]) -> list[Code]:
    """The entries that can be chosen: those under which nothing else stands."""
    parents = {c.group for c in codes.values() if c.group}
    return [c for name, c in codes.items() if name not in parents]


def groups(codes: Mapping[str, Code]) -> list[dict[str, Any]]:
    """The leaves by group: ``[{label, options: [{value, label}]}]``; those without a group come under no label."""
    found: dict[str | None, list[dict[str, Any]]] = {}
    for leaf in leaves(codes):
        found.setdefault(leaf.group, []).append({"value": leaf.name, "label": leaf.title})
    return [{"label": codes[g].title if g and g in codes else None, "options": rows} for g, rows in found.items()]


def _code(frame: Frame, spec: Field, value: Any, required: bool) -> dict[str, Any]:
    codes = frame.pack.lists.get(spec.list or "", {})
    choices = leaves(codes)
    if len(choices) <= CARDS:
        return {"kind": "radio", "options": [{"value": c.name, "label": c.title} for c in choices]}
    if not any(c.group for c in choices):
        options = [{"value": c.name, "label": c.title} for c in choices]
        return {"kind": "select", "options": [{"value": "", "label": UNKNOWN}, *options]}
    return {"kind": "select", "options": [{"value": "", "label": UNKNOWN}], "groups": groups(codes)}


def _yes_no(frame: Frame, spec: Field, value: Any, required: bool) -> dict[str, Any]:
    word = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
    return {
        "kind": "radio",
        "value": word,
        "options": [{"value": "yes", "label": YES}, {"value": "no", "label": NO}],
    }


def _point(frame: Frame, spec: Field, value: Any, required: bool) -> dict[str, Any]:
    lat, _, lng = str(value or "").partition(",")
    return {"kind": "place", "value": "", "lat": lat, "lon": lng}


def _files(frame: Frame, spec: Field, value: Any, required: bool) -> dict[str, Any]:
    kept = [{"id": i, "thumb": attachments.preview(i)} for i in value or ()]
    return {
        "kind": "photos",
        "accept": attachments.ACCEPT,
        "max": spec.max,
        "kept": kept,
        "required": required and not kept,
    }


def _units(frame: Frame, spec: Field, value: Any, required: bool) -> dict[str, Any]:
    offered = offered_units(frame, spec)
    codes = {u.code for u in offered}
    proposed = [r for r in frame.listed if r.unit in codes] if spec.max != 1 and not frame.again else []
    chosen = list(value or [r.unit for r in proposed])
    if spec.max == 1:
        options = [{"value": "", "label": UNKNOWN if required else Text("没有", "None")}]
        now = chosen[0] if chosen else ""
        return {
            "kind": "select",
            "value": now,
            "options": options + [{"value": u.code, "label": u.name} for u in offered],
        }
    options = [{"value": u.code, "label": u.name, "chosen": u.code in chosen} for u in offered]
    f: dict[str, Any] = {"kind": "checks", "value": None, "options": options}
    if proposed:
        f["help"] = _by_catalogue(frame, proposed)
    if _has_lead(frame.institution, spec.name):
        lead = [{"value": "", "label": UNKNOWN}, *({"value": u.code, "label": u.name} for u in offered)]
        f["lead"] = {
            "name": f"{spec.name}_lead", "kind": "select", "options": lead, "value": chosen[0] if chosen else "",
            "label": Text("首接单位（牵头）", "First receiver (leads)"), "required": True, "id": f"f-{spec.name}_lead",
        }  # fmt: skip
        f["label"], f["required"] = Text("还要哪些单位一起办", "Which others take part"), False
        f["plain"] = True
    return f


def _by_catalogue(frame: Frame, proposed: list[Rule]) -> Text:
    """Why these units are proposed: the line of the catalogue, from when, on what ground, and who keeps it."""
    first = proposed[0]
    units = frame.snapshot.units
    names = "、".join(units[r.unit].name for r in proposed)
    owner = units[first.owner].name if first.owner in units else first.owner
    return Text(
        f"按派单目录选好了：{names}（{first.source}，{first.starts} 起，由{owner}维护）。可以改。",
        f"Proposed by the dispatch catalogue: {names} ({first.source}, since {first.starts}, kept by {owner}).",
    )


def _has_lead(institution: Institution, name: str) -> bool:
    calls = [s.calls for s in institution.stages.values() if s.calls and s.calls.for_each == name]
    return any(c.lead == "first" for c in calls)


def offered_units(frame: Frame, spec: Field) -> list[Office]:
    """The units that make sense here: of the kinds that can answer such a call, and responsible for the place."""
    kinds = _called_kinds(frame, spec.name)
    units = [u for u in frame.snapshot.units.values() if not kinds or u.kind in kinds]
    near = [u for u in units if frame.place == u.area or frame.place.startswith(f"{u.area}.")]
    return near or units


def _called_kinds(frame: Frame, name: str) -> set[str]:
    kinds: set[str] = set()
    for stage in frame.institution.stages.values():
        if stage.calls and stage.calls.for_each == name and stage.calls.institution in frame.pack.institutions:
            called = frame.pack.institutions[stage.calls.institution]
            duties = [frame.pack.duties[r.duty] for r in called.roles.values() if r.at == "unit"]
            kinds |= {at for d in duties for at in d.at}
    return kinds


def _area(frame: Frame, spec: Field, value: Any, required: bool) -> dict[str, Any]:
    places = sorted(frame.snapshot.places.values(), key=lambda p: p.code)
    options = [{"value": p.code, "label": p.name} for p in places]
    return {"kind": "select", "options": [{"value": "", "label": UNKNOWN}, *options]}


def _items(frame: Frame, spec: Field, value: Any, required: bool) -> dict[str, Any]:
    lines = "\n".join(value) if isinstance(value, list) else value or ""
    return {"kind": "textarea", "rows": 5, "value": lines}


_DRAW: dict[str, Any] = {
    "text": _text,
    "code": _code,
    "yes_no": _yes_no,
    "date": lambda *_: {"kind": "date"},
    "number": lambda frame, spec, value, required: {"kind": "number", "max": spec.max, "step": "any"},
    "point": _point,
    "files": _files,
    "units": _units,
    "area": _area,
    "moment": lambda *_: {"kind": "datetime"},
    "items": _items,
    "case": lambda *_: {"kind": "text", "inputmode": "numeric"},
}


# --- reading


def read(post: QueryDict, files: MultiValueDict[str, UploadedFile], specs: Iterable[Field], now: datetime) -> Filled:
    """What was sent for ``specs``: values as the ledger takes them; photos are stored (unclaimed) and named by id.

    Photos of an earlier try come back in ``NAME_kept``. Empty values are left out, except that nothing typed is lost.
    """
    filled = Filled()
    for spec in specs:
        value = _read(post, files, spec, now, filled)
        if value not in (None, "", []):
            filled.data[spec.name] = value
    if post.get(RESULT):
        filled.data[RESULT] = post[RESULT]
    return filled


def _read(post: QueryDict, files: MultiValueDict[str, UploadedFile], spec: Field, now: datetime, filled: Filled) -> Any:
    if spec.type == "files":
        kept = attachments.unclaimed(post.getlist(f"{spec.name}_kept"))
        try:
            return kept + attachments.store(files.getlist(spec.name), spec, now, already=len(kept))
        except attachments.Refused as fault:
            filled.errors[spec.name] = fault.says
            return kept
    if spec.type == "units":
        return [u for u in dict.fromkeys([post.get(f"{spec.name}_lead", ""), *post.getlist(spec.name)]) if u]
    if spec.type == "point":
        lat, lng = post.get(f"{spec.name}_lat", "").strip(), post.get(f"{spec.name}_lon", "").strip()
        return f"{lat},{lng}" if lat and lng else post.get(spec.name, "").strip()
    return post.get(spec.name, "")


def refused(filled: Filled, refusal: Refusal) -> Filled:
    """The same with the ledger's complaints added."""
    return Filled(filled.data, {**refusal.fields, **filled.errors})


def error_list(fs: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The complaints of drawn controls as ``parts/errors.html`` takes them, each linked to its field."""
    return [
        {"field": f.get("id") or f"f-{f['name']}", "label": f["label"], "text": f["error"]}
        for f in fs
        if f.get("error")
    ]
