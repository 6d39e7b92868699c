"""Pages as somebody of the cast gets them."""

from __future__ import annotations

from typing import Any

from django.test import Client

from tests.cast import Cast


def enter(cast: Cast, key: str, lang: str = "zh-CN") -> Client:
    """The browser of ``key``, signed in."""
    client = Client(headers={"accept-language": lang})
    client.force_login(cast.accounts[key])
    return client


def text(answer: Any) -> str:
    """The page that came back, as text."""
    return str(answer.content.decode())
