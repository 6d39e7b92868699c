"""Totals in words, and the pages of one's own queue: sorted by the time left, so they are counted."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from linli.ledger.queries import Page


def count_words(page: Page | None) -> str | None:
    """A total as people read it: 1000+ when it was not counted further."""
    return None if page is None else f"{page.total}{'+' if page.capped else ''}"


def number(request: HttpRequest) -> int:
    """The page asked for, from 1; nonsense is the first."""
    asked = request.GET.get("page", "1")
    return max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 5 else 1


def beyond(page: Page, number: int, here: str) -> HttpResponse | None:
    """The way to the first page where this one is empty by now: the rest was done meanwhile, or an old address."""
    return HttpResponseRedirect(here) if number > 1 and page.total and not page.rows else None


def pager(page: Page, number: int, size: int, here: str) -> dict[str, Any] | None:
    """What ``parts/pager.html`` shows of page ``number``, ``size`` rows each; None when all stand on one page."""
    first, last = (number - 1) * size + 1, (number - 1) * size + len(page.rows)
    more = page.total > last and bool(page.rows)
    if number == 1 and not more:
        return None
    return {
        "first": first,
        "last": last,
        "total": count_words(page),
        "previous": f"{here}page={number - 1}" if number > 1 else None,
        "next": f"{here}page={number + 1}" if more else None,
    }
