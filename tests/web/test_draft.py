"""The page on which a draft is checked: for people with a duty, nothing installed, nothing lost, nothing hung."""

from __future__ import annotations

import html
import re
import time
from datetime import date
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from linli.drafting.load import load
from linli.drafting.reader import LONGEST_FILE
from linli.drafting.starter import Answers, starter
from linli.kernel.clock import Unit
from linli.kernel.institution import Text
from linli.ledger.definitions import runtime
from linli.ledger.models import Case, Definition, PackFile
from linli.web.open import draft, draft_check
from tests.cast import Cast

ADDRESS = "/institutions/draft/"


@pytest.fixture
def chen(cast: Cast) -> Client:
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(cast.accounts["chen"])
    return client


def texts(name: str = "lend_chairs", amount: int = 5, unit: Unit = "day") -> dict[str, str]:
    """A sound draft with its parameters and scenarios, as somebody pastes them."""
    pack = runtime().pack
    title = Text("借椅子", "Lend chairs")
    answers = Answers(name, title, "resident", "community", "street", amount, unit, True, date(2026, 1, 1))
    made = starter(pack, answers)
    stories = [t for p, t in made.items() if "/scenarios/" in p]
    return {
        "institution": made[f"{name}/institution.yaml"],
        "parameters": made["parameters.yaml"],
        "scenarios": "---\n".join(stories),
    }


def post(client: Client, typed: dict[str, object]) -> str:
    answer = client.post(ADDRESS, typed)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    return html.unescape(answer.content.decode())


def codes(page: str) -> set[str]:
    return set(re.findall(r'href="#code-([a-z0-9-]+)"', page))


def test_it_is_there_for_people_with_a_duty_and_found_from_the_institutions(cast: Cast) -> None:
    for key in cast.people:
        client = Client()
        client.force_login(cast.accounts[key])
        staff = key not in ("li", "stranger", "charlie")
        assert client.get(ADDRESS).status_code == (200 if staff else 404), key
        assert client.post(ADDRESS, {"institution": "x"}).status_code == (200 if staff else 404), key
        assert (ADDRESS in client.get("/institutions/").content.decode()) == staff, key
    assert Client().get(ADDRESS).status_code == 302
    assert ADDRESS not in Client().get("/institutions/").content.decode()


def test_a_sound_draft_is_drawn_and_nothing_is_installed(chen: Client) -> None:
    before = (PackFile.objects.count(), Definition.objects.count(), Case.objects.count())
    page = post(chen, texts())
    assert "没有发现问题" in page and codes(page) == set()
    assert "5 天（约 5 天）" in page, "the worst case"
    assert "<svg" in page and "怎么提出" in page and "谁、办什么、多久办完" in page
    assert (PackFile.objects.count(), Definition.objects.count(), Case.objects.count()) == before
    assert "lend_chairs" not in runtime().pack.institutions
    assert chen.get("/institutions/lend_chairs/").status_code == 404


def test_a_fault_is_told_with_its_line_remedy_and_shortest_way(chen: Client) -> None:
    typed = texts()
    line = "        answers: asker\n"
    assert typed["institution"].count(line) == 2
    typed["institution"] = typed["institution"].replace(line, "", 1)
    page = post(chen, typed)
    assert "silent-end" in codes(page)
    assert 'id="code-silent-end"' in page and "怎么改：" in page
    assert re.search(r"第 \d+ 行", page) and "最短的一条路" in page
    story = page[page.index("最短的一条路") :]
    assert story.index("提出人") < story.index("办好了，答复") < story.index("到了“办结”")
    assert "<svg" not in page.partition("<form")[0].partition('id="result"')[2], "a broken draft is not drawn"
    assert typed["institution"] in page and typed["scenarios"] in page and typed["parameters"] in page


def test_without_scenarios_it_is_drawn_and_told_that_they_are_wanting(chen: Client) -> None:
    page = post(chen, {**texts(), "scenarios": ""})
    assert codes(page) == {"scenario-missing"} and "制度本身没有问题" in page and "<svg" in page


def test_in_english_too(cast: Cast) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(cast.accounts["chen"])
    page = post(client, texts())
    assert "No finding" in page and "From report to answer at most" in page and "5 days (about 5 days)" in page
    broken = post(client, {**texts(), "institution": texts()["institution"].replace("    holder: upper\n", "", 1)})
    assert "open-stage-without-holder" in codes(broken) and "Mend: " in broken


def test_an_installed_institution_can_be_drafted_anew_with_what_it_calls(chen: Client) -> None:
    files = runtime().files
    path = next(p for p in files if p.endswith("/request/institution.yaml"))
    page = post(chen, {"institution": files[path], "base": path.split("/")[0]})
    assert codes(page) == set() and "没有发现问题" in page, "its own stories are played with it"


