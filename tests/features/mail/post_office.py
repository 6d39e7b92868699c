"""A real mail system for the tests: SMTP (aiosmtpd) puts letters into Maildir folders, IMAP (pymap) serves them.

Everybody at ``linli.example`` shares one mailbox, whatever stands behind a ``+``; letters to anybody else are kept in
``sent``, so that a test sees what a resident would get.
"""

from __future__ import annotations

import contextlib
import mailbox
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from smtplib import SMTP
from typing import Any

from aiosmtpd.controller import Controller
from pysasl.hashing import BuiltinHash

from linli.features.mail.mailbox import DONE, REJECTS, Account, Mailbox

OURS = "suqiu@linli.example"
PASSWORD = "box secret"


@dataclass
class PostOffice:
    """The running servers."""

    folder: Path
    smtp_port: int = 0
    imap_port: int = 0
    sent: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Deliver a letter; called by aiosmtpd."""
        for to in envelope.rcpt_tos:
            if to.lower().endswith("@linli.example"):
                self.drop(envelope.content)
            else:
                self.sent.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 taken"

    def drop(self, raw: bytes) -> None:
        """Put a letter into the mailbox, byte for byte."""
        mailbox.Maildir(self.folder / "box", create=False).add(raw)

    def post(self, letter: EmailMessage, to: str = OURS) -> None:
        """Send a letter over SMTP."""
        with SMTP("127.0.0.1", self.smtp_port) as smtp:
            smtp.send_message(letter, to_addrs=[to])

    @property
    def account(self) -> Account:
        """How Linli signs in."""
        return Account("127.0.0.1", self.imap_port, "box", PASSWORD, "INBOX", "none")

    def box(self) -> Mailbox:
        """A new visit."""
        return Mailbox(self.account)

    def count(self, name: str = "INBOX") -> int:
        """How many letters lie in a folder, asked over IMAP.

        Different ones: pymap lists a letter twice that was moved away and back, though it is one file.
        """
        with self.box() as box:
            box.box.folder.set(name)
            return len({box.letter(uid) for uid in box.box.uids("ALL")} - {b""})

    def folders(self) -> tuple[int, int, int]:
        """How many wait, were done, were rejected."""
        return self.count(), self.count(DONE), self.count(REJECTS)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextmanager
def open_office(folder: Path) -> Iterator[PostOffice]:
    """Both servers on free ports, ended at the end."""
    mailbox.Maildir(folder / "box", create=True)
    (folder / "pymap-etc-passwd").write_text("box:x::::box:\n")
    (folder / "pymap-etc-shadow").write_text(f"box:{BuiltinHash().hash(PASSWORD)}:::::::\n")
    office = PostOffice(folder, free_port(), free_port())
    smtp = Controller(office, hostname="127.0.0.1", port=office.smtp_port)
    command = [str(Path(sys.executable).with_name("pymap")), "--host", "127.0.0.1", "--port", str(office.imap_port)]
    with (folder / "pymap.log").open("w") as log:
        imap = subprocess.Popen([*command, "--no-tls", "maildir", str(folder)], stdout=log, stderr=log)
    smtp.start()
    try:
        _wait(office.imap_port, folder)
        yield office
    finally:
        smtp.stop()
        imap.terminate()
        imap.wait(timeout=10)


def _wait(port: int, folder: Path) -> None:
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError((folder / "pymap.log").read_text())
