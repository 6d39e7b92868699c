"""Open311 GeoReport v2: what goes in becomes a case, what comes out follows the standard and names nobody."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone

from linli.ledger import visible
from linli.ledger.models import Case
from linli.people import acts as people
from linli.people import registry
from tests.cast import GRID_A, GRID_A2, GRID_B, Cast, area

V2 = "/open311/v2"
SECRETS = ("王大锤暗号", "13911112222", "secret-mail@example.org", "东门路暗号18号", "31.77115", "119.97115")
FORM = {
    "service_code": "lighting",
    "description": "王大锤暗号：门口的路灯不亮",
    "lat": "31.77115",
    "long": "119.97115",
    "address_string": "东门路暗号18号",
    "last_name": "王大锤",
    "first_name": "暗号",
    "phone": "13911112222",
    "email": "secret-mail@example.org",
    "device_id": "tt222111",
}


def post(client: Client, format: str = "json", **changes: str | None) -> Any:
    """Post the form with changes; None leaves an argument out."""
    form = {n: v for n, v in {**FORM, **changes}.items() if v is not None}
    return client.post(f"{V2}/requests.{format}", form_body(form), content_type=FORM_TYPE)


FORM_TYPE = "application/x-www-form-urlencoded"


def form_body(form: dict[str, str]) -> str:
    """Form-encoded, as clients send it."""
    from urllib.parse import urlencode

    return urlencode(form)


def created(client: Client, **changes: str | None) -> Case:
    """Post, and the case that came of it."""
    answer = post(client, **changes)
    assert answer.status_code == 200, answer.content.decode()
    return Case.objects.get(number=answer.json()[0]["service_request_id"])


def from_xml(text: bytes) -> Any:
    """XML read back by the Spark convention: lists of one kind of child become lists, empty elements None."""
    return _plain(ElementTree.fromstring(text))


LISTS = {"services", "service_requests", "errors", "attributes", "values", "endpoints", "formats"}


def _plain(node: ElementTree.Element) -> Any:
    if node.tag in LISTS:
        return [_plain(child) for child in node]
    return {child.tag: _plain(child) for child in node} if len(node) else node.text


def as_text(value: Any) -> Any:
    """JSON's content as XML spells it: everything text, empty things None."""
    if isinstance(value, dict):
        return {k: as_text(v) for k, v in value.items()}
    if isinstance(value, list):
        return [as_text(v) for v in value]
    if isinstance(value, bool):
        return str(value).lower()
    return None if value in (None, "") else str(value)


def test_a_post_becomes_a_case_that_the_grid_worker_sees(cast: Cast, client: Client) -> None:
    answer = post(client)
    assert answer.status_code == 200
    (request,) = answer.json()
    assert set(request) == {"service_request_id", "service_notice", "account_id"}
    assert request["service_request_id"] in request["service_notice"]
    case = Case.objects.get(number=request["service_request_id"])
    assert f"/c/{case.secret}/" in request["service_notice"], "the reporter can follow, rate and say it is not solved"
    assert (case.place, case.channel, case.category) == (area(GRID_A).path, "open311", "lighting")
    assert case.reporter is not None
    assert (case.reporter.name, case.reporter.phone) == ("王大锤暗号", "13911112222")
    assert case.fields["text"] == FORM["description"] and case.fields["address"] == FORM["address_string"]
    assert case.fields["point"] == {"lat": 31.77115, "lng": 119.97115}

    def sees(key: str) -> bool:
        who = visible.viewer(cast.id(key), registry.fresh(), timezone.now())
        return visible.visible(who).filter(pk=case.pk).exists()

    assert sees("wang") and sees("chen") and sees("zhou")
    assert not sees("bob_grid") and not sees("bob_street") and not sees("stranger")
    assert (case.holder_role, case.holder_path) == ("grid_worker", area(GRID_A).path)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lat": "31.7722", "long": "119.9722"}, GRID_A2),
        ({"lat": "31.7812", "long": "119.9812"}, GRID_B),
        ({"address_id": GRID_B}, GRID_B),
        ({"lat": None, "long": None, "address_id": "320402002001"}, "320402002001"),
        ({"lat": None, "long": None, "address_string": "常州市甲街道甲一社区 3 幢"}, "320402001001"),
        ({"lat": None, "long": None, "address_string": "乙街道某处"}, "320402002000"),
        ({"lat": None, "long": None}, "320402000000"),
    ],
)
def test_the_place_comes_from_the_code_the_point_or_the_words(
    cast: Cast, client: Client, changes: dict[str, str | None], code: str
) -> None:
    case = created(client, **changes)
    assert case.place == area(code).path
    assert case.holder_path, "somebody holds it, wherever it came in"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"service_code": None}, "service_code"),
        ({"service_code": " "}, "service_code"),
        ({"service_code": "flying_saucers"}, "flying_saucers"),
        ({"service_code": "g_streets"}, "g_streets"),
        ({"description": None}, "description"),
        ({"description": " \n "}, "description"),
        ({"description": "长" * 20_001}, "20000"),
        ({"lat": "north"}, "lat"),
        ({"lat": "nan"}, "lat"),
        ({"lat": "1e400"}, "lat"),
        ({"long": None}, "long"),
        ({"lat": "91"}, "lat"),
        ({"lat": "39.9", "long": "116.4"}, "3 km"),
        ({"lat": None, "long": None, "address_string": None}, "Say where"),
        ({"address_id": "110101001001"}, "110101001001"),
        ({"lat": None, "long": None, "address_id": "320400000000"}, "too wide"),
        ({"email": "not an address"}, "email"),
        ({"phone": "1" * 31}, "phone"),
        ({"first_name": "x" * 100}, "first_name"),
        ({"media_url": "javascript:alert(1)"}, "media_url"),
        ({"media_url": "http:///a.jpg"}, "media_url"),
        ({"attribute[kind]": "nonsense"}, "attribute[kind]"),
        ({"attribute[accused]": "power"}, "accused"),
    ],
)
def test_wrong_input_is_refused_with_a_reason(
    cast: Cast, client: Client, changes: dict[str, str | None], word: str
) -> None:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    answer = post(client, **changes)
    assert answer.status_code == 400
    errors = answer.json()
    assert all(set(e) == {"code", "description"} and e["code"] == 400 for e in errors)
    assert word in " ".join(e["description"] for e in errors)
    same = post(client, "xml", **changes)
    assert same.status_code == 400 and from_xml(same.content) == as_text(errors)
    assert not Case.objects.exists()


