"""One letter as it came over the wire, read: who wrote, what, in answer to what, and whether a person wrote it. Pure.

Nothing in a letter is believed: sizes are bounded, bytes that are no text in the character set they claim are read in
the one they are in, and what a machine wrote is told apart by the signs of RFC 3834 and RFC 3464.
"""

from __future__ import annotations

import email.policy
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.utils import getaddresses

from linli.features.mail import quotes
from linli.kernel.institution import Text

ADDRESS = re.compile(r"[^@\s<>\"(),:;]{1,64}@[^@\s<>\"(),:;]{1,180}")
MOST_PARTS = 200
DECORATION = 3_000
"""Bytes; a picture inside the text that is smaller is a logo or a counter, no photo."""
SUBJECT, NAME, FILE = 300, 60, 100
"""The longest we keep, in characters."""

PERSON, AUTOMATIC, BOUNCE = "person", "automatic", "bounce"
_PREFIX = re.compile(r"^\s*(?:re|aw|fw|fwd|回复|答复|转发|回覆)\s*(?:\[\d+\])?\s*[:：]\s*", re.IGNORECASE)
_NUMBER = re.compile(r"\[\s*(?:事项|matter)?\s*#?(\d{1,18})\s*\]", re.IGNORECASE)
_AWAY = re.compile(
    r"^\s*(?:自动回复|自动答复|外出自动回复|automatic reply|auto(?:matic)?[- ]?reply|out of (?:the )?office)", re.I
)
_MESSAGE_ID = re.compile(r"<[^<>\s]{3,250}>")
_STATUS = re.compile(r"^\s*([245])\.\d{1,3}\.\d{1,3}")


class Unreadable(ValueError):
    """A letter that cannot be taken; ``says`` is the reason for the list of rejects."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.says = Text(zh, en)


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture that came with a letter, as it came: nobody has looked inside yet."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """What one letter says. ``text`` is all of it, ``answer`` what is new in it if it answers something of ours.

    ``key`` is the same for every copy of the letter. ``tags`` are the words behind ``+`` in our own address,
    ``references`` the letters it answers, ``numbers`` those in brackets in its subject. ``why`` says why it counts as
    AUTOMATIC, or what the other server says of a BOUNCE. ``others`` are the names of files that are no pictures.
    """

    key: str
    kind: str
    sender: str
    name: str
    subject: str
    text: str
    answer: str
    photos: tuple[Photo, ...] = ()
    others: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    why: str = ""


def key_of(raw: bytes) -> str:
    """What all copies of a letter share: its Message-ID and sender, or all of it when it has none."""
    message = BytesParser(policy=email.policy.compat32).parsebytes(raw, headersonly=True)
    try:
        id = "".join(_MESSAGE_ID.findall(_header(message, "Message-ID"))[:1])
        return _digest(f"{id} {_sender(message)[1]}".encode()) if id else _digest(raw)
    except Exception:  # headers can be broken in ways nobody has thought of; such a letter is like no other
        return _digest(raw)


def headers(raw: bytes) -> tuple[str, str]:
    """(sender, subject) of a letter of which nothing else may be readable."""
    message = BytesParser(policy=email.policy.compat32).parsebytes(raw, headersonly=True)
    return _sender(message)[1], quotes.tidy(_header(message, "Subject")).replace("\n", " ")[:SUBJECT]


def read(raw: bytes, ours: str) -> Letter:
    """The letter; ``ours`` is the address it was sent to. Raises Unreadable with the reason."""
    message = BytesParser(policy=email.policy.compat32).parsebytes(raw)
    name, sender = _sender(message)
    returned = _returned(message)
    if returned is not None:
        ids, why = returned
        return Letter(key_of(raw), BOUNCE if why else AUTOMATIC, sender, "", "", "", "", references=ids, why=why)
    machine = _machine(message, sender, ours)
    if machine:
        return Letter(key_of(raw), AUTOMATIC, sender, "", "", "", "", why=machine)
    if not ADDRESS.fullmatch(sender):
        raise Unreadable("没有可以回信的发件地址。", "It has no sender that could be answered.")
    subject = quotes.tidy(_header(message, "Subject")).replace("\n", " ")[:SUBJECT]
    parts = _Parts(message)
    if not (parts.text or subject or parts.photos):
        raise Unreadable("信里没有文字，也没有照片。", "It has no words and no photo.")
    return Letter(
        key=key_of(raw),
        kind=PERSON,
        sender=sender,
        name=name,
        subject=_bare(subject),
        text=quotes.signed_off(parts.text),
        answer=quotes.answered(parts.replied),
        photos=tuple(parts.photos),
        others=tuple(parts.others),
        references=_references(message),
        tags=_tags(message, ours),
        numbers=tuple(int(n) for n in _NUMBER.findall(subject)),
    )


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _bare(subject: str) -> str:
    while found := _PREFIX.match(subject):
        subject = subject[found.end() :]
    return subject.strip()


# --- headers


def _header(message: Message, name: str) -> str:
    """A header in plain words, in whatever character set it is written, encoded as it should be or not."""
    raw = message.get(name)
    if raw is None:
        return ""
    try:
        pieces = decode_header(raw)
    except (ValueError, MessageError):
        return str(raw)
    return "".join(p if isinstance(p, str) else decoded(p, charset) for p, charset in pieces)


def _sender(message: Message) -> tuple[str, str]:
    """(name, address in lower case) of the first sender; the name is nobody's to check."""
    found = getaddresses([str(message.get("From") or "")])
    address = found[0][1].strip().lower() if found else ""
    whole = _header(message, "From")
    name = quotes.tidy(re.sub(r"<[^<>]*>?\s*$", "", whole)).strip("\"' \n")
    return ("" if name.lower() == address else name[:NAME].replace("\n", " ")), address


