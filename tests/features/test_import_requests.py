"""`linli import requests`: what is right comes in, what is wrong comes back with a reason, nothing comes in twice."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from linli.kernel.calendar import SHANGHAI
from linli.ledger.models import Case, Message
from linli.ledger.verify import verify
from linli.people.models import Person
from tests.cast import GRID_A, Cast
from tests.features.tables import counts, rejects, run

HEADER = "编号,主题,时间,详情,类别,地址,区域,姓名,电话,备注\n"


def good(number: object, text: str = "路灯不亮", **cells: str) -> str:
    given = {"title": "路灯", "time": "2026/1/5 8:30:00", "category": "lighting", "address": "东门路", "area": GRID_A}
    row = {**given, "name": "", "phone": "", "note": "", **cells}
    columns = ("title", "time", "text", "category", "address", "area", "name", "phone", "note")
    return ",".join([str(number), *({**row, "text": text}[c] for c in columns)]) + "\n"


def table(folder: Path, *rows: str | bytes, header: str = HEADER, encoding: str = "utf-8") -> Path:
    path = folder / "requests.csv"
    path.write_bytes(b"".join(r if isinstance(r, bytes) else r.encode(encoding) for r in (header, *rows)))
    return path


def test_a_request_keeps_its_number_time_words_and_person(cast: Cast, tmp_path: Path) -> None:
    row = good("A-7", '"门口的灯\n三天不亮，""很黑"""', name="李桂英", phone="+86 199 0000", address="东门路 18 号")
    before = datetime.now(UTC)
    status, said = run(tmp_path, table(tmp_path, row), "--source", "hotline")
    assert (status, "新登记 1 件" in said, "备注" in said) == (0, True, True)
    case = Case.objects.get(source="hotline", external="A-7")
    assert case.reported == datetime(2026, 1, 5, 8, 30, tzinfo=SHANGHAI)
    assert before <= case.opened <= datetime.now(UTC) < (case.stage_due or before), "clocks start when it comes in"
    assert case.fields == {
        "text": '路灯\n门口的灯\n三天不亮，"很黑"',
        "category": "lighting",
        "address": "东门路 18 号",
    }
    assert (case.channel, case.stage, case.holder_duty) == ("import", "found", "grid_worker")
    assert case.reporter is not None and (case.reporter.name, case.reporter.phone) == ("李桂英", "+86 199 0000")
    assert not Message.objects.exclude(channel="in_app").exists(), "no SMS about what another system has confirmed"
    assert not list(tmp_path.glob("*.rejects*")), "no file of rejects without rejects"
    assert verify(datetime.now(UTC)).faults == []


def test_tell_sends_the_messages_of_a_new_matter(cast: Cast, tmp_path: Path) -> None:
    run(tmp_path, table(tmp_path, good(1, phone="19900000009")), "--tell")
    assert Message.objects.filter(channel="sms").count() == 1


def test_the_same_file_twice_creates_nothing_twice(cast: Cast, tmp_path: Path) -> None:
    path = table(tmp_path, *(good(n, name="某人") for n in range(600)))
    first, again = counts(tmp_path, path), counts(tmp_path, path)
    assert (first["opened"], first["already"], first["rejected"]) == (600, 0, 0)
    assert (again["opened"], again["already"], again["rejected"]) == (0, 600, 0)
    assert Case.objects.count() == 600 and Person.objects.filter(name="某人").count() == 600
    other = counts(tmp_path, path, "--source", "another system")
    assert (other["opened"], Case.objects.count()) == (600, 1200), "another system's numbers are its own"


def test_a_known_number_with_another_time_does_not_vanish(cast: Cast, tmp_path: Path) -> None:
    run(tmp_path, table(tmp_path, good(1)))
    found = counts(tmp_path, table(tmp_path, good(1, time="2025-12-01 10:00")))
    assert (found["already"], found["rejected"]) == (0, 1)
    assert "--source" in rejects(tmp_path / "requests.rejects.csv")[2][1]


