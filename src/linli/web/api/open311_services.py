"""What may be reported over Open311: the leaf categories of every public institution, drawn from the pack in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from linli.kernel.institution import Field, Institution, Pack, Text

CATEGORY = "category"
"""The field whose code the ledger copies into a column of its own; services are its leaves."""

DATATYPES = {
    "text": "text",
    "code": "singlevaluelist",
    "yes_no": "singlevaluelist",
    "date": "datetime",
    "number": "number",
}
"""GeoReport's datatype for each type of field that a form without files, maps and registers can carry."""

YES_NO = (("true", Text("是", "Yes")), ("false", Text("否", "No")))


@dataclass(frozen=True, slots=True)
class Service:
    """One thing to report: the institution it opens, the category it sets, and the fields that are filled in."""

    code: str
    name: Text
    group: Text | None
    institution: Institution
    category: str | None
    text: str
    address: str | None
    point: str | None
    attributes: tuple[str, ...]

    @property
    def asks_more(self) -> bool:
        """Whether some attribute must be filled in besides the standard's own arguments."""
        return any(name in self.institution.open.needs for name in self.attributes)


_known: tuple[Pack, dict[str, Service]] | None = None


def services(pack: Pack) -> dict[str, Service]:
    """The services of ``pack`` by code, in the order of its lists."""
    global _known
    if _known is None or _known[0] is not pack:
        found: dict[str, Service] = {}
        for institution in pack.institutions.values():
            for service in _of(pack, institution) if institution.public else ():
                found.setdefault(service.code, service)
        _known = (pack, found)
    return _known[1]


def _of(pack: Pack, institution: Institution) -> list[Service]:
    act = institution.open
    fields = {n: institution.fields[n] for n in (*act.needs, *act.may) if institution.fields[n].class_ != "handler"}
    text = next((n for n in act.needs if fields[n].type == "text"), None)
    if text is None:
        return []
    point = next((n for n, f in fields.items() if f.type == "point"), None)
    address = "address" if "address" in fields and fields["address"].type == "text" else None
    listed = CATEGORY if CATEGORY in fields and fields[CATEGORY].type == "code" else None
    taken = {text, point, address, listed, institution.against}
    attributes = tuple(n for n, f in fields.items() if n not in taken and f.type in DATATYPES)
    if not {n for n in act.needs if n not in taken} <= set(attributes):
        return []  # it asks for a file or a unit, which Open311 cannot send
    rest = (institution, text, address, point, attributes)
    if listed is None:
        return [_service(institution.name, institution.title, None, None, *rest)]
    codes = pack.lists[fields[listed].list or ""]
    groups = {c.group for c in codes.values() if c.group}
    leaves = [(n, c) for n, c in codes.items() if n not in groups]
    return [_service(n, c.title, codes[c.group].title if c.group else None, n, *rest) for n, c in leaves]


def _service(
    code: str, name: Text, group: Text | None, category: str | None, institution: Institution,
    text: str, address: str | None, point: str | None, attributes: tuple[str, ...],
) -> Service:  # fmt: skip
    return Service(code, name, group, institution, category, text, address, point, attributes)


def listing(service: Service, lang: str) -> dict[str, Any]:
    """The service as it stands in GET services."""
    group = service.group.in_(lang) if service.group else None
    about = service.institution.about
    words = dict.fromkeys(w for w in (service.name.zh, service.name.en, group) if w)
    return {
        "service_code": service.code,
        "service_name": service.name.in_(lang),
        "description": about.in_(lang) if about else "",
        "metadata": service.asks_more,
        "type": "realtime",
        "keywords": ", ".join(w.replace(",", " ") for w in words),
        "group": group or "",
    }


def definition(pack: Pack, service: Service, lang: str) -> dict[str, Any]:
    """The service's attributes as they stand in GET services/CODE."""
    fields = service.institution.fields
    attributes = [_attribute(pack, service, fields[n], order, lang) for order, n in enumerate(service.attributes, 1)]
    return {"service_code": service.code, "attributes": attributes}


def _attribute(pack: Pack, service: Service, field: Field, order: int, lang: str) -> dict[str, Any]:
    return {
        "variable": True,
        "code": field.name,
        "datatype": DATATYPES[field.type],
        "required": field.name in service.institution.open.needs,
        "datatype_description": field.help.in_(lang) if field.help else None,
        "order": order,
        "description": field.title.in_(lang),
        "values": [{"key": key, "name": name.in_(lang)} for key, name in _choices(pack, field)],
    }


def _choices(pack: Pack, field: Field) -> list[tuple[str, Text]]:
    if field.type == "yes_no":
        return list(YES_NO)
    codes: Mapping[str, Any] = pack.lists.get(field.list or "", {}) if field.type == "code" else {}
    groups = {c.group for c in codes.values()}
    return [(n, c.title) for n, c in codes.items() if n not in groups]
