"""The mail server: what lies in the mailbox, and moving it away once it is dealt with. Nothing is ever deleted.

The mailbox itself is the queue: what lies in it waits. What was dealt with is moved to one of two folders beside it.
"""

from __future__ import annotations

import contextlib
import imaplib
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

DONE, REJECTS = "Linli-Done", "Linli-Rejects"
SECONDS = 30


class MailServerDown(OSError):
    """The mail server cannot be reached or does not do what it is asked; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where letters come in. ``security`` is tls, starttls or none (only on this machine)."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    security: str = "tls"


class Mailbox:
    """One visit to the mail server; use it in a ``with`` block. Raises MailServerDown from every verb."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._box: BaseMailBox | None = None
        self._moves = False

    def __enter__(self) -> Mailbox:
        try:
            self._box = self._connect()
            _, said = self.box.client.capability()  # what the server can do after the login, which is more than before
            self._moves = b"MOVE" in b" ".join(w for w in said if isinstance(w, bytes)).split()
            for name in (DONE, REJECTS):
                if not self.box.folder.exists(name):
                    self.box.folder.create(name)
            self.box.folder.set(self.account.folder)
        except (ImapToolsError, imaplib.IMAP4.error, OSError) as wrong:
            self.__exit__(None, None, None)
            raise self._down(wrong) from None
        return self

    def _connect(self) -> BaseMailBox:
        here = self.account
        made: BaseMailBox
        if here.security == "none":
            made = MailBoxUnencrypted(here.host, here.port, timeout=SECONDS)
        elif here.security == "starttls":
            made = MailBoxStartTls(here.host, here.port, timeout=SECONDS, ssl_context=ssl.create_default_context())
        else:
            made = MailBox(here.host, here.port, timeout=SECONDS, ssl_context=ssl.create_default_context())
        made.login(here.user, here.password, initial_folder=None)
        return made

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._box is not None:
            with contextlib.suppress(ImapToolsError, imaplib.IMAP4.error, OSError):  # it may be gone already
                self._box.logout()
            self._box = None

    @property
    def box(self) -> BaseMailBox:
        """The open connection."""
        if self._box is None:
            raise MailServerDown("The mailbox is used outside its with block.")
        return self._box

    def waiting(self) -> list[tuple[str, int]]:
        """(uid, size in bytes) of what lies in the mailbox, oldest first."""
        try:
            uids = sorted(self.box.uids("ALL"), key=int)
            sizes: dict[str, int] = {}
            for start in range(0, len(uids), 200):
                _, said = self.box.client.uid("FETCH", ",".join(uids[start : start + 200]), "(RFC822.SIZE)")
                for line in said:
                    words = (line[0] if isinstance(line, tuple) else line or b"").upper()
                    uid, size = _number(words, b"UID "), _number(words, b"RFC822.SIZE ")
                    if uid and size:
                        sizes[uid] = int(size)
            return [(uid, sizes.get(uid, 0)) for uid in uids]
        except (ImapToolsError, imaplib.IMAP4.error, OSError) as wrong:
            raise self._down(wrong) from None

    def letter(self, uid: str, part: str = "") -> bytes:
        """The letter as it came, byte by byte, without marking it as read; ``part`` HEADER for its headers alone.
        Empty when somebody took it away."""
        try:
            status, said = self.box.client.uid("FETCH", uid, f"(BODY.PEEK[{part}])")
        except (imaplib.IMAP4.error, OSError) as wrong:
            raise self._down(wrong) from None
        if status != "OK":
            raise self._down(f"FETCH {uid} is answered {status}")
        return next((line[1] for line in said if isinstance(line, tuple)), b"")

    def put(self, uids: Iterable[str], folder: str) -> None:
        """Move letters out of the mailbox into ``folder``."""
        wanted = ",".join(uids)
        if not wanted:
            return
        try:
            if self._moves:
                self._ok(self.box.client.uid("MOVE", wanted, folder))
            else:
                self.box.move(wanted, folder)
        except (ImapToolsError, imaplib.IMAP4.error, OSError) as wrong:
            raise self._down(wrong) from None

    def again(self) -> int:
        """Move everything in the rejects folder back into the mailbox; how many."""
        try:
            self.box.folder.set(REJECTS)
            uids = self.box.uids("ALL")
            self.put(uids, self.account.folder)
            self.box.folder.set(self.account.folder)
            return len(uids)
        except (ImapToolsError, imaplib.IMAP4.error, OSError) as wrong:
            raise self._down(wrong) from None

    def _ok(self, answer: tuple[str, list[bytes]]) -> None:
        if answer[0] != "OK":
            raise self._down(f"it answers {answer}")

    def _down(self, wrong: object) -> MailServerDown:
        if isinstance(wrong, MailServerDown):
            return wrong
        where = f"{self.account.host}:{self.account.port}"
        return MailServerDown(f"The mail server {where} (mailbox {self.account.user}) does not serve: {wrong}"[:400])


def _number(words: bytes, after: bytes) -> str:
    _, found, rest = words.partition(after)
    digits = rest.split(b" ")[0].rstrip(b")") if found else b""
    return digits.decode("ascii") if digits.isdigit() else ""
