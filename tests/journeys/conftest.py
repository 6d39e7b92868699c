"""A real Chromium, and the cast on a database it can reach."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import cast as standing
from tests.cast import Cast

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]


@pytest.fixture
def people(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[Cast]:
    """The standing cast, committed, so that the server's threads see it."""
    from linli.ledger import definitions
    from linli.people import registry

    settings.MEDIA_ROOT = tmp_path / "media"
    yield standing.make()
    registry.forget()
    definitions.forget()


@pytest.fixture
def browser(chromium_path: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """The system's Chromium."""
    from playwright.sync_api import sync_playwright

    # Playwright runs an event loop in this thread; Django then refuses queries here unless told that they are meant.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield chromium
        chromium.close()
