"""`linli load` and `linli import areas` as processes on a real database: what is taken, refused, and said."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from linli.config import import_areas
from linli.ledger import definitions
from linli.ledger.models import Definition
from linli.places.models import Area
from tests.cast import PACKS, Cast

HEADER = "code,name,kind,parent,lat,lng,valid_from"
GOOD = [
    "320400000000,常州市,city,,31.8,119.97,2020-01-01",
    "320402000000,天宁区,district,320400000000,,,2020-01-01",
    "320402001000,雕庄街道,street,320402000000,31.75,120.01,2020-01-01",
]
BAD = {
    "32040200,短码,street,320402000000,,,2020-01-01": "code",
    "３２０４０２００２０００,全角,street,320402000000,,,2020-01-01": "code",
    "320402002000,,street,320402000000,,,2020-01-01": "name",
    "320402002000,青龙街道,street,320402009000,,,2020-01-01": "parent",
    "320402002000,青龙街道,street,320402000000,nan,,2020-01-01": "lat",
    "320402002000,青龙街道,street,320402000000,,东经,2020-01-01": "lng",
    "320402002000,青龙街道,street,320402000000,,,去年": "valid_from",
    f"320402002000,{'青' * 101},street,320402000000,,,2020-01-01": "100",
    "320402001000,雕庄街道,community,320402000000,,,2020-01-01": "已登记",
    "320402002000,青龙街道,street": "valid_from",
}


@pytest.fixture
def linli(process_environment: dict[str, str]) -> Any:
    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "linli.config.cli", *map(str, words)]
        return subprocess.run(command, env=process_environment, capture_output=True, text=True, timeout=120)

    return run


def write(path: Path, rows: list[str], encoding: str = "utf-8") -> Path:
    path.write_bytes("\n".join([HEADER, *rows]).encode(encoding))
    return path


def test_areas_come_in_once_and_bad_rows_come_back(linli: Any, tmp_path: Path) -> None:
    file = write(tmp_path / "areas.csv", [*GOOD, *BAD])
    done = linli("import", "areas", file, "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 1, done.stderr
    assert (told["created"], told["changed"], len(told["rejects"])) == (len(GOOD), 0, len(BAD))
    assert [r["line"] for r in told["rejects"]] == list(range(2 + len(GOOD), 2 + len(GOOD) + len(BAD)))
    for reject, part in zip(told["rejects"], BAD.values(), strict=True):
        assert part in reject["reason"], reject
    assert set(Area.objects.values_list("code", flat=True)) == {row[:12] for row in GOOD}

    with Path(told["rejects_file"]).open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == len(BAD) and all(row["reason"] for row in rows)
    again = json.loads(linli("import", "areas", file, "--json").stdout)
    assert (again["created"], again["changed"]) == (0, 0)


def test_a_mended_rejects_file_can_be_imported_as_it_is(linli: Any, tmp_path: Path) -> None:
    bad = "320402002000,青龙街道,street,320402000000,,,去年"
    linli("import", "areas", write(tmp_path / "areas.csv", [*GOOD, bad]))
    rejects = tmp_path / "areas.rejects.csv"
    rejects.write_text(rejects.read_text(encoding="utf-8-sig").replace("去年,", "").replace(",去年", ",2021-05-01"))
    assert linli("import", "areas", rejects).returncode == 0
    assert str(Area.objects.get(code="320402002000").valid_from) == "2021-05-01"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_encodings_that_chinese_spreadsheets_write_are_read(tmp_path: Path, encoding: str) -> None:
    _, rows = import_areas.read_rows(write(tmp_path / "areas.csv", GOOD, encoding))
    assert [(line, row["name"]) for line, row in rows] == [(2, "常州市"), (3, "天宁区"), (4, "雕庄街道")]


def test_a_file_without_the_columns_is_refused_by_name(linli: Any, tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n")
    done = linli("import", "areas", file)
    assert done.returncode == 1 and "no column code" in done.stderr
    assert linli("import", "areas", tmp_path / "absent.csv").returncode == 2


def test_a_spelling_is_mended_in_place(linli: Any, tmp_path: Path) -> None:
    linli("import", "areas", write(tmp_path / "areas.csv", GOOD))
    done = linli("import", "areas", write(tmp_path / "areas.csv", [*GOOD[:2], GOOD[2].replace("雕庄", "雕莊")]))
    assert done.returncode == 0 and "改名 1" in done.stdout
    assert Area.objects.get(code="320402001000").name == "雕莊街道"


def test_a_pack_is_published_once(linli: Any) -> None:
    first = json.loads(linli("load", "changzhou", "--json").stdout)
    assert {p["institution"] for p in first["published"]} >= {"request", "response"} and first["findings"] == []
    definitions.forget()
    assert definitions.runtime().pack.name == "changzhou"
    assert json.loads(linli("load", "changzhou", "--json").stdout)["published"] == []
    assert "没有变化" in linli("load", "changzhou").stdout


def test_a_pack_with_a_finding_is_refused_and_nothing_changes(linli: Any, cast: Cast, tmp_path: Path) -> None:
    shutil.copytree(PACKS / "changzhou", tmp_path / "changzhou")
    institution = tmp_path / "changzhou" / "request" / "institution.yaml"
    institution.write_text(institution.read_text("utf-8").replace("overdue: pass_up", "overdue: pas_up"), "utf-8")
    before = set(Definition.objects.values_list("institution", "version"))
    done = linli("load", tmp_path / "changzhou")
    assert done.returncode == 1 and "institution.yaml:" in done.stdout and "pass_up" in done.stdout
    told = json.loads(linli("load", tmp_path / "changzhou", "--json").stdout)
    assert told["published"] == [] and told["findings"][0]["code"] == "undeclared-name"
    assert set(Definition.objects.values_list("institution", "version")) == before
    assert linli("load", "no-such-pack").returncode == 2
