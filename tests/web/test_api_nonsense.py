"""Nonsense at the doors is answered with a reason, never with a crash."""

from __future__ import annotations

import random
from urllib.parse import urlencode

from django.test import Client

from tests.cast import Cast
from tests.web.api_client import V1, Caller

ODD = [
    "", " ", "\x00", "\ufffd", "\ud7ff\ue000", "长" * 300, "-1", "1e309", "nan", "inf", "0x10", "٣", "²", "9" * 40,
    "%00", "'; DROP TABLE ledger_case; --", "<script>", "{zh}", "{number}", "../..", "lighting", "31.77", "119.97",
    "2026-03-02T08:00:00+08:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "open,closed", "1,2,x",
    "320402001001", "request", "request.found", "a@b.c", "grid_worker@a1", "@", ".", "u.power", "\U0001f4a1",
    "1" * 5000,
]  # fmt: skip
FORM = (
    "service_code", "description", "lat", "long", "address_string", "address_id", "email", "first_name", "last_name",
    "phone", "media_url", "attribute[kind]", "attribute[", "attribute[]", "jurisdiction_id", "api_key",
)  # fmt: skip
QUERY = (
    "service_request_id", "service_code", "status", "start_date", "end_date", "page", "page_size", "jurisdiction_id",
)  # fmt: skip
LIST = (
    "q", "state", "institution", "stage", "category", "area", "unit", "holder", "mine", "overdue", "soon", "result",
    "tier", "counted", "late", "reopened", "opened_from", "closed_to", "limit", "cursor",
)  # fmt: skip


def some(chance: random.Random, names: tuple[str, ...]) -> dict[str, str]:
    """A few of the arguments with odd values."""
    return {n: chance.choice(ODD) for n in chance.sample(names, chance.randint(1, min(6, len(names))))}


def test_open311_answers_nonsense_with_a_reason(cast: Cast, client: Client) -> None:
    chance = random.Random(311)
    good = {"service_code": "lighting", "description": "x", "address_id": "320402001001"}
    accepted = 0
    for _ in range(250):
        form = urlencode({**good, **some(chance, FORM)}, errors="surrogatepass")
        answer = client.post("/open311/v2/requests.json", form, content_type="application/x-www-form-urlencoded")
        assert answer.status_code in (200, 400, 403, 404), (form, answer.content)
        accepted += answer.status_code == 200
        assert answer.status_code == 200 or answer.json()[0]["description"], form
        query = urlencode(some(chance, QUERY), errors="surrogatepass")
        asked = client.get(f"/open311/v2/requests.xml?{query}")
        assert asked.status_code in (200, 400, 404), query
    assert 10 < accepted < 250, "some of it is good, some of it is not"


def test_the_json_api_answers_nonsense_with_a_problem(cast: Cast) -> None:
    chance = random.Random(9457)
    wang = Caller(cast, "wang")
    headers = {"authorization": f"Bearer {wang.key}"}
    for _ in range(150):
        query = urlencode(some(chance, LIST), errors="surrogatepass")
        answer = wang.client.get(f"{V1}/cases?{query}", headers=headers)
        assert answer.status_code in (200, 400), query
    values = [*ODD, None, 1, -1.5, True, [], ["x"], [None], [[1]], {}, {"lat": "x"}, {"lat": 1, "lng": 2}, 10**30]
    values = [v for v in values if not (isinstance(v, int) and v > 2**63)]
    names = ("text", "category", "kind", "address", "point", "photos", "accused", "nothing")
    for _ in range(250):
        data = {"text": "x", "category": "lighting", chance.choice(names): chance.choice(values)}
        body = {"institution": "request", "area": "320402001001001", "data": data}
        if chance.random() < 0.3:
            body[chance.choice(("institution", "area", "unit", "data", "reporter"))] = chance.choice(values)
        answer = wang.client.post(f"{V1}/cases", body, "application/json", headers=headers)
        assert answer.status_code in (201, 400, 403, 422), (body, answer.content)
