"""Taking words, photos and names out of a case: gone everywhere, told to everybody, and the chain still holds."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger import privacy, verify, view, visible
from linli.ledger.models import Attachment, Case, Detail, Message
from linli.ledger.privacy import Done, NewPhoto
from linli.ledger.visible import Viewer
from linli.people import looks, registry
from linli.people.models import Look
from tests.cast import NOW, Cast

HOUR = timedelta(hours=1)
PHONE, NAME = "13912345678", "王大明"


def eyes(cast: Cast, key: str, now: datetime = NOW) -> Viewer:
    return visible.viewer(cast.id(key), registry.current(), now)


def everything() -> str:
    """All that the tables of the ledger and the people hold, as text."""
    found = []
    with connection.cursor() as cursor:
        for table in ("ledger_case", "ledger_entry", "ledger_detail", "ledger_message", "people_person"):
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t")
            found += [json.dumps(json.loads(r[0]), ensure_ascii=False) for r in cursor.fetchall()]
    return "\n".join(found)


def sound(now: datetime = NOW) -> verify.Report:
    report = verify.verify(now + timedelta(days=1))
    assert report.faults == [] and report.lingering == 0, report.faults
    return report


def named(cast: Cast, **more: Any) -> ledger.Receipt:
    told = {"text": f"楼下{NAME}家油烟大，他电话 {PHONE}", "category": "fumes", **more}
    return cast.opened(told, reporter=ledger.Reporter(name="李四光", phone="13800000001", email="li@example.org"))


def test_hidden_words_are_gone_from_state_entries_messages_and_called_units(cast: Cast) -> None:
    case = named(cast)
    cast.act("wang", case.id, "pass_up", NOW + HOUR, reason=f"找过{NAME}，不开门")
    cast.act("chen", case.id, "pass_up", NOW + 2 * HOUR, reason="要城管出面")
    cast.act("zhou", case.id, "whistle", NOW + 3 * HOUR, units=["power"], reason="请看", task=f"约{NAME}谈")
    cast.act("zhou", case.id, "tell", NOW + 4 * HOUR, addition=f"已联系{NAME}")
    done = privacy.redact(case.id, [NAME, PHONE], "隐去被反映人的姓名电话", eyes(cast, "zhou"), NOW + 5 * HOUR)
    assert isinstance(done, Done) and done.entries >= 5  # the opening, the reasons, and the unit's own case
    left = everything()
    assert NAME not in left and PHONE not in left and "楼下■■■家油烟大" in left
    assert sound().erased == done.entries
    stored = Case.objects.get(id=case.id)
    page = view.view(stored, eyes(cast, "zhou"), NOW + 6 * HOUR)
    assert "■■■" in next(f for f in page.facts if f.name == "text").words.zh
    last = page.happened[-1]
    assert (last.title.zh, last.person, last.facts[0].words.zh) == ("隐去个人信息", "周永明", "隐去被反映人的姓名电话")
    told = [f.words.zh for e in page.happened for f in e.facts if f.name == "reason"]
    assert "找过■■■，不开门" in told and "要城管出面" in told
    cast.act("zhou", case.id, "escalate", NOW + 6 * HOUR, reason="请区里出面")  # and the case goes on
    sound()


def test_what_the_reporter_reads_says_who_hid_what_and_why(cast: Cast) -> None:
    case = named(cast)
    privacy.redact(case.id, [NAME], "他人姓名", eyes(cast, "chen"), NOW + HOUR)
    page = view.view(Case.objects.get(id=case.id), visible.ANYBODY, NOW + HOUR, as_reporter=True)
    assert page.happened[-1].facts[0].words.zh == "他人姓名" and page.happened[-1].role.zh == "社区"


def test_hiding_twice_keeps_what_the_first_time_left(cast: Cast) -> None:
    case = named(cast)
    cast.act(None, case.id, "add", NOW + HOUR, addition=f"{NAME}又开火了")
    cast.act(None, case.id, "add", NOW + 2 * HOUR, addition="昨晚到十一点")
    for n, word in enumerate((NAME, PHONE, "十一点")):
        assert isinstance(privacy.redact(case.id, [word], "隐私", eyes(cast, "wang"), NOW + (3 + n) * HOUR), Done)
        sound()
    stored = Case.objects.get(id=case.id)
    page = view.view(stored, eyes(cast, "wang"), NOW + 9 * HOUR)
    told = [f.words.zh for e in page.happened for f in e.facts if f.name == "addition"]
    assert told == ["■■■又开火了", "昨晚到■■■"] and stored.fields["addition"] == "昨晚到■■■"
    assert page.facts[0].words.zh == "楼下■■■家油烟大，他电话 ■■■"
    assert Detail.objects.filter(case=case.id).count() == 1  # only the last redaction carries what is left
    assert stored.category == "fumes"


def test_only_who_handles_it_may_hide_and_only_with_a_reason(cast: Cast) -> None:
    case = named(cast)
    before = everything()
    for who, words, why, code in (
        ("bob_street", [NAME], "隐私", "not_yours"),
        ("li", [NAME], "隐私", "not_yours"),
        ("wang", [NAME], " ", "reason"),
        ("wang", ["王"], "隐私", "words"),
        ("wang", ["没有写过的话"], "隐私", "nothing"),
    ):
        done = privacy.redact(case.id, words, why, eyes(cast, who), NOW + HOUR)
        assert isinstance(done, Refusal) and done.code == code, (who, done)
    assert everything() == before


def test_an_act_that_waits_for_agreement_is_settled_first(cast: Cast) -> None:
    case = named(cast)
    cast.act("wang", case.id, "pass_up", NOW + HOUR, reason="不归我")
    cast.act("chen", case.id, "extend", NOW + 2 * HOUR, delay=f"{NAME}出差", until="2026-03-20")
    done = privacy.redact(case.id, [NAME], "隐私", eyes(cast, "chen"), NOW + 3 * HOUR)
    assert isinstance(done, Refusal) and done.code == "pending"
    cast.act("xu", case.id, "extend.agree", NOW + 4 * HOUR)
    assert isinstance(privacy.redact(case.id, [NAME], "隐私", eyes(cast, "chen"), NOW + 5 * HOUR), Done)
    assert NAME not in everything()
    sound()


def picture(cast: Cast) -> str:
    row = Attachment.objects.create(field="photos", name="a.jpg", kind="image/jpeg", size=1, sha256="0", created=NOW)
    return str(row.id)


def test_a_photo_is_replaced_for_the_case_and_the_called_unit(cast: Cast) -> None:
    first, second = picture(cast), picture(cast)
    case = named(cast, photos=[first, second])
    cast.act("qian", case.id, "dispatch", NOW + HOUR, units=["power"], reason="供电的事")
    new = NewPhoto("11111111-1111-4111-8111-111111111111", 5, "1" * 64)
    done = privacy.replace_photo(case.id, first, new, "拍到车牌", eyes(cast, "zhou"), NOW + 2 * HOUR)
    assert isinstance(done, Done) and done.entries == 2
    for row in (Case.objects.get(id=case.id), Case.objects.get(parent=case.id)):
        assert row.fields["photos"] == [new.id, second]
    assert not Attachment.objects.filter(id=first).exists()
    unit = visible.viewer(cast.id("zhao"), registry.current(), NOW)
    assert str(visible.attachment(unit, new.id).case_id) == case.id
    assert isinstance(privacy.replace_photo(case.id, second, None, "不该拍", eyes(cast, "zhou"), NOW + 3 * HOUR), Done)
    assert Case.objects.get(id=case.id).fields["photos"] == [new.id]
    sound()


def closed(cast: Cast, reporter: ledger.Reporter, text: str = "路灯不亮，我是李四光") -> ledger.Receipt:
    case = cast.opened({"text": text, "category": "lighting"}, reporter=reporter)
    cast.act("wang", case.id, "solve", NOW + HOUR, answer="李四光您好，已经换好，电话 13800000001 打过了")
    cast.act(None, case.id, "confirm", NOW + 2 * HOUR, contacted="是", solved="solved", satisfied="satisfied")
    return case


CONTACT = ledger.Reporter(name="李四光", phone="13800000001", email="li@example.org")


def test_name_and_contact_go_on_request_and_the_answer_remains(cast: Cast) -> None:
    case = closed(cast, CONTACT)
    done = privacy.anonymise(case.id, "", visible.ANYBODY, NOW + 3 * HOUR, as_reporter=True)
    assert isinstance(done, Done)
    left = everything()
    for personal in ("李四光", "13800000001", "li@example.org"):
        assert personal not in left
    assert "已经换好" in left
    assert all(m.state != "queued" for m in Message.objects.filter(case=case.id, to="reporter"))
    page = view.view(Case.objects.get(id=case.id), eyes(cast, "wang"), NOW + 4 * HOUR)
    assert page.contact == {"name": "", "phone": "", "email": ""}
    assert page.happened[-1].title.zh == "去掉姓名和联系方式"
    sound()


def test_an_open_case_keeps_what_it_needs(cast: Cast) -> None:
    case = cast.opened({"text": "路灯不亮", "category": "lighting"}, reporter=CONTACT)
    done = privacy.anonymise(case.id, "", visible.ANYBODY, NOW + HOUR, as_reporter=True)
    assert isinstance(done, Refusal) and done.code == "open"
    person = str(Case.objects.get(id=case.id).reporter_id)
    other = closed(cast, ledger.Reporter(person=person))
    assert isinstance(privacy.anonymise(other.id, "", visible.ANYBODY, NOW + 3 * HOUR, as_reporter=True), Done)
    assert Case.objects.get(id=other.id).reporter is None  # that one let go …
    kept = Case.objects.select_related("reporter").get(id=case.id)
    assert kept.reporter is not None and kept.reporter.phone == "13800000001"  # … and this one can still answer
    sound()


def test_somebody_with_an_account_is_let_go_by_the_case_alone(cast: Cast) -> None:
    case = cast.lamp()
    cast.act("wang", case.id, "solve", NOW + HOUR, answer="换了灯泡")
    cast.act("li", case.id, "confirm", NOW + 2 * HOUR, contacted="是", solved="solved", satisfied="satisfied")
    assert isinstance(privacy.anonymise(case.id, "", eyes(cast, "li"), NOW + 3 * HOUR), Done)
    cast.people["li"].refresh_from_db()
    assert cast.people["li"].phone == "19900000001"
    page = view.view(Case.objects.get(id=case.id), eyes(cast, "wang"), NOW + 4 * HOUR)
    assert page.contact is None and "李桂英" not in {e.person for e in page.happened}
    sound()


def test_staff_need_a_reason_and_strangers_may_not(cast: Cast) -> None:
    case = closed(cast, CONTACT)
    for who, why, code in (("wang", "", "reason"), ("bob_grid", "要求", "not_yours"), ("charlie", "要求", "not_yours")):
        done = privacy.anonymise(case.id, why, eyes(cast, who), NOW + 3 * HOUR)
        assert isinstance(done, Refusal) and done.code == code
    assert isinstance(privacy.anonymise(case.id, "本人来电要求", eyes(cast, "wang"), NOW + 3 * HOUR), Done)
    again = privacy.anonymise(case.id, "再来一次", eyes(cast, "wang"), NOW + 4 * HOUR)
    assert isinstance(again, Done | Refusal)
    sound()


def test_a_telephone_opens_for_a_minute_to_who_said_why(cast: Cast) -> None:
    case = Case.objects.get(id=cast.lamp().id)

    def phone(key: str, now: datetime) -> str | None:
        page = view.view(case, eyes(cast, key), now)
        return page.contact["phone"] if page.contact else None

    assert phone("wang", NOW) == "199****0001"
    for key, purpose in (("bob_grid", "核实"), ("charlie", "核实"), ("wang", " ")):
        assert isinstance(privacy.look(case, eyes(cast, key), purpose, NOW), Refusal)
    assert Look.objects.count() == 0
    assert isinstance(privacy.look(case, eyes(cast, "wang"), "核实情况", NOW), Look)
    assert phone("wang", NOW + timedelta(seconds=59)) == "19900000001"
    assert phone("chen", NOW + timedelta(seconds=1)) == "199****0001"  # somebody else says why themself
    assert phone("wang", NOW + timedelta(seconds=61)) == "199****0001"
    (look,) = looks.of_case(str(case.id), cast.id("li"))
    assert (look.duty, look.purpose) == ("grid_worker", "核实情况")


def test_a_short_number_is_masked_as_well(cast: Cast) -> None:
    cast.people["li"].phone, cast.people["li"].email = "8663123", "ligui@example.org"
    assert cast.people["li"].masked_phone == "86****" and cast.people["li"].masked_email == "l***@example.org"


def test_hidden_words_are_gone_from_what_others_were_answered_with(cast: Cast) -> None:
    lead, other = named(cast), cast.opened({"text": "楼下油烟大", "category": "fumes"}, NOW + HOUR)
    cast.act("wang", other.id, "merge", NOW + 2 * HOUR, same_as=str(lead.number))
    cast.act("wang", lead.id, "solve", NOW + 3 * HOUR, answer=f"{NAME}家装了净化器")
    assert f"{NAME}家装了净化器" in json.dumps(Case.objects.get(id=other.id).state, ensure_ascii=False)
    done = privacy.redact(lead.id, [NAME], "隐去姓名", eyes(cast, "wang"), NOW + 4 * HOUR)
    assert isinstance(done, Done)
    assert NAME not in everything() and "■■■家装了净化器" in everything()
    sound()


def test_of_what_is_told_outside_only_words_are_hidden(cast: Cast) -> None:
    """Numbers, days and codes beside them are no words: hiding “12” leaves an event that can be read."""
    event = {"seq": 12, "at": "2026-12-12", "area": "320412", "fields": {"notice": "12 号楼停水"}}
    told = json.loads(privacy._mended(privacy.masker(["12"]), "event", json.dumps(event)))
    assert told == event | {"fields": {"notice": "■■■ 号楼停水"}}
