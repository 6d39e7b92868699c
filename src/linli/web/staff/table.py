"""The list page that desk and command share: tabs, filters read from the address, keyset pages, export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any, cast
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse

from linli.drafting.figures import answers, read_figures
from linli.insight.figures import holder_title, scope_of
from linli.kernel.institution import Pack, Text
from linli.ledger import filters as narrowing
from linli.ledger import queries
from linli.ledger.definitions import Runtime, runtime
from linli.ledger.filters import NONE, Filters
from linli.ledger.queries import Page
from linli.ledger.visible import Viewer
from linli.people import registry
from linli.people.registry import Snapshot
from linli.web.page import nav
from linli.web.page.request import lang, moment, private, viewer
from linli.web.staff import bulk, export, filter_form, rows, sheets
from linli.web.staff.sheets import count_words

EMPTY = {
    "mine": Text("您手上没有要办的事项。", "You hold nothing that needs doing."),
    "waiting": Text("没有等您同意的。", "Nothing waits for your agreement."),
    "all": Text("没有符合条件的事项。", "Nothing matches."),
    "closed": Text("没有符合条件的办结事项。", "No closed case matches."),
}
SHOWN = ("q", "stage", "category", "area", "overdue", "opened_from", "opened_to", "result", "tier", "unit")
"""The filters that the form itself offers; others come from a figure's link and are named above the list."""


def show(
    request: HttpRequest, heading: Text, actions: list[dict[str, Any]] | None = None, roots: bool = True
) -> HttpResponse:
    """The list at the request's own address; its tabs begin without the cases of called units if ``roots``."""
    who, now = viewer(request), moment(request)
    rt, snapshot = runtime(), registry.current()
    given, wrong = narrowing.read(dict(request.GET.lists()), rt.pack, snapshot)
    found = number_of(request, who, given, now)
    if found:
        return found
    tab = _tab(request, given)
    shown = given.but(state="closed") if tab == "closed" and not given.state else given
    if request.GET.get("export") in export.KINDS:
        mine = shown.but(mine=tab == "mine" or given.mine)
        found_rows = queries.waiting(who, now) if tab == "waiting" else export.listed(who, mine, now)
        file = export.answer(request.GET["export"], found_rows, now, lang())
        return cast(HttpResponse, file)  # streamed, which Django's types keep apart from a page
    page, sheet = _page(request, who, tab, shown, now), sheets.number(request)
    if tab == "mine" and (back := sheets.beyond(page, sheet, "?tab=mine")):
        return back
    context = {
        "heading": heading,
        "actions": actions or [],
        "tabs": _tabs(who, tab, page, now, roots),
        "tab": tab,
        "rows": rows.drawn(page.rows),
        "page": page,
        "pager": _pager(request, page),
        "sheets": sheets.pager(page, sheet, queries.QUEUE, "?tab=mine&") if tab == "mine" else None,
        "wrong": wrong,
        "chips": chips(request, rt, snapshot, who, given, now),
        "form": filter_form.drawn(rt.pack, snapshot, who, given) if tab in ("all", "closed") else None,
        "hidden": [(k, v) for k, v in _pairs(given) if k not in SHOWN],
        "exports": [{"kind": k, "url": f"?{_query(request, export=k, before=None, after=None)}"} for k in export.KINDS],
        "empty": {"text": EMPTY[tab], "icon": "inbox"},
        "search": given.q,
        "bulk": bulk.may_gather(rt.pack, who) and tab in ("mine", "all"),
        "bulk_query": shown.query() if tab == "all" else "",
        "supervises": supervises(rt.pack, who),
    }
    return private(render(request, "linli/staff/cases.html", context))


def supervises(pack: Pack, who: Viewer) -> bool:
    """Whether a duty of theirs reads what only supervision reads."""
    return any(h.duty in pack.duties and pack.duties[h.duty].sees == "supervisor" for h in who.duties)


