"""The calendar opens cases: once for each period and place, and after being down what was missed."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.utils import timezone

from linli.drafting.load import load, read_folder
from linli.kernel.calendar import SHANGHAI
from linli.kernel.case import Called
from linli.ledger import definitions, recurring
from linli.ledger.models import Case
from tests.cast import PACKS, Cast

SESSION = """
institution: session
title: {zh: 夜间座谈, en: Evening session}
source: "Changzhi (catalogue 5)"
valid_from: 2026-01-01
raised_by: residents
parties: {residents: {who: public, title: {zh: 居民, en: Residents}}}
roles: {community: {duty: community_officer, at: community, title: {zh: 社区, en: Community}}}
fields:
  points: {type: items, class: handler, title: {zh: 居民提出的事, en: Points raised}}
  category: {type: code, list: request_categories, class: public, title: {zh: 类别, en: Category}}
every: {each: month, day: 10, at: "19:00", duty: community_officer}
open: {title: {zh: 召开, en: Open}, by: clock, to: held}
stages:
  held:
    title: {zh: 座谈, en: Session}
    holder: community
    within: revisit_limit
    overdue: remind
    acts:
      note: {title: {zh: 记下每一条, en: Note the points}, by: community, needs: [points, category], to: tracked}
      remind: {title: {zh: 催, en: Remind}, by: clock}
  tracked:
    title: {zh: 跟踪, en: Tracked}
    holder: community
    within: promise_limit
    overdue: remind
    calls: {institution: point, for_each: points, fills: text, passes: [category], then: close, lead: none}
    acts:
      close: {title: {zh: 都有了回音, en: All answered}, by: children, answers: residents, result: solved, to: done}
      remind: {title: {zh: 催, en: Remind}, by: clock}
  done: {end: true, title: {zh: 结束, en: Done}}
"""
POINT = """
institution: point
title: {zh: 一条意见, en: A point}
source: test
valid_from: 2026-01-01
raised_by: session
parties: {session: {who: case, title: {zh: 座谈, en: Session}}}
roles: {community: {duty: community_officer, at: community, title: {zh: 社区, en: Community}}}
fields:
  text: {type: text, class: handler, title: {zh: 事, en: Matter}}
  category: {type: code, list: request_categories, class: public, title: {zh: 类别, en: Category}}
  answer: {type: text, class: handler, title: {zh: 答复, en: Answer}}
open: {title: {zh: 提出, en: Raise}, by: session, needs: [text], may: [category], to: work}
stages:
  work:
    title: {zh: 办, en: Work}
    holder: community
    within: revisit_limit
    overdue: remind
    acts:
      reply: {title: {zh: 答, en: Reply}, by: community, needs: [answer], answers: session, result: solved, to: done}
      remind: {title: {zh: 催, en: Remind}, by: clock}
  done: {end: true, title: {zh: 完, en: Done}}
"""


@pytest.fixture
def sessions(cast: Cast) -> Cast:
    files = {n: t.decode() for n, t in read_folder(PACKS, "changzhou").items()}
    files |= {"changzhou/session/institution.yaml": SESSION, "changzhou/point/institution.yaml": POINT}
    pack, findings = load(files, "changzhou")
    assert pack is not None and not findings, [f.line("en") for f in findings]
    definitions.publish(pack, timezone.now())
    definitions.forget()
    return cast


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def test_one_session_a_month_at_each_place_that_holds_the_duty(sessions: Cast) -> None:
    assert recurring.open_due(moment("2026-01-09 12:00")) == 0
    assert recurring.open_due(moment("2026-01-10 19:00")) == 2  # two communities
    assert recurring.open_due(moment("2026-01-31 12:00")) == 0
    assert recurring.open_due(moment("2026-03-20 12:00")) == 4  # the worker was down in February
    months = sorted({str(c.external).split("@")[0] for c in Case.objects.filter(institution="session")})
    assert months == ["2026-01", "2026-02", "2026-03"]


def test_each_point_raised_becomes_a_case_before_the_record_can_close(sessions: Cast) -> None:
    recurring.open_due(moment("2026-01-10 19:00"))
    case = Case.objects.get(institution="session", place=_community(sessions))
    now = moment("2026-01-10 21:00")
    points = ["楼道灯不亮", "广场舞太吵", "想要个充电棚"]
    noted = sessions.act("chen", str(case.id), "note", now, points=points, category="community_affairs")
    assert len(noted.case.children) == 3
    called = [e for e in case.entries.get(act="note").events if e["e"] == Called.__name__]
    assert called[0]["fills"] == "text"
    children = Case.objects.filter(parent=case).order_by("number")
    assert [c.fields["text"] for c in children] == points
    for number, child in enumerate(children):
        case.refresh_from_db()
        assert case.stage == "tracked", f"closed after {number} of 3 answers"
        sessions.act("chen", str(child.id), "reply", now, answer="已经安排")
    case.refresh_from_db()
    assert (case.stage, case.result) == ("done", "solved")


def _community(cast: Cast) -> str:
    path: str = cast.people["chen"].duties.get().path
    return path
