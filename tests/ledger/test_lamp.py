"""The lamp through the ledger tells the same story as the scenario file."""

from __future__ import annotations

from datetime import timedelta

from linli.ledger.models import Case, Message
from tests.cast import NOW, Cast


def test_the_lamp_goes_from_a_phone_to_a_rated_answer(cast: Cast) -> None:
    lamp = cast.lamp()
    hour = timedelta(hours=1)
    cast.act("wang", lamp.id, "pass_up", NOW + 12 * hour, reason="灯杆没有电")
    cast.act("chen", lamp.id, "pass_up", NOW + 14 * hour, reason="社区没有权限")
    called = cast.act("zhou", lamp.id, "whistle", NOW + 16 * hour, units=["power", "housing"], reason="一起去")
    children = {c.unit: i for i, c in called.case.children.items()}
    for unit, who in (("power", "zhao"), ("housing", "sun")):
        cast.act(who, children[unit], "accept", NOW + 17 * hour)
        cast.act(who, children[unit], "respond", NOW + 30 * hour, answer="修好了")
    cast.act("zhou", lamp.id, "reply", NOW + 40 * hour, answer="今晚路灯已经亮了", result="solved")
    cast.act("li", lamp.id, "confirm", NOW + 48 * hour, contacted="是", solved="solved", satisfied="satisfied")

    case = Case.objects.get(id=lamp.id)
    assert (case.stage, case.result, case.tier, case.next_due) == ("closed", "solved", "street", None)
    acts = list(case.entries.order_by("seq").values_list("act", flat=True))
    assert acts == ["open", "pass_up", "pass_up", "whistle", "child_ended", "child_ended", "reply", "confirm"]
    answers = Message.objects.filter(case=case, answer=True, to="reporter")
    assert {m.channel for m in answers} == {"in_app", "sms"}
    assert "今晚路灯已经亮了" in answers[0].text("zh")
