"""Cases over the JSON API: list, open, read, act. The same mandates as on the pages, from the same functions."""

from __future__ import annotations

from typing import Any

import psycopg
from django.conf import settings

from linli.kernel import values
from linli.kernel.institution import Institution, Text
from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger import filters, privacy, queries, visible
from linli.ledger.act import Opening, Reporter
from linli.ledger.models import Case, Detail
from linli.ledger.view import view
from linli.web.api import v1_files, v1_problem, v1_reasons, v1_shapes
from linli.web.api.incoming import LARGEST, email, number, short
from linli.web.api.v1_call import Answer, Call, api
from linli.web.api.v1_problem import Problem, wrong

CHANNEL = "api"
MOST = 200
DEFAULT = 50
OPENING = {"institution", "area", "unit", "data", "reporter"}
ACTING = {"data", "seq"}
REPORTER = {"name", "phone", "email"}
LONGEST_KEY = 100


@api("GET", "POST")
def cases(call: Call) -> Any:
    """GET a page of the cases the caller may see, newest first; POST opens one."""
    if call.request.method == "POST":
        return _open(call)
    query = call.request.GET
    found, complaints = filters.read(dict(query.lists()), call.rt.pack, call.registry)
    if complaints:
        raise Problem(400, "invalid", complaints[0])
    size = number(query.get("limit") or str(DEFAULT), "limit", 1, MOST)
    before = number(query["cursor"], "cursor", 1, LARGEST) if query.get("cursor") else None
    page = queries.listing(call.who, found, call.now, before, size=size)
    older = f"{settings.PUBLIC_URL}/api/v1/cases?{found.query(limit=size, cursor=page.older)}" if page.older else None
    return {
        "items": [v1_shapes.row(r, call.lang) for r in page.rows],
        "total": page.total,
        "total_is_exact": not page.capped,
        "next": older,
    }


@api("GET")
def one(call: Call, number: int) -> Any:
    """GET one case: where it stands, what happened, what the caller may do now.

    Phone and address of who raised it are masked; ``?purpose=`` opens them for a minute and is written down for them.
    """
    found = by_number(call, number)
    purpose = call.request.GET.get("purpose", "")
    if purpose.strip():
        privacy.look(found, call.who, purpose, call.now)
    return v1_shapes.case(view(found, call.who, call.now), call.lang)


@api("POST")
def act(call: Call, number: int, act: str) -> Any:
    """POST does an act on a case."""
    found = by_number(call, number)
    return _acted(call, found, act, call.person, False)


@api("GET", public=True)
def by_link(call: Call, secret: str) -> Any:
    """GET the case of a secret link: whoever holds it is its reporter."""
    return v1_shapes.case(view(linked(secret), call.who, call.now, as_reporter=True), call.lang)


@api("POST", public=True)
def act_by_link(call: Call, secret: str, act: str) -> Any:
    """POST does an act of the reporter on the case of a secret link."""
    return _acted(call, linked(secret), act, None, True)


def by_number(call: Call, number: int) -> Case:
    """The case with this number. Raises Problem(404) alike for a foreign one and for none."""
    if number > LARGEST:
        raise v1_problem.not_found()
    return call.case(number)


def linked(secret: str) -> Case:
    """The case of a secret link. Raises Problem(404)."""
    try:
        return visible.by_secret(secret)
    except Case.DoesNotExist:
        raise v1_problem.not_found() from None


def _acted(call: Call, found: Case, name: str, person: str | None, as_reporter: bool) -> Any:
    sent = call.json()
    _only(sent, ACTING)
    seq = sent.get("seq")
    if seq is not None and (not isinstance(seq, int) or isinstance(seq, bool)):
        raise wrong("seq", Text("seq 是整数，取自事项。", "seq is the whole number that the case shows."))
    data = _mapping(sent.get("data"), "data")
    v1_files.named(call.rt.institution(found.institution, found.version), data)
    result = ledger.act(str(found.pk), name, data, person, call.now, channel=CHANNEL, as_reporter=as_reporter, seq=seq)
    if isinstance(result, Refusal):
        raise v1_reasons.refused(call, found, name, result, as_reporter)
    return v1_shapes.done(result, call.rt.institution(found.institution, found.version), call.lang)


