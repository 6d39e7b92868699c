"""One call of the JSON API: who calls, what was sent, and how the answer or the problem goes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

import orjson
from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from linli.kernel.institution import Text
from linli.ledger import visible
from linli.ledger.definitions import NoPack, Runtime, runtime
from linli.ledger.models import Case
from linli.ledger.visible import Viewer
from linli.people import registry
from linli.people.registry import Snapshot
from linli.web.api import auth, v1_problem
from linli.web.api.auth import Principal
from linli.web.api.incoming import Invalid, language
from linli.web.api.v1_problem import Problem


@dataclass(frozen=True, slots=True)
class Call:
    """What every view of the API works with. ``by`` and ``who`` are those of a caller who is known; see ``known``."""

    request: HttpRequest
    now: datetime
    lang: str
    rt: Runtime
    registry: Snapshot
    by: Principal | None
    who: Viewer

    @property
    def known(self) -> Principal:
        """The caller; every view but the public ones has one."""
        if self.by is None:
            raise Problem(401, "sign_in", v1_problem.SIGN_IN)
        return self.by

    @property
    def person(self) -> str:
        """The person who calls. Raises Problem(403) for an account that is nobody's."""
        if self.known.person is None:
            says = Text("这个账号没有对应的人，不能办事。", "This account belongs to no person, so it cannot act.")
            raise Problem(403, "no_person", says)
        return self.known.person

    def case(self, number: int) -> Case:
        """The case the caller may see. Raises Problem(404), seen or not."""
        try:
            return visible.find(self.who, number)
        except Case.DoesNotExist:
            raise v1_problem.not_found() from None

    def json(self) -> dict[str, Any]:
        """The JSON object that was sent. Raises Problem(400) or Problem(415)."""
        return _object(self.request)


@dataclass(frozen=True, slots=True)
class Answer:
    """A payload with a status and headers of its own."""

    payload: Any
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


View = Callable[..., Any]


def api(*methods: str, public: bool = False) -> Callable[[View], Callable[..., HttpResponseBase]]:
    """A view that takes a Call and returns plain data; a Problem becomes problem+json. ``public`` needs no caller."""
    allowed = (*methods, "HEAD") if "GET" in methods else methods

    def wrap(view: View) -> Callable[..., HttpResponseBase]:
        @csrf_exempt  # asked by auth.principal for sessions; a key needs no token
        @wraps(view)
        def answering(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            try:
                if request.method not in allowed:
                    says = Text(f"这个地址不支持 {request.method}。", f"This address does not take {request.method}.")
                    raise Problem(405, "method_not_allowed", says)
                return _respond(view(_call(request, public), **kwargs), language(request))
            except Problem as problem:
                answer = v1_problem.response(request, problem)
                if problem.status == 405:
                    answer["Allow"] = ", ".join(allowed)
                return answer
            except Invalid as invalid:
                return v1_problem.response(request, Problem(400, "invalid", invalid.says))
            except (OperationalError, NoPack):
                return v1_problem.response(request, Problem(503, "unavailable", v1_problem.AWAY))

        return answering

    return wrap


def _call(request: HttpRequest, public: bool) -> Call:
    now = timezone.now()
    by = _caller(request, now, public)
    snapshot = registry.fresh()
    who = visible.viewer(by.person if by else None, snapshot, now)
    return Call(request, now, language(request), runtime(), snapshot, by, who)


def _caller(request: HttpRequest, now: datetime, public: bool) -> Principal | None:
    if public:
        return None
    try:
        return auth.principal(request, now)
    except auth.NotSignedIn as reason:
        code, says = ("bad_key", v1_problem.BAD_KEY) if reason.key else ("sign_in", v1_problem.SIGN_IN)
        raise Problem(401, code, says) from None
    except auth.NoCsrfToken:
        raise Problem(403, "csrf", v1_problem.NO_CSRF) from None


def _respond(found: Any, lang: str) -> HttpResponseBase:
    if isinstance(found, HttpResponseBase):
        return found
    answer = found if isinstance(found, Answer) else Answer(found)
    headers = {
        "Content-Language": "zh-Hans" if lang == "zh" else "en",
        "Cache-Control": "private, no-store",
        "Vary": "Accept-Language, Authorization, Cookie",
        "X-Content-Type-Options": "nosniff",
        **dict(answer.headers),
    }
    body = orjson.dumps(answer.payload)
    return HttpResponse(body, status=answer.status, content_type="application/json", headers=headers)


def _object(request: HttpRequest) -> dict[str, Any]:
    if request.content_type != "application/json":
        says = Text("请用 application/json 提交。", "Send the body as application/json.")
        raise Problem(415, "not_json", says)
    try:
        found = orjson.loads(request.body or b"{}")
    except orjson.JSONDecodeError as fault:
        says = Text(f"JSON 第 {fault.lineno} 行第 {fault.colno} 列读不出来。", f"The body is not JSON: {fault}.")
        raise Problem(400, "not_json", says) from None
    except RequestDataTooBig:
        raise Problem(413, "too_large", Text("提交的内容太大。", "What was sent is too large.")) from None
    if not isinstance(found, dict):
        raise Problem(400, "not_json", Text("应当提交一个 JSON 对象。", "The body must be a JSON object."))
    return found
