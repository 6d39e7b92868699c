"""Four thousand real letters to governments, with nothing but the file's name; then the same with ten rows damaged.

done-when 3 of the first issue. The rows never leave the folder they are read from.
"""

from __future__ import annotations

import csv
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from linli.features.requests.rules import moment
from linli.ledger.models import Case
from linli.ledger.verify import verify
from tests.cast import Cast
from tests.features.tables import counts, rejects, run

ROWS = 4_326
RATE = 500
"""Rows a second wanted on two cores. Half of it fails the test: a shared machine is no laboratory."""
NUMBER, TITLE, TIME, TEXT = 0, 2, 3, 4


@pytest.fixture
def messages(real_data: Path) -> Path:
    """The file, or a skip that says so."""
    path = real_data / "tipdm2020c" / "messages.csv"
    if not path.is_file():
        pytest.skip(f"no {path.name} among the real data")
    return path


def lines(path: Path) -> list[list[str]]:
    """Its rows, the header first, by a reader that is not ours."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_every_message_comes_in_with_its_number_time_and_words(cast: Cast, messages: Path, tmp_path: Path) -> None:
    started = time.perf_counter()
    status, said = run(tmp_path, messages)
    rate = ROWS / (time.perf_counter() - started)
    print(f"{rate:.0f} rows/s")
    assert status == 0 and f"新登记 {ROWS} 件，已有 0 件，退回 0 行" in said, said
    assert rate > RATE / 2
    came = {c.external: c for c in Case.objects.filter(source="import").only("external", "reported", "state")}
    header, *rows = lines(messages)
    assert header[TIME] == "留言时间" and len(came) == len(rows) == ROWS
    for row in rows:
        case = came[row[NUMBER]]
        assert case.reported == moment(row[TIME])
        text = case.fields["text"]
        assert text.startswith(row[TITLE].strip()) and "".join(row[TEXT].split()) in "".join(text.split())
    report = verify(datetime.now(UTC))
    assert (report.faults, report.cases) == ([], ROWS)


def damaged(rows: list[list[str]]) -> dict[int, tuple[str | bytes, str]]:
    """Ten damaged rows: index in ``rows`` → the raw line instead of it, and words of the reason."""

    def line(index: int, **cells: str) -> str:
        row = list(rows[index])
        for name, value in cells.items():
            row[{"number": NUMBER, "title": TITLE, "time": TIME, "text": TEXT}[name]] = value
        quoted = ('"' + cell.replace('"', '""') + '"' for cell in row)
        return ",".join(quoted) + "\n"

    return {
        10: (line(10, time="2019/2/30 11:25:05"), "不是看得懂的时间"),
        500: (line(500, text=" \t "), "没有内容"),
        900: (line(900).encode("gb18030"), "编码损坏"),
        1300: (line(1300, text="灯" * 350_000), "最多 20000 字"),
        1700: (line(1700, text="=cmd()"), "公式"),
        2100: (line(2100, number=rows[11][NUMBER]), "与第"),
        2500: (line(2500).replace('"', "'").replace("'", '"', 1), "引号没有成对"),
        2900: (line(2900).rstrip("\n") + ",多出来的,两格\n", "表头只有 7 栏"),
        3300: (line(3300, number=""), "没有编号"),
        3700: (line(3700, time="2119/1/1 00:00:00"), "在将来"),
    }


def write(
    path: Path, header: list[str], rows: list[list[str]], bad: dict[int, tuple[str | bytes, str]]
) -> dict[int, str]:
    """The damaged copy; the physical line of each damaged row → the words expected for it."""
    expected, number = {}, 2
    with path.open("wb") as file:
        file.write((",".join(header) + "\n").encode())
        for index, row in enumerate(rows):
            text = ",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n"
            raw = text.encode()
            if index in bad:
                given, words = bad[index]
                raw, expected[number] = given if isinstance(given, bytes) else given.encode(), words
            file.write(raw)
            number += raw.count(b"\n")
    return expected


def test_ten_damaged_rows_come_back_and_the_rest_comes_in(cast: Cast, messages: Path, tmp_path: Path) -> None:
    header, *rows = lines(messages)
    bad = damaged(rows)
    expected = write(tmp_path / "copy.csv", header, rows, bad)
    options = ("--source", "letters", "--category", "community_affairs", "--area", "320402000000")

    found = counts(tmp_path, tmp_path / "copy.csv", *options)
    assert (found["opened"], found["already"], found["rejected"]) == (ROWS - 10, 0, 10)
    back = rejects(tmp_path / "copy.rejects.csv")
    assert sorted(back) == sorted(expected)
    for line, words in expected.items():
        assert words in back[line][1], (line, back[line])
    there = set(Case.objects.values_list("external", flat=True))
    assert there == {row[NUMBER] for index, row in enumerate(rows) if index not in bad}
    assert verify(datetime.now(UTC)).faults == []

    again = counts(tmp_path, tmp_path / "copy.csv", *options)
    assert (again["opened"], again["already"], again["rejected"]) == (0, ROWS - 10, 10)
    assert Case.objects.count() == ROWS - 10

    mend(
        tmp_path / "copy.rejects.csv",
        {line: rows[index] for line, index in zip(sorted(back), sorted(bad), strict=True)},
    )
    mended = counts(tmp_path, tmp_path / "copy.rejects.csv", *options)
    assert (mended["opened"], mended["already"], mended["rejected"]) == (10, 0, 0)
    assert Case.objects.count() == ROWS


def mend(path: Path, right: dict[int, list[str]]) -> None:
    """What an official does in a spreadsheet: put the right cells behind line, column and reason."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([header, *([*row[:3], *right[int(row[0])]] for row in rows)])
