"""Sign in and out; in demo mode also as one of the invented cast with one click, and only then."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.forms import AuthenticationForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from linli.people.models import Account
from linli.web.page.request import moment, say, start
from linli.web.page.throttle import Throttle, address

WRONG_PASSWORDS = Throttle(10, timedelta(minutes=10))
BACKEND = "django.contrib.auth.backends.ModelBackend"


def is_demo() -> bool:
    """One-click sign-in exists at all."""
    return bool(settings.DEMO)


def cast() -> list[dict[str, Any]]:
    """The invented people one may become, in the order of the file; nobody outside the demo."""
    return _read_cast(str(settings.DEMO_CAST)) if is_demo() else []


@cache
def _read_cast(path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(Path(path).read_text(encoding="utf-8"))["cast"]
    return found


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """``/sign-in/``: name and password; in demo mode the cast."""
    form = AuthenticationForm(request)
    if request.method == "POST":
        form = AuthenticationForm(request, request.POST)
        keys = [address(request), f"name:{request.POST.get('username', '')[:150].lower()}"]
        now = moment(request)
        if any(WRONG_PASSWORDS.is_shut(k, now) for k in keys):
            form = AuthenticationForm(request)
            wait = say("错的次数太多了，请过十分钟再试。", "Too many wrong tries; wait ten minutes.")
            return _page(request, form, [{"field": "", "text": wait}], 429)
        if form.is_valid():
            return _enter(request, form.get_user())
        for key in keys:
            WRONG_PASSWORDS.note(key, now)
        wrong = say("账号或密码不对，请再试一次。", "The name or the password is wrong; try again.")
        return _page(request, form, [{"field": "id_username", "text": wrong}], 422)
    return _page(request, form, [])


def _page(
    request: HttpRequest, form: AuthenticationForm, errors: list[dict[str, str]], status: int = 200
) -> HttpResponse:
    fields = [
        {"name": "username", "id": "id_username", "kind": "text", "label": {"zh": "账号", "en": "User name"},
         "required": True, "value": request.POST.get("username", ""), "autocomplete": "username"},
        {"name": "password", "id": "id_password", "kind": "password", "label": {"zh": "密码", "en": "Password"},
         "required": True, "autocomplete": "current-password"},
    ]  # fmt: skip
    context = {
        "fields": fields,
        "errors": errors,
        "cast": cast(),
        "next": request.POST.get("next") or request.GET.get("next", ""),
    }
    return render(request, "linli/page/sign_in.html", context, status=status)


def _enter(request: HttpRequest, account: Account) -> HttpResponse:
    login(request, account, backend=BACKEND)
    if hasattr(request, "linli_viewer"):
        del request.linli_viewer
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    return HttpResponseRedirect(wanted if wanted and is_ours else start(request))


@require_POST
def become(request: HttpRequest, key: str) -> HttpResponse:
    """One-click sign-in as a member of the cast. Outside the demo this address does not exist."""
    if not is_demo() or key not in {member["key"] for member in cast()}:
        raise Http404
    account = Account.objects.filter(username=key, is_active=True, is_superuser=False, person__isnull=False).first()
    if account is None:
        raise Http404
    logout(request)
    return _enter(request, account)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """``/sign-out/``"""
    logout(request)
    messages.success(request, say("已退出登录。", "You are signed out."))
    return HttpResponseRedirect("/")
