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
from tests.cast import GRID_A, Cast

DOCS = Path(__file__).parents[2] / "docs/tutorial"
FILES = re.compile(r"^`(my_town/[^`]+)`\n\n```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The pack as the reader of the tutorial has written it."""
    found = FILES.findall((DOCS / "first-hour.md").read_text(encoding="utf-8"))
    assert len(found) == 6, "the tutorial shows pack, parameters, institution and three scenarios"
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
    line = next(n for n, words in enumerate(text.splitlines(), 1) if "overdue: press" in words)
    path.write_text(text.replace("    overdue: press\n", ""), encoding="utf-8")
    broken = linli("check", str(folder))
    assert broken.returncode == 1
    assert re.search(rf"institution\.yaml:({line - 3}|{line - 1}|{line}):\d+: clock-without-consequence", broken.stdout)


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
    """Walk the three screens as a browser does: every hidden field of a form goes back with what is typed."""
    page = client.get("/report/borrow_ladder/")
    typed: dict[str, str] = {**filled, "area": GRID_A, "anonymous": ""}
    for _ in range(5):
        html = page.content.decode()
        if "borrow_ladder" not in html and "/c/" in page.request["PATH_INFO"]:
            break
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html))
        fields = {n: v for n, v in typed.items() if f'name="{n}"' in html}
        action = re.search(r'<form[^>]*method="post"[^>]*action="(/report[^"]*)"', html)
        target = action[1] if action else page.request["PATH_INFO"]
        page = client.post(target, {**hidden, **fields}, follow=True)
        if Case.objects.filter(institution="borrow_ladder").exists():
            break
    return page.content.decode()