def number_of(request: HttpRequest, who: Viewer, given: Filters, now: datetime) -> HttpResponse | None:
    """Somebody who types a case's number wants that case: straight to it, if they may see it."""
    if not given.q.isdecimal() or given.given > 1:
        return None
    page = queries.listing(who, given, now, size=2)
    exact = [r for r in page.rows if str(r.number) == given.q]
    return HttpResponseRedirect(nav.case_address(exact[0].number)) if exact else None


def _tab(request: HttpRequest, given: Filters) -> str:
    tab = request.GET.get("tab", "")
    if tab in EMPTY:
        return tab
    return "all" if given.given else "mine"


def _page(request: HttpRequest, who: Viewer, tab: str, given: Filters, now: datetime) -> Page:
    if tab == "mine":
        return queries.queue(who, now, queries.QUEUE, (sheets.number(request) - 1) * queries.QUEUE)
    if tab == "waiting":
        found = queries.waiting(who, now)
        return Page(found, len(found), len(found) >= queries.WAITING)
    return queries.listing(who, given, now, before=_number(request, "before"), after=_number(request, "after"))


def _number(request: HttpRequest, name: str) -> int | None:
    raw = request.GET.get(name, "")
    return int(raw) if raw.isdecimal() and len(raw) <= 18 else None


def _tabs(who: Viewer, tab: str, page: Page, now: datetime, roots: bool) -> list[dict[str, Any]]:
    counts = {tab: page}
    if tab != "mine":
        held = queries.held_count(who)
        counts["mine"] = Page([], *held)
    if tab != "waiting":
        asked = queries.waiting(who, now)
        counts["waiting"] = Page([], len(asked), len(asked) >= queries.WAITING)
    words = {
        "mine": Text("我手上的", "I hold"),
        "waiting": Text("等我同意", "For my agreement"),
        "all": Text("全部事项", "All I may see"),
        "closed": Text("已办结", "Closed"),
    }
    offered = [n for n in words if n != "waiting" or counts["waiting"].total or tab == "waiting"]
    return [
        {
            "url": f"?tab={n}{'&root=1' if roots and n in ('all', 'closed') else ''}",
            "text": words[n],
            "active": n == tab,
            "count": count_words(counts.get(n)),
        }
        for n in offered
    ]


def _pager(request: HttpRequest, page: Page) -> dict[str, Any]:
    newer = f"?{_query(request, after=page.newer, before=None)}" if page.newer is not None else None
    older = f"?{_query(request, before=page.older, after=None)}" if page.older is not None else None
    return {"newer": newer, "older": older, "total": count_words(page), "shown": len(page.rows)}


def _query(request: HttpRequest, **changes: Any) -> str:
    query: QueryDict = request.GET.copy()
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = str(value)
    return query.urlencode()


def _pairs(given: Filters) -> list[tuple[str, str]]:
    return list(_parse(given.query()))


def _parse(query: str) -> list[tuple[str, str]]:
    return [(k, v) for k, values in QueryDict(query).lists() for v in values]


# --- the filters in words, each with a way to drop it


def chips(
    request: HttpRequest, rt: Runtime, snapshot: Snapshot, who: Viewer, given: Filters, now: datetime
) -> list[dict[str, Any]]:
    """Every filter in force as ``{label, url}``; the link drops it."""
    found = []
    for f in fields(given):
        value = getattr(given, f.name)
        if not value:
            continue
        words = _TITLES[f.name]
        told = "" if value is True else _told(rt, snapshot, who, now, f.name, value)
        zh, en = (words.zh, words.en) if not told else (f"{words.zh}：{told}", f"{words.en}: {told}")
        without = given.but(**{f.name: f.default}).query(tab=request.GET.get("tab") or "all")
        found.append({"label": Text(zh, en), "url": f"?{without}"})
    return found


