"""Whose calendar address it is."""

from __future__ import annotations

import hmac
import re
import uuid

from django.utils.crypto import salted_hmac

from linli.features.calendars.models import Feed
from linli.people.models import Account

_TOKEN = re.compile(r"([0-9a-f]{32})-([0-9a-f]{40})")


def token(person: str, serial: int) -> str:
    """The secret part of an address: who, and a signature that nobody else can make."""
    who = uuid.UUID(str(person)).hex
    return f"{who}-{salted_hmac('linli.calendar', f'{who}.{serial}', algorithm='sha256').hexdigest()[:40]}"


def owner(given: str) -> str | None:
    """The person whose living address it is; None for an old one, a made-up one, or a closed account."""
    found = _TOKEN.fullmatch(given)
    if found is None:
        return None
    person = str(uuid.UUID(found[1]))
    feed = Feed.objects.filter(person_id=person).first()
    if feed is None or not hmac.compare_digest(token(person, feed.serial), given):
        return None
    return person if Account.objects.filter(person_id=person, is_active=True).exists() else None
