"""`linli report 721`, in a process of its own on this test's database."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from linli.kernel.calendar import SHANGHAI
from tests.cast import Cast

HOUR = timedelta(hours=1)


def report(environment: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "linli.config.cli", "report", "721", *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


@pytest.fixture
def closed(process_environment: dict[str, str], cast: Cast) -> dict[str, str]:
    """Two closed in the grid and one above, in March 2026."""
    start = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)
    for up in (False, False, True):
        case = cast.lamp(start)
        who = "wang"
        if up:
            cast.act("wang", case.id, "pass_up", start + HOUR, reason="要换电缆")
            who = "chen"
        result = {"result": "solved"} if up else {}
        cast.act(who, case.id, "solve", start + 2 * HOUR, answer="修好了", **result)
        cast.act("li", case.id, "confirm", start + 3 * HOUR, contacted="是", solved="solved", satisfied="satisfied")
    return process_environment


def test_721_as_words_and_as_values(closed: dict[str, str]) -> None:
    period = ("--from", "2026-03-01", "--to", "2026-03-31")
    words = report(closed, *period)
    assert words.returncode == 0, words.stderr
    assert "66.7%  2 / 3（参考 70%）" in words.stdout and "设定值" in words.stdout
    assert "66.7%  2 / 3 (target 70%)" in report(closed, *period, "--lang", "en").stdout
    values = json.loads(report(closed, *period, "--json").stdout)
    assert [(t["tier"], t["count"], t["percent"]) for t in values["tiers"][:3]] == [
        ("grid", 2, 66.7), ("community", 1, 33.3), ("street", 0, 0.0),
    ]  # fmt: skip
    assert values["closed"]["count"] == 3 and "tier=grid" in values["tiers"][0]["open"]
    elsewhere = json.loads(report(closed, *period, "--area", "320402002000", "--json").stdout)
    assert elsewhere["closed"]["count"] == 0 and elsewhere["tiers"][0]["percent"] is None


@pytest.mark.parametrize(
    "options", [("--area", "999"), ("--from", "2026-04-01", "--to", "2026-03-01"), ("--from", "yesterday")]
)
def test_wrong_usage_is_said_and_ends_with_2(closed: dict[str, str], options: tuple[str, ...]) -> None:
    done = report(closed, *options)
    assert done.returncode == 2 and "Error:" in done.stderr and "Traceback" not in done.stderr


def test_every_rate_as_words_values_and_rows(closed: dict[str, str]) -> None:
    period = ("request", "--from", "2026-03-01", "--to", "2026-03-31")
    words = run(closed, "figures", *period, "--by", "category")
    assert words.returncode == 0, words.stderr
    assert "解决率  100.0%（件数少；权重是假设）" in words.stdout and "解决了 3、部分解决 0、没有解决 0" in words.stdout
    values = json.loads(run(closed, "figures", *period, "--by", "tier", "--json").stdout)
    rate = next(r for r in values["rates"] if r["rate"] == "solution")
    assert (rate["whole"], rate["percent"], rate["few"], rate["assumption"]) == (3, 100.0, True, True)
    assert [line["title"]["en"] for line in values["lines"]] == ["Grid", "Community"]
    rows = run(closed, "figures", *period, "--csv").stdout.splitlines()
    assert rows[0].startswith("制度,从,到") and any(
        r.startswith("群众诉求,2026-03-01,2026-03-31,全部,解决率") for r in rows
    )
    for wrong in (("nothing",), ("request", "--area", "9"), ("request", "--from", "2026-04-01", "--to", "2026-03-01")):
        done = run(closed, "figures", *wrong)
        assert done.returncode == 2 and "Traceback" not in done.stderr


def test_a_city_without_calendar_says_that_nothing_is_opened_by_it(closed: dict[str, str]) -> None:
    assert "没有按日历开办" in run(closed, "sessions").stdout
    assert run(closed, "sessions", "--institution", "evening_session").returncode == 2


def test_the_reference_page_is_what_the_definitions_print(process_environment: dict[str, str]) -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "figures.md"
    assert run(process_environment, "definitions").stdout == page.read_text(encoding="utf-8"), (
        "run: linli report definitions > docs/reference/figures.md"
    )


def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "linli.config.cli", "report", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90)
