"""Errors of the JSON API as RFC 9457 problems: what happened, and what would change it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from linli.kernel.institution import Text
from linli.kernel.refusal import Refusal
from linli.web.api.incoming import language

CONFLICTS = ("changed", "ended", "not_here", "too_often", "waiting", "not_paused", "nothing_pending")
STATUS = {"incomplete": 422, "not_yours": 403, "same_person": 403, "no_such_act": 404, "busy": 503, "gap": 503} | (
    dict.fromkeys(CONFLICTS, 409)
)
"""HTTP status of each refusal of the kernel and the ledger."""


class Problem(Exception):
    """Why a call is not answered as asked: a stable code, a status, a sentence, and what to do."""

    def __init__(
        self, status: int, code: str, says: Text, change: Text | None = None, fields: Mapping[str, Text] | None = None,
        why: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(says.en)
        self.status, self.code, self.says, self.change, self.fields = status, code, says, change, fields or {}
        self.why = why or {}


NOT_FOUND = Text("没有这一项，或者您看不到它。", "There is no such thing, or it is not yours to see.")
SIGN_IN = Text("请登录，或者附上 API 密钥。", "Sign in, or send an API key.")
BAD_KEY = Text("API 密钥无效或已过期。", "The API key is not valid or has expired.")
NO_CSRF = Text("缺少 CSRF 令牌。", "The CSRF token is missing.")
AWAY = Text("系统暂时不可用，请稍后再试。", "The service is not available right now; please try again later.")


def not_found() -> Problem:
    """The same answer for what is foreign and for what does not exist."""
    return Problem(404, "not_found", NOT_FOUND)


def refused(refusal: Refusal, why: Mapping[str, Any] | None = None) -> Problem:
    """A refusal of the kernel, word for word; ``why`` by language, see :mod:`linli.web.api.v1_why`."""
    status = STATUS.get(refusal.code, 409)
    return Problem(status, refusal.code, refusal.says, refusal.change, refusal.fields, why)


def wrong(field: str, says: Text) -> Problem:
    """One field of the call that cannot be used."""
    return Problem(422, "incomplete", Text(f"请改正 {field}。", f"Please correct {field}."), None, {field: says})


def response(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The problem as application/problem+json in the caller's language."""
    lang = language(request)
    body: dict[str, Any] = {
        "type": f"urn:linli:problem:{problem.code}",
        "title": problem.says.in_(lang),
        "status": problem.status,
        "code": problem.code,
        "detail": " ".join(t.in_(lang) for t in (problem.says, problem.change) if t),
        "fields": {name: text.in_(lang) for name, text in problem.fields.items()},
        "why": problem.why.get(lang),
        "instance": request.path,
    }
    answer = HttpResponse(orjson.dumps(body), status=problem.status, content_type="application/problem+json")
    if problem.status == 401:
        answer["WWW-Authenticate"] = 'Bearer realm="linli"'
    if problem.status == 503:
        answer["Retry-After"] = "1"
    return answer
