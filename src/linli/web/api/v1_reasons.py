"""The answer to “why?” as plain JSON, and refusals that carry it in their body."""

from __future__ import annotations

from django.conf import settings

from linli.drafting.why import Piece, Rule, Value, Why
from linli.kernel.institution import Institution
from linli.kernel.refusal import Refusal
from linli.ledger import why_act
from linli.ledger.models import Case
from linli.ledger.view import view
from linli.ledger.why_ask import Asking
from linli.web.api import v1_problem
from linli.web.api.v1_call import Call
from linli.web.api.v1_problem import Problem
from linli.web.api.v1_shapes import Json, time


def refused(call: Call, found: Case, act: str, refusal: Refusal, as_reporter: bool) -> Problem:
    """A refusal with the rule it rests on."""
    page = view(found, call.who, call.now, as_reporter=as_reporter)
    answer = why_act.of_refusal(Asking(page, call.who, call.now, as_reporter), act, refusal)
    return v1_problem.refused(refusal, {lang: shape(answer, lang) for lang in ("zh", "en")})


def not_opened(call: Call, institution: Institution, refusal: Refusal) -> Problem:
    """A case that was not opened, with the line of the opening act."""
    answer = why_act.of_opening(call.rt.pack, institution, refusal, call.now)
    return v1_problem.refused(refusal, {lang: shape(answer, lang) for lang in ("zh", "en")})


def shape(found: Why, lang: str) -> Json:
    """An answer as plain JSON in the caller's language."""
    return {
        "what": found.what,
        "asks": found.asks.in_(lang),
        "says": found.says.in_(lang),
        "rule": _rule(found.rule, lang) if found.rule else None,
        "value": _value(found.value, lang) if found.value else None,
        "source": found.source,
        "steps": [{"kind": s.kind, "at": time(s.at), "says": s.says.in_(lang)} for s in found.steps],
        "changes": [c.in_(lang) for c in found.changes],
        "parts": [_piece(p, lang) for p in found.pieces],
    }


def _rule(rule: Rule, lang: str) -> Json:
    return {
        "institution": {"name": rule.institution, "version": rule.version, "title": rule.title.in_(lang)},
        "stage": rule.stage,
        "act": rule.act,
        "key": rule.key,
        "file": rule.mark.file,
        "line": rule.mark.line,
        "says": rule.says.in_(lang),
    }


def _value(value: Value, lang: str) -> Json:
    return {
        "parameter": value.parameter,
        "amount": value.amount,
        "unit": value.unit,
        "calendar": value.calendar,
        "from": value.first.isoformat(),
        "to": value.last.isoformat() if value.last else None,
        "source": value.source,
        "file": value.mark.file,
        "line": value.mark.line,
        "says": value.says.in_(lang),
    }


def _piece(piece: Piece, lang: str) -> Json:
    cases = f"{settings.PUBLIC_URL}/api/v1/cases?{piece.query}"
    return {"role": piece.role, "title": piece.title.in_(lang), "value": piece.value, "cases": cases}
