"""`linli report 721`, in a process of its own on this test's database."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta

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
