"""Who calls: the owner of an API key, or whoever is signed in on the site.

Keys come from ``people.acts.create_token`` and are compared by digest. A session is a browser's, so everything that
changes something must then bring the CSRF token like any form.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware

from linli.people.acts import digest
from linli.people.models import Account, Token

SAFE = ("GET", "HEAD", "OPTIONS")


class NotSignedIn(Exception):
    """Nobody, or a key that is not valid; ``key`` says which."""

    def __init__(self, key: bool) -> None:
        super().__init__("the key is not valid" if key else "no key and no session")
        self.key = key


class NoCsrfToken(Exception):
    """A session wants to change something without the token of our own pages."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The account that calls and the person it belongs to (None for an account that is nobody's)."""

    account: int
    username: str
    person: str | None
    name: str


def principal(request: HttpRequest, now: datetime) -> Principal:
    """Who calls. Raises NotSignedIn or NoCsrfToken."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        account = by_key(key.strip(), now)
        if account is None:
            raise NotSignedIn(key=True)
        return _of(account)
    user = request.user
    if not user.is_authenticated:
        raise NotSignedIn(key=False)
    if request.method not in SAFE and _Csrf(_nothing).process_view(request, _nothing, (), {}):
        raise NoCsrfToken
    return _of(user)


def by_key(key: str, now: datetime) -> Account | None:
    """The active account whose API key this is; None for an unknown or outdated one. One query."""
    if not key or len(key) > 200:
        return None
    living = Q(ends=None) | Q(ends__gt=now)
    found = Token.objects.filter(living, digest=digest(key), account__is_active=True)
    token = found.select_related("account__person").first()
    return token.account if token else None


def _of(account: Account) -> Principal:
    person = account.person
    return Principal(account.pk, account.username, str(person.id) if person else None, person.name if person else "")


class _Csrf(CsrfViewMiddleware):
    """Django's own check, asked directly because the view is exempt (keys need none)."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        return HttpResponse(reason, status=403)


def _nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse()
