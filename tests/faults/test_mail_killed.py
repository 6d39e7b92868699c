"""`linli mail fetch` killed with -9 again and again while it works: each letter becomes one matter, none is lost."""

from __future__ import annotations

import subprocess
import sys
import time
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from urllib.parse import quote

import pytest

from linli.features.mail.mailbox import DONE
from linli.features.mail.models import Taken
from linli.ledger.models import Case
from tests.cast import Cast
from tests.features.mail.post_office import OURS, PASSWORD, open_office

LETTERS, KILLS = 60, 6


@pytest.mark.faults
def test_each_letter_becomes_one_matter(
    transactional_db: None, process_environment: dict[str, str], cast: Cast, tmp_path: Path
) -> None:
    with open_office(tmp_path) as office:
        url = f"imap://box:{quote(PASSWORD)}@127.0.0.1:{office.imap_port}/INBOX"
        environment = {**process_environment, "LINLI_MAIL_IN": url, "LINLI_MAIL_ADDRESS": OURS}
        command = [sys.executable, "-m", "linli.config.cli", "mail", "fetch"]
        for n in range(LETTERS):
            mail = EmailMessage()
            mail["From"], mail["To"], mail["Subject"] = f"p{n}@mail.example", OURS, f"第 {n} 封"
            mail["Message-ID"] = make_msgid(domain="mail.example")
            mail.set_content("路灯不亮")
            office.drop(mail.as_bytes())
        for _ in range(KILLS):
            before = Taken.objects.count()
            process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            ends = time.monotonic() + 30
            while Taken.objects.count() < before + 3 and process.poll() is None and time.monotonic() < ends:
                time.sleep(0.01)
            process.kill()
            process.wait()
        killed_at = Case.objects.count()
        assert 0 < killed_at < LETTERS, "it was killed in the middle of its work"
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert Case.objects.count() == Taken.objects.filter(outcome="opened").count() == LETTERS
        assert len({c.fields["text"] for c in Case.objects.all()}) == LETTERS
        assert (office.count(), office.count(DONE)) == (0, LETTERS)