_TITLES = {
    "q": Text("搜索", "Search"),
    "state": Text("状态", "State"),
    "institution": Text("制度", "Kind"),
    "stage": Text("环节", "Stage"),
    "category": Text("类别", "Category"),
    "area": Text("区域", "Area"),
    "unit": Text("单位", "Unit"),
    "holder": Text("办理人", "Held by"),
    "held_at": Text("办理层级", "Held at"),
    "mine": Text("我手上的", "I hold"),
    "root": Text("不含单位分办件", "Without called units' cases"),
    "overdue": Text("已逾期", "Overdue"),
    "soon": Text("24 小时内到期", "Due within 24 hours"),
    "opened_from": Text("登记不早于", "Opened from"),
    "opened_to": Text("登记不晚于", "Opened until"),
    "closed_from": Text("办结不早于", "Closed from"),
    "closed_to": Text("办结不晚于", "Closed until"),
    "result": Text("结果", "Result"),
    "tier": Text("办结层级", "Closed under"),
    "counted": Text("计入统计", "Counted"),
    "late": Text("超过时限", "Ran out of time"),
    "reopened": Text("重新办理过", "Reopened"),
    "here": Text("不含下级区域", "Without the areas inside"),
    "answer": Text("评价", "Answer"),
    "counter": Text("记录有", "On record"),
    "without": Text("记录没有", "Not on record"),
    "extended": Text("延期过", "Extended"),
    "repeat": Text("同一人同一处重复反映", "Raised again by the same person"),
}
_WORDS = {
    "open": Text("在办", "open"),
    "closed": Text("已办结", "closed"),
    "yes": Text("是", "yes"),
    "no": Text("否", "no"),
    NONE: Text("没有", "none"),
}


def _told(rt: Runtime, snapshot: Snapshot, who: Viewer, now: datetime, name: str, value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if name == "repeat":
        return _repeat(value).in_(lang())
    if name == "holder":
        duty, _, path = value.partition("@")
        return holder_title(scope_of(who, now), duty, path).in_(lang())
    values = value if isinstance(value, tuple) else (value,)
    return ("、" if lang() == "zh" else ", ").join(_name(rt, snapshot, name, v) for v in values)


def _name(rt: Runtime, snapshot: Snapshot, name: str, value: str) -> str:
    if name in ("area", "unit"):
        return (snapshot.places if name == "area" else snapshot.units)[value].name
    if name == "stage":
        institution, _, stage = value.partition(".")
        stages = rt.pack.institutions[institution].stages
        return stages[stage].title.in_(lang()) if stage in stages else stage
    if name in ("answer", "counter", "without"):
        return _recorded(rt.pack, value).in_(lang())
    titled: Mapping[str, Any] = {
        "institution": rt.pack.institutions,
        "category": narrowing.categories(rt.pack),
        "result": rt.pack.results,
        "tier": rt.pack.levels,
        "held_at": rt.pack.levels,
    }.get(name, {})
    if value in titled:
        title: Text = titled[value].title
        return title.in_(lang())
    return _WORDS[value].in_(lang()) if value in _WORDS else value


def _repeat(value: str) -> Text:
    how, _, days = value.partition(":")
    if how == "yes":
        return Text(f"{days} 天内有", f"within {days} days")
    return Text(f"{days} 天内没有", f"not within {days} days") if days else Text("不知道是谁", "nobody knows who")


def _recorded(pack: Pack, value: str) -> Text:
    """What is on record, as the pack's figures call it: ``field=answer`` or a counter."""
    field, equals, answer = value.partition("=")
    figures = read_figures(pack)[0].figures.values()
    if not equals:
        return next((f.title for f in figures if value in (f.counter, f.among)), Text(value, value))
    known = [answers(pack, i, field).get(answer) for i in pack.institutions.values() if field in i.fields]
    said = next((k for k in known if k), _WORDS.get(answer, Text(answer, answer)))
    title = next((i.fields[field].title for i in pack.institutions.values() if field in i.fields), Text(field, field))
    return Text(f"{title.zh} {said.zh}", f"{title.en}: {said.en}")


def link(name: str, filters: Filters, **also: Any) -> str:
    """The address of the list ``name`` narrowed to ``filters``: where a figure opens."""
    query = filters.query(tab="all")
    return f"{reverse(name)}?{query}" + (f"&{urlencode(also)}" if also else "")
