"""GeoReport Bulk: one month of requests as CSV. https://wiki.open311.org/GeoReport/bulk

The same cases, the same coarse place and the same few words as the requests of GeoReport v2: nothing that anybody
wrote, nobody's name, no exact point. Any number of rows: they leave as they are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from django.db import OperationalError
from django.db.models import OuterRef, Q, Subquery
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Text
from linli.ledger import visible
from linli.ledger.definitions import Runtime, runtime
from linli.ledger.models import Entry
from linli.people import registry
from linli.people.registry import Snapshot
from linli.web.api import open311_read as read
from linli.web.api.incoming import Invalid, language
from linli.web.api.open311 import jurisdiction
from linli.web.api.open311_formats import AWAY, Wrong, refuse
from linli.web.page import sheets

COLUMNS = (
    "service_request_id", "requested_datetime", "updated_datetime", "closed_date", "status_description", "status_notes",
    "source", "service_name", "service_subtype", "description", "agency_responsible", "address", "lat", "long",
)  # fmt: skip
SOURCES = {
    "web": "Website", "phone": "Phone", "email": "Email", "sms": "Text/SMS", "open311": "Open311", "api": "Open311",
    "import": "Other system", "counter": "Counter", "field": "Grid worker", "wechat": "WeChat",
}  # fmt: skip
STEP = 1000
MONTH = re.compile(r"(\d{4})-(\d{2})")


@require_safe
def bulk(request: HttpRequest) -> HttpResponseBase:
    """``/open311/bulk?month=2026-03``: the requests raised in that month (Shanghai's); default: this month."""
    lang, now = language(request), timezone.now()
    try:
        rt = runtime()
        jurisdiction(rt.pack, request.GET)
        first, after = month(request.GET.get("month") or now.astimezone(SHANGHAI).strftime("%Y-%m"))
        table = lines(rt, registry.current(), first, after, lang)
        name = f"requests-{rt.pack.place or 'all'}-{first.astimezone(SHANGHAI):%Y-%m}"
        response = sheets.answer(sheets.CSV, table, name, mark=False)
    except Wrong as wrong:
        return refuse("json", lang, wrong.status, wrong.says)
    except Invalid as wrong:
        return refuse("json", lang, 400, (wrong.says,))
    except OperationalError:
        return refuse("json", lang, 503, (AWAY,))
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cache-Control"] = f"public, max-age={3600 if after <= now else 300}"
    return response


def month(raw: str) -> tuple[datetime, datetime]:
    """The first instant of a month written 2026-03, and of the next. Raises Invalid."""
    found = MONTH.fullmatch(raw.strip())
    if found is None or not 1 <= int(found[2]) <= 12 or not 1970 <= int(found[1]) <= 9000:
        raise Invalid("month 应写成 2026-03 这样的年月。", "month is a year and a month, such as 2026-03.")
    year, number = int(found[1]), int(found[2])
    next_year, next_number = (year, number + 1) if number < 12 else (year + 1, 1)
    return _midnight(date(year, number, 1)), _midnight(date(next_year, next_number, 1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def lines(rt: Runtime, snapshot: Snapshot, first: datetime, after: datetime, lang: str) -> Iterator[list[str]]:
    """The column names, then a row for each request, the oldest number first."""
    yield list(COLUMNS)
    latest = Entry.objects.filter(case=OuterRef("pk")).order_by("-seq").values("at")[:1]
    cases = visible.published(rt.pack).filter(Q(reported__gte=first) & Q(reported__lt=after)).order_by("number")
    rows = cases.annotate(touched=Subquery(latest)).values(*read.COLUMNS, "channel", "touched")
    last = -1
    while page := list(rows.filter(number__gt=last)[:STEP]):
        yield from (_line(rt, snapshot, row, lang) for row in page)
        last = page[-1]["number"]
        if len(page) < STEP:
            return


def _line(rt: Runtime, snapshot: Snapshot, row: Mapping[str, Any], lang: str) -> list[str]:
    told = read.request(rt, snapshot, row, row["touched"], lang)
    group = _group(rt, row, lang)
    cells = {
        **{name: told.get(name) for name in COLUMNS},
        "closed_date": told["updated_datetime"] if row["ended"] else None,
        "status_description": "Closed" if row["ended"] else "Open",
        "source": SOURCES.get(row["channel"], "Other"),
        "service_name": group or told["service_name"],
        "service_subtype": told["service_name"] if group else None,
    }
    return [_cell(name, cells[name]) for name in COLUMNS]


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6f}" if name in ("lat", "long") else sheets.safe(str(value))


def _group(rt: Runtime, row: Mapping[str, Any], lang: str) -> str | None:
    """The name of the group that the category belongs to; None when it stands alone."""
    spec = rt.institution(row["institution"], row["version"]).fields.get(read.CATEGORY)
    codes = rt.pack.lists.get((spec.list if spec else None) or "", {})
    code = codes.get(row["category"] or "")
    above = codes.get(code.group) if code and code.group else None
    title: Text | None = above.title if above else None
    return title.in_(lang) if title else None
