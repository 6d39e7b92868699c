"""Pictures for the tests, with what a phone writes into them."""

from __future__ import annotations

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

SECRET_WORDS = "13 号楼 402 室"


def photo(name: str = "lamp.jpg", size: tuple[int, int] = (2400, 1200), orientation: int = 6) -> SimpleUploadedFile:
    """A JPEG whose EXIF says where and with what it was taken, and that it stands on its side."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SpyPhone"
    exif[0x010E] = SECRET_WORDS
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 46.0, 15.0), 3: "E", 4: (119.0, 58.0, 15.0)})
    out = io.BytesIO()
    Image.new("RGB", size, "#345").save(out, "JPEG", exif=exif, comment=SECRET_WORDS.encode())
    return SimpleUploadedFile(name, out.getvalue(), "image/jpeg")
