"""Verbs: the only writes to persons, accounts and duties."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date, datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction

from linli.people.models import Account, Duty, Person, Token
from linli.places.acts import bump
from linli.places.models import Area, Unit


def create_person(name: str, now: datetime, phone: str = "", email: str = "") -> Person:
    """A person without an account."""
    return Person.objects.create(name=name, phone=phone, email=email, created=now)


def by_chat(openid: str, now: datetime) -> Person:
    """Who writes from this chat account; a person without a name the first time."""
    return Person.objects.get_or_create(chat=openid, defaults={"created": now})[0]


@transaction.atomic
def give_duty(
    person: Person, duty: str, starts: date, area: Area | None = None, unit: Unit | None = None, source: str = ""
) -> Duty:
    """``person`` holds ``duty`` at the area (or, without one, at the unit) from ``starts`` on."""
    place = area or unit
    if place is None:
        raise ValueError("a duty is held at an area or a unit")
    given, is_new = Duty.objects.get_or_create(
        person=person,
        duty=duty,
        path=place.path,
        ends=None,
        defaults={"area": area, "unit": unit, "starts": starts, "source": source},
    )
    if is_new:
        bump()
    return given


def end_duty(duty: Duty, last_day: date) -> None:
    """The duty ends after ``last_day``; open cases it held climb with the next sweep (see ledger.due)."""
    duty.ends = last_day
    duty.save(update_fields=["ends"])
    bump()


def create_account(username: str, person: Person, password: str | None = None) -> Account:
    """A way for ``person`` to sign in; without a password only one-click demo sign-in or a token works."""
    fresh = {"person": person, "password": make_password(password)}
    return Account.objects.get_or_create(username=username, defaults=fresh)[0]


def create_token(account: Account, name: str, now: datetime, days: int = 365) -> str:
    """A new API key for ``account``; it is shown once and only its digest is kept."""
    key = secrets.token_urlsafe(32)
    ends = now + timedelta(days=days)
    Token.objects.create(account=account, name=name, digest=digest(key), created=now, ends=ends)
    return key


def digest(key: str) -> str:
    """What is stored of an API key."""
    return hashlib.sha256(key.encode()).hexdigest()
