"""Plain statements find what the one visibility rule lets through, and read what model instances hold."""

from __future__ import annotations

from datetime import timedelta

import pytest

from linli.ledger import filters, history, lean, queries, redacted, visible
from linli.ledger.act import Reporter
from linli.ledger.definitions import runtime
from linli.ledger.filters import Filters
from linli.ledger.lean import Condition, Lean
from linli.ledger.models import Case
from linli.ledger.visible import ANYBODY, Viewer
from linli.ledger.words import opening_texts
from linli.people import registry
from tests.cast import DUTIES, GRID_B, NOW, Cast

HOUR = timedelta(hours=1)
EVERYBODY = [key for key, *_ in DUTIES]


def looks(cast: Cast, key: str) -> Viewer:
    return visible.viewer(cast.id(key), registry.current(), NOW)


def some(cast: Cast) -> None:
    """Matters in both streets, one about the community itself, one that called two units, one answered."""
    cast.lamp()
    cast.lamp(grid=GRID_B)
    cast.opened({"text": "社区推诿", "category": "lighting", "accused": ["community-a"]})
    up = cast.lamp()
    cast.act("wang", up.id, "pass_up", NOW + HOUR, reason="灯杆归供电公司")
    cast.act("chen", up.id, "pass_up", NOW + HOUR, reason="社区没有权限")
    cast.act("zhou", up.id, "whistle", NOW + HOUR, units=["power", "housing"], reason="要一起到现场")
    done = cast.lamp()
    cast.act("wang", done.id, "solve", NOW + HOUR, answer="换了灯泡，已经亮了")


def raised(case: Case) -> str:
    """What was written at the opening, as whoever handles the case may read it."""
    institution = runtime().institution(case.institution, case.version)
    said = visible.fields(institution, "handler", case.fields)
    return "\n".join(str(said.get(n) or "") for n in opening_texts(institution)).lower()


def numbers(where: Condition) -> set[int]:
    return {c.number for c in lean.select(where, "number", 100)}


def test_the_plain_condition_is_the_rule(cast: Cast) -> None:
    some(cast)
    seen = {key: set(visible.visible(looks(cast, key)).values_list("number", flat=True)) for key in EVERYBODY}
    assert {key: numbers(visible.condition(looks(cast, key))) for key in EVERYBODY} == seen
    assert len({frozenset(s) for s in seen.values()}) > 5 and numbers(visible.condition(ANYBODY)) == set()


def test_a_row_holds_what_the_case_holds(cast: Cast) -> None:
    some(cast)
    for row in lean.select(Condition("TRUE", ()), "number", 100):
        case = Case.objects.get(number=row.number)
        assert row == Lean(*(getattr(case, name) for name in Lean._fields[:-1]), case.fields)


def test_a_whole_case_is_the_model_s(cast: Cast) -> None:
    some(cast)
    for case in Case.objects.select_related("reporter"):
        found = visible.by_secret(case.secret)
        assert found.__dict__ | {"_state": None} == case.__dict__ | {"_state": None}
        assert found.reporter == case.reporter and (found.reporter is None or found.reporter.name == case.reporter.name)
        with pytest.raises(Case.DoesNotExist):
            visible.find(ANYBODY, case.number)


def test_the_record_is_what_the_tables_hold(cast: Cast) -> None:
    some(cast)
    for case in Case.objects.all():
        data = redacted.effective({d.seq: d.data for d in case.details.all()})
        stored = [history.entry_of(e, data.get(e.seq, {})) for e in case.entries.order_by("seq")]
        assert [s.entry for s in history.steps(case.id)] == stored
        told = list(case.messages.order_by("id"))
        assert [m.text("zh") for m in history.sent(case.id, case.number)] == [m.text("zh") for m in told]


def test_a_condition_of_another_table_is_refused(cast: Cast) -> None:
    with pytest.raises(ValueError, match="people_person"):
        lean.condition(Case.objects.filter(reporter__phone="19900000001"))


@pytest.mark.parametrize("large", [0.0, 1.0], ids=["everywhere", "by area"])
@pytest.mark.parametrize("words", ["路灯", "lamp", "灯", "推诿", "没有", "\\%_'"])
def test_a_search_finds_the_same_with_areas_and_without(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, large: float, words: str
) -> None:
    some(cast)
    cast.opened({"text": "Lamp 路灯 \\%_' broken", "category": "lighting"}, grid=GRID_B)
    monkeypatch.setattr(filters, "LARGE", large)
    for key in EVERYBODY:
        who = looks(cast, key)
        readable = {c.number for c in visible.visible(who) if words.lower() in raised(c)}
        page = queries.listing(who, Filters(q=words), NOW)
        assert {r.number for r in page.rows} == readable and page.total == len(readable)
        asked = filters.narrow(visible.visible(who), Filters(q=words), runtime().pack, registry.current(), NOW, who)
        assert set(asked.values_list("number", flat=True)) == readable
        nested = Case.objects.filter(pk__in=asked.values("pk"))
        assert set(nested.values_list("number", flat=True)) == readable


def test_what_one_raised_elsewhere_is_found_by_area_too(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "LARGE", 1.0)
    own = cast.opened({"text": "楼下井盖松动", "category": "lighting"}, grid=GRID_B, reporter=Reporter(cast.id("wang")))
    cast.opened({"text": "楼下井盖松动", "category": "lighting"}, grid=GRID_B)
    assert [r.number for r in queries.listing(looks(cast, "wang"), Filters(q="井盖"), NOW).rows] == [own.number]
    assert queries.listing(looks(cast, "wang"), Filters(q=str(own.number)), NOW).rows[0].number == own.number
