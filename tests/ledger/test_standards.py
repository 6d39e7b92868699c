"""Standards hold the registry to the pack: a violation opens one gap case, and no second while that one is open."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from linli.config.cli_standards import command
from linli.kernel.calendar import SHANGHAI
from linli.ledger import due
from linli.ledger.models import Case
from linli.ledger.standards import survey
from tests.cast import Cast

NOW = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)


def places(level: str) -> list[str]:
    from linli.places.models import Area

    return sorted(Area.objects.filter(kind=level, valid_to=None).values_list("code", flat=True))


def test_what_nobody_measured_is_unknown_and_opens_nothing(cast: Cast) -> None:
    found = survey(NOW, {}, opens=True)
    assert len(found.seen) == len(places("street")) + len(places("community"))
    assert {s.judged.holds for s in found.seen} == {None}
    assert not found.opened and not Case.objects.exists()


def test_a_violation_opens_one_gap_case_and_no_second_while_it_is_open(cast: Cast) -> None:
    small, large = places("street")[:2]
    measured = {(small, "centre_m2"): 860.0, (large, "centre_m2"): 1200.0}
    looked = survey(NOW, measured, opens=False)
    assert [s.code for s in looked.of(False)] == [small] and [s.code for s in looked.of(True)] == [large]
    assert not Case.objects.exists(), "looking opens nothing"
    assert len(survey(NOW, measured, opens=True).opened) == 1
    case = Case.objects.get()
    assert (case.institution, case.source) == ("gap", "standard:street_centre")
    assert "现有 860 平方米" in str(case.fields["evidence"])
    again = survey(NOW + timedelta(days=1), measured, opens=True)
    assert (again.opened, again.still_open, Case.objects.count()) == ([], 1, 1)


def test_a_standard_broken_again_after_its_gap_was_closed_opens_a_new_one(cast: Cast) -> None:
    street = places("street")[0]
    measured = {(street, "centre_m2"): 860.0}
    survey(NOW, measured, opens=True)
    case = Case.objects.get()
    while case.stage != "pressed":  # nobody plans: the clock passes it up to the street
        due.sweep(case.next_due)
        case.refresh_from_db()
    cast.act("zhou", str(case.id), "explain", case.next_due - timedelta(hours=1), reason="明年改建")
    case.refresh_from_db()
    assert (case.stage, case.result) == ("closed", "not_met")
    assert len(survey(case.ended + timedelta(days=30), measured, opens=True).opened) == 1


def test_the_command_reads_facts_and_says_what_is_broken(cast: Cast, tmp_path: Path) -> None:
    street = places("street")[0]
    facts = tmp_path / "facts.csv"
    facts.write_text(f"code,name,value\n{street},centre_m2,860\n", encoding="utf-8")
    done = CliRunner().invoke(command, ["--facts", str(facts), "--open", "--lang", "en"])
    assert done.exit_code == 1, done.output
    assert "There are 860 m²; the standard is 1000 m²." in done.output
    assert "1 gap(s) opened, 0 open already." in done.output
    facts.write_text(f"code,name,value\n{street},centre_m3,860\n", encoding="utf-8")
    wrong = CliRunner().invoke(command, ["--facts", str(facts)])
    assert wrong.exit_code == 2
    assert "no register of this pack holds centre_m3; known: centre_m2, households" in wrong.output


@pytest.fixture(autouse=True)
def _own_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command works on the test's database."""
    from contextlib import nullcontext

    from linli.config import startup

    monkeypatch.setattr(startup, "site", nullcontext)
