"""Ways in which a message leaves: text messages and e-mail. A new one is a class with these three verbs.

An adapter answers by returning (it was taken over), or by raising Undelivered with the reason in words.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import smtplib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.crypto import salted_hmac

from linli.people.models import Person

SMS, EMAIL, CHAT = "sms", "email", "chat"
TRY_LATER = range(400, 500)
"""SMTP replies with which a server asks for another try (RFC 5321, 4.2.1); 5xx is a final no."""


class Undelivered(Exception):
    """It did not go out; the text is the reason. ``final``: another try would be of no use. ``down``: the whole
    channel does not answer, so trying the next message at once would be of no use either."""

    def __init__(self, reason: str, final: bool = False, down: bool = False) -> None:
        super().__init__(reason)
        self.final, self.down = final, down


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message as it leaves. ``id`` stays the same over all tries, so that a receiver can drop a second copy."""

    id: int
    to: str
    subject: str
    text: str
    at: datetime
    thread: str = ""
    """What binds the messages about one matter together in a mail program."""
    reply_to: str = ""
    """Where an answer by e-mail reaches the matter; empty when no mailbox is read."""


class Channel(Protocol):
    """One way out, opened for a round of deliveries and closed after it."""

    def address(self, person: Person) -> str:
        """Where ``person`` is reached this way; empty when they are not."""

    def send(self, message: Outgoing) -> None:
        """Hand it over; raises Undelivered."""

    def close(self) -> None:
        """Let go of connections and files."""


@runtime_checkable
class Broadcast(Protocol):
    """A way out that has no one person at its end: it takes events (see :mod:`linli.ledger.announce`)."""

    def broadcast(self, id: int, case: str, number: int, event: dict[str, Any], now: datetime) -> None:
        """Take over the event of message ``id``, in the transaction that settles the message."""


class LinesSms:
    """Text messages as JSON lines: for a gateway that reads a file, and for trying Linli out."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)

    def address(self, person: Person) -> str:
        """The phone number."""
        return person.phone

    def send(self, message: Outgoing) -> None:
        """One line in one write, so that several workers may share the file."""
        line = {"id": message.id, "at": message.at.isoformat(), "to": message.to, "text": message.text}
        try:
            os.write(self.file, json.dumps(line, ensure_ascii=False).encode() + b"\n")
        except OSError as error:
            raise Undelivered(f"the file cannot be written: {error.strerror}", down=True) from None

    def close(self) -> None:
        """Close the file."""
        os.close(self.file)


class ConsoleSms:
    """Text messages on the terminal."""

    def address(self, person: Person) -> str:
        """The phone number."""
        return person.phone

    def send(self, message: Outgoing) -> None:
        """Print it."""
        sys.stdout.write(f"SMS → {message.to}: {message.text}\n")
        sys.stdout.flush()

    def close(self) -> None:
        """Nothing is held."""


class Email:
    """E-mail through whatever Django's EMAIL settings name, one connection for a round."""

    def __init__(self) -> None:
        self.connection = get_connection()

    def address(self, person: Person) -> str:
        """The e-mail address."""
        return person.email

    def send(self, message: Outgoing) -> None:
        """Send it. The Message-ID is made from the message's number, so that a repeated copy is recognised."""
        headers = {"Message-ID": message_id(message.id), "Auto-Submitted": "auto-generated"}
        if message.thread:
            headers["References"] = f"<{message.thread}@{_host()}>"
        mail = EmailMessage(
            message.subject,
            message.text,
            to=[message.to],
            reply_to=[message.reply_to] if message.reply_to else None,
            headers=headers,
            connection=self.connection,
        )
        try:
            mail.send()
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            raise Undelivered(_reply(code, words), final=code not in TRY_LATER) from None
        except smtplib.SMTPResponseException as error:
            broken = isinstance(
                error, smtplib.SMTPConnectError | smtplib.SMTPHeloError | smtplib.SMTPAuthenticationError
            )
            final = error.smtp_code not in TRY_LATER and not broken
            raise Undelivered(_reply(error.smtp_code, error.smtp_error), final, down=broken) from None
        except ValueError as error:  # a subject or address that cannot be a mail header
            raise Undelivered(str(error), final=True) from None
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise Undelivered(f"the mail server does not answer: {error}", down=True) from None

    def close(self) -> None:
        """Say goodbye to the server; one that is gone already is no matter."""
        try:
            self.connection.close()
        except (smtplib.SMTPException, OSError):
            self.connection = get_connection()


def message_id(id: int) -> str:
    """The Message-ID of message ``id``: signed, so that an answer or a bounce that names it has really seen it."""
    return f"<message-{id}.{_signature(id)}@{_host()}>"


def message_of(message_id: str) -> int | None:
    """The message that one of our Message-IDs names; None for any other, and for one that somebody made up."""
    found = _OURS.fullmatch(message_id.strip().strip("<>"))
    if found is None or not hmac.compare_digest(found[2], _signature(int(found[1]))):
        return None
    return int(found[1])


_OURS = re.compile(r"message-([0-9]{1,18})\.([0-9a-f]{20})@.*")


def _signature(id: int) -> str:
    return salted_hmac("linli.message", str(id), algorithm="sha256").hexdigest()[:20]


def _host() -> str:
    return str(settings.DEFAULT_FROM_EMAIL).rpartition("@")[2].rstrip(">") or "localhost"


def _reply(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"the mail server refused: {code} {text}"


def _sms() -> Channel:
    """The adapter that ``settings.SMS`` names by its ``kind`` (console, or file with a ``path``)."""
    chosen: Any = settings.SMS
    return ADAPTERS[chosen.kind](chosen)


ADAPTERS: dict[str, Callable[[Any], Channel]] = {
    "console": lambda chosen: ConsoleSms(),
    "file": lambda chosen: LinesSms(chosen.path),
}
"""SMS adapters by kind; a gateway of one's own is added here."""

CHANNELS: dict[str, Callable[[], Channel]] = {SMS: _sms, EMAIL: Email}
