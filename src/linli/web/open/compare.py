"""What the cities whose packs come with Linli do about the same matter, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from linli.drafting.compare import Comparison, compare, shared_matters
from linli.drafting.load import load, read_folder
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Pack, Text
from linli.ledger.definitions import runtime
from linli.web.page.request import lang, moment

SHIPPED = Path(str(files("linli") / "packs"))


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """``/institutions/compare/``: every city, or those named by ``pack``; ``matter`` is the institution compared."""
    rt = runtime()
    known = {p.name: p for p in cities(rt.pack)}
    matters = shared_matters(list(known.values()))
    matter = request.GET.get("matter") or next(iter(matters), "")
    if matter not in matters:
        raise Http404
    having = [n for n, p in known.items() if matter in p.institutions]
    wanted = [n for n in having if n in request.GET.getlist("pack")]
    chosen = wanted if len(wanted) > 1 else having
    day = moment(request).astimezone(SHANGHAI).date()
    context: dict[str, Any] = {
        "comparison": _shown(compared(rt.registry, tuple(chosen), matter, lang(), day)),
        "choices": [{"name": n, "title": known[n].title, "chosen": n in chosen} for n in having],
        "matters": [{"name": m, "title": _title(known.values(), m)} for m in matters],
        "matter": matter,
    }
    return render(request, "linli/open/compare.html", context)


def _title(packs: Iterable[Pack], matter: str) -> Text:
    return next(p.institutions[matter].title for p in packs if matter in p.institutions)


def cities(in_force: Pack) -> list[Pack]:
    """The shipped packs that govern a city; the one in force comes first, as it is in force."""
    return [in_force, *(p for p in shipped() if p.name != in_force.name)]


@lru_cache(maxsize=1)
def shipped() -> tuple[Pack, ...]:
    """The packs that come with Linli and name a place, read once."""
    names = sorted(p.parent.name for p in SHIPPED.glob("*/pack.yaml"))
    read = (load(read_folder(SHIPPED, n), n)[0] for n in names)
    return tuple(p for p in read if p is not None and p.place)


@lru_cache(maxsize=64)
def compared(registry: int, names: tuple[str, ...], matter: str, language: str, day: date) -> Comparison:
    """The comparison, made once a day, language and choice; ``registry`` changes when another pack comes into force."""
    known = {p.name: p for p in cities(runtime().pack)}
    return compare([known[n] for n in names], matter, language, day)


def _shown(found: Comparison) -> dict[str, Any]:
    """The rows as the template takes them: for each question the cities with their lines, or one for all."""

    def row(asks: str, answers: Iterable[tuple[str, ...]], same: bool) -> dict[str, Any]:
        each = [{"title": t, "lines": a} for t, a in zip(found.titles, answers, strict=True)]
        return {"asks": asks, "same": same, "cities": each}

    heads = zip(found.titles, found.matters, strict=True)
    rows = [row(q.asks, q.answers, q.same) for q in found.questions]
    return {
        "heads": [{"title": t, "matter": m} for t, m in heads],
        "rows": rows,
        "only": row("", found.only, False) if any(found.only) else None,
        "count": len(found.cities),
    }
