"""The standing cast of the tests: two streets side by side, so that every test has somebody who must not see.

Street A is where things happen; street B is the neighbour whose people hold the same duties elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import linli
from linli.drafting.load import load, read_folder
from linli.kernel.calendar import SHANGHAI
from linli.ledger import act as ledger
from linli.ledger import definitions
from linli.people import acts as people
from linli.people import registry
from linli.people.models import Account, Person
from linli.places import acts as places
from linli.places.models import Area, Unit

NOW = datetime(2026, 3, 2, 20, 10, tzinfo=SHANGHAI)
SINCE = date(2022, 1, 1)
PACKS = Path(linli.__file__).parent / "packs"

AREAS = """code,name,kind,parent,lat,lng,valid_from
320400000000,常州市,city,,,,2020-01-01
320402000000,天宁区,district,320400000000,,,2020-01-01
320402001000,甲街道,street,320402000000,31.77,119.97,2020-01-01
320402002000,乙街道,street,320402000000,31.78,119.98,2020-01-01
320402001001,甲一社区,community,320402001000,31.771,119.971,2020-01-01
320402002001,乙一社区,community,320402002000,31.781,119.981,2020-01-01
320402001001001,甲一第一网格,grid,320402001001,31.7711,119.9711,2020-01-01
320402001001002,甲一第二网格,grid,320402001001,31.7721,119.9721,2020-01-01
320402002001001,乙一第一网格,grid,320402002001,31.7811,119.9811,2020-01-01
"""
GRID_A, GRID_A2, GRID_B = "320402001001001", "320402001001002", "320402002001001"
DUTIES = [  # key, name, duty, area or unit, unit of a territorial duty
    ("wang", "王晓燕", "grid_worker", GRID_A, "community-a"),
    ("chen", "陈丽萍", "community_officer", "320402001001", "community-a"),
    ("zhou", "周永明", "street_officer", "320402001000", "street-a"),
    ("wu", "吴敏华", "reviewer", "320402001000", "street-a"),
    ("tang", "唐志", "district_officer", "320402000000", "command"),
    ("qian", "钱文静", "dispatcher", "320402000000", "command"),
    ("xu", "徐海峰", "supervisor", "320402000000", "command"),
    ("zhao", "赵立新", "department_officer", "power", None),
    ("sun", "孙志远", "department_officer", "housing", None),
    ("bob_grid", "乙网格", "grid_worker", GRID_B, "community-b"),
    ("bob_community", "乙社区", "community_officer", "320402002001", "community-b"),
    ("bob_street", "乙街道", "street_officer", "320402002000", "street-b"),
]
UNITS = [
    ("command", "区城运中心", "command", "320402000000"),
    ("power", "供电公司", "department", "320402000000"),
    ("housing", "住建局", "department", "320402000000"),
    ("street-a", "甲街道办事处", "street", "320402001000"),
    ("street-b", "乙街道办事处", "street", "320402002000"),
    ("community-a", "甲一社区居委会", "community", "320402001001"),
    ("community-b", "乙一社区居委会", "community", "320402002001"),
]


@dataclass(slots=True)
class Cast:
    """Persons and accounts by key; li is a resident with an account, stranger another one, charlie has neither duty."""

    people: dict[str, Person] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)

    def id(self, key: str) -> str:
        """The person's id as the ledger takes it."""
        return str(self.people[key].id)

    def lamp(self, now: datetime = NOW, grid: str = GRID_A, **kwargs: Any) -> ledger.Receipt:
        """Open the lamp case in ``grid``, raised by li."""
        return self.opened({"text": "东门路 18 号门口的路灯三天不亮了", "category": "lighting"}, now, grid, **kwargs)

    def opened(self, data: dict[str, Any], now: datetime = NOW, grid: str = GRID_A, **kwargs: Any) -> ledger.Receipt:
        """Open a request; a refusal fails the test with its reason."""
        kwargs.setdefault("reporter", ledger.Reporter(person=self.id("li")))
        done = ledger.open(ledger.Opening("request", area(grid).path, **kwargs), data, now)
        assert isinstance(done, ledger.Receipt), done
        return done

    def act(self, key: str | None, case: str, name: str, now: datetime, **data: Any) -> ledger.Receipt:
        """``key`` does an act; a refusal fails the test with its reason."""
        person = self.id(key) if key else None
        done = ledger.act(case, name, data, person, now, as_reporter=key is None)
        assert isinstance(done, ledger.Receipt), done
        return done


def area(code: str) -> Area:
    """The living area with this code."""
    return Area.objects.get(code=code, valid_to=None)


def publish(name: str = "changzhou") -> None:
    """Put a shipped pack in force."""
    pack, findings = load(read_folder(PACKS, name), name)
    assert pack is not None and not findings, findings
    definitions.publish(pack, NOW)
    definitions.forget()


def make() -> Cast:
    """Pack, places, units, persons, duties and accounts; forgets what other tests left in memory."""
    registry.forget()
    publish()
    lines = [line.split(",") for line in AREAS.strip().splitlines()]
    rows = [(n, dict(zip(lines[0], line, strict=True))) for n, line in enumerate(lines[1:], 2)]
    assert places.import_areas(rows)[2] == []
    units = {code: places.create_unit(code, name, kind, area(at), SINCE) for code, name, kind, at in UNITS}
    cast = Cast()
    for key, name in (("li", "李桂英"), ("stranger", "外人"), ("charlie", "查理")):
        cast.people[key] = people.create_person(name, NOW, phone="19900000001" if key == "li" else "")
    for key, name, duty, at, of in DUTIES:
        cast.people[key] = people.create_person(name, NOW)
        _give(cast.people[key], duty, at, units, of)
    for key, person in cast.people.items():
        cast.accounts[key] = people.create_account(key, person, "cast-password")
    return cast


def _give(person: Person, duty: str, at: str, units: dict[str, Unit], of: str | None) -> None:
    if at in units:
        people.give_duty(person, duty, SINCE, unit=units[at])
    else:
        people.give_duty(person, duty, SINCE, area(at), units[of] if of else None)
