"""A small city under one shipped pack, with one holder of every post, for tests that run a pack in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from linli.kernel.calendar import SHANGHAI
from linli.ledger import act as ledger
from linli.ledger.models import Case
from linli.people import acts as people
from linli.people import registry
from linli.places import acts as places
from tests.cast import area, publish

SINCE = date(2022, 1, 1)


def moment(text: str) -> datetime:
    """A moment in Shanghai, from 2026-03-01 09:00."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


class City:
    """Areas are (code, name, kind, parent), posts (key, duty, code of area); departments are called by their code."""

    def __init__(
        self,
        pack: str,
        areas: Sequence[tuple[str, str, str, str]],
        posts: Sequence[tuple[str, str, str]],
        departments: Sequence[str] = (),
    ) -> None:
        registry.forget()
        publish(pack)
        rows = [dict(zip(("code", "name", "kind", "parent"), a, strict=True)) for a in areas]
        table = [(n, {**r, "lat": "", "lng": "", "valid_from": "2020-01-01"}) for n, r in enumerate(rows, 2)]
        assert places.import_areas(table)[2] == []
        county = next(a[0] for a in areas if a[2] == "district")
        office = {a[0]: places.create_unit(f"u{a[0]}", a[1], "office", area(a[0]), SINCE) for a in areas}
        self.ids: dict[str, str] = {}
        for key, duty, code in posts:
            person = people.create_person(key, moment("2026-01-01"))
            people.give_duty(person, duty, SINCE, area(code), office[code])
            self.ids[key] = str(person.id)
        for code in departments:
            person = people.create_person(code, moment("2026-01-01"))
            unit = places.create_unit(code, code, "department", area(county), SINCE)
            people.give_duty(person, "department_officer", SINCE, unit=unit)
            self.ids[code] = str(person.id)

    def act(self, key: str, case: Case, name: str, now: datetime, **data: object) -> None:
        """``key`` does an act; a refusal fails the test with its reason."""
        done = ledger.act(str(case.id), name, data, self.ids[key], now)
        assert isinstance(done, ledger.Receipt), done
        case.refresh_from_db()

    def refused(self, key: str, case: Case, name: str, now: datetime, **data: object) -> str:
        """The code of the refusal that ``key`` gets; an act that is done fails the test."""
        done = ledger.act(str(case.id), name, data, self.ids[key], now)
        assert isinstance(done, ledger.Refusal), done
        return done.code
