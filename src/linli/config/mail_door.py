"""E-mail in, put together: the mailbox of the settings, the photos of the pages, the places of Open311."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings

from linli.features.mail.acts import Door, NoPhoto
from linli.features.mail.fetch import Counts, fetch
from linli.features.mail.mailbox import Account, Mailbox
from linli.features.mail.rules import Photo
from linli.kernel.institution import Field, Text
from linli.people import registry
from linli.web.api import channel
from linli.web.api.channel import NotSetUp

if TYPE_CHECKING:
    from linli.config.mail import MailIn


def mailbox() -> Mailbox | None:
    """The mailbox that is read; None when the settings name none."""
    here: MailIn | None = settings.MAIL_IN
    if here is None:
        return None
    return Mailbox(Account(here.host, here.port, here.user, here.password, here.folder, here.security))


def door() -> Door:
    """How letters come in. Raises NotSetUp when a setting names what the pack in force does not have."""
    institution, category = channel.raised("LINLI_MAIL", settings.MAIL_INSTITUTION, settings.MAIL_CATEGORY)
    area = settings.MAIL_AREA
    if area and area not in registry.current().places:
        raise NotSetUp(f"LINLI_MAIL_AREA={area}: there is no area with this code.")
    return Door(
        settings.MAIL_ADDRESS, institution.name, category, _keep, lambda words: channel.place(institution, area, words)
    )


def visit(
    now: Callable[[], datetime],
    progress: Callable[[int, int], None] = lambda done, of: None,
    stop: Callable[[], bool] = lambda: False,
) -> Counts:
    """Read the mailbox once. Raises NotSetUp, MailServerDown, or the database's OperationalError."""
    box = mailbox()
    if box is None:
        raise NotSetUp("No mailbox is read: set LINLI_MAIL_IN to imaps://user:password@host/INBOX.")
    here = door()
    with box:
        return fetch(box, here, now, settings.MAIL_LIMIT, progress, stop)


def _keep(photo: Photo, field: Field, now: datetime) -> str:
    kept = channel.keep(photo.name, photo.content, field, now)
    if isinstance(kept, Text):
        raise NoPhoto(kept)
    return kept
