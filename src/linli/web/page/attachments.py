"""Photos people send: read, turned upright, made small, written anew without what the camera noted, and shown only to
whoever the visibility function allows.

What is stored is never the file that came in: Pillow decodes it and encodes it again as JPEG, so position, time, serial
number of the phone and anything hidden in the file are gone. A stored file lives under a random name in MEDIA_ROOT.
"""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe
from PIL import Image, ImageOps, JpegImagePlugin, PngImagePlugin, UnidentifiedImageError, WebPImagePlugin

from linli.kernel.institution import Field, Text
from linli.ledger import visible
from linli.ledger.models import Attachment
from linli.web.page.request import viewer

READERS = (JpegImagePlugin.JpegImageFile, PngImagePlugin.PngImageFile, WebPImagePlugin.WebPImageFile)
FORMATS = tuple(reader.format for reader in READERS)
"""What is read, whatever the file's name claims. JPEG includes the double pictures (MPO) that many phones call .jpg."""
ACCEPT = "image/jpeg,image/png,image/webp"
"""What the browser is told; without HEIC in it, iPhones send JPEG by themselves."""
KIND = "image/jpeg"
LONGEST, THUMB = 2000, 400
"""Longest side in pixels, of the photo and of its small picture."""
MOST_PIXELS = 80_000_000
KEEP_UNCLAIMED = timedelta(days=1)
_SALT = "linli.attachment"