DAMAGED: dict[str, tuple[str | bytes, str, str]] = {  # what → row, column, words of the reason
    "bad date": (good(1, time="2026/13/45"), "时间", "不是看得懂的时间"),
    "a serial number for a date": (good(1, time="46027.35"), "时间", "不是看得懂的时间"),
    "no time": (good(1, time=""), "时间", "没有时间"),
    "future": (good(1, time="2126-01-01 10:00"), "时间", "在将来"),
    "too old": (good(1, time="1948-12-31"), "时间", "太早"),
    "no text": (good(1, "  "), "详情", "没有内容"),
    "1 MB": (good(1, "灯" * 350_000), "详情", "最多 20000 字"),
    "1 MB ascii": (good(1, "x" * 1_048_576), "详情", "最多 20000 字"),
    "5 MB": (good(1, "x" * 5_000_000), "", "超过 4 MB"),
    "formula": (good(1, "=cmd()"), "详情", "公式"),
    "formula behind a tab": (good(1, "\t=1+1"), "详情", "公式"),
    "formula behind a line break": (good(1, '"\r\n=1+1"'), "详情", "公式"),
    "formula, quoted": (good(1, "'=1+1"), "详情", "公式"),
    "program": (good(1, "-2+3+cmd|' /C calc'!A0"), "详情", "公式"),
    "old formula": (good(1, "@SUM(A1)"), "详情", "公式"),
    "formula in the subject": (good(1, title="=HYPERLINK(1)"), "主题", "公式"),
    "formula in a name": (good(1, name="=1"), "姓名", "公式"),
    "no number": (good(""), "编号", "没有编号"),
    "long number": (good("9" * 101), "编号", "最多 100 字"),
    "long name": (good(1, name="名" * 101), "姓名", "最多 100 字"),
    "long phone": (good(1, phone="1" * 31), "电话", "最多 30 字"),
    "long address": (good(1, address="路" * 201), "地址", "最多 200 字"),
    "unknown category": (good(1, category="ufo"), "类别", "没有“ufo”这个类别"),
    "a group is no category": (good(1, category="g_streets"), "类别", "没有"),
    "no category": (good(1, category=""), "类别", "没有类别"),
    "unknown area": (good(1, area="火星"), "区域", "没有“火星”这个区域"),
    "no area": (good(1, area=""), "区域", "没有区域"),
    "too many columns": (good(1, "路灯,不亮"), "", "11 栏，表头只有 10 栏"),
    "too few columns": ("1,路灯,2026/1/5\n", "", "只有 3 栏"),
    "unclosed quote": (good(1, '"路灯不亮'), "", "引号没有成对"),
    "quote in the wrong place": (good(1, '"路灯"不亮"'), "", "引号位置不对"),
    "NUL": (good(1, "路灯\0不亮"), "详情", "NUL"),
    "NUL in the number": (good("1\0"), "编号", "NUL"),
    "line break in the number": (good('"1\n2"'), "编号", "控制字符"),
    "broken UTF-8": (good(1).encode().replace("不".encode(), b"\xe4\xb8"), "", "编码损坏"),
    "a row in another encoding": (good(1).encode("gb18030"), "", "编码损坏"),
    "damaged before": (good(1, "路灯\ufffd不亮"), "详情", "编码损坏"),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_row_comes_back_with_its_reason_and_costs_no_other(cast: Cast, tmp_path: Path, what: str) -> None:
    row, column, words = DAMAGED[what]
    path = table(tmp_path, good("before"), row, good("after"), good("later", '"两行\n文字"'))
    found = counts(tmp_path, path)
    assert (found["opened"], found["rejected"]) == (3, 1)
    assert found["rejects"] == "requests.rejects.csv"
    (back,) = rejects(tmp_path / "requests.rejects.csv").items()
    assert back[0] == 3, "the line where it stands"
    assert back[1][0] == column and words in back[1][1]
    assert set(Case.objects.values_list("external", flat=True)) == {"before", "after", "later"}


HARMLESS = (
    "- 路灯不亮",
    "+1 支持",
    "@住建局 请处理",
    "-KTV（晚上）太吵",
    "'引号开头",
    "a=b",
    "路灯 cmd 坏了",
    "=".rjust(3, "等"),
)


@pytest.mark.parametrize("text", HARMLESS)
def test_people_write_like_this_and_it_is_kept(cast: Cast, tmp_path: Path, text: str) -> None:
    assert counts(tmp_path, table(tmp_path, good(1, text, title="")))["opened"] == 1
    assert Case.objects.get().fields["text"] == text


def test_the_second_row_with_a_number_names_the_first(cast: Cast, tmp_path: Path) -> None:
    found = counts(tmp_path, table(tmp_path, good(1), good(2), good(1, "另一件事"), good(2, "=1")))
    assert (found["opened"], found["rejected"]) == (2, 2)
    back = rejects(tmp_path / "requests.rejects.csv")
    assert back[4] == ("编号", "编号 1 与第 2 行重复。")
    assert back[5][0] == "详情、编号" and "公式" in back[5][1] and "第 3 行" in back[5][1], "every reason at once"


def test_rejects_are_mended_and_imported_again_the_same_way(cast: Cast, tmp_path: Path) -> None:
    rows = (good(1, "=cmd()"), good(2, time="昨天"), good(3), good(4, "a,b"), good(5, "-3 楼漏水"), good(6, ""))
    mapping = tmp_path / "map.yaml"
    mapping.write_text("source: hotline\nvalues: {类别: {}}\n".replace("类别", "category"), encoding="utf-8")
    first = counts(tmp_path, table(tmp_path, *rows), "--map", mapping)
    assert (first["opened"], first["rejected"]) == (2, 4)
    back = tmp_path / "requests.rejects.csv"
    unmended = counts(tmp_path, back, "--map", mapping)
    assert (unmended["opened"], unmended["rejected"], unmended["rejects"]) == (0, 4, "requests.rejects-2.csv")
    with back.open(encoding="utf-8-sig", newline="") as file:
        header, *cells = csv.reader(file)
    assert header == ["行号", "退回栏", "退回原因", *HEADER.strip().split(",")]
    assert cells[0][6] == "'=cmd()", "opening the file must not run what was rejected"
    mended = {"1": (6, "路灯坏了"), "2": (5, "2026-01-05"), "6": (6, "有了")}
    for row in cells:
        if row[3] == "4":
            row[6:8] = ["a,b"]
        else:
            at, value = mended[row[3]]
            row[at] = value
    with back.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([header, *cells])
    again = counts(tmp_path, back, "--map", mapping)
    assert (again["opened"], again["rejected"], again["already"]) == (4, 0, 0)
    assert Case.objects.filter(source="hotline").count() == 6
    assert Case.objects.get(external="4").fields["text"] == "路灯\na,b"


def test_gb18030_and_a_byte_order_mark_are_found_by_themselves(cast: Cast, tmp_path: Path) -> None:
    broken = good(3).encode("gb18030").replace("亮".encode("gb18030"), b"\xff")
    path = table(tmp_path, good(1, "𠮷祥里路灯"), good(2), broken, good(4), encoding="gb18030")
    found = counts(tmp_path, path)
    assert (found["opened"], found["rejected"]) == (3, 1)
    assert Case.objects.get(external="1").fields["text"] == "路灯\n𠮷祥里路灯"
    found = counts(tmp_path, table(tmp_path, good(5), header=f"\ufeff{HEADER}"))
    assert (found["opened"], found["rejected"]) == (1, 0)


def test_an_unclosed_quote_gives_back_the_rows_it_swallowed(cast: Cast, tmp_path: Path) -> None:
    rows = [good(1, '"没有结束'), *(good(n) for n in range(2, 50)), good(50, '"正常的，格子"'), good(51)]
    found = counts(tmp_path, table(tmp_path, *rows))
    assert (found["opened"], found["rejected"]) == (50, 1)


def test_a_workbook_keeps_dates_and_whole_numbers(cast: Cast, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([])
    sheet.append(["编号", "时间", "详情", "类别", "电话"])
    sheet.append([188006, datetime(2019, 2, 28, 11, 25, 5), "路灯不亮", "路灯照明", 19900000009])
    sheet.append(["x", "2019年3月1日 9:05", "井盖", "manhole", None])
    sheet.append(["y", "不知道", "井盖", "manhole", None])
    book.save(tmp_path / "t.xlsx")
    found = counts(tmp_path, tmp_path / "t.xlsx", "--area", "甲街道")
    assert (found["opened"], found["rejected"]) == (2, 1)
    case = Case.objects.get(external="188006")
    assert case.reported == datetime(2019, 2, 28, 11, 25, 5, tzinfo=SHANGHAI)
    assert case.category == "lighting" and case.reporter is not None and case.reporter.phone == "19900000009"
    assert Case.objects.get(external="x").reported == datetime(2019, 3, 1, 9, 5, tzinfo=SHANGHAI)
    assert list(rejects(tmp_path / "t.rejects.csv")) == [5]


def test_a_mapping_names_columns_translates_words_and_fills_in(cast: Cast, tmp_path: Path) -> None:
    mapping = tmp_path / "map.yaml"
    mapping.write_text(
        "source: hotline\n"
        "columns: {number: 单号, text: 诉求, time: 来了, category: 大类, kind: 类型}\n"
        f'constants: {{area: "{GRID_A}"}}\n'
        "values: {category: {路灯类: lighting}}\n"
        'time_formats: ["%d.%m.%Y %H:%M"]\n',
        encoding="utf-8",
    )
    rows = (
        "1,灯坏了,05.01.2026 10:00,路灯类,complaint\n",
        "2,灯坏了,2026/1/5,路灯类,complaint\n",
        "3,x,05.01.2026 1:00,路灯类,ufo\n",
    )
    found = counts(tmp_path, table(tmp_path, *rows, header="单号,诉求,来了,大类,类型\n"), "--map", mapping)
    back = rejects(tmp_path / "requests.rejects.csv")
    assert (found["opened"], set(back)) == (1, {3, 4})
    assert (back[3][0], back[4][0]) == ("来了", "类型")
    case = Case.objects.get()
    assert (case.source, case.category, case.fields["kind"]) == ("hotline", "lighting", "complaint")
    assert case.reported == datetime(2026, 1, 5, 10, tzinfo=SHANGHAI)


def test_what_nothing_says_is_assumed_aloud(cast: Cast, tmp_path: Path) -> None:
    path = table(tmp_path, "1,2026/1/5,灯坏了\n", header="编号,时间,详情\n")
    found = counts(tmp_path, path)
    assert found["assumed"] == {"area": "320402000000", "category": "other"}
    case = Case.objects.get()
    assert (case.category, case.holder_duty) == ("other", "district_officer"), "the first level that is known holds it"


USAGE = {
    "no number column": ("详情,时间\n", (), "--column number="),
    "no text column": ("编号,时间\n", (), "--column text="),
    "a column that is not there": (HEADER, ("--column", "text=正文"), "正文"),
    "an unknown field": (HEADER, ("--column", "colour=备注"), "colour"),
    "half an option": (HEADER, ("--column", "text"), "--column"),
    "a column twice": ("编号,详情,详情\n", (), "只留一个"),
    "an unknown area": (HEADER, ("--area", "火星"), "火星"),
    "an unknown category": (HEADER, ("--category", "ufo"), "ufo"),
    "an unknown institution": (HEADER, ("--institution", "ufo"), "ufo"),
    "an empty file": ("", (), "空的"),
    "no CSV": ("\x89PNG\r\n", (), "--column number="),
    "a broken workbook": ("PK\x03\x04 nothing", (), "工作簿"),
    "UTF-16": (b"\xff\xfe1\0", (), "UTF-16"),
}


@pytest.mark.parametrize("what", USAGE)
def test_wrong_usage_is_one_sentence_and_2(cast: Cast, tmp_path: Path, what: str) -> None:
    header, options, words = USAGE[what]
    path = table(tmp_path, header, header="")
    status, said = run(tmp_path, path, *options)
    assert (status, words in said, "Traceback" in said) == (2, True, False), said
    assert Case.objects.count() == 0


def test_the_file_being_read_is_never_written_to(cast: Cast, tmp_path: Path) -> None:
    path = table(tmp_path, good(1, ""))
    before = path.read_bytes()
    assert run(tmp_path, path, "--rejects", path)[0] == 2
    assert run(tmp_path, path, "--rejects", tmp_path / "no" / "x.csv")[0] == 2
    assert run(tmp_path, path)[0] == 1 and path.read_bytes() == before
