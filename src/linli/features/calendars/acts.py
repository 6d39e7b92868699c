"""Make a calendar address, and end it."""

from __future__ import annotations

from django.db import transaction

from linli.features.calendars.models import Feed
from linli.features.calendars.queries import token


def address(person: str) -> str:
    """The secret part of the person's calendar address; made when there is none yet."""
    feed, _ = Feed.objects.get_or_create(person_id=person)
    return token(person, feed.serial)


def reset(person: str) -> str:
    """End the address that there is; the new one."""
    with transaction.atomic():
        Feed.objects.get_or_create(person_id=person)
        feed = Feed.objects.select_for_update().get(person_id=person)
        feed.serial += 1
        feed.save(update_fields=["serial"])
    return token(person, feed.serial)
