"""What arrives over the wire, made safe to hand on: languages, numbers, and short texts of a known length."""

from __future__ import annotations

import re
from datetime import datetime

from django.http import HttpRequest
from django.utils import translation
from django.utils.dateparse import parse_datetime

from linli.kernel.institution import Text

LARGEST = 2**63 - 1
"""The greatest case number a bigint column holds; a greater one names no case."""

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
NOT_UTF8 = Text("文字不是 UTF-8 编码。请用 UTF-8 重新发送。", "The text is not UTF-8; send it as UTF-8.")


class Invalid(ValueError):
    """Something sent that cannot be used; ``says`` tells the sender what to write instead."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.says = Text(zh, en)


def language(request: HttpRequest) -> str:
    """``zh`` or ``en``: what the person chose on the site, otherwise Accept-Language, otherwise Chinese."""
    found: str = getattr(request, "LANGUAGE_CODE", None) or translation.get_language_from_request(request)
    return "zh" if found.startswith("zh") else "en"


def short(raw: object, name: str, longest: int) -> str:
    """One line of at most ``longest`` characters; control characters are dropped. Raises Invalid."""
    if raw is None:
        return ""
    if not isinstance(raw, str):
        raise Invalid(f"{name} 应当是文字。", f"{name} must be a string.")
    if "\ufffd" in raw:
        raise Invalid(NOT_UTF8.zh, NOT_UTF8.en)
    text = "".join(c if c >= " " else " " for c in raw if c != "\x7f").strip()
    if len(text) > longest:
        raise Invalid(
            f"{name} 最多 {longest} 个字符，现在 {len(text)} 个。",
            f"{name} may have {longest} characters; this has {len(text)}.",
        )
    return text


def email(raw: object) -> str:
    """An e-mail address or nothing. Raises Invalid."""
    text = short(raw, "email", 200)
    if text and not EMAIL.fullmatch(text):
        raise Invalid("email 不是有效的邮箱地址。", "email is not an e-mail address; write name@example.org.")
    return text


def number(raw: str, name: str, least: int, most: int) -> int:
    """A whole number between ``least`` and ``most``. Raises Invalid."""
    if not (raw.isascii() and raw.isdigit() and len(raw) < 20 and least <= int(raw) <= most):
        raise Invalid(
            f"{name} 应当是 {least} 到 {most} 之间的整数。", f"{name} must be a whole number from {least} to {most}."
        )
    return int(raw)


def moment(raw: str, name: str) -> datetime:
    """An ISO 8601 date and time with its offset. Raises Invalid; a time without an offset is not guessed at."""
    wrong = Invalid(
        f"{name} 应写成带时区的时间，如 2026-03-02T08:00:00+08:00；“+”在网址里要写成 %2B。",
        f"{name} must be a time with its offset, such as 2026-03-02T08:00:00+08:00 (in an address, + is written %2B).",
    )
    try:
        # In a query string an unescaped "+08:00" arrives as " 08:00": the intent is plain.
        found = parse_datetime(re.sub(r" (\d\d:?\d\d)$", r"+\1", raw.strip()))
    except ValueError:
        raise wrong from None
    if found is None or found.tzinfo is None or not 1900 < found.year < 9999:
        raise wrong
    return found
