"""The shapes of the JSON API's bodies as JSON Schema. A test validates every answer against them."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def obj(**properties: Any) -> Schema:
    """An object with exactly these properties, all present."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def maybe(schema: Schema) -> Schema:
    """The schema or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def many(schema: Schema) -> Schema:
    """A list of these."""
    return {"type": "array", "items": schema}


def ref(name: str) -> Schema:
    """One of the schemas below."""
    return {"$ref": f"#/components/schemas/{name}"}


def sent(required: tuple[str, ...] = (), **properties: Any) -> Schema:
    """An object that a client sends: some properties may be left out, unknown ones are refused."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
YES_NO: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
DAY: Schema = {"type": "string", "format": "date"}
URI: Schema = {"type": "string", "format": "uri"}
ANY: Schema = {}
NAMED = obj(name=TEXT, title=TEXT)
TEXTS = {"type": "object", "additionalProperties": TEXT}
VALUES: Schema = {
    "type": "object",
    "description": "Field name → value, as the institution declares the field: text, code, yes/no, date (2026-03-09),"
    " number, point {lat, lng} in WGS-84, list of unit codes, list of attachment ids.",
}

SCHEMAS: dict[str, Schema] = {
    "Problem": {
        **obj(
            type=TEXT,
            title=TEXT,
            status=WHOLE,
            code=TEXT,
            detail=TEXT,
            fields=TEXTS,
            why=maybe(ref("Why")),
            instance=TEXT,
        ),
        "description": "RFC 9457. `code` is stable; `detail` is for people; `fields` says what is wrong with which;"
        " `why` names the rule that an act was refused by.",
    },
    "Why": {
        **obj(
            what={**TEXT, "description": "the question, as `what` takes it"},
            asks=TEXT,
            says=TEXT,
            rule=maybe(
                obj(
                    institution=obj(name=TEXT, version=TEXT, title=TEXT),
                    stage=maybe(TEXT),
                    act=maybe(TEXT),
                    key=TEXT,
                    file=TEXT,
                    line=WHOLE,
                    says=TEXT,
                )
            ),
            value=maybe(
                obj(
                    parameter=TEXT,
                    amount=WHOLE,
                    unit=TEXT,
                    calendar=TEXT,
                    to=maybe(DAY),
                    source=TEXT,
                    file=TEXT,
                    line=WHOLE,
                    says=TEXT,
                    **{"from": DAY},
                )
            ),
            source=TEXT,
            steps=many(obj(kind=TEXT, at=maybe(MOMENT), says=TEXT)),
            changes=many(TEXT),
            parts=many(obj(role={"enum": ["good", "other", "excluded"]}, title=TEXT, value=WHOLE, cases=URI)),
        ),
        "description": "The rule with its line in the pack, the dated value with its source, how it came about,"
        " and what would change it.",
    },
    "Whys": obj(items=many(ref("Why"))),
    "Figures": obj(items=many(obj(name=TEXT, why=URI))),
    "Rate": obj(
        rate=TEXT,
        title=TEXTS,
        percent=maybe({"type": "number"}),
        whole=WHOLE,
        parts=many(obj(title=TEXTS, count=WHOLE, open=TEXT, weight=WHOLE)),
        excluded=many(obj(title=TEXTS, count=WHOLE, open=TEXT)),
        formula=TEXTS,
        dates=TEXTS,
        assumption=YES_NO,
        few=YES_NO,
        source=TEXT,
    ),
    "Rates": obj(
        institution=TEXT,
        **{"from": DAY, "to": DAY},
        rates=many(ref("Rate")),
        lines=many(obj(title=TEXTS, rates=many(ref("Rate")))),
    ),
    "Me": obj(account=TEXT, name=TEXT, duties=many(obj(duty=TEXT, title=TEXT, at=maybe(TEXT), since=DAY))),
    "Field": obj(name=TEXT, title=TEXT, type=TEXT, value=ANY, words=TEXT),
    "CaseRow": obj(
        number=WHOLE,
        url=URI,
        institution=NAMED,
        text=TEXT,
        category=maybe(TEXT),
        place=TEXT,
        unit=maybe(TEXT),
        stage=TEXT,
        holder=maybe(TEXT),
        stands_in=YES_NO,
        opened=MOMENT,
        ended=maybe(MOMENT),
        due=maybe(MOMENT),
        clock=maybe({"enum": ["ok", "soon", "overdue", "paused"]}),
        result=maybe(TEXT),
        tier=maybe(TEXT),
    ),
    "CasePage": obj(items=many(ref("CaseRow")), total=WHOLE, total_is_exact=YES_NO, next=maybe(URI)),
    "Happened": obj(
        seq=WHOLE,
        at=MOMENT,
        act=TEXT,
        title=TEXT,
        role=TEXT,
        person=maybe(TEXT),
        clock=YES_NO,
        answer=YES_NO,
        to=maybe(TEXT),
        fields=many(ref("Field")),
        messages=many(obj(to=TEXT, channel=TEXT, text=TEXT, state=TEXT, delivered=maybe(MOMENT))),
    ),
    "Doable": obj(
        name=TEXT,
        title=TEXT,
        needs=many(TEXT),
        may=many(TEXT),
        results=many(TEXT),
        to=maybe(TEXT),
        asks=maybe(TEXT),
        fields=many(ref("Field")),
    ),
    "Child": obj(
        unit=TEXT,
        lead=YES_NO,
        open=YES_NO,
        stage=TEXT,
        result=maybe(TEXT),
        due=maybe(MOMENT),
        number=maybe(WHOLE),
    ),
    "Clock": obj(
        name=TEXT,
        title=TEXT,
        state={"enum": ["ok", "overdue", "paused"]},
        start=MOMENT,
        due=MOMENT,
        first_due=MOMENT,
    ),
    "Case": obj(
        number=WHOLE,
        url=URI,
        seq=WHOLE,
        institution=obj(name=TEXT, version=TEXT, title=TEXT),
        stage=NAMED,
        holder=maybe(obj(title=TEXT, place=TEXT, people=many(TEXT), stands_in=YES_NO)),
        result=maybe(NAMED),
        tier=maybe(NAMED),
        place=many(TEXT),
        unit=maybe(TEXT),
        opened=MOMENT,
        reported=MOMENT,
        ended=maybe(MOMENT),
        paused=YES_NO,
        reads={"enum": ["public", "party", "handler", "supervisor"]},
        fields=many(ref("Field")),
        contact=maybe(TEXTS),
        clocks=many(ref("Clock")),
        history=many(ref("Happened")),
        acts=many(ref("Doable")),
        next=many(obj(act=TEXT, to=TEXT)),
        children=many(ref("Child")),
        counts={"type": "object", "additionalProperties": WHOLE},
    ),
    "Opening": sent(
        ("institution", "area", "data"),
        institution=TEXT,
        area={**TEXT, "description": "code of an area; see /areas"},
        unit={**TEXT, "description": "code of a unit, for institutions that a unit handles"},
        data=VALUES,
        reporter={
            **sent((), name=TEXT, phone=TEXT, email=TEXT),
            "description": "Left out: you. Empty: unknown, reached by the secret link. Otherwise a new person.",
        },
    ),
    "Opened": obj(number=WHOLE, url=URI, institution=TEXT, opened=MOMENT, secret=TEXT),
    "Acting": sent(
        (),
        data=VALUES,
        seq={**WHOLE, "description": "The `seq` of the case you looked at; if somebody acted since, you get 409."},
    ),
    "Done": obj(
        number=WHOLE,
        url=URI,
        seq=WHOLE,
        stage=NAMED,
        result=maybe(TEXT),
        tier=maybe(TEXT),
        ended=maybe(MOMENT),
    ),
    "Attachments": obj(ids=many(TEXT)),
    "InstitutionRow": obj(
        name=TEXT,
        title=TEXT,
        about=maybe(TEXT),
        version=TEXT,
        valid_from=DAY,
        public=YES_NO,
        source=TEXT,
    ),
    "Institutions": obj(items=many(ref("InstitutionRow"))),
    "Act": obj(
        name=TEXT,
        title=TEXT,
        by=many(TEXT),
        needs=many(TEXT),
        may=many(TEXT),
        results=many(TEXT),
        to=maybe(TEXT),
        at_most=maybe(WHOLE),
        approves=maybe(TEXT),
    ),
    "FieldDefinition": {
        **obj(
            name=TEXT,
            title=TEXT,
            help=maybe(TEXT),
            type=TEXT,
            max=maybe(WHOLE),
            choices=many(obj(code=TEXT, title=TEXT, group=maybe(TEXT))),
            **{"class": TEXT},
        )
    },
    "Areas": obj(
        items=many(
            obj(
                code=TEXT,
                name=TEXT,
                kind=TEXT,
                parent=maybe(TEXT),
                lat=maybe({"type": "number"}),
                lng=maybe({"type": "number"}),
            )
        )
    ),
    "Units": obj(items=many(obj(code=TEXT, name=TEXT, kind=TEXT))),
}

_ROW = SCHEMAS["InstitutionRow"]["properties"]
SCHEMAS["Institution"] = obj(
    **_ROW,
    open=ref("Act"),
    roles=TEXTS,
    parties=TEXTS,
    fields=many(ref("FieldDefinition")),
    stages=many(
        obj(
            name=TEXT,
            title=TEXT,
            holder=maybe(TEXT),
            within=maybe(TEXT),
            overdue=maybe(TEXT),
            end=YES_NO,
            acts=many(ref("Act")),
        )
    ),
    anywhere=many(ref("Act")),
)