class Refused(ValueError):
    """A file that cannot be taken; ``says`` tells the person what to do."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.says = Text(zh, en)


def store(uploads: Iterable[UploadedFile], field: Field, now: datetime, already: int = 0) -> list[str]:
    """Keep the uploads of ``field`` (whose form has ``already`` photos kept) and return their ids.

    They belong to nobody until an act claims them. Raises Refused, and keeps nothing, when one cannot be taken.
    """
    files = list(uploads)
    if field.max is not None and len(files) + already > field.max:
        raise Refused(
            f"最多 {field.max} 张照片，现在 {len(files) + already} 张。",
            f"At most {field.max} photos; there are {len(files) + already}.",
        )
    if "image" not in field.accept and files:
        raise Refused("这里暂时只能传照片，不能传其他文件。", "Only photos can be sent here for now.")
    drawn = [(f, *_encode(f)) for f in files]
    return [_keep(f, photo, small, field.name, now) for f, photo, small in drawn]


def _encode(upload: UploadedFile) -> tuple[bytes, bytes]:
    name = str(upload.name or "")[:60]
    if (upload.size or 0) > settings.UPLOAD_LIMIT:
        most = settings.UPLOAD_LIMIT // 2**20
        raise Refused(f"“{name}”太大了，一张照片最大 {most} MB。", f"“{name}” is too large; at most {most} MB.")
    try:
        return _redraw(upload, LONGEST, 85), _redraw(upload, THUMB, 75)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise Refused(
            f"“{name}”不是能打开的照片。请用 JPG、PNG 或 WebP 格式的照片。",
            f"“{name}” cannot be opened as a photo. Send a JPG, PNG or WebP.",
        ) from None


def _redraw(upload: UploadedFile, longest: int, quality: int) -> bytes:
    upload.seek(0)
    stream: IO[bytes] = upload.file or upload
    with Image.open(stream, formats=FORMATS) as image:
        if image.width * image.height > MOST_PIXELS:
            raise ValueError("too many pixels")
        image.draft("RGB", (longest, longest))  # JPEG: decode at a fraction of the size where that is enough
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((longest, longest))
        plain = Image.new("RGB", upright.size, "white")  # a new picture: nothing but pixels comes along
        rgba = upright.convert("RGBA")
        plain.paste(rgba, mask=rgba.getchannel("A"))
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return out.getvalue()


def _keep(upload: UploadedFile, photo: bytes, small: bytes, field: str, now: datetime) -> str:
    row = Attachment(
        id=uuid.uuid4(),
        field=field,
        name=Path(str(upload.name or "photo")).name[:200],
        kind=KIND,
        size=len(photo),
        sha256=hashlib.sha256(photo).hexdigest(),
        created=now,
    )
    for thumb, content in ((False, photo), (True, small)):
        where = path(str(row.id), thumb)
        where.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        where.write_bytes(content)
        where.chmod(0o600)
    row.save(force_insert=True)
    return str(row.id)


def path(id: str, thumb: bool = False) -> Path:
    """Where the photo ``id`` (or its small picture) lies."""
    return Path(settings.MEDIA_ROOT) / id[:2] / f"{id}{'.thumb' if thumb else ''}.jpg"


def unclaimed(ids: Iterable[str]) -> list[str]:
    """Those of ``ids`` that are stored and wait for a case, in the order given; anything else is left out."""
    wanted = [i for i in dict.fromkeys(ids) if _is_id(i)]
    known = {str(i) for i in Attachment.objects.filter(id__in=wanted, case=None).values_list("id", flat=True)}
    return [i for i in wanted if i in known]


def _is_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def url(id: str, *, secret: str | None = None, thumb: bool = False) -> str:
    """The address of a photo that belongs to a case; ``secret`` for whoever follows it by its secret link."""
    parts = [p for p in (f"k={secret}" if secret else "", "s=1" if thumb else "") if p]
    return reverse("file", args=[id]) + ("?" + "&".join(parts) if parts else "")


def preview(id: str) -> str:
    """The address of the small picture of a photo that waits in a form; whoever gets this page may see it for a day."""
    return reverse("file", args=[id]) + f"?s=1&t={signing.dumps(id, salt=_SALT)}"


def gallery(ids: Sequence[str], secret: str | None = None) -> list[dict[str, object]]:
    """Photos as ``parts/photos.html`` takes them."""
    return [{"url": url(i, secret=secret), "thumb": url(i, secret=secret, thumb=True)} for i in ids]


@require_safe
def file(request: HttpRequest, id: uuid.UUID) -> HttpResponseBase:
    """One photo, for whom the visibility function allows; 404 for everybody else, existing or not."""
    found = _allowed(request, str(id))
    where = path(str(found.id), thumb="s" in request.GET)
    if not where.is_file():
        raise Http404
    response = FileResponse(where.open("rb"), content_type=found.kind)
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Only what we encoded ourselves is shown in the page; anything else would be handed over as a download.
    how = "inline" if found.kind == KIND else "attachment"
    response.headers["Content-Disposition"] = f'{how}; filename="{str(found.id)[:8]}.jpg"'
    response.headers["Cache-Control"] = "private, max-age=600"
    response.headers["Content-Security-Policy"] = "default-src 'none'"
    return response


def _allowed(request: HttpRequest, id: str) -> Attachment:
    token = request.GET.get("t")
    try:
        if token is not None:
            if signing.loads(token, salt=_SALT, max_age=KEEP_UNCLAIMED) != id:
                raise Http404
            return Attachment.objects.get(id=id, case=None)
        return visible.attachment(viewer(request), id, request.GET.get("k"))
    except (Attachment.DoesNotExist, signing.BadSignature):
        raise Http404 from None


def purge(now: datetime) -> int:
    """Remove uploads that no case claimed within a day; returns how many. For the worker; safe to run anywhere."""
    with transaction.atomic():
        old = Attachment.objects.filter(case=None, created__lt=now - KEEP_UNCLAIMED)
        ids = [str(i) for i in old.select_for_update(skip_locked=True).values_list("id", flat=True)]
        Attachment.objects.filter(id__in=ids, case=None).delete()
    for id in ids:
        remove(id)
    return len(ids)


def remove(id: str) -> None:
    """Delete the files of a photo whose row is gone."""
    for thumb in (False, True):
        path(id, thumb).unlink(missing_ok=True)