def test_every_wrong_field_is_named_at_once(cast: Cast, client: Client) -> None:
    answer = post(client, **{"description": "长" * 20_001, "attribute[kind]": "nonsense"})
    assert [e["description"].partition("：")[0] for e in answer.json()] == ["description", "attribute[kind]"]


def test_text_that_is_not_utf8_is_refused(cast: Cast, client: Client) -> None:
    body = b"service_code=lighting&address_id=320402001001&description=%C2%B7%B5%C6"
    answer = client.post(f"{V2}/requests.json", body, content_type=FORM_TYPE)
    assert answer.status_code == 400 and "UTF-8" in answer.json()[0]["description"]


def test_control_characters_and_other_kinds_of_body_do_no_harm(cast: Cast, client: Client) -> None:
    case = created(client, description="灯\x00不\x07亮", last_name="王\x00\n", first_name=None)
    assert case.fields["text"] == "灯不亮" and case.reporter and case.reporter.name == "王"
    assert client.post(f"{V2}/requests.json", json.dumps(FORM), content_type="application/json").status_code == 415


def test_attributes_and_a_picture_link_are_kept(cast: Cast, client: Client) -> None:
    case = created(client, **{"attribute[kind]": "complaint", "media_url": "https://example.org/a.jpg"})
    assert case.fields["kind"] == "complaint"
    assert case.fields["text"].endswith("\nhttps://example.org/a.jpg")


def test_a_report_without_name_is_anonymous(cast: Cast, client: Client) -> None:
    case = created(client, first_name=None, last_name=None, phone=None, email=None)
    assert case.reporter is None


def test_nothing_personal_comes_out(cast: Cast, client: Client) -> None:
    case = created(client)
    cast.act("wang", str(case.id), "pass_up", timezone.now(), reason="王大锤暗号要求保密")
    paths = [
        *(f"requests.{f}" for f in ("json", "xml")),
        *(f"requests/{case.number}.{f}" for f in ("json", "xml")),
        *(f"requests.{f}?service_request_id={case.number}" for f in ("json", "xml")),
        *(f"{p}.{f}" for p in ("services", "services/lighting", "discovery") for f in ("json", "xml")),
    ]
    for path in paths:
        body = client.get(f"{V2}/{path}").content.decode()
        for secret in (*SECRETS, case.secret, "王晓燕", "陈丽萍", "第一网格", GRID_A):
            assert secret not in body, f"{path} shows {secret}"
    assert str(case.number) in client.get(f"{V2}/requests.json").content.decode()


def test_what_complains_of_a_unit_is_not_listed(cast: Cast, client: Client) -> None:
    case = cast.opened({"text": "态度恶劣", "category": "power", "accused": ["power"]}, now=timezone.now())
    assert client.get(f"{V2}/requests.json").json() == []
    assert client.get(f"{V2}/requests/{case.number}.json").status_code == 404


