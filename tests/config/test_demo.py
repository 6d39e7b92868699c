"""The demo really happened: every matter ended as written, by people who hold the duties, and everybody has work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.core.management import call_command

from linli.config.demo import content
from linli.config.demo.city_files import document
from linli.config.demo.hours import AWAKE, Hours
from linli.config.demo.load import DAYS, load_demo
from linli.kernel.calendar import SHANGHAI, CalendarGap
from linli.ledger import definitions, verify
from linli.ledger.models import Case, Entry, Message
from linli.people import registry
from linli.people.models import Account, Duty

NOW = datetime(2026, 11, 18, 10, 15, tzinfo=SHANGHAI)  # a Wednesday


@pytest.fixture(scope="module")
def district(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The demo, loaded once for this file and swept away afterwards."""
    with django_db_blocker.unblock():
        load_demo(NOW)
        yield
        call_command("flush", interactive=False, verbosity=0)
    registry.forget()
    definitions.forget()


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("district")]


def person(key: str) -> str:
    return str(Account.objects.get(username=key).person_id)


def queue(key: str) -> list[Case]:
    """The open matters held by a duty of this person."""
    held = {(h.duty, h.path) for h in registry.fresh().duties(person(key), NOW.date())}
    return [c for c in Case.objects.filter(ended=None) if (c.holder_duty, c.holder_path) in held]


def test_every_written_request_became_a_matter() -> None:
    written = Counter(item["text"] for path in content.FOLDER.glob("requests_*.yaml")
                      for item in content.document(path.name)["requests"])  # fmt: skip
    raised = Counter(c.fields["text"] for c in Case.objects.filter(parent=None, institution="request"))
    assert raised == written and sum(written.values()) >= 320


def test_what_tianning_does_besides_requests() -> None:
    orders = Case.objects.filter(institution="order")
    assert {"closed", "ordered", "delivering", "rating"} <= set(orders.values_list("stage", flat=True))
    written = Counter(item["of"] for item in document("changzhou", "matters")["matters"])
    for institution, count in written.items():
        assert Case.objects.filter(institution=institution, parent=None).count() == count, institution


def test_it_happened_in_the_sixty_days_before_now() -> None:
    days = {e.at.astimezone(SHANGHAI).date() for e in Entry.objects.all()}
    assert min(days) >= (NOW - timedelta(days=DAYS)).date() - timedelta(days=1)
    assert max(e.at for e in Entry.objects.all()) <= NOW
    assert len(days) > 50


def test_every_act_was_done_by_the_reporter_or_by_somebody_who_holds_the_duty_there() -> None:
    held: dict[str, set[tuple[str, str]]] = {}
    for duty in Duty.objects.all():
        held.setdefault(str(duty.person_id), set()).add((duty.duty, duty.path))
    institutions = definitions.runtime().pack.institutions
    duty_of = {(i, r.name): r.duty for i, spec in institutions.items() for r in spec.roles.values()}
    extra = content.document("stories.yaml")["extra"]
    holder_of = {("response" if "unit" in e else "request", e["act"]): e["role"] for e in extra}
    stand_ins = {"grid_worker": {"community_officer", "street_officer"}, "community_officer": {"street_officer"}}
    for entry in Entry.objects.exclude(by=None).select_related("case"):
        case = entry.case
        if entry.role == "reporter":
            assert str(entry.by) == str(case.reporter_id)
            continue
        role = holder_of[case.institution, entry.act] if entry.role == "holder" else entry.role
        duty = duty_of[case.institution, role]
        here = [p for p in (case.place, case.unit) if p]
        assert any(
            d in {duty, *stand_ins.get(duty, ())} and any(f"{p}.".startswith(f"{path}.") for p in here)
            for d, path in held[str(entry.by)]
        ), (case.number, entry.act)


def test_staff_and_residents_keep_their_hours() -> None:
    for entry in Entry.objects.exclude(channel__in=("clock", "children", "case")).exclude(act="supervise"):
        hour = entry.at.astimezone(SHANGHAI).hour
        assert 7 <= hour < 22, (entry.act, entry.at)
    office = definitions.runtime().pack.calendars["office"]
    for entry in Entry.objects.filter(role__in=("street", "department", "dispatcher")).exclude(act="open"):
        if entry.role != "street" or entry.act not in ("pass_up",):
            assert office.is_working(entry.at.astimezone(SHANGHAI).date()), (entry.act, entry.at)


def test_clocks_climbed_by_themselves_where_nobody_acted() -> None:
    climbed = Entry.objects.filter(act="pass_up", channel="clock", case__stage="closed")
    assert climbed.count() == 8  # the route overdue_grid
    for entry in climbed.select_related("case"):
        assert entry.at == entry.case.opened + timedelta(hours=24)


def test_nothing_in_it_accuses_anybody_of_tampering() -> None:
    assert verify.verify(NOW).faults == []


def test_everybody_of_the_cast_has_something_to_do() -> None:
    assert len(queue("chen-liping")) >= 5
    assert len(queue("wang-xiaoyan")) >= 4
    assert queue("zhou-yongming") and queue("sun-zhiyuan") and queue("zhao-lixin")
    assert [c for c in queue("qian-wenjing") if c.stage == "objected"]
    waiting = [c for c in Case.objects.filter(ended=None) if "extend" in c.state["pending"]]
    assert {c.institution for c in waiting} == {"request", "response"}  # xu-haifeng agrees or not
    assert [c for c in queue("xu-haifeng") if c.stage == "supervised"]
    street = registry.fresh().places["320402001000"].path
    assert Case.objects.filter(stage="answered", place__within=street).count() >= 2  # wu-minhua calls back
    mine = Case.objects.filter(reporter_id=person("li-guiying"))
    assert {"closed", "joint", "found", "collected", "answered"} <= {c.stage for c in mine}
    lamps = [c for c in mine if c.category == "lighting"]
    assert {c.stage for c in lamps} >= {"closed", "joint"}


def test_some_clocks_run_out_within_hours_and_some_have_run_out() -> None:
    open_ones = Case.objects.filter(ended=None)
    assert open_ones.filter(next_due__lte=NOW).count() == 0  # everything due was fired
    assert open_ones.filter(stage_due__lte=NOW + timedelta(hours=6)).count() >= 3
    assert open_ones.filter(promise_due__lt=NOW).count() >= 2


def test_people_were_told_and_nobody_was_written_to() -> None:
    assert not Message.objects.exclude(state="delivered").exists()
    for message in Message.objects.exclude(channel="in_app"):
        assert message.delivered is not None
        assert timedelta(0) <= message.delivered - message.created <= timedelta(seconds=2)


def test_accounts_have_no_password() -> None:
    assert set(content.cast_keys()) <= set(Account.objects.values_list("username", flat=True))
    assert not any(a.has_usable_password() for a in Account.objects.all())


def test_a_year_without_calendar_is_refused_by_name() -> None:
    with pytest.raises(CalendarGap, match="2031"):
        load_demo(datetime(2031, 5, 1, tzinfo=SHANGHAI))


def test_hours_run_forth_and_back_over_nights_and_days_off() -> None:
    monday = datetime(2026, 11, 16, tzinfo=SHANGHAI)
    hours = Hours(monday.date(), monday.date() + timedelta(days=9), AWAKE, lambda d: d.weekday() < 5)
    friday = monday + timedelta(days=4, hours=21)
    assert hours.after(friday, 120, 120, Random(1)) == monday + timedelta(days=7, hours=8)
    assert hours.ago(monday + timedelta(days=7, hours=8), 120, 120, Random(1)) == friday