def decoded(raw: bytes, charset: str | None) -> str:
    """Bytes as text. ``gb2312`` and ``gbk`` mean GB 18030 in practice; a wrong claim is found out."""
    named = (charset or "").strip().strip("\"'").lower()
    tries = ["gb18030" if named in ("gb2312", "gbk", "gb_2312-80", "x-gbk", "cp936") else named, "utf-8", "gb18030"]
    for name in tries:
        if name and name not in ("unknown-8bit", "us-ascii", "ascii"):
            try:
                return raw.decode(name)
            except (LookupError, UnicodeDecodeError, ValueError):
                continue
    return raw.decode("utf-8", "replace")


def _references(message: Message) -> tuple[str, ...]:
    words = f"{message.get('In-Reply-To') or ''} {message.get('References') or ''}"
    return tuple(dict.fromkeys(_MESSAGE_ID.findall(words)))[:50]


def _tags(message: Message, ours: str) -> tuple[str, ...]:
    """The words behind the ``+`` of our address, wherever the letter was sent to."""
    name, _, host = ours.lower().partition("@")
    names = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
    headers = [str(h) for n in names for h in message.get_all(n) or []]
    found = []
    for _, address in getaddresses(headers):
        local, _, at = address.partition("@")
        base, _, tag = local.partition("+")
        if tag and base.lower() == name and at.lower() == host:
            found.append(tag[:64])
    return tuple(dict.fromkeys(found))


# --- machines


def _machine(message: Message, sender: str, ours: str) -> str:
    """Why this was not written by a person to us; empty when it was."""
    automatic = _header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    precedence = _header(message, "Precedence").strip().lower()
    local = sender.partition("@")[0]
    if sender and sender == ours.lower():
        return "it comes from our own address"
    if automatic and automatic != "no":
        return f"Auto-Submitted: {automatic[:60]}"
    if (
        message.get("X-Autoreply")
        or message.get("X-Autorespond")
        or precedence in ("auto_reply", "bulk", "junk", "list")
    ):
        return f"Precedence: {precedence or 'auto_reply'}"
    if message.get("List-Id") or message.get("List-Unsubscribe"):
        return "it went to a mailing list"
    if local in ("mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply"):
        return f"nobody reads {sender}"
    return "an automatic answer, by its subject" if _AWAY.match(_header(message, "Subject")) else ""