def test_a_file_can_be_uploaded_and_never_replaces_what_was_typed(chen: Client) -> None:
    typed = texts()
    file = SimpleUploadedFile("institution.yaml", b"\xef\xbb\xbf" + typed["institution"].encode())
    page = post(chen, {**typed, "institution": "", "file": file})
    assert "没有发现问题" in page and typed["institution"] in page
    again = SimpleUploadedFile("institution.yaml", b"institution: other\n")
    both = post(chen, {**typed, "file": again})
    assert str(draft.BOTH.zh) in both and typed["institution"] in both
    foreign = SimpleUploadedFile("institution.yaml", "借椅子".encode("gbk"))
    assert draft.NOT_UTF8.zh in post(chen, {"institution": "", "parameters": "x: []", "file": foreign})


def test_what_is_too_long_or_empty_is_told_and_kept(chen: Client) -> None:
    long = "# " + "长" * LONGEST_FILE
    page = post(chen, {"institution": texts()["institution"], "parameters": long})
    assert draft.TOO_LONG.zh in page and long in page
    assert draft.EMPTY.zh in post(chen, {"institution": " ", "scenarios": "mine"})


def test_markup_in_a_draft_stays_text(chen: Client) -> None:
    evil = "</textarea><script>alert(1)</script>"
    for name in ("institution", "parameters", "scenarios"):
        typed = {**texts(), name: f"{texts()[name]}\n{evil}: [{evil}\n"}
        assert "<script>alert" not in chen.post(ADDRESS, typed).content.decode()
    titled = {**texts(), "institution": texts()["institution"].replace("借椅子", "借<script>alert(1)</script>")}
    page = chen.post(ADDRESS, titled).content.decode()
    assert "<svg" in page and "<script>alert" not in page


def hostile() -> dict[str, dict[str, str]]:
    sound = texts(amount=1, unit="minute")
    forever = (
        "scenario: {zh: 等八千年, en: Wait}\ncast: {老李: asker}\nsteps:\n"
        "  - {at: 2026-01-05 09:00, who: 老李, act: open, with: {text: 灯}}\n"
        "until: 9999-12-31 23:00\nexpect: {stage: raised}\n"
    )
    stages = "".join(
        f"  s{n}:\n    title: {{zh: 环节, en: S}}\n    holder: first\n    within: lend_chairs_first_limit\n"
        f"    overdue: go\n    acts:\n"
        + "".join(
            f"      a{n}_{m}: {{title: {{zh: 去, en: Go}}, by: first, at_most: 9, to: s{(n + m) % 40}}}\n"
            for m in range(9)
        )
        + f"      go: {{title: {{zh: 到期, en: Go}}, by: clock, to: s{(n + 1) % 40}}}\n"
        for n in range(40)
    )
    head = sound["institution"].partition("stages:")[0].replace("to: received", "to: s0")
    return {
        "a story of eight thousand years": {**sound, "scenarios": forever},
        "hundreds of them": {**sound, "scenarios": "\n---\n".join([forever] * 200)},
        "a million states": {**sound, "institution": head + "stages:\n" + stages},
        "deep": {"institution": "[" * 90_000},
        "a bomb": {"institution": "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"},
        "many keys": {"institution": "".join(f"k{n}: 1\n" for n in range(15_000))},
        "a tag": {"institution": "!!python/object/apply:os.system ['touch /tmp/linli-was-here']\n"},
        "an endless guard": {
            **sound,
            "institution": sound["institution"].replace(
                "by: first\n", "by: first\n        when: " + " + ".join(["1"] * 120) + " > 0\n", 1
            ),
        },
        "no text at all": {"institution": "\x00\x01￾"},
    }


@pytest.mark.parametrize("kind", range(9))
def test_nothing_hostile_takes_more_than_its_budget(chen: Client, kind: int) -> None:
    name, typed = list(hostile().items())[kind]
    start = time.monotonic()
    page = post(chen, typed)
    took = time.monotonic() - start
    assert codes(page) or "已经停下" in page, name
    assert ("已经停下" in page) == (name == "hundreds of them"), name
    assert name == "no text at all" or typed["institution"] in page, "what was typed is still there"
    assert took < draft.WAIT, f"{name} took {took:.1f} s"
    assert not Path("/tmp/linli-was-here").exists()


def test_processor_time_is_bounded() -> None:
    """The checking process ends itself; the server only waits longer on a busy machine."""
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    asked = {
        "files": {"draft/pack.yaml": "pack: draft\n"},
        "pack": "draft",
        "institution": "x",
        "lang": "zh",
        "on": "?",
    }
    lines, trouble = draft.check(asked)
    assert lines and lines[0]["findings"] and trouble is None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used < 2 * draft_check.SECONDS + 1


def test_only_what_the_draft_names_comes_along() -> None:
    files = {
        "base/pack.yaml": "pack: base",
        "base/a/institution.yaml": "calls: {institution: b}",
        "base/b/institution.yaml": "institution: b",
        "base/c/institution.yaml": "institution: c",
    }
    asked = draft.question(files, "base", {"institution": "institution: a\n", "parameters": "", "scenarios": ""})
    kept = {p for p in asked["files"] if p.startswith("base/")}
    assert kept == {"base/pack.yaml", "base/a/institution.yaml", "base/b/institution.yaml"}
    assert asked["institution"] == "a" and load(asked["files"], asked["pack"])[1]
