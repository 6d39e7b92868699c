"""The JSON API described in OpenAPI 3.1. Written by hand; a test compares it with the addresses and the answers."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from linli.kernel.institution import Text
from linli.web.api.v1_schemas import DAY, SCHEMAS, TEXT, WHOLE, ref

NUMBER = {"name": "number", "in": "path", "required": True, "schema": WHOLE}
PURPOSE = {
    "name": "purpose",
    "in": "query",
    "schema": TEXT,
    "description": "why you need telephone and address: unmasked for a minute, and whoever raised it reads why",
}
SECRET = {"name": "secret", "in": "path", "required": True, "schema": TEXT}
ACT = {"name": "act", "in": "path", "required": True, "schema": TEXT, "description": "as listed in the case's `acts`"}
KEY = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 100}}
PROBLEMS = {
    400: "Something sent cannot be read.",
    401: "No key and no session, or a key that is not valid.",
    403: "Not yours to do.",
    404: "There is no such thing, or it is not yours to see.",
    409: "The case has moved on, or does not allow this now.",
    413: "Too large.",
    415: "Another kind of body is wanted.",
    422: "Fields are missing or wrong; see `fields`.",
    503: "Try again later.",
}
FILTERS = {
    "q": "words in what was written, or a number",
    "state": "open or closed",
    "institution": "may be repeated",
    "stage": "institution.stage; may be repeated",
    "category": "a code or a group of codes; may be repeated",
    "area": "code of an area: it and everything below it",
    "unit": "code of a unit",
    "holder": "duty@path",
    "mine": "1: held by one of my duties",
    "overdue": "1: a time limit has run out",
    "soon": "1: a time limit runs out within a day",
    "result": "may be repeated",
    "tier": "the level under which it counts; may be repeated",
    "counted": "yes: counts in the figures; no: shown beside them",
    "late": "yes: a promise ran out; no: none did",
    "reopened": "1: an answer did not hold",
    "here": "1: the area without those inside it",
    "answer": "field=value, field=none where nobody answered; may be repeated",
    "counter": "a counter that was raised; may be repeated",
    "without": "a counter that was not raised; may be repeated",
    "extended": "yes or no: more time was agreed to",
    "repeat": "yes:DAYS, no:DAYS or unknown: the same person raised the same before",
}
DAYS = ("opened_from", "opened_to", "closed_from", "closed_to")


def document(url: str, lang: str) -> dict[str, Any]:
    """The whole description; ``url`` is where the API lives."""
    about = Text(
        "页面上能做的事，这里都能做：同样的职权，同样的可见范围。",
        "Everything a page can do, with the same mandates and the same view of who may see what.",
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Linli 邻里 API", "version": version("linli"), "description": about.in_(lang)},
        "servers": [{"url": url}],
        "security": [{"key": []}, {"session": []}],
        "paths": _paths(),
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
            },
        },
    }


def _paths() -> dict[str, Any]:
    return {
        "/me": {"get": _operation("who_am_i", "Who I am, and my duties of today", 200, "Me", (401,))},
        "/cases": {"get": _listing(), "post": _opening()},
        "/cases/{number}": _case("read_case", "One case as I may see it", [NUMBER, PURPOSE]),
        "/cases/{number}/acts/{act}": {"post": _acting("act", "Do an act", [NUMBER, ACT], public=False)},
        "/links/{secret}": _case("read_link", "The case of a secret link, as its reporter", [SECRET], public=True),
        "/links/{secret}/acts/{act}": {"post": _acting("act_by_link", "Act as the reporter", [SECRET, ACT], True)},
        **_whys(),
        "/attachments": {"post": _upload()},
        "/attachments/{id}": {"get": _download()},
        **_registers(),
    }


def _whys() -> dict[str, Any]:
    what = {
        "name": "what",
        "in": "query",
        "schema": TEXT,
        "description": "clock:NAME (a clock of the institution, `stage` or `pause`), holder, unit:CODE or act:NAME;"
        " without it, everything that may be asked",
    }
    name = {"name": "name", "in": "path", "required": True, "schema": TEXT, "description": "as listed in /figures"}
    period = [{"name": n, "in": "query", "schema": DAY} for n in ("from", "to")]
    area = {"name": "area", "in": "query", "schema": TEXT, "description": "code of an area"}
    asked = "Why: the rule, the dated value, its source, and what would change it"
    one = _operation("why_case", asked, 200, "Whys", (401, 404), [NUMBER, what])
    link = _operation("why_link", asked, 200, "Whys", (404,), [SECRET, what], public=True)
    listing = _operation("figures", "The figures one may ask about", 200, "Figures", (400, 401, 403, 422))
    of = {"name": "name", "in": "path", "required": True, "schema": TEXT, "description": "an institution"}
    by = "unit, area, category, tier, day, week, month, quarter or year: also line by line"
    also = [{"name": n, "in": "query", "schema": TEXT} for n in ("unit", "category")]
    also.append({"name": "by", "in": "query", "schema": TEXT, "description": by})
    told = "Every rate of an institution over a period, with its parts, what is left out and its formula"
    rates = _operation("rates", told, 200, "Rates", (400, 401, 403, 404, 422), [of, *period, area, *also])
    figure = _operation("why_figure", asked, 200, "Why", (400, 401, 403, 404, 422), [name, *period, area])
    return {
        "/cases/{number}/why": {"get": one},
        "/links/{secret}/why": {"get": link},
        "/figures": {"get": listing},
        "/figures/{name}": {"get": rates},
        "/figures/{name}/why": {"get": figure},
    }


def _registers() -> dict[str, Any]:
    name = {"name": "name", "in": "path", "required": True, "schema": TEXT}
    older = {"name": "version", "in": "query", "schema": TEXT, "description": "an older one; open cases keep theirs"}
    parent = {"name": "parent", "in": "query", "schema": TEXT, "description": "code of an area; the top without"}
    kind = {"name": "kind", "in": "query", "schema": TEXT}
    listing = _operation("institutions", "The institutions in force", 200, "Institutions", (), public=True)
    one = _operation("institution", "One institution", 200, "Institution", (404,), [name, older], public=True)
    areas = _operation("areas", "Areas directly below another", 200, "Areas", (404,), [parent], public=True)
    return {
        "/institutions": {"get": listing},
        "/institutions/{name}": {"get": one},
        "/areas": {"get": areas},
        "/units": {"get": _operation("units", "Units, to be named in an act", 200, "Units", (401,), [kind])},
        "/openapi.json": {
            "get": {
                "operationId": "openapi",
                "summary": "This description",
                "security": [],
                "responses": {"200": _body({"type": "object"}, "OpenAPI 3.1")},
            }
        },
    }


def _operation(
    id: str, summary: str, status: int, schema: str, problems: tuple[int, ...],
    parameters: list[dict[str, Any]] | None = None, public: bool = False,
) -> dict[str, Any]:  # fmt: skip
    responses: dict[str, Any] = {str(status): _body(ref(schema), "Done")}
    for code in sorted({*problems, 503}):
        body = {"application/problem+json": {"schema": ref("Problem")}}
        responses[str(code)] = {"description": PROBLEMS[code], "content": body}
    operation: dict[str, Any] = {"operationId": id, "summary": summary, "responses": responses}
    if parameters:
        operation["parameters"] = parameters
    if public:
        operation["security"] = []
    return operation


def _body(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _sent(schema: str) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": ref(schema)}}}


def _case(id: str, summary: str, parameters: list[dict[str, Any]], public: bool = False) -> dict[str, Any]:
    problems = (404,) if public else (401, 404)
    return {"get": _operation(id, summary, 200, "Case", problems, parameters, public)}


def _acting(id: str, summary: str, parameters: list[dict[str, Any]], public: bool) -> dict[str, Any]:
    problems = (400, 403, 404, 409, 413, 415, 422) if public else (400, 401, 403, 404, 409, 413, 415, 422)
    return {**_operation(id, summary, 200, "Done", problems, parameters, public), "requestBody": _sent("Acting")}


def _listing() -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "query", "schema": TEXT, "description": says} for name, says in FILTERS.items()
    ]
    parameters += [{"name": name, "in": "query", "schema": DAY} for name in DAYS]
    limit = {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
    parameters += [
        {"name": "limit", "in": "query", "schema": limit},
        {"name": "cursor", "in": "query", "schema": WHOLE, "description": "taken from `next`"},
    ]
    return _operation("list_cases", "Cases I may see, newest first", 200, "CasePage", (400, 401), parameters)


def _opening() -> dict[str, Any]:
    problems = (400, 401, 403, 413, 415, 422)
    operation = _operation("open_case", "Open a case", 201, "Opened", problems, [KEY])
    return {**operation, "requestBody": _sent("Opening")}


def _upload() -> dict[str, Any]:
    form = {
        "type": "object",
        "properties": {
            "institution": TEXT,
            "field": {**TEXT, "description": "a field of type files, in whose value the ids are then sent"},
            "file": {"type": "array", "items": {"type": "string", "format": "binary"}},
        },
        "required": ["institution", "field", "file"],
    }
    body = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    operation = _operation("upload", "Send photos, to be named in an act", 201, "Attachments", (401, 413, 415, 422))
    return {**operation, "requestBody": body}


def _download() -> dict[str, Any]:
    id = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    operation = _operation("download", "A photo of a case I may see", 200, "Problem", (401, 404), [id])
    operation["responses"]["200"] = {"description": "The photo", "content": {"image/jpeg": {}}}
    return operation
