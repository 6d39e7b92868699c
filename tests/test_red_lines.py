"""The red lines. Each test fails when its line is crossed; DESIGN §10 and SECURITY.md name them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

import linli
from linli.drafting.check import check_files
from linli.drafting.load import load, read_folder
from linli.kernel.institution import Act, Institution, Pack
from linli.ledger import act as ledger
from linli.ledger import visible
from linli.ledger.models import Case, Entry
from linli.people import acts as people
from linli.people import registry
from linli.places import acts as places
from linli.places.models import Area
from tests.cast import GRID_A, NOW, Cast, area

PACKS = Path(linli.__file__).parent / "packs"
SHIPPED = sorted(p.parent.name for p in PACKS.glob("*/pack.yaml"))


def shipped(name: str) -> Pack:
    pack, findings = load(read_folder(PACKS, name), name)
    assert pack is not None and not findings
    return pack


# 1. Escalation is never blocked to protect a figure.


@pytest.mark.parametrize("name", SHIPPED)
def test_1_every_level_below_the_top_can_pass_a_matter_up(name: str) -> None:
    findings = check_files(read_folder(PACKS, name), name)[1]
    assert [f for f in findings if f.code == "cannot-pass-up"] == []


def test_1_a_pack_in_which_a_level_cannot_pass_up_is_refused() -> None:
    files = read_folder(PACKS, "changzhou")
    path = "changzhou/request/institution.yaml"
    text = files[path].decode()
    start = text.index("      pass_up:\n        title: {zh: 报镇街")
    divide = "by: [community, street, dispatcher]\n    needs: [points]"  # dividing a matter leads up as well
    assert divide in text
    text = text.replace(divide, divide.replace("community, ", ""))
    files[path] = (
        (text[:start] + text[text.index("  raised:\n") :]).replace("overdue: pass_up", "overdue: solve").encode()
    )
    assert "cannot-pass-up" in {f.code for f in check_files(files, "changzhou")[1]}


def test_1_a_bad_share_stops_nobody_from_passing_up(cast: Cast) -> None:
    for n in range(5):  # nothing at all is ended in the grid: the share is as bad as it can be
        lamp = cast.lamp(NOW + timedelta(minutes=n))
        cast.act("wang", lamp.id, "pass_up", NOW + timedelta(hours=1), reason="要社区出面")
        cast.act("chen", lamp.id, "solve", NOW + timedelta(hours=2), answer="办好了", result="solved")
    last = cast.lamp(NOW + timedelta(hours=3))
    assert cast.act("wang", last.id, "pass_up", NOW + timedelta(hours=4), reason="要社区出面").case.stage == "collected"


# 2. The accused never sees who complained.


def accused(cast: Cast, unit: str) -> Case:
    data = {"text": "社区办事大厅没人", "category": "community_affairs", "accused": [unit]}
    return Case.objects.get(id=cast.opened(data).id)


def test_2_the_accused_unit_neither_holds_nor_sees_the_case(cast: Cast) -> None:
    case = accused(cast, "community-a")
    assert case.holder_duty == "street_officer"
    snapshot = registry.fresh()
    for key in ("wang", "chen"):  # both work for the accused committee
        assert not visible.may_see(visible.viewer(cast.id(key), snapshot, NOW), case)
        client = Client()
        client.force_login(cast.accounts[key])
        assert client.get(f"/cases/{case.number}/").status_code == 404
        refused = ledger.act(str(case.id), "solve", {"answer": "没有的事"}, cast.id(key), NOW)
        assert isinstance(refused, ledger.Refusal) and refused.code == "not_yours"
    assert visible.may_see(visible.viewer(cast.id("zhou"), snapshot, NOW), case)


def test_2_an_accused_department_that_is_called_does_not_see_the_call(cast: Cast) -> None:
    case = accused(cast, "power")
    for key in ("wang", "chen"):
        cast.act(key, str(case.id), "pass_up", NOW + timedelta(hours=1), reason="请上级处理")
    called = cast.act("zhou", str(case.id), "whistle", NOW + timedelta(hours=2), units=["power"], reason="请说明")
    child = Case.objects.get(id=next(iter(called.case.children)))
    assert not visible.may_see(visible.viewer(cast.id("zhao"), registry.fresh(), NOW), child)
    assert child.holder_duty == "dispatcher"


def test_2_a_called_unit_never_gets_the_reporters_contact(cast: Cast) -> None:
    lamp = cast.lamp(reporter=ledger.Reporter(name="张三丰", phone="19912345678"))
    for key in ("wang", "chen"):
        cast.act(key, lamp.id, "pass_up", NOW + timedelta(hours=1), reason="要部门")
    called = cast.act("zhou", lamp.id, "whistle", NOW + timedelta(hours=2), units=["power"], reason="请修")
    child = Case.objects.get(id=next(iter(called.case.children)))
    client = Client()
    client.force_login(cast.accounts["zhao"])
    page = client.get(f"/cases/{child.number}/").content.decode()
    assert "路灯" in page
    assert "张三丰" not in page and "19912345678" not in page


# 8. Nothing personal is published.


def test_8_pages_and_doors_without_sign_in_show_nothing_that_was_written(cast: Cast) -> None:
    planted = {"text": "密语甲：床头有药", "address": "密语乙：三单元 402", "category": "lighting"}
    lamp = cast.opened(planted, timezone.now(), reporter=ledger.Reporter(name="密语丙", phone="19987654321"))
    cast.act("wang", lamp.id, "remark", timezone.now(), note="密语丁：家里有病人")
    cast.act("wang", lamp.id, "solve", timezone.now(), answer="密语戊：已上门")
    anybody = Client()
    pages = ["/", "/institutions/", "/institutions/request/", f"/cases/{lamp.number}/", "/api/v1/cases", "/my/"]
    pages += [f"/open311/v2/requests.{f}" for f in ("json", "xml")] + [f"/open311/v2/requests/{lamp.number}.json"]
    bodies = [anybody.get(p, follow=True).content.decode() for p in pages]
    bodies.append(anybody.post("/follow/", {"number": str(lamp.number)}, follow=True).content.decode())
    assert any(str(lamp.number) in body for body in bodies), "the case must be there, or nothing could leak"
    for body in bodies:
        assert "密语" not in body and "19987654321" not in body


# 10. Every path has a person, phone and paper equivalent.


@pytest.mark.parametrize("name", SHIPPED)
def test_10_what_a_resident_does_online_somebody_can_do_for_them(name: str) -> None:
    pack = shipped(name)
    for institution in pack.institutions.values():
        raiser = institution.parties[institution.raised_by]
        if raiser.who != "person":
            continue
        assert set(institution.open.by) & set(institution.roles), f"{institution.name}: nobody registers it by phone"
        for stage in institution.stages.values():
            here = institution.acts_at(stage.name)
            for act in here.values():
                if institution.raised_by in act.by:
                    assert _by_staff(institution, act, here.values()), f"{institution.name}/{stage.name}/{act.name}"


def _by_staff(institution: Institution, act: Act, others: Iterable[Act]) -> bool:
    """Some act here may be done by a role or the holder: the same one, one to the same stage, or the same reopening."""
    staff = {*institution.roles, "holder"}

    def same(other: Act) -> bool:
        return other.name == act.name or other.to == act.to or (act.counts is not None and other.counts == act.counts)

    return any(set(o.by) & staff and same(o) for o in others)


def test_10_every_page_for_residents_names_a_phone(cast: Cast) -> None:
    lamp = cast.lamp(timezone.now())
    for page in ("/", "/report/request/", "/follow/", f"/c/{lamp.secret}/", "/institutions/"):
        assert 'href="tel:12345"' in Client().get(page, follow=True).content.decode(), page


# 13. History is dated, never overwritten.


def test_13_a_renamed_area_keeps_its_old_name_for_the_old_days(cast: Cast) -> None:
    before = area("320402001001")
    row = {"code": "320402001001", "name": "甲一新村社区", "kind": "community", "parent": "320402001000"}
    assert places.import_areas([(2, {**row, "lat": "", "lng": "", "valid_from": "2026-03-01"})])[1:] == (1, [])
    rows = list(Area.objects.filter(code="320402001001").order_by("valid_from"))
    assert [(r.name, r.valid_to) for r in rows] == [("甲一社区", date(2026, 2, 28)), ("甲一新村社区", None)]
    assert rows[0].pk == before.pk and rows[0].successor == rows[1]
    assert area(GRID_A).parent == rows[1]
    lamp = cast.lamp()  # and its people still hold their duties there
    assert cast.act("wang", lamp.id, "pass_up", NOW, reason="要社区").case.stage == "collected"
    assert cast.act("chen", lamp.id, "pass_up", NOW, reason="要镇街").case.stage == "raised"


def test_13_an_ended_duty_stays_and_what_was_done_under_it_too(cast: Cast) -> None:
    lamp = cast.lamp()
    cast.act("wang", lamp.id, "pass_up", NOW, reason="要社区")
    duty = cast.people["wang"].duties.get()
    people.end_duty(duty, NOW.date())
    assert cast.people["wang"].duties.get().ends == NOW.date()
    assert str(Entry.objects.get(case_id=lamp.id, act="pass_up").by) == cast.id("wang")


def test_13_nothing_in_the_product_edits_or_deletes_an_entry() -> None:
    forbidden = (
        "UPDATE ledger_entry",
        "DELETE FROM ledger_entry",
        "Entry.objects.update",
        "Entry.objects.all().delete",
    )
    for path in Path(linli.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not any(words in text for words in forbidden), path
