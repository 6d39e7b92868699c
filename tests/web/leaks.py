"""Looking for leaks: words planted with a mark of their own, and everything that somebody can fetch.

A mark says who may read it; whatever else somebody gets hold of must not hold it. The table of who may read what is
written by hand in the test, so that it does not repeat the product's own rule.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from linli.kernel.institution import Institution
from linli.ledger import act as ledger
from linli.ledger.definitions import runtime
from linli.ledger.models import Case

MOST = 800
"""Addresses that one person asks for; a crawl that grows beyond it fails instead of taking all day."""
VARIANTS = 6
"""So many links to one list with other filters are followed."""
SKIP = {"sign_out", "set_language", "become"}
HREF = re.compile(r'(?:href|src|action|hx-get)="(/[^"#]*)')
NEVER: frozenset[str] = frozenset()


@dataclass(slots=True)
class Marks:
    """What was planted: mark → who may read it, and which fields of which institutions hold one."""

    readers: dict[str, set[str]] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)
    fields: set[tuple[str, str]] = field(default_factory=set)

    def new(self, who: Iterable[str], where: str) -> str:
        """A mark that only ``who`` may read."""
        mark = f"暗{len(self.readers):03}记"
        self.readers[mark], self.where[mark] = set(who), where
        return mark

    def also(self, who: Iterable[str], *where: str) -> None:
        """What was written there was handed on: these may read it as well."""
        for mark, place in self.where.items():
            if place in where:
                self.readers[mark] |= set(who)

    def found(self, key: str, body: str) -> list[str]:
        """The marks in ``body`` that ``key`` may not read, with where each was written."""
        wrong = [m for m, who in self.readers.items() if m in body and key not in who]
        return [f"{m} ({self.where.get(m, 'contact or photo')})" for m in wrong]


@dataclass(slots=True)
class Planter:
    """Does acts with a mark in every text they take. ``readers``: case → class of field → who may read."""

    marks: Marks
    readers: Mapping[str, Mapping[str, Iterable[str]]]
    ids: Mapping[str, str]
    numbers: dict[str, Case] = field(default_factory=dict)

    def open(self, name: str, institution: str, opening: ledger.Opening, now: Any, **data: Any) -> Case:
        """Open ``institution`` as the case called ``name``."""
        spec = runtime().pack.institutions[institution]
        done = ledger.open(opening, self._filled(name, spec, spec.open, data), now)
        assert isinstance(done, ledger.Receipt), done
        self.numbers[name] = Case.objects.get(id=done.id)
        return self.numbers[name]

    def act(self, name: str, key: str | None, act: str, now: Any, **data: Any) -> Case:
        """``key`` does the act on the case called ``name``; None is whoever raised it."""
        case = self.numbers[name]
        case.refresh_from_db()
        spec = runtime().institution(case.institution, case.version)
        filled = self._filled(name, spec, spec.acts_at(case.stage)[act], data)
        who = self.ids[key] if key else None
        done = ledger.act(str(case.id), act, filled, who, now, as_reporter=key is None)
        assert isinstance(done, ledger.Receipt), (act, done)
        case.refresh_from_db()
        return case

    def _filled(self, name: str, spec: Institution, act: Any, data: Mapping[str, Any]) -> dict[str, Any]:
        filled = dict(data)
        for field_name in (*act.needs, *act.may):
            one = spec.fields[field_name]
            if field_name in data or one.type not in ("text", "items"):
                continue
            who = self.readers[name].get(one.class_)
            if who is None:
                continue
            mark = self.marks.new(who, f"{name}.{field_name}")
            self.marks.fields.add((spec.name, field_name))
            filled[field_name] = f"{mark}一" if one.type == "text" else [f"{mark}一", f"{mark}二"]
        return filled


# --- everything that somebody can get


def patterns(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, str]]:
    """(name, address with {parameters}) of every address there is."""
    for pattern in resolver.url_patterns:
        here = before + _readable(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern, here)
        elif isinstance(pattern, URLPattern):
            yield str(pattern.name), here


def _readable(pattern: str) -> str:
    plain = re.sub(r"\(\?:\\\.\(\?P<format>[^)]*\)\)\?", ".{format}", pattern.lstrip("^").rstrip("$"))
    plain = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", plain)
    plain = re.sub(r"\(\?:\\\.csv\)\?", ".csv", plain)
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", plain)


def addresses(known: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Every address, with every known value of its parameter (the first of the others where it has two)."""
    for name, pattern in patterns(get_resolver("linli.web.urls")):
        wanted = re.findall(r"{(\w+)}", pattern)
        if name in SKIP:
            continue
        if not wanted:
            yield f"/{pattern}"
            continue
        first = {p: next(iter(known.get(p, ["x"])), "x") for p in wanted}
        for parameter in wanted:
            for value in known.get(parameter, ["x"]):
                yield "/" + pattern.format(**{**first, parameter: quote(value, safe="")})


def fetch_all(pages: Client, api: Client, begin: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(address, body) of all that can be fetched from ``begin`` on, following every link inside the site."""
    first = list(dict.fromkeys(begin))
    waiting, seen, variants = list(first), set[str](), Counter[str]()
    while waiting:
        address = waiting.pop(0)
        path, _, query = address.partition("?")
        if address in seen or path.startswith(("/static/", "/sign-out/")):
            continue
        variants[path] += bool(query) and address not in first
        if variants[path] > VARIANTS:
            continue
        seen.add(address)
        assert len(seen) <= MOST, f"more than {MOST} addresses, lately {address}"
        answer = (api if address.startswith("/api/") else pages).get(address)
        body = text_of(answer)
        yield address, body
        if 300 <= answer.status_code < 400:
            target = urlsplit(answer.headers["Location"])
            waiting.append(target.path + (f"?{target.query}" if target.query else ""))
        elif "html" in answer.headers.get("Content-Type", ""):
            found = (h.replace("&amp;", "&") for h in HREF.findall(body))
            waiting += [h for h in found if h not in seen and not _is_noise(h)]


def _is_noise(address: str) -> bool:
    """Another order of the same page, or something that only a POST does."""
    return "/acts/" in address or "/static/" in address or "next=" in address or "lang=" in address


def text_of(answer: Any) -> str:
    """All that came back as text: headers, streamed bodies, the sheets inside an XLSX."""
    raw = b"".join(answer.streaming_content) if answer.streaming else answer.content
    head = json.dumps(dict(answer.headers), ensure_ascii=False)
    if raw[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(raw)) as book:
            return head + "".join(book.read(n).decode("utf-8", "replace") for n in book.namelist())
    return head + raw.decode("utf-8", "replace")
