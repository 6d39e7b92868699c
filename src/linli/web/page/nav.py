"""The navigation: each audience offers its pages here, from its ``urls.py``; each viewer gets those of their work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from linli.kernel.institution import Text

PUBLIC, STAFF = "linli/base_public.html", "linli/base_staff.html"


@dataclass(frozen=True, slots=True)
class Offer:
    """One entry: the URL's name, its words and icon."""

    url: str
    text: Text
    icon: str
    when: Callable[[HttpRequest], bool] | None = None
    """Shown only to those for whom this is true; None shows it to all who do that work."""


_WORK = {
    "field": Text("我的任务", "My tasks"),
    "desk": Text("事项", "Matters"),
    "department": Text("本单位", "My unit"),
    "command": Text("总览", "Overview"),
}
_offers: dict[str, dict[str, Offer]] = {}


def offer(work: str, url: str, zh: str, en: str, icon: str, when: Callable[[HttpRequest], bool] | None = None) -> None:
    """Put a page (by its URL name) into the navigation of those who work on ``work``; the first one is their start."""
    _offers.setdefault(work, {})[url] = Offer(url, Text(zh, en), icon, when)


def home(work: str) -> str:
    """The start page of a kind of work."""
    for found in _offers.get(work, {}).values():
        page = address(found.url)
        if page:
            return page
    return f"/{work}/"


def links(kinds: Iterable[str], request: HttpRequest, *, signed_in: bool) -> list[dict[str, Any]]:
    """The entries for somebody with these kinds of work (a resident without any), the one of this page marked."""
    path = request.path
    rows: list[dict[str, Any]] = []
    for kind in kinds:
        offered = [o for o in _offers.get(kind, {}).values() if o.when is None or o.when(request)]
        rows += [{"url": address(o.url), "text": o.text, "icon": o.icon} for o in offered] or [
            {"url": f"/{kind}/", "text": _WORK[kind], "icon": "inbox"}
        ]
    rows = _own(rows) if rows else _resident(signed_in)
    known = list({r["url"]: r for r in rows if r["url"]}.values())
    here = max((r["url"] for r in known if _is_inside(path, r["url"])), key=len, default=None)
    return [{**r, "active": r["url"] == here} for r in known]


def _own(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*rows, {"url": address("institutions"), "text": Text("制度", "Rules"), "icon": "scale"}]


def _resident(signed_in: bool) -> list[dict[str, Any]]:
    rows = [
        {"url": "/", "text": Text("首页", "Home"), "icon": "home"},
        {"url": address("report"), "text": Text("反映", "Report"), "icon": "edit"},
        {"url": address("follow_find"), "text": Text("查进度", "Follow"), "icon": "search"},
    ]
    if signed_in:
        rows.append({"url": address("my_matters"), "text": Text("我的事项", "My matters"), "icon": "list"})
    return [*rows, {"url": address("institutions"), "text": Text("制度", "Rules"), "icon": "scale"}]


@cache
def address(name: str) -> str:
    """The address of a page without arguments; "" for one that is not there."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def case_address(number: int) -> str:
    """The address of a case's page; a list asks for fifty."""
    return _pattern("case").format(number)


def act_address(form: str, number: int, act: str) -> str:
    """The address of an act's form on the page ``form`` of a number and an act."""
    return _pattern(form, "act").format(number, act)


@cache
def _pattern(name: str, *more: str) -> str:
    """An address with its parts left open, found once."""
    given = reverse(name, args=[0, *more])
    for part in ("0", *more):
        given = given.replace(f"/{part}/", "/{}/", 1)
    return given


def _is_inside(path: str, url: str) -> bool:
    return path == url or (url != "/" and path.startswith(url))
