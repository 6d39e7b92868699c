"""Reads LINLI_* environment variables strictly: an unknown name or an unreadable value is refused by name.

Every variable is declared once in `VARIABLES`, with the sentence a person reads about it. A misspelt
LINLI_DATABSE_URL must not silently start an empty embedded database, so names are checked too.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

VARIABLES: dict[str, str] = {
    "LINLI_HOME": "Folder for the embedded database, attachments, mail and the secret key.",
    "LINLI_DATABASE_URL": "postgresql://user:password@host:port/name of a PostgreSQL 15 or newer; embedded if absent.",
    "LINLI_SCHEMA": "PostgreSQL schema of this jurisdiction (default public).",
    "LINLI_POSTGRES_BIN": "Folder with initdb, pg_ctl and postgres, instead of the embedded ones.",
    "LINLI_KEEP_CONNECTIONS": "Set by `serve`: each thread keeps its database connection between requests.",
    "LINLI_PUBLIC_URL": "Address people open, such as https://linli.example.cn; https turns secure cookies on.",
    "LINLI_ALLOWED_HOSTS": "Host names served, separated by commas (default 127.0.0.1,localhost).",
    "LINLI_SECRET_KEY": "Secret key shared by several machines (default: made once, kept in LINLI_HOME/secret).",
    "LINLI_DEBUG": "Developer pages with stack traces: yes or no (default no).",
    "LINLI_DEMO": "One-click sign-in as the invented cast: yes or no (default no; `linli demo` sets it).",
    "LINLI_DEMO_CITY": "Whose cast it is, set by `linli demo --pack` (default changzhou).",
    "LINLI_EMAIL_URL": "smtp://user:password@host:587, smtps://…:465, console: or file:FOLDER (default a folder).",
    "LINLI_EMAIL_FROM": "Sender of e-mail (default linli@localhost).",
    "LINLI_MAIL_IN": "imaps://user:password@host/FOLDER, read for e-mail in (imap:// for STARTTLS); absent: none.",
    "LINLI_MAIL_ADDRESS": "Address people write to (default: the user of LINLI_MAIL_IN, when that is an address).",
    "LINLI_MAIL_TAGS": "The mail server delivers name+anything@host to name@host: yes or no (default no).",
    "LINLI_MAIL_INSTITUTION": "What a letter opens (default request).",
    "LINLI_MAIL_CATEGORY": "Category of what comes by e-mail, until staff change it (default other).",
    "LINLI_MAIL_AREA": "Code of the area that receives letters which name no place (default: the whole jurisdiction).",
    "LINLI_MAIL_SECONDS": "How often the worker looks into the mailbox, in seconds (default 60).",
    "LINLI_MAIL_MB": "Largest letter, in megabytes; a larger one is put aside and listed (default 30).",
    "LINLI_WECHAT_TOKEN": "Token of the WeChat Official Account's server settings; absent: no chat channel.",
    "LINLI_WECHAT_APP_ID": "AppID of the WeChat Official Account.",
    "LINLI_WECHAT_SECRET": "AppSecret of the WeChat Official Account.",
    "LINLI_WECHAT_API": "Where WeChat's server is asked (default https://api.weixin.qq.com).",
    "LINLI_WECHAT_INSTITUTION": "What a chat message opens (default request).",
    "LINLI_WECHAT_CATEGORY": "Category of what comes by chat, until staff change it (default other).",
    "LINLI_WECHAT_AREA": "Code of the area that receives chat matters without a place (default: the jurisdiction).",
    "LINLI_WEBHOOK_INTRANET": "Webhooks may go to addresses of the local network: yes or no (default no).",
    "LINLI_RETIRE": "The worker destroys personal data past the pack's retain_limit daily: yes or no (default yes).",
    "LINLI_OPEN311_KEY_REQUIRED": "Reporting through Open311 needs an API key: yes or no (default no).",
    "LINLI_SMS": "console: or file:PATH (default file:LINLI_HOME/sms.jsonl).",
    "LINLI_UPLOAD_MB": "Largest single attachment, in megabytes (default 20).",
    "LINLI_LOG_LEVEL": "DEBUG, INFO, WARNING or ERROR (default WARNING).",
    "LINLI_EXIT_WITH_PARENT": "Set by `serve` and `demo` for the processes they start.",
    "LINLI_TEST_DATA": "Folder with real data sets for the tests that want them.",
    "LINLI_TEST_RUN": "Set by the tests for the processes they start.",
    "LINLI_TEST_KILLS": "How often the test in tests/faults kills a process with -9 (default 50).",
    "LINLI_TEST_HOME": "Home of the tests' database; kept between runs (default: a temporary folder).",
}

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


class SettingError(Exception):
    """A setting that cannot be used. The text is one sentence that names the variable and how to mend it."""


def check_names(environ: Mapping[str, str] | None = None) -> None:
    """Refuse LINLI_* variables nobody reads. Raises SettingError naming the nearest known one."""
    for name in os.environ if environ is None else environ:
        if name.startswith("LINLI_") and name not in VARIABLES:
            near = difflib.get_close_matches(name, VARIABLES, n=1)
            hint = f"did you mean {near[0]}?" if near else "known ones are: " + ", ".join(VARIABLES)
            raise SettingError(f"The environment variable {name} is unknown; {hint}")


def text(name: str, default: str = "") -> str:
    """The value without surrounding blanks; `default` when unset or empty. The name must be declared above."""
    if name not in VARIABLES:
        raise KeyError(f"{name} is read but not declared in linli.config.environment.VARIABLES")
    return os.environ.get(name, "").strip() or default


def boolean(name: str, default: bool = False) -> bool:
    """yes/no, true/false, on/off, 1/0; anything else raises SettingError."""
    value = text(name).lower()
    if not value:
        return default
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise SettingError(f"{name}={value!r} is neither yes nor no; write {name}=yes or {name}=no.")


def integer(name: str, default: int, *, least: int, most: int) -> int:
    """A whole number within [least, most]; anything else raises SettingError."""
    value = text(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise SettingError(f"{name}={value!r} is not a whole number; write one from {least} to {most}.") from None
    if not least <= number <= most:
        raise SettingError(f"{name}={number} is out of range; write a number from {least} to {most}.")
    return number


def listing(name: str, default: str = "") -> list[str]:
    """Values separated by commas, blanks trimmed, empty ones dropped."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def choice(name: str, allowed: tuple[str, ...], default: str) -> str:
    """One of `allowed`; anything else raises SettingError listing them."""
    value = text(name, default)
    if value not in allowed:
        raise SettingError(f"{name}={value!r} is unknown; write one of {', '.join(allowed)}.")
    return value


def home() -> Path:
    """LINLI_HOME, or the platform's data folder: ~/.local/share/linli, ~/Library/Application Support/linli,
    and /var/lib/linli for root, because the database runs as another user who may not enter /root."""
    value = text("LINLI_HOME")
    if value:
        return Path(value).expanduser().absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/linli")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "linli"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "linli"
