"""A report being written: kept in the session, so that the back button, a bad line and a closed page lose nothing."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from typing import Any

from django.http import HttpRequest

_KEY = "report"


@dataclass(slots=True)
class Draft:
    """What was filled in so far. ``token`` makes sending idempotent: two sends of one draft open one case."""

    institution: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    data: dict[str, Any] = field(default_factory=dict)
    place: str = ""
    name: str = ""
    phone: str = ""
    anonymous: bool = False
    seen: list[str] = field(default_factory=list)
    """The screens that were completed."""
    same: int = 0
    """The number of the matter it is the same as; 0 for none."""
    asked: list[int] = field(default_factory=list)
    """The numbers of those that the person was asked about."""
    safe: list[str] = field(default_factory=list)
    """The dangers for which the person was told whom to call, and goes on."""


def load(request: HttpRequest, institution: str) -> Draft:
    """The draft of this institution, or a new one."""
    kept = request.session.get(_KEY, {}).get(institution)
    return Draft(**kept) if kept else Draft(institution)


def save(request: HttpRequest, draft: Draft) -> None:
    """Keep it."""
    request.session[_KEY] = {**request.session.get(_KEY, {}), draft.institution: asdict(draft)}


def drop(request: HttpRequest, institution: str) -> None:
    """Forget it: it was sent, or the person starts over."""
    kept = dict(request.session.get(_KEY, {}))
    if kept.pop(institution, None) is not None:
        request.session[_KEY] = kept
