"""What Open311 shows of the cases: status, stage, promise and the neighbourhood. No text, no name, no exact point.

Only the columns of a case are read, never what was written down in it; a page of any length takes two statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Q
from django.http import QueryDict

from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Institution, Text
from linli.kernel.refusal import title_of
from linli.ledger import visible
from linli.ledger.definitions import Runtime
from linli.ledger.models import Entry
from linli.people.registry import Place, Snapshot
from linli.web.api.incoming import LARGEST, moment, number
from linli.web.api.open311_formats import Wrong
from linli.web.api.open311_services import CATEGORY, services

SPAN = timedelta(days=90)
"""The longest range of one question, and the default: the standard's 90 days."""

MOST = 1000
"""Requests in one answer: the standard's 1 000."""

COLUMNS = (
    "id", "number", "institution", "version", "stage", "category", "place", "holder_role", "holder_duty",
    "holder_path", "reported", "ended", "promise_due", "result",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client asks for: cases that fit ``condition``, one page of ``size``."""

    condition: Q
    page: int = 1
    size: int = MOST


def wanted(rt: Runtime, query: QueryDict, now: datetime) -> Wanted:
    """The arguments of GET requests. Raises Wrong or Invalid with what to write."""
    page = number(query.get("page") or "1", "page", 1, 10_000)
    size = number(query.get("page_size") or str(MOST), "page_size", 1, MOST)
    ids = _listed(query, "service_request_id")
    if ids:  # "This overrides all other arguments."
        if len(ids) > MOST:
            raise Wrong(400, Text(f"一次最多查 {MOST} 个编号。", f"Ask for at most {MOST} numbers at once."))
        numbers = [int(i) for i in ids if i.isascii() and i.isdigit() and len(i) < 20 and int(i) <= LARGEST]
        return Wanted(Q(number__in=numbers), page, size)
    condition = _range(query, now)
    codes, states = _listed(query, "service_code"), _listed(query, "status")
    if codes:
        condition &= _of_services(rt, codes)
    if states:
        condition &= _of_states(states)
    return Wanted(condition, page, size)


def one(id: str) -> Wanted:
    """The request with this number; a number too great for the column names none."""
    return Wanted(Q(number=int(id)) if len(id) < 20 and int(id) <= LARGEST else Q(pk__in=[]), 1, 1)


def _listed(query: QueryDict, name: str) -> list[str]:
    """An argument that may be repeated and comma-delimited; empty ones are as if not sent."""
    return list(dict.fromkeys(v.strip() for given in query.getlist(name) for v in given.split(",") if v.strip()))


def _range(query: QueryDict, now: datetime) -> Q:
    first, last = (moment(query.get(n) or "", n) if query.get(n) else None for n in ("start_date", "end_date"))
    if first and last and first > last:
        raise Wrong(400, Text("start_date 晚于 end_date。", "start_date is later than end_date."))
    if first and last and last - first > SPAN:
        raise Wrong(400, Text("时间范围最多 90 天，请分段查询。", "A range may span 90 days; ask in parts."))
    begin = first or (last or now) - SPAN
    end = last or (first + SPAN if first else None)
    return Q(reported__gte=begin) & Q(reported__lte=end) if end else Q(reported__gte=begin)


def _of_services(rt: Runtime, codes: Iterable[str]) -> Q:
    known, condition = services(rt.pack), Q(pk__in=[])
    for code in codes:
        service = known.get(code)
        if service is None:
            raise Wrong(400, Text(f"没有服务 {code[:40]}。", f"There is no service {code[:40]}."))
        condition |= Q(institution=service.institution.name, category=service.category)
    return condition


def _of_states(states: Iterable[str]) -> Q:
    if not set(states) <= {"open", "closed"}:
        raise Wrong(400, Text("status 只能是 open 或 closed。", "status is open or closed."))
    return Q(ended__isnull="open" in states) if len(set(states)) == 1 else Q()


def found(rt: Runtime, snapshot: Snapshot, asked: Wanted, lang: str) -> list[dict[str, Any]]:
    """One page of requests, newest number first."""
    start = (asked.page - 1) * asked.size
    cases = visible.published(rt.pack).filter(asked.condition).order_by("-number")
    rows = list(cases.values(*COLUMNS)[start : start + asked.size])
    latest = Entry.objects.filter(case__in=[r["id"] for r in rows]).values_list("case_id").annotate(Max("at"))
    touched = dict(latest) if rows else {}
    return [request(rt, snapshot, row, touched.get(row["id"]), lang) for row in rows]


def request(
    rt: Runtime, snapshot: Snapshot, row: Mapping[str, Any], touched: datetime | None, lang: str
) -> dict[str, Any]:
    """One request as the standard writes it, out of COLUMNS; ``touched`` is when its last act was."""
    institution = rt.institution(row["institution"], row["version"])
    name = _name(rt, institution, row["category"]).in_(lang)
    place = visible.public_place(rt.pack, snapshot, row["place"])
    return {
        "service_request_id": str(row["number"]),
        "status": "closed" if row["ended"] else "open",
        "status_notes": _notes(rt, institution, row, lang),
        "service_name": name,
        "service_code": row["category"] or institution.name,
        "description": name,
        "agency_responsible": agency(snapshot, institution, row, lang),
        "service_notice": None,
        "requested_datetime": _time(row["reported"]),
        "updated_datetime": _time(row["ended"] or touched or row["reported"]),
        "expected_datetime": _time(row["promise_due"]),
        "address": _address(snapshot, place),
        "address_id": place.code if place else None,
        "zipcode": None,
        "lat": place.lat if place else None,
        "long": place.lng if place else None,
        "media_url": None,
    }


def _name(rt: Runtime, institution: Institution, category: str | None) -> Text:
    if category is None:
        return institution.title
    field = institution.fields.get(CATEGORY)
    code = rt.pack.lists.get(field.list or "", {}).get(category) if field else None
    return code.title if code else Text(category, category)


def _notes(rt: Runtime, institution: Institution, row: Mapping[str, Any], lang: str) -> str:
    """The stage, and once there is an answer how it came out: "closed" never reads as "solved"."""
    stage = institution.stages[row["stage"]].title.in_(lang)
    result = rt.pack.results[row["result"]].title.in_(lang) if row["result"] in rt.pack.results else ""
    return (f"{stage}：{result}" if lang == "zh" else f"{stage}: {result}") if result else stage


def agency(snapshot: Snapshot, institution: Institution, row: Mapping[str, Any], lang: str) -> str | None:
    """The unit that holds the case: the one in whose name the duty is held, otherwise the role. Never a person."""
    if row["ended"] or not row["holder_role"]:
        return None
    office = snapshot.units_by_path.get(row["holder_path"] or "")
    if office is None:
        held = snapshot.held.get((row["holder_duty"] or "", row["holder_path"] or ""), ())
        office = next((o for h in held if (o := snapshot.units_by_path.get(h.unit or ""))), None)
    return office.name if office else title_of(institution, row["holder_role"]).in_(lang)


def _address(snapshot: Snapshot, place: Place | None) -> str | None:
    """Names from the smallest area to the largest, as the standard asks."""
    names = []
    while place is not None:
        names.append(place.name)
        place = snapshot.places.get(place.parent or "")
    return ", ".join(names) or None


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(SHANGHAI).isoformat(timespec="seconds") if moment else None