def _returned(message: Message) -> tuple[tuple[str, ...], str] | None:
    """(letters it is about, what the other server says) if this is a report on a delivery (RFC 3464); the words are
    empty when the letter is only delayed. None for every other letter."""
    empty = str(message.get("Return-Path") or "x").strip() == "<>"
    local = _sender(message)[1].partition("@")[0]
    is_report = message.get_content_type() == "multipart/report" and "disposition" not in str(
        message.get("Content-Type")
    )
    if not (is_report or ((empty or local == "mailer-daemon") and not message.get("List-Id"))):
        return None
    ids, says, failed = list(_references(message)), "", False
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            for block in (b for b in blocks if isinstance(b, Message)) if isinstance(blocks, list) else ():
                action = str(block.get("Action") or "").strip().lower()
                status = _STATUS.match(str(block.get("Status") or ""))
                if action == "failed" or (not action and status and status[1] == "5"):
                    failed = True
                    says = says or " ".join(str(block.get("Diagnostic-Code") or block.get("Status") or "").split())
        elif part is not message and part.get("Message-ID"):
            ids.append(str(part.get("Message-ID")))
        elif part.get_content_type() == "text/rfc822-headers":
            ids += re.findall(r"^Message-ID:\s*(<[^<>\s]+>)", _body(part), re.IGNORECASE | re.MULTILINE)
    if not is_report:  # of the days before RFC 3464: any words, with our letter below them
        words = "\n".join(_body(p) for p in message.walk() if p.get_content_maintype() == "text")[:20_000]
        ids += re.findall(r"^\s*>?\s*Message-ID:\s*(<[^<>\s]+>)", words, re.IGNORECASE | re.MULTILINE)
        failed, says = True, " ".join(words.split())[:200]
    return tuple(dict.fromkeys(ids)), (says[:250] or "no reason given") if failed else ""


# --- the body


def _body(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return decoded(payload, part.get_content_charset()) if isinstance(payload, bytes) else ""


class _Parts:
    """The text, pictures and other files of a letter, in order."""

    def __init__(self, message: Message) -> None:
        self.photos: list[Photo] = []
        self.others: list[str] = []
        plain: list[str] = []
        html: list[str] = []
        for number, part in enumerate(_flat(message)):
            kind = part.get_content_type()
            if number >= MOST_PARTS:
                raise Unreadable(f"这封信有 {MOST_PARTS} 个以上的部分。", f"It has more than {MOST_PARTS} parts.")
            if kind in ("application/pkcs7-mime", "application/pgp-encrypted", "application/ms-tnef"):
                raise Unreadable(
                    "这封信是加密的或者是 Outlook 的 TNEF 格式，读不出来。",
                    "It is encrypted or in Outlook's own format.",
                )
            attached = part.get_content_disposition() == "attachment" or (part.get_filename() and kind[:5] != "text/")
            if kind == "text/plain" and not attached:
                plain.append(_body(part))
            elif kind == "text/html" and not attached:
                html.append(_body(part))
            else:
                self._file(part, kind)
        told = quotes.tidy("\n".join(plain))
        self.text = told or quotes.from_html("\n".join(html))
        self.replied = told or quotes.from_html("\n".join(html), reply=True)

    def _file(self, part: Message, kind: str) -> None:
        name = quotes.tidy(_filename(part)).replace("\n", " ")[:FILE]
        content = part.get_payload(decode=True)
        looks = kind.startswith("image/") or name.lower().endswith((".jpg", ".jpeg", ".png", ".webp"))
        if looks and isinstance(content, bytes):
            if not (
                part.get("Content-ID") and part.get_content_disposition() != "attachment" and len(content) < DECORATION
            ):
                self.photos.append(Photo(name or "photo", content))
        elif name or kind != "application/octet-stream":
            self.others.append(name or kind)


def _flat(message: Message) -> Iterator[Message]:
    """The leaves; a letter that is attached whole is one leaf, and nothing inside it is taken for ours."""
    if message.is_multipart() and message.get_content_maintype() == "multipart":
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _flat(part)
    else:
        yield message


def _filename(part: Message) -> str:
    raw = part.get_filename() or ""
    try:
        return "".join(p if isinstance(p, str) else decoded(p, c) for p, c in decode_header(raw))
    except (ValueError, MessageError):
        return raw
