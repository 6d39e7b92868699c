"""E-mail in, put together: the mailbox of the settings, the photos of the pages, the places of Open311."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from linli.features.mail.acts import Door, NoPhoto
from linli.features.mail.fetch import Counts, fetch
from linli.features.mail.mailbox import Account, Mailbox
from linli.features.mail.rules import Photo
from linli.kernel.institution import Field, Institution
from linli.ledger.definitions import runtime
from linli.people import registry

if TYPE_CHECKING:
    from linli.config.mail import MailIn


class NotSetUp(ValueError):
    """E-mail in cannot work with these settings; the text is one sentence."""


def mailbox() -> Mailbox | None:
    """The mailbox that is read; None when the settings name none."""
    here: MailIn | None = settings.MAIL_IN
    if here is None:
        return None
    return Mailbox(Account(here.host, here.port, here.user, here.password, here.folder, here.security))


def door() -> Door:
    """How letters come in. Raises NotSetUp when a setting names what the pack in force does not have."""
    pack = runtime().pack
    institution = pack.institutions.get(settings.MAIL_INSTITUTION)
    if institution is None or institution.raised_by not in institution.open.by:
        raise NotSetUp(
            f"LINLI_MAIL_INSTITUTION={settings.MAIL_INSTITUTION} is no institution of the pack in force that people "
            "raise themselves."
        )
    spec = institution.fields.get("category")
    codes = pack.lists.get(spec.list or "", {}) if spec else {}
    if "category" in institution.open.needs and settings.MAIL_CATEGORY not in codes:
        raise NotSetUp(f"LINLI_MAIL_CATEGORY={settings.MAIL_CATEGORY} is no category; write one of {', '.join(codes)}.")
    area = settings.MAIL_AREA
    if area and area not in registry.current().places:
        raise NotSetUp(f"LINLI_MAIL_AREA={area}: there is no area with this code.")
    category = settings.MAIL_CATEGORY if settings.MAIL_CATEGORY in codes else ""
    return Door(settings.MAIL_ADDRESS, institution.name, category, _keep, lambda words: _locate(institution, words))


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
    """Through the same door as photos of the pages: drawn anew, without what the camera noted."""
    from linli.web.page import attachments

    try:
        return attachments.store([SimpleUploadedFile(photo.name, photo.content)], field, now)[0]
    except attachments.Refused as wrong:
        raise NoPhoto(wrong.says) from None


def _locate(institution: Institution, words: str) -> str | None:
    """The place that the words name, as Open311 finds it; otherwise the area of the settings or the whole."""
    from linli.web.api.open311_formats import Wrong
    from linli.web.api.open311_place import locate, named

    pack, snapshot = runtime().pack, registry.fresh()
    given = snapshot.places.get(settings.MAIL_AREA)
    if given is not None and named(pack, snapshot, words) is None:
        return given.path
    try:
        return locate(pack, snapshot, institution, "", None, words)
    except Wrong:
        return None