def test_called_units_cases_are_not_listed(cast: Cast, client: Client) -> None:
    now = timezone.now()
    lamp = cast.lamp(now)
    cast.act("wang", lamp.id, "pass_up", now, reason="没电")
    cast.act("chen", lamp.id, "pass_up", now, reason="没有权限")
    cast.act("zhou", lamp.id, "whistle", now, units=["power"], reason="一起去")
    listed = client.get(f"{V2}/requests.json").json()
    assert [r["service_request_id"] for r in listed] == [str(lamp.number)]
    assert Case.objects.count() == 2


def test_a_request_says_where_it_stands(cast: Cast, client: Client) -> None:
    case = created(client)
    answer = client.get(f"{V2}/requests/{case.number}.json", headers={"accept-language": "en"})
    (request,) = answer.json()
    assert request["status"] == "open" and request["status_notes"] == "Found in the grid"
    assert request["agency_responsible"] == "甲一社区居委会"
    assert request["address"] == "甲一社区, 甲街道, 天宁区, 常州市" and request["address_id"] == "320402001001"
    assert (request["lat"], request["long"]) == (31.771, 119.971)
    assert request["service_name"] == request["description"] == "Street lighting"
    assert all(request[n].endswith("+08:00") for n in ("requested_datetime", "updated_datetime", "expected_datetime"))

    cast.act("wang", str(case.id), "solve", timezone.now(), answer="换好了")
    cast.act(None, str(case.id), "confirm", timezone.now(), contacted="是", solved="solved", satisfied="satisfied")
    (request,) = client.get(f"{V2}/requests/{case.number}.json").json()
    assert (request["status"], request["status_notes"]) == ("closed", "办结：已解决")
    assert request["agency_responsible"] is None and request["expected_datetime"] is None
    assert request["updated_datetime"] >= request["requested_datetime"]


def ids(client: Client, query: str) -> list[int]:
    """The numbers that a list answers with."""
    answer = client.get(f"{V2}/requests.json?{query}")
    assert answer.status_code == 200, answer.content.decode()
    return [int(r["service_request_id"]) for r in answer.json()]


def test_the_list_is_filtered_by_number_service_status_and_time(cast: Cast, client: Client) -> None:
    now = timezone.now()
    old = cast.lamp(now - timedelta(days=100)).number
    solved = cast.lamp(now - timedelta(days=2))
    fresh = cast.opened({"text": "积水", "category": "drainage"}, now=now).number
    cast.act("wang", solved.id, "solve", now, answer="好了")
    cast.act("li", solved.id, "confirm", now, contacted="是", solved="solved", satisfied="satisfied")
    assert ids(client, "") == [fresh, solved.number]
    assert ids(client, f"service_request_id={old},{fresh}&status=closed") == [fresh, old]
    assert ids(client, "service_code=drainage") == [fresh]
    assert ids(client, "service_code=drainage,lighting&status=open,closed") == [fresh, solved.number]
    assert ids(client, "status=closed") == [solved.number]
    assert ids(client, "status=open") == [fresh]
    day = (now - timedelta(days=101)).isoformat().replace("+", "%2B")
    assert ids(client, f"start_date={day}") == [old], "the 90 days from then on"
    assert ids(client, f"end_date={(now - timedelta(days=50)).strftime('%Y-%m-%dT%H:%M:%SZ')}") == [old]
    assert ids(client, "page_size=1") == [fresh] and ids(client, "page_size=1&page=2") == [solved.number]
    assert ids(client, "service_request_id=999999999999999999999999") == []
    assert ids(client, "jurisdiction_id=320400000000&service_code=&status=") == [fresh, solved.number]


@pytest.mark.parametrize(
    "query",
    [
        "start_date=yesterday", "end_date=2026-03-02", "start_date=2026-03-02T08:00:00",
        "start_date=2026-13-40T00:00:00Z",
        "start_date=2026-05-02T00:00:00Z&end_date=2026-05-01T00:00:00Z", "page=0", "page=x", "page_size=1001",
        "start_date=2026-01-01T00:00:00Z&end_date=2026-05-01T00:00:00Z", "status=done", "service_code=nothing",
        "end_date=0001-01-01T00:00:00Z",
    ],
)  # fmt: skip
def test_a_wrong_question_is_answered_with_400_and_a_reason(cast: Cast, client: Client, query: str) -> None:
    answer = client.get(f"{V2}/requests.json?{query}")
    assert answer.status_code == 400 and answer.json()[0]["description"]


