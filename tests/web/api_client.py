"""Somebody of the cast at the JSON API; every answer is checked against the API's own description."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.test import Client
from django.utils import timezone
from jsonschema import Draft202012Validator, FormatChecker

from linli.people import acts as people
from linli.web.api.v1_openapi import document
from tests.cast import Cast

V1 = "/api/v1"


@cache
def described() -> dict[str, Any]:
    """The API's description of itself."""
    return document("http://testserver/api/v1", "en")


def check(method: str, path: str, answer: Any) -> None:
    """The answer's status is one that the description names for the address, and its body has that shape."""
    operation = described()["paths"][template(path)][method]
    status = str(answer.status_code)
    assert status in operation["responses"], f"{method} {path}: {status} is not described: {answer.content.decode()}"
    kind, _, _ = answer["Content-Type"].partition(";")
    content = operation["responses"][status]["content"]
    assert kind in content, f"{method} {path}: {kind} is not described"
    schema = content[kind].get("schema")
    if schema:
        whole = {**schema, "components": described()["components"]}
        Draft202012Validator(whole, format_checker=FormatChecker()).validate(answer.json())


def template(path: str) -> str:
    """The described address that fits a path."""
    parts = path.split("?")[0].strip("/").split("/")
    for known in described()["paths"]:
        pieces = known.strip("/").split("/")
        if len(pieces) == len(parts) and all(p.startswith("{") or p == q for p, q in zip(pieces, parts, strict=True)):
            return str(known)
    raise AssertionError(f"{path} is not described")


@dataclass
class Caller:
    """One of the cast with an API key; ``key`` None is a visitor."""

    cast: Cast
    name: str | None
    language: str = "en"
    client: Client = field(default_factory=Client)
    key: str | None = None

    def __post_init__(self) -> None:
        if self.name and self.key is None:
            self.key = people.create_token(self.cast.accounts[self.name], "test", timezone.now())

    def get(self, path: str, status: int = 200) -> Any:
        """GET and check; the JSON that came."""
        return self._checked("get", path, status, self.client.get(f"{V1}{path}", headers=self._headers()))

    def post(self, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        """POST and check; the JSON that came."""
        sent = self.client.post(
            f"{V1}{path}", json.dumps(body or {}), "application/json", headers={**self._headers(), **headers}
        )
        return self._checked("post", path, status, sent)

    def act(self, number: int, act: str, status: int = 200, **data: Any) -> Any:
        """Do an act on the case as it stands."""
        return self.post(f"/cases/{number}/acts/{act}", {"data": data}, status)

    def _checked(self, method: str, path: str, status: int, answer: Any) -> Any:
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.content.decode()}"
        check(method, path, answer)
        return answer.json() if "json" in answer["Content-Type"] else answer

    def _headers(self) -> dict[str, str]:
        here = {"accept-language": self.language}
        return {**here, "authorization": f"Bearer {self.key}"} if self.key else here
