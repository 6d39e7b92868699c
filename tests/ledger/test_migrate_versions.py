"""Publishing: a text is frozen, a version waits for its first day, and no pack takes away what open cases need."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.db import connection

from linli.drafting.load import load
from linli.kernel.calendar import SHANGHAI
from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger import definitions, queries
from linli.ledger.definitions import NotInForce, StillNeeded, runtime
from linli.ledger.models import Case, Definition, Frozen
from linli.ledger.verify import verify
from linli.ledger.visible import viewer
from linli.people import registry
from tests.cast import GRID_A, NOW, Cast, area
from tests.ledger import new_version
from tests.ledger.new_version import NUMBERS, REQUEST

FILE = "national/response/institution.yaml"
FIRST_DAY = "valid_from: 2022-01-01"


def edited(file: str, before: str, after: str, found: dict[str, str] | None = None) -> dict[str, str]:
    found = new_version.shipped() if found is None else dict(found)
    assert before in found[file], before
    found[file] = found[file].replace(before, after, 1)
    return found


def from_day(day: str, found: dict[str, str] | None = None) -> dict[str, str]:
    return edited(REQUEST, FIRST_DAY, f"valid_from: {day}", found)


def opened(cast: Cast, now: datetime) -> str:
    return Case.objects.get(id=cast.lamp(now).id).version


def at(day: str, hour: str = "10:00") -> datetime:
    return datetime.fromisoformat(f"{day} {hour}").replace(tzinfo=SHANGHAI)


def test_a_published_text_is_kept_word_for_word_and_cannot_be_changed(cast: Cast) -> None:
    before = Definition.objects.get(institution="request")
    text = before.source
    assert text == new_version.shipped()[REQUEST]
    new_version.publish(new_version.files(), NOW)
    new_version.publish(new_version.shipped(), NOW)  # back again: nothing is written twice
    assert Definition.objects.filter(institution="request").count() == 2
    assert Definition.objects.get(pk=before.pk).source == text
    before.source = text + "# another"
    with pytest.raises(Frozen):
        before.save()
    with pytest.raises(Frozen):
        before.delete()
    assert Definition.objects.get(pk=before.pk).source == text


def test_a_text_changed_behind_our_back_is_not_read(cast: Cast) -> None:
    lamp = cast.lamp()
    version = Case.objects.get(id=lamp.id).version
    new_version.publish(new_version.files(), NOW)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_definition SET source = source || '# x' WHERE version = %s", [version])
    definitions.forget()
    with pytest.raises(LookupError, match="not the one published"):
        runtime().institution("request", version)
    assert "no-definition" in {f.code for f in verify(NOW).faults}


def test_until_its_first_day_new_cases_open_under_the_version_before(cast: Cast) -> None:
    old = runtime().institution("request").version
    coming = new_version.publish(from_day("2026-05-01", new_version.files()), NOW).institutions["request"].version
    assert opened(cast, at("2026-04-30", "23:59")) == old
    assert opened(cast, at("2026-05-01", "00:00")) == coming
    # A still later one is loaded before that day: in between holds the one that holds in between.
    later = new_version.publish(from_day("2026-06-01"), NOW + timedelta(days=1)).institutions["request"].version
    assert len({old, coming, later}) == 3
    days = ("2026-04-30", "2026-05-01", "2026-05-31", "2026-06-01")
    assert [opened(cast, at(day)) for day in days] == [old, coming, coming, later]
    rt = runtime()
    assert [rt.institution("request", on=date.fromisoformat(day)).version for day in days] == [
        old, coming, coming, later,
    ]  # fmt: skip
    assert verify(at("2026-06-01")).faults == []


def test_pages_show_what_holds_today(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    old = runtime().institution("request").version
    monkeypatch.setattr(definitions, "_today", lambda: date(2026, 4, 30))
    new = new_version.publish(from_day("2026-05-01", new_version.files()), NOW).institutions["request"]
    rt = runtime()
    assert rt.institution("request").version == rt.pack.institutions["request"].version == old
    assert rt.until == date(2026, 5, 1) and runtime() is rt
    assert rt.institution("request", new.version).version == new.version  # already published, so it can be read
    monkeypatch.setattr(definitions, "_today", lambda: date(2026, 5, 1))
    assert runtime().institution("request").version == new.version and runtime().until is None
    assert runtime().institution("request", old).version == old


def test_before_the_first_version_holds_opening_is_refused_with_the_day(cast: Cast) -> None:
    found = new_version.shipped()
    found["changzhou/later/institution.yaml"] = (
        found[FILE].replace("institution: response", "institution: later").replace(FIRST_DAY, "valid_from: 2027-01-01")
    )
    new_version.publish({p: t for p, t in found.items() if "/scenarios/" not in p}, NOW)
    outcome = ledger.open(ledger.Opening("later", area(GRID_A).path), {}, NOW)
    assert isinstance(outcome, Refusal) and outcome.code == "not_in_force" and "2027-01-01" in outcome.says.zh
    assert "later" not in runtime().pack.institutions
    with pytest.raises(NotInForce):
        runtime().institution("later", on=date(2026, 12, 31))


def gone_parameter(found: dict[str, str]) -> dict[str, str]:
    return edited(NUMBERS, "street_limit:", "street_time:", edited(REQUEST, "street_limit", "street_time", found))


def gone_institution(found: dict[str, str]) -> dict[str, str]:
    return {path: text for path, text in found.items() if not path.startswith("national/response/")}


@pytest.mark.parametrize(
    ("take", "named"), [(gone_parameter, "parameter street_limit"), (gone_institution, "institution response")]
)
def test_a_pack_that_takes_away_what_open_cases_need_is_refused(
    cast: Cast, take: Callable[[dict[str, str]], dict[str, str]], named: str
) -> None:
    lamp = cast.lamp()
    before = runtime().institution("request").version
    found = take(edited(REQUEST, "# 群众诉求", "# 修改过的群众诉求"))
    pack, findings = load(found, "changzhou")
    assert pack is not None and not findings
    with pytest.raises(StillNeeded, match=named) as refused:
        definitions.publish(pack, NOW)
    assert "请保留" in refused.value.says.zh
    definitions.forget()
    assert runtime().institution("request").version == before  # nothing happened
    cast.act("li", lamp.id, "withdraw", NOW + timedelta(hours=1))
    definitions.publish(pack, NOW)  # nobody needs it any more


def test_a_city_that_replaces_what_it_extends_publishes_its_own_text(cast: Cast) -> None:
    found = new_version.shipped()
    found["zhenjiang/pack.yaml"] = "pack: zhenjiang\ntitle: {zh: 镇江市, en: Zhenjiang}\nextends: changzhou\n"
    found["zhenjiang/request/institution.yaml"] = new_version.files()[REQUEST]
    pack, findings = load(found, "zhenjiang")
    assert pack is not None and not findings
    definitions.publish(pack, NOW)
    definitions.forget()
    version = runtime().institution("request").version
    stored = Definition.objects.get(institution="request", version=version)
    assert stored.source == found["zhenjiang/request/institution.yaml"]
    lamp = Case.objects.get(id=cast.lamp().id)
    again = new_version.publish(new_version.shipped(), NOW)  # back to the shipped one: the case keeps its text
    assert lamp.version == version != again.institutions["request"].version
    assert verify(NOW).faults == []


def test_who_must_agree_is_asked_though_the_new_version_asks_nobody(cast: Cast) -> None:
    lamp = cast.lamp()
    cast.act("wang", lamp.id, "pass_up", NOW + timedelta(hours=1), reason="办不了")
    cast.act("chen", lamp.id, "extend", NOW + timedelta(hours=2), delay="等配件", until="2026-04-10")
    found = new_version.files()
    found = {path: text.replace("    approves: supervisor\n", "") for path, text in found.items()}
    new_version.publish(found, NOW)
    supervisor = viewer(cast.id("xu"), registry.fresh(), NOW)
    (row,) = queries.waiting(supervisor, NOW + timedelta(hours=3))
    assert row.number == lamp.number
    cast.act("xu", lamp.id, "extend.agree", NOW + timedelta(hours=3))
