"""The tutorial, done as it says: its files written out, its commands run, its institution used over the pages."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from linli.ledger import definitions
from linli.ledger.models import Case
from tests.cast import Cast

DOCS = Path(__file__).parents[2] / "docs/tutorial"
FILES = re.compile(r"^`(my_town/[^`]+)`\n\n```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The pack as the reader of the tutorial has written it."""
    found = FILES.findall((DOCS / "first-hour.md").read_text(encoding="utf-8"))
    assert len(found) == 7, "the tutorial shows pack, parameters, institution and four scenarios"
    for name, text in found:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "my_town"


def linli(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "linli.config.cli", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_it_checks_and_the_break_it_suggests_is_found(folder: Path) -> None:
    sound = linli("check", str(folder))
    assert sound.returncode == 0, sound.stdout + sound.stderr
    path = folder / "borrow_ladder/institution.yaml"
    text = path.read_text(encoding="utf-8")
    line = text[: text.index("  with_street:")].count("\n") + 1
    path.write_text(text.replace("    overdue: press\n", ""), encoding="utf-8")
    broken = linli("check", str(folder))
    assert broken.returncode == 1
    assert f"institution.yaml:{line}:3: clock-without-consequence" in broken.stdout


def test_it_is_explained_in_both_languages(folder: Path) -> None:
    for lang, words in (("zh", "借社区的梯子"), ("en", "Borrow the community's ladder")):
        told = linli("explain", f"{folder}/borrow_ladder", "--lang", lang)
        assert told.returncode == 0 and words in told.stdout


def test_it_works_in_the_browser_without_any_python(folder: Path, cast: Cast, client: Client) -> None:
    from linli.config.pack_files import sound_pack

    definitions.publish(sound_pack(str(folder)), timezone.now())
    definitions.forget()
    client.force_login(cast.accounts["li"])
    assert "借社区的梯子" in client.get("/institutions/").content.decode()
    back_on = (timezone.now() + timedelta(days=3)).date().isoformat()
    sent = _report(client, {"purpose": "换灯泡", "back_on": back_on})
    case = Case.objects.get(institution="borrow_ladder")
    assert str(case.number) in sent
    client.force_login(cast.accounts["chen"])
    assert str(case.number) in client.get("/desk/").content.decode()
    page = client.get(f"/cases/{case.number}/").content.decode()
    assert "借给" in page and "这次不能借" in page
    client.post(f"/cases/{case.number}/acts/lend/", {"seq": case.state["seq"], "answer": "下午三点来拿"})
    case.refresh_from_db()
    assert (case.stage, case.result, case.tier) == ("lent", "solved", "community")
    client.force_login(cast.accounts["li"])
    assert "下午三点来拿" in client.get(f"/cases/{case.number}/").content.decode()


def _report(client: Client, filled: dict[str, str]) -> str:
    """The three screens: what, where, who."""
    what, where, who = (f"/report/borrow_ladder/{screen}" for screen in ("", "where/", "who/"))
    assert client.post(what, filled)["Location"] == where
    community = {"at_street": "320402001000", "at_community": "320402001001"}
    assert client.post(where, {"go": "1", **community})["Location"] == who
    token = re.search(r'name="token" value="([^"]+)"', client.get(who).content.decode())
    assert token
    return client.post(who, {"token": token[1]}, follow=True).content.decode()
