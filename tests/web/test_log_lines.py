"""The server's log says what went wrong and where; it holds no words of residents and no key to a case."""

from __future__ import annotations

import logging
import logging.config
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from linli.config import database
from linli.features.calendars import acts as calendars
from linli.ledger.models import Case
from tests.cast import Cast
from tests.web.leaks import text_of


@pytest.fixture
def log() -> Iterator[list[str]]:
    """The lines that the server writes, formatted as the settings say, from DEBUG on."""
    lines: list[str] = []
    line = django_settings.LOGGING["formatters"]["line"]
    made = logging.config.DictConfigurator({"version": 1}).configure_formatter(dict(line))  # type: ignore[attr-defined]

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler, root = Keep(logging.DEBUG), logging.getLogger()
    handler.setFormatter(made)
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lines
    root.removeHandler(handler)
    root.setLevel(before)


def breaks(mark: str) -> Callable[..., Any]:
    """A view that fails in the database, whose complaint repeats the row."""

    def view(*given: Any, **named: Any) -> Any:
        with connection.cursor() as cursor:
            row = [uuid.uuid4(), mark]
            cursor.execute(
                "INSERT INTO people_person (id, name, phone, email, created) VALUES (%s, %s, '', '', NULL)", row
            )

    return view


def test_the_log_holds_no_words_and_no_keys(cast: Cast, log: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case.objects.get(id=cast.lamp(timezone.now()).id)
    pages, mark = Client(raise_request_exception=False), "暗语日志"
    feed = calendars.address(cast.id("li"))
    assert pages.post(f"/c/{case.secret}/acts/confirm/", {"why": mark}).status_code == 422
    assert pages.get(f"/c/{case.secret}/nothing/").status_code == 404
    assert pages.get(f"/calendar/{feed}/nothing.ics").status_code == 404
    assert pages.post(f"/api/v1/links/{case.secret}/acts/confirm", {"data": {"why": mark}}, "application/json")
    server = database.embedded()
    before = len(server.log.read_bytes()) if server else 0
    monkeypatch.setattr("linli.web.page.case.show", breaks(mark))
    broken = pages.get(f"/c/{case.secret}/")
    assert broken.status_code == 500 and mark not in text_of(broken)
    whole = "\n".join(log)
    assert "Internal Server Error: /c/…/" in whole and "NotNullViolation" in whole, "it still says what is wrong"
    assert "column created" in whole and "test_log_lines.py" in whole
    for secret in (mark, case.secret, feed, "李桂英", "19900000001"):
        assert secret not in whole, [line for line in log if secret in line]
    if server is not None:
        own = server.log.read_bytes()[before:].decode("utf-8", "replace")
        assert "violates not-null constraint" in own and mark not in own, own


def test_the_plain_log_would_tell(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Why the lines are formatted at all: an ordinary one holds the row and the link."""
    case = Case.objects.get(id=cast.lamp(timezone.now()).id)
    found: list[str] = []

    class Plain(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(logging.Formatter().format(record))

    handler, pages = Plain(), Client(raise_request_exception=False)
    monkeypatch.setattr("linli.web.page.case.show", breaks("暗语日志"))
    logging.getLogger("django.request").addHandler(handler)
    pages.get(f"/c/{case.secret}/")
    logging.getLogger("django.request").removeHandler(handler)
    assert "暗语日志" in "".join(found) and case.secret in "".join(found)
