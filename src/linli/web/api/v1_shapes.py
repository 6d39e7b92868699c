"""The ledger's views as plain JSON. Nothing is decided here about who may see what: the views are filtered already."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings

from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Act, Field, Institution, Pack, Text
from linli.ledger.act import Receipt
from linli.ledger.definitions import Runtime
from linli.ledger.history import Fact, Happened
from linli.ledger.queries import Row
from linli.ledger.view import CaseView, ChildView, ClockView, Doable
from linli.people.registry import Office, Place

Json = dict[str, Any]


def time(moment: datetime | None) -> str | None:
    """RFC 3339 with the offset of Shanghai."""
    return moment.astimezone(SHANGHAI).isoformat(timespec="seconds") if moment else None


def words(text: Text | None, lang: str) -> str | None:
    """A text in the caller's language; None stays None."""
    return text.in_(lang) if text else None


def address(number: int) -> str:
    """Where a case is read."""
    return f"{settings.PUBLIC_URL}/api/v1/cases/{number}"


def row(found: Row, lang: str) -> Json:
    """A case in a list."""
    return {
        "number": found.number,
        "url": address(found.number),
        "institution": {"name": found.institution, "title": found.kind.in_(lang)},
        "text": found.text,
        "category": words(found.category, lang),
        "place": found.place,
        "unit": found.unit or None,
        "stage": found.stage.in_(lang),
        "holder": words(found.holder, lang),
        "stands_in": found.stands_in,
        "opened": time(found.opened),
        "ended": time(found.ended),
        "due": time(found.due),
        "clock": found.clock or None,
        "result": words(found.result, lang),
        "tier": words(found.tier, lang),
    }


def case(page: CaseView, lang: str) -> Json:
    """One case as this caller sees it."""
    kept = page.case
    return {
        "number": kept.number,
        "url": address(kept.number),
        "seq": page.seq,
        "institution": {
            "name": kept.institution,
            "version": kept.version,
            "title": page.institution.title.in_(lang),
        },
        "stage": {"name": kept.stage, "title": page.stage.in_(lang)},
        "holder": _holder(page, lang),
        "result": _named(kept.result, page.result, lang),
        "tier": _named(kept.tier, page.tier, lang),
        "place": list(page.place),
        "unit": page.unit or None,
        "opened": time(kept.opened),
        "reported": time(kept.reported),
        "ended": time(kept.ended),
        "paused": page.paused,
        "reads": page.clearance,
        "fields": [_fact(f, lang) for f in page.facts],
        "contact": dict(page.contact) if page.contact else None,
        "clocks": [_clock(c, lang) for c in page.clocks],
        "history": [_happened(h, lang) for h in page.happened],
        "acts": [_doable(a, lang) for a in page.acts],
        "next": [{"act": a.in_(lang), "to": to.in_(lang)} for a, to in page.next],
        "children": [_child(c, lang) for c in page.children],
        "counts": dict(page.counts),
    }


def _named(name: str | None, title: Text | None, lang: str) -> Json | None:
    return {"name": name, "title": words(title, lang)} if name else None


def _holder(page: CaseView, lang: str) -> Json | None:
    if page.holder is None:
        return None
    return {
        "title": page.holder.in_(lang),
        "place": page.holder_place,
        "people": list(page.holder_people),
        "stands_in": page.stands_in,
    }


def _fact(fact: Fact, lang: str) -> Json:
    title, read = fact.title.in_(lang), fact.words.in_(lang)
    return {"name": fact.name, "title": title, "type": fact.type, "value": fact.raw, "words": read}


def _clock(clock: ClockView, lang: str) -> Json:
    times = {"start": time(clock.start), "due": time(clock.due), "first_due": time(clock.first_due)}
    return {"name": clock.name, "title": clock.title.in_(lang), "state": clock.state, **times}