def _open(call: Call) -> Answer:
    sent = call.json()
    _only(sent, OPENING)
    institution = _institution(call, sent.get("institution"))
    source, external = _idempotency(call)
    data = _mapping(sent.get("data"), "data")
    opening = Opening(
        institution.name,
        _path(call.registry.places, sent.get("area"), "area"),
        _reporter(call, sent),
        by=call.person,
        channel=CHANNEL,
        unit=_path(call.registry.units, sent["unit"], "unit") if sent.get("unit") else None,
        source=source,
        external=external,
    )
    again = _earlier(source, external)
    if again is None:
        v1_files.named(institution, data)
        try:
            done = ledger.open(opening, data, call.now)
        except psycopg.errors.UniqueViolation:  # the same key at the same moment
            again = _earlier(source, external)
            if again is None:
                raise
        else:
            if isinstance(done, Refusal):
                raise v1_reasons.not_opened(call, institution, done)
            return _opened(Case.objects.get(pk=done.id), replayed=False)
    _same(call, institution, opening, data, again)
    return _opened(again, replayed=True)


def _opened(case: Case, replayed: bool) -> Answer:
    """What never changes about a case, so that a repeated call gets the very same answer."""
    payload = {
        "number": case.number,
        "url": v1_shapes.address(case.number),
        "institution": case.institution,
        "opened": v1_shapes.time(case.opened),
        "secret": case.secret,
    }
    headers = (("Location", payload["url"]), *((("Idempotent-Replayed", "true"),) if replayed else ()))
    return Answer(payload, 201, headers)


def _idempotency(call: Call) -> tuple[str | None, str | None]:
    key = call.request.headers.get("Idempotency-Key")
    if key is None:
        return None, None
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        says = Text("Idempotency-Key 为 1 到 100 个可见字符。", "Idempotency-Key has 1 to 100 visible characters.")
        raise Problem(400, "invalid", says)
    return f"api:{call.known.account}", key


def _earlier(source: str | None, external: str | None) -> Case | None:
    return Case.objects.filter(source=source, external=external).first() if external else None


def _same(call: Call, institution: Institution, opening: Opening, data: dict[str, Any], earlier: Case) -> None:
    """The key names one call: with other content it is refused instead of answered wrongly."""
    given, _ = values.check(call.rt.pack, institution, institution.open, data)
    kept = Detail.objects.filter(case=earlier, seq=1).values_list("data", flat=True).first()
    if (earlier.institution, earlier.place) != (opening.institution, opening.place) or (kept and kept != given):
        says = Text("这个 Idempotency-Key 已经用于另一件事。", "This Idempotency-Key was used for something else.")
        raise Problem(422, "key_reused", says)


def _institution(call: Call, name: Any) -> Institution:
    found = call.rt.pack.institutions.get(name) if isinstance(name, str) else None
    if found is None:
        raise wrong("institution", Text("没有这项制度。", "There is no such institution; see GET institutions."))
    return found


def _path(known: Any, code: Any, name: str) -> str:
    found = known.get(code) if isinstance(code, str) else None
    if found is None:
        raise wrong(name, Text("没有这个编码。", f"There is no such code; see GET {name}s."))
    path: str = found.path
    return path


def _reporter(call: Call, sent: dict[str, Any]) -> Reporter:
    """Left out: the caller. An empty object: somebody unknown. With contact data: a new person."""
    if "reporter" not in sent:
        return Reporter(person=call.person)
    given = _mapping(sent["reporter"], "reporter")
    _only(given, REPORTER)
    name, phone = short(given.get("name"), "name", 100), short(given.get("phone"), "phone", 30)
    return Reporter(None, name, phone, email(given.get("email")))


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise wrong(name, Text(f"{name} 应当是对象。", f"{name} must be an object."))
    return value


def _only(sent: dict[str, Any], known: set[str]) -> None:
    for name in sent.keys() - known:
        raise wrong(name[:60], Text("没有这一项。", f"Unknown; known are {', '.join(sorted(known))}."))
