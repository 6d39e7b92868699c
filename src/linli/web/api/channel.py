"""What every channel without pages of its own (letters, chat) needs of the pages: what it raises, where, its photos."""

from __future__ import annotations

from datetime import datetime

from django.core.files.uploadedfile import SimpleUploadedFile

from linli.kernel.institution import Field, Institution, Text
from linli.ledger.definitions import runtime
from linli.people import registry
from linli.web.api import open311_place as places
from linli.web.api.open311_formats import Wrong
from linli.web.page import attachments


class NotSetUp(ValueError):
    """A channel cannot work with these settings; the text is one sentence that names the setting."""


def raised(prefix: str, name: str, category: str) -> tuple[Institution, str]:
    """The institution that a channel raises, and the category of what comes in; "" where nobody asks for one.

    ``prefix`` is what its settings begin with (``LINLI_MAIL``). Raises NotSetUp when the pack in force has no such
    institution that people raise themselves, or no such category though it must be given.
    """
    pack = runtime().pack
    institution = pack.institutions.get(name)
    if institution is None or institution.raised_by not in institution.open.by:
        raise NotSetUp(
            f"{prefix}_INSTITUTION={name} is no institution of the pack in force that people raise themselves."
        )
    spec = institution.fields.get("category")
    codes = pack.lists.get(spec.list or "", {}) if spec else {}
    if "category" in institution.open.needs and category not in codes:
        raise NotSetUp(f"{prefix}_CATEGORY={category} is no category; write one of {', '.join(codes)}.")
    return institution, category if category in codes else ""


def place(institution: Institution, area: str, words: str = "", point: tuple[float, float] | None = None) -> str | None:
    """The path of the place that a point or words name as Open311 finds it, otherwise of ``area`` or of the whole.

    None where nobody would receive it.
    """
    pack, snapshot = runtime().pack, registry.fresh()
    given = snapshot.places.get(area)
    if point is None and given is not None and places.named(pack, snapshot, words) is None:
        return given.path
    try:
        return places.locate(pack, snapshot, institution, "", point, words)
    except Wrong:
        return None


def keep(name: str, picture: bytes, field: Field, now: datetime) -> str | Text:
    """Store a picture through the same door as photos of the pages: drawn anew, without what the camera noted.

    Its id, or why it cannot be taken.
    """
    try:
        return attachments.store([SimpleUploadedFile(name, picture)], field, now)[0]
    except attachments.Refused as wrong:
        return wrong.says
