"""`linli new institution` writes what passes `check`, whatever is answered, and never overwrites a file."""

from __future__ import annotations

import itertools
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from linli.config.cli_new import command
from linli.config.pack_files import SHIPPED, pack_files
from linli.drafting.check import check_files
from linli.drafting.load import load, read_folder
from linli.drafting.starter import Answers, above, levels, mistakes, pack_yaml, starter
from linli.drafting.worst import worst_case
from linli.kernel.institution import Pack, Text

NATIONAL = read_folder(SHIPPED, "national")


def base() -> Pack:
    pack, findings = load(NATIONAL, "national")
    assert pack is not None and not findings
    return pack


def answers(**change: Any) -> Answers:
    usual: dict[str, Any] = {
        "name": "lend_chairs",
        "title": Text("借椅子", "Lend chairs"),
        "raised_by": "resident",
        "first": "community",
        "climbs_to": "street",
        "amount": 5,
        "unit": "working_day",
        "public": False,
        "valid_from": date(2026, 1, 1),
    }
    return Answers(**{**usual, **change})


def findings(given: Answers) -> list[str]:
    head = pack_yaml("town", Text("试验", "Trial"), "national").encode()
    files = {**NATIONAL, "town/pack.yaml": head}
    files |= {f"town/{path}": text.encode() for path, text in starter(base(), given).items()}
    pack, found = check_files(files, "town")
    assert pack is not None and given.name in pack.institutions
    return [f.line("en") for f in found]


WAYS = [
    (by, first, to)
    for by in ("resident", "worker", "case")
    for first in ("grid", "community", "street", "district", *(["unit"] if by == "case" else []))
    for to in (None, *above(base(), first))
]


@pytest.mark.parametrize(("raised_by", "first", "climbs_to"), WAYS)
def test_every_way_passes_the_check(raised_by: str, first: str, climbs_to: str | None) -> None:
    given = answers(raised_by=raised_by, first=first, climbs_to=climbs_to, public=raised_by == "resident")
    assert findings(given) == []


LIMITS = {"minute": (1, 30, 1000), "hour": (1, 24, 1000), "working_hour": (1, 8, 300)}
LIMITS |= {"day": (1, 7, 90), "working_day": (1, 10, 60)}


@pytest.mark.parametrize(
    ("unit", "amount", "since"),
    [(u, n, s) for u, ns in LIMITS.items() for n, s in itertools.product(ns, (date(2026, 1, 1), date(2025, 4, 30)))],
)
def test_every_limit_passes_the_check(unit: str, amount: int, since: date) -> None:
    assert findings(answers(unit=unit, amount=amount, valid_from=since)) == []


def test_a_title_cannot_break_out_of_its_place() -> None:
    odd = Text('借"椅子": {a}\n#\\', 'Lend "chairs": {x}, [y] # \\ \n- z')
    assert findings(answers(title=odd, source='依据"第: 3 条"\n#')) == []


def test_the_limits_add_up_to_the_promise() -> None:
    for amount in range(2, 12):
        head = pack_yaml("town", Text("试验", "Trial"), "national").encode()
        files = {f"town/{p}": t.encode() for p, t in starter(base(), answers(amount=amount)).items()}
        pack, _ = load({**NATIONAL, "town/pack.yaml": head, **files}, "town")
        assert pack is not None
        worst = worst_case(pack, pack.institutions["lend_chairs"])
        assert worst is not None and worst.total() == {"working_day": amount}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": "Chairs"}, "lower-case"),
    ({"name": "response"}, "has an institution response already"),
    ({"first": "village"}, "Nobody handles"),
    ({"first": "unit"}, "Nobody handles"),
    ({"first": "street", "climbs_to": "community"}, "cannot climb"),
    ({"raised_by": "worker", "public": True}, "only if they raise it"),
    ({"amount": 0}, "limit must be"),
    ({"amount": 61}, "limit must be"),
]


@pytest.mark.parametrize(("change", "says"), WRONG)
def test_what_cannot_be_built_is_said(change: dict[str, Any], says: str) -> None:
    assert says in " ".join(mistakes(base(), answers(**change)))
    with pytest.raises(ValueError, match=says):
        starter(base(), answers(**change))


def test_levels_are_the_citys_own() -> None:
    assert levels(base()) == ["grid", "community", "street", "district"]
    assert above(base(), "community") == ["street", "district"]
    assert above(base(), "unit") == levels(base())


def new(*args: str, typed: str = "") -> Result:
    return CliRunner().invoke(command, ["institution", *args], input=typed)


def checked(folder: Path) -> list[str]:
    return [f.line("en") for f in check_files(*pack_files(str(folder)))[1]]


def test_the_command_takes_every_default_with_yes(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    done = new("lend_chairs", "--pack", str(folder), "--yes")
    assert done.exit_code == 0, done.output
    assert "linli check" in done.output and "linli demo" in done.output
    assert checked(folder) == []
    assert "借" not in (folder / "lend_chairs/institution.yaml").read_text(encoding="utf-8")


def test_the_command_asks_and_a_second_one_joins_the_pack(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    typed = "借椅子\nLend chairs\nresident\ngrid\ndistrict\n3 day\nn\n"
    first = new("lend_chairs", "--pack", str(folder), typed=typed)
    assert first.exit_code == 0, first.output
    text = (folder / "lend_chairs/institution.yaml").read_text(encoding="utf-8")
    assert '"借椅子"' in text and "at: grid" in text and "at: district" in text and "public: false" in text
    flags = ["--title-zh", "修理", "--title-en", "Repair", "--raised-by", "case", "--first", "unit"]
    flags += ["--climbs-to", "none", "--answer-within", "2 working_days"]
    second = new("repair", "--pack", str(folder), *flags, "--yes")
    assert second.exit_code == 0, second.output
    parameters = (folder / "parameters.yaml").read_text(encoding="utf-8")
    assert "lend_chairs_first_limit" in parameters and "repair_first_limit" in parameters
    assert checked(folder) == []


def test_it_overwrites_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    assert new("lend_chairs", "--pack", str(folder), "--yes").exit_code == 0
    before = {p: p.read_bytes() for p in folder.rglob("*.yaml")}
    again = new("lend_chairs", "--pack", str(folder), "--yes")
    assert again.exit_code == 2 and "already" in again.output
    stray = folder / "borrow/scenarios/answered.yaml"
    stray.parent.mkdir(parents=True)
    stray.write_text("mine", encoding="utf-8")
    kept = new("borrow", "--pack", str(folder), "--yes")
    assert kept.exit_code != 0
    assert {p: p.read_bytes() for p in folder.rglob("*.yaml")} == {**before, stray: b"mine"}


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["a", "--pack", "changzhou"], "comes with Linli"),
        (["a", "--pack", "My-Town"], "lower-case"),
        (["a", "--pack", "town", "--extends", "nowhere"], "There is no pack nowhere"),
        (["a", "--pack", "town", "--answer-within", "soon"], "is no limit"),
        (["a", "--pack", "town", "--climbs-to", "moon"], "cannot climb"),
    ],
)
def test_wrong_use_is_told_and_nothing_is_written(
    args: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = new(*args, "--yes")
    assert done.exit_code == 2 and says in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pack", sorted(p.parent.name for p in SHIPPED.glob("*/pack.yaml")))
def test_every_shipped_pack_can_be_built_on(pack: str, tmp_path: Path) -> None:
    folder = tmp_path / "town"
    done = new("lend_chairs", "--pack", str(folder), "--extends", pack, "--yes")
    assert done.exit_code == 0, done.output
    assert checked(folder) == []
