"""Red line 2 wherever a case can be met: those complained of find neither it nor who raised it, by any door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from linli.ledger import act as ledger
from linli.ledger import announce, queries, visible
from linli.ledger.filters import Filters
from linli.ledger.models import Attachment, Case, Message
from linli.people import acts as people
from linli.people import registry
from tests.cast import Cast
from tests.web.photos import photo

NAME, PHONE, TEXT = "钟馗馗", "13966660001", "社区大厅没人值班甲乙丙"
THEIRS = ("wang", "chen")  # both work for the committee that is complained of


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def complaint(cast: Cast) -> Case:
    from linli.ledger import definitions
    from linli.web.page import attachments

    now = timezone.now()
    field = definitions.runtime().pack.institutions["request"].fields["photos"]
    told = {"text": TEXT, "category": "community_affairs", "accused": ["community-a"]}
    told["photos"] = attachments.store([photo()], field, now)
    made = cast.opened(told, now, reporter=ledger.Reporter(name=NAME, phone=PHONE))
    return Case.objects.get(id=made.id)


def doors(case: Case, file: str) -> list[str]:
    number = case.number
    own = [f"/cases/{number}/{tail}" for tail in ("", "diagram/", "why/", "privacy/", "as/units/", "as/reporter/")]
    lists = [f"/{w}/?tab=all{q}" for w in ("field/cases", "desk") for q in ("", "&q=甲乙丙", f"&q={number}")]
    files = [f"/desk/?tab=all&export={kind}" for kind in ("csv", "xlsx")] + [f"/files/{file}/"]
    calls = [f"/desk/intake/earlier/?phone={PHONE}", "/desk/intake/earlier/?place=甲一第一网格&category=社区工作建议"]
    return [*own, *lists, *files, *calls, f"/bulk/?n={number}", "/field/", f"/follow/?number={number}"]


def test_no_page_list_search_export_or_file_shows_it_to_them(cast: Cast) -> None:
    case = complaint(cast)
    beside = cast.opened({"text": "社区大厅", "category": "community_affairs"}, timezone.now())  # looks alike
    file = str(Attachment.objects.get(case=case).id)
    wrong = []
    for key in THEIRS:
        client = Client(headers={"accept-language": "zh-CN"})
        client.force_login(cast.accounts[key])
        for address in [*doors(case, file), f"/cases/{beside.number}/"]:
            answer = client.get(address)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            if answer.status_code != 200:
                continue
            shows = [w for w in (NAME, PHONE, TEXT, f"/cases/{case.number}/") if w.encode() in body]
            wrong += [f"{key} {address}: {w}" for w in shows]
            assert address not in (f"/files/{file}/", f"/cases/{case.number}/")
    assert wrong == []
    zhou = Client()
    zhou.force_login(cast.accounts["zhou"])  # the level above does see it, so the doors are not simply shut
    assert TEXT in zhou.get(f"/cases/{case.number}/").content.decode()


def test_no_act_contact_or_api_answers_them(cast: Cast) -> None:
    case = complaint(cast)
    for key in THEIRS:
        client = Client()
        client.force_login(cast.accounts[key])
        assert client.post(f"/cases/{case.number}/contact/", {"purpose": "核实"}).status_code == 404
        assert client.post(f"/cases/{case.number}/acts/add/", {"addition": "x"}).status_code == 404
        token = people.create_token(cast.accounts[key], "test", timezone.now())
        api = Client(HTTP_AUTHORIZATION=f"Bearer {token}")
        file = Attachment.objects.get(case=case).id
        for address in (f"cases/{case.number}?purpose=x", f"cases/{case.number}/why", f"attachments/{file}"):
            assert api.get(f"/api/v1/{address}").status_code == 404
        assert str(case.number) not in api.get("/api/v1/cases").content.decode()
        found = queries.listing(
            visible.viewer(cast.id(key), registry.fresh(), timezone.now()), Filters(), timezone.now()
        )
        assert case.number not in {r.number for r in found.rows}


def test_no_message_goes_to_them_and_nothing_is_announced(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announce, "listening", lambda: True)
    case = complaint(cast)
    cast.act("zhou", str(case.id), "tell", timezone.now(), addition="已收到")
    theirs = {d.path for key in THEIRS for d in cast.people[key].duties.all()}
    assert not Message.objects.filter(case=case, path__in=theirs).exists()
    assert not Message.objects.filter(case=case, channel=announce.OUTSIDE).exists()
    beside = cast.lamp(timezone.now())
    assert Message.objects.filter(case=beside.id, channel=announce.OUTSIDE).exists()  # others are announced


def test_a_matter_merged_with_it_tells_them_nothing_of_it(cast: Cast) -> None:
    case = complaint(cast)
    mine = cast.opened({"text": "大厅没人", "category": "community_affairs"}, timezone.now())
    cast.act("qian", mine.id, "merge", timezone.now(), same_as=str(case.number))
    client = Client(headers={"accept-language": "zh-CN"})
    client.force_login(cast.accounts["chen"])
    page = client.get(f"/cases/{mine.number}/").content.decode()
    assert TEXT not in page and NAME not in page and f"/cases/{case.number}/" not in page