def test_what_does_not_exist_is_answered_in_the_format_asked_for(cast: Cast, client: Client) -> None:
    for path in ("requests/999", f"requests/{9**30}", "services/nothing", "tokens/1", "requests?jurisdiction_id=x"):
        stem, _, query = path.partition("?")
        for format in ("json", "xml"):
            answer = client.get(f"{V2}/{stem}.{format}?{query}")
            assert answer.status_code == 404, path
            errors = from_xml(answer.content) if format == "xml" else as_text(answer.json())
            assert errors[0]["code"] == "404" and errors[0]["description"]
    assert client.get(f"{V2}/requests.csv").status_code == 406
    refused = client.delete(f"{V2}/requests.xml")
    assert refused.status_code == 405 and "POST" in refused["Allow"] and refused["Content-Type"].startswith("text/xml")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [("text/xml", "text/xml"), ("application/json", "application/json"), ("*/*", "application/json")],
)
def test_without_an_ending_accept_names_the_format(cast: Cast, client: Client, accept: str, kind: str) -> None:
    for path in ("requests", "services", "services/lighting", "discovery"):
        answer = client.get(f"{V2}/{path}", headers={"accept": accept})
        assert answer["Content-Type"] == f"{kind}; charset=utf-8"
    assert client.get(f"{V2}/services", headers={"accept": "image/png"}).status_code == 406


def test_xml_and_json_say_the_same(cast: Cast, client: Client) -> None:
    number = created(client).number
    roots = {
        "discovery": "discovery",
        "services": "services",
        "services/lighting": "service_definition",
        "requests": "service_requests",
        f"requests/{number}": "service_requests",
    }
    for path, root in roots.items():
        xml, plain = client.get(f"{V2}/{path}.xml"), client.get(f"{V2}/{path}.json")
        assert ElementTree.fromstring(xml.content).tag == root
        assert xml.content.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
        assert from_xml(xml.content) == as_text(plain.json()), path
    posted = post(client, "xml")
    assert posted.status_code == 200 and list(from_xml(posted.content)[0]) == [
        "service_request_id",
        "service_notice",
        "account_id",
    ]


def test_the_services_are_the_leaves_of_the_packs_categories(cast: Cast, client: Client) -> None:
    found = {s["service_code"]: s for s in client.get(f"{V2}/services.json").json()}
    assert found["lighting"]["group"] == "市政设施" and found["lighting"]["service_name"] == "路灯照明"
    assert not any(code.startswith("g_") for code in found)
    assert all(s["type"] == "realtime" and s["metadata"] is False for s in found.values())
    definition = client.get(f"{V2}/services/lighting.json").json()
    (kind,) = definition["attributes"]
    assert kind["code"] == "kind" and "complaint" in {v["key"] for v in kind["values"]}


def test_a_key_is_checked_when_given_and_can_be_demanded(cast: Cast, client: Client, settings: Any) -> None:
    key = people.create_token(cast.accounts["li"], "app", timezone.now())
    assert post(client, api_key="wrong").status_code == 403
    assert post(client, api_key=key).status_code == 200
    settings.OPEN311_KEY_REQUIRED = True
    assert post(client).status_code == 403 and post(client, api_key=key).status_code == 200


def test_a_post_asks_the_database_once(
    cast: Cast, client: Client, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    post(client)  # the pack and the registry are in memory from here on
    with django_assert_num_queries(0):  # the one statement that writes goes past Django's own log
        created_at = post(client)
    assert created_at.status_code == 200
    for _ in range(5):
        post(client)
    with django_assert_max_num_queries(2):
        client.get(f"{V2}/requests.json")


@pytest.mark.parametrize("path", ["requests", "request", "services"])
def test_answers_validate_against_the_published_schemas(cast: Cast, client: Client, real_data: Path, path: str) -> None:
    from jsonschema import Draft7Validator, FormatChecker
    from referencing import Registry, Resource

    folder = real_data / "open311" / "georeport_v2_json_schema"
    if not folder.is_dir():
        pytest.skip(f"no schemas in {folder}")
    schemas = {f.name: json.loads(f.read_text(encoding="utf-8")) for f in folder.glob("*.json")}
    known = Registry().with_resources(
        (n, Resource.from_contents(s, default_specification=_draft7())) for n, s in schemas.items()
    )
    case = created(client)
    cast.act("wang", str(case.id), "solve", timezone.now(), answer="换好了")
    address = {"requests": "requests", "request": f"requests/{case.number}", "services": "services"}[path]
    payload = client.get(f"{V2}/{address}.json").json()
    assert payload
    many, single = ("services", "service") if path == "services" else ("requests", "request")
    Draft7Validator(schemas[f"{many}.json"], registry=known, format_checker=FormatChecker()).validate(payload)
    for item in payload:
        Draft7Validator(schemas[f"{single}.json"], registry=known, format_checker=FormatChecker()).validate(item)
    definition = client.get(f"{V2}/services/lighting.json").json()
    Draft7Validator(schemas["service-definition.json"], registry=known).validate(definition)


def _draft7() -> Any:
    from referencing.jsonschema import DRAFT7

    return DRAFT7
