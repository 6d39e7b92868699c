"""E-mail and SMS addresses from the environment, as settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from linli.config.environment import SettingError

SMTP_SECONDS = 20


@dataclass(frozen=True)
class SmsChannel:
    """Where text messages go: `kind` is console or file; `path` is a JSON-lines file for file, else None."""

    kind: str
    path: Path | None = None


@dataclass(frozen=True)
class MailIn:
    """The mailbox that is read. `security` is tls, starttls or none (a server on this machine)."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str
    security: str


LOOPBACK = ("127.0.0.1", "localhost", "::1")


def mailbox_settings(url: str) -> MailIn | None:
    """imaps://user:password@host:993/FOLDER, or imap:// with STARTTLS, as a MailIn; None when empty.

    Raises SettingError for anything else. A password never travels in the clear, but to this machine itself.
    """
    if not url:
        return None
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in ("imap", "imaps") or not parts.hostname or not parts.username or port == 0:
        raise SettingError(
            "LINLI_MAIL_IN is not understood; write imaps://user:password@host:993/INBOX (@ in the user is %40), or "
            "imap://… for a server that speaks STARTTLS."
        )
    direct = parts.scheme == "imaps"
    return MailIn(
        host=parts.hostname,
        port=port or (993 if direct else 143),
        user=unquote(parts.username),
        password=unquote(parts.password or ""),
        folder=unquote(parts.path.lstrip("/")) or "INBOX",
        security="tls" if direct else "none" if parts.hostname in LOOPBACK else "starttls",
    )


def mail_address(given: str, account: MailIn | None) -> str:
    """The address people write to. Raises SettingError when a mailbox is read and its address is not known."""
    if account is None:
        return ""
    address = given or account.user
    if address.count("@") != 1 or not all(address.split("@")) or any(c in address for c in " <>,;+"):
        raise SettingError(f"LINLI_MAIL_ADDRESS={address!r} is no address people could write to; write name@host.")
    return address


def email_settings(url: str) -> dict[str, object]:
    """Django's EMAIL_* settings for smtp://user:password@host:587 (STARTTLS when there is a user), smtps://…:465,
    console: or file:FOLDER. Raises SettingError for anything else."""
    parts = urlsplit(url)
    backends = "django.core.mail.backends"
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": f"{backends}.console.EmailBackend"}
    if parts.scheme == "file" and parts.path:
        return {"EMAIL_BACKEND": f"{backends}.filebased.EmailBackend", "EMAIL_FILE_PATH": parts.path}
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise SettingError(
            "LINLI_EMAIL_URL is not understood; write smtp://user:password@host:587, smtps://user:password@host:465, "
            "console: or file:FOLDER."
        )
    direct_tls = parts.scheme == "smtps"
    return {
        "EMAIL_BACKEND": f"{backends}.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if direct_tls else 587 if parts.username else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": direct_tls,
        # A password never travels in the clear; a relay on the same machine needs neither.
        "EMAIL_USE_TLS": not direct_tls and bool(parts.username),
        "EMAIL_TIMEOUT": SMTP_SECONDS,
    }


def sms_settings(value: str) -> SmsChannel:
    """console: or file:PATH as an SmsChannel. Raises SettingError for anything else."""
    kind, _, path = value.partition(":")
    if kind == "console" and not path:
        return SmsChannel("console")
    if kind == "file" and path:
        return SmsChannel("file", Path(path).expanduser())
    raise SettingError(f"LINLI_SMS={value!r} is not understood; write console: or file:PATH.")