def _happened(entry: Happened, lang: str) -> Json:
    return {
        "seq": entry.seq,
        "at": time(entry.at),
        "act": entry.act,
        "title": entry.title.in_(lang),
        "role": entry.role.in_(lang),
        "person": entry.person or None,
        "clock": entry.is_clock,
        "answer": entry.is_answer,
        "to": words(entry.to, lang),
        "fields": [_fact(f, lang) for f in entry.facts],
        "messages": [
            {"to": m.to, "channel": m.channel, "text": m.text(lang), "state": m.state, "delivered": time(m.delivered)}
            for m in entry.messages
        ],
    }


def _doable(act: Doable, lang: str) -> Json:
    return {
        "name": act.name,
        "title": act.title.in_(lang),
        "needs": list(act.needs),
        "may": list(act.may),
        "results": list(act.results),
        "to": words(act.to, lang),
        "asks": words(act.asks, lang),
        "fields": [_fact(f, lang) for f in act.facts],
    }


def _child(child: ChildView, lang: str) -> Json:
    return {
        "unit": child.unit,
        "lead": child.lead,
        "open": child.open,
        "stage": child.stage.in_(lang),
        "result": words(child.result, lang),
        "due": time(child.due),
        "number": child.case.number if child.case else None,
    }


def done(receipt: Receipt, institution: Institution, lang: str) -> Json:
    """Where a case stands after an act."""
    kernel = receipt.case
    return {
        "number": receipt.number,
        "url": address(receipt.number),
        "seq": kernel.seq,
        "stage": {"name": kernel.stage, "title": institution.stages[kernel.stage].title.in_(lang)},
        "result": kernel.result,
        "tier": kernel.tier,
        "ended": time(kernel.ended),
    }


def summary(institution: Institution, lang: str) -> Json:
    """An institution in the list."""
    return {
        "name": institution.name,
        "title": institution.title.in_(lang),
        "about": words(institution.about, lang),
        "version": institution.version,
        "valid_from": institution.valid_from.isoformat(),
        "public": institution.public,
        "source": institution.source,
    }


def definition(rt: Runtime, institution: Institution, lang: str) -> Json:
    """An institution with everything a form or a client needs: fields with their choices, stages and acts."""
    anywhere = [_act(a, lang) for a in institution.anywhere.values()]
    stages = [
        {
            "name": name,
            "title": stage.title.in_(lang),
            "holder": stage.holder,
            "within": stage.within,
            "overdue": stage.overdue,
            "end": stage.end,
            "acts": [_act(a, lang) for a in stage.acts.values()],
        }
        for name, stage in institution.stages.items()
    ]
    return {
        **summary(institution, lang),
        "open": _act(institution.open, lang),
        "roles": {n: r.title.in_(lang) for n, r in institution.roles.items()},
        "parties": {n: p.title.in_(lang) for n, p in institution.parties.items()},
        "fields": [_field(rt.pack, f, lang) for f in institution.fields.values()],
        "stages": stages,
        "anywhere": anywhere,
    }


def _act(act: Act, lang: str) -> Json:
    return {
        "name": act.name,
        "title": act.title.in_(lang),
        "by": list(act.by),
        "needs": list(act.needs),
        "may": list(act.may),
        "results": list(act.result),
        "to": act.to,
        "at_most": act.at_most,
        "approves": act.approves,
    }


def _field(pack: Pack, field: Field, lang: str) -> Json:
    codes = pack.lists.get(field.list or "", {}) if field.type == "code" else {}
    groups = {c.group for c in codes.values() if c.group}
    choices = [{"code": n, "title": c.title.in_(lang), "group": c.group} for n, c in codes.items() if n not in groups]
    return {
        "name": field.name,
        "title": field.title.in_(lang),
        "help": words(field.help, lang),
        "type": field.type,
        "class": field.class_,
        "max": field.max,
        "choices": choices,
    }


def area(place: Place) -> Json:
    """A place by its code."""
    return {
        "code": place.code,
        "name": place.name,
        "kind": place.kind,
        "parent": place.parent,
        "lat": place.lat,
        "lng": place.lng,
    }


def unit(office: Office) -> Json:
    """A unit by its code."""
    return {"code": office.code, "name": office.name, "kind": office.kind}
