"""What people fill in, checked against the field it is for. One door for forms, API, imports and scenarios."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Act, Field, Institution, Pack, Text

LONGEST_TEXT = 20_000
MOST_ITEMS = 200
YES = {"true", "1", "yes", "on", "是", "y"}
NO = {"false", "0", "no", "off", "否", "n"}


class Invalid(ValueError):
    """A value that does not fit its field; ``says`` tells the person what to write instead."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.says = Text(zh, en)


def is_empty(raw: Any) -> bool:
    """Nothing was filled in."""
    return raw is None or (isinstance(raw, str) and not raw.strip()) or (isinstance(raw, (list, tuple)) and not raw)


def parse(pack: Pack, field: Field, raw: Any) -> Any:
    """``raw`` (a form's text or an API's value) as the field's plain value; raises Invalid with what to write."""
    return _PARSE[field.type](pack, field, raw)


def _text(pack: Pack, field: Field, raw: Any) -> str:
    if not isinstance(raw, (str, int, float)) or isinstance(raw, bool):
        raise Invalid("请填写文字。", "Write text here.")
    text = "".join(c for c in str(raw).strip() if c in "\n\t" or c >= " ")
    longest = field.max or LONGEST_TEXT
    if len(text) > longest:
        raise Invalid(
            f"最多 {longest} 字，现在 {len(text)} 字。", f"At most {longest} characters; this has {len(text)}."
        )
    return text


def _code(pack: Pack, field: Field, raw: Any) -> str:
    known = pack.lists.get(field.list or "", {})
    if not isinstance(raw, str) or raw not in known or any(c.group == raw for c in known.values()):
        raise Invalid(f"“{str(raw)[:40]}”不在可选项里。", f"“{str(raw)[:40]}” is not one of the choices.")
    return raw


def _yes_no(pack: Pack, field: Field, raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise Invalid("请选择“是”或“否”。", "Choose yes or no.")


def _date(pack: Pack, field: Field, raw: Any) -> str:
    try:
        return (raw if isinstance(raw, date) else date.fromisoformat(str(raw).strip()[:10])).isoformat()[:10]
    except ValueError:
        raise Invalid("请写日期，如 2026-03-09。", "Write a date such as 2026-03-09.") from None


def _number(pack: Pack, field: Field, raw: Any) -> int | float:
    try:
        number = float(raw)
    except (TypeError, ValueError):
        raise Invalid("请填数字。", "Write a number.") from None
    if not math.isfinite(number):
        raise Invalid("请填一个有限的数字。", "Write a finite number.")
    if field.max is not None and number > field.max:
        raise Invalid(f"不能大于 {field.max}。", f"It cannot be more than {field.max}.")
    return int(number) if number.is_integer() else number


def _moment(pack: Pack, field: Field, raw: Any) -> str:
    try:
        moment = raw if isinstance(raw, datetime) else datetime.fromisoformat(str(raw).strip())
    except ValueError:
        raise Invalid("请写日期和时间，如 2026-03-09 19:00。", "Write a moment such as 2026-03-09 19:00.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)).astimezone(SHANGHAI).isoformat()


def _lines(pack: Pack, field: Field, raw: Any) -> list[str]:
    given = raw if isinstance(raw, (list, tuple)) else str(raw).splitlines()
    lines = [line.strip() for line in given if isinstance(line, str) and line.strip()]
    if len(lines) > (field.max or MOST_ITEMS):
        raise Invalid(f"最多 {field.max or MOST_ITEMS} 条。", f"At most {field.max or MOST_ITEMS} lines.")
    return lines


def _point(pack: Pack, field: Field, raw: Any) -> dict[str, float]:
    try:
        pair = (raw["lat"], raw["lng"]) if isinstance(raw, Mapping) else str(raw).split(",")
        lat, lng = (float(part) for part in pair)
    except (KeyError, TypeError, ValueError):
        raise Invalid("位置应写成“纬度,经度”。", "A point is written “latitude,longitude”.") from None
    if not (-90 <= lat <= 90 and -180 <= lng <= 180):
        raise Invalid("纬度或经度超出范围。", "The latitude or longitude is out of range.")
    return {"lat": lat, "lng": lng}


def _words(pack: Pack, field: Field, raw: Any) -> list[str]:
    items = raw if isinstance(raw, (list, tuple)) else [part.strip() for part in str(raw).split(",")]
    words = list(dict.fromkeys(item for item in items if isinstance(item, str) and item))
    most = field.max or MOST_ITEMS
    if len(words) > most:
        raise Invalid(f"最多 {most} 个，现在 {len(words)} 个。", f"At most {most}; there are {len(words)}.")
    return words


def _case(pack: Pack, field: Field, raw: Any) -> dict[str, str]:
    """``raw`` is what the caller found by the number given: {id, number, institution, stage}, or just the number."""
    known = raw if isinstance(raw, Mapping) else {"number": str(raw)[:20]}
    fits = known.get("institution") in field.of and (not field.stages or known.get("stage") in field.stages)
    if not fits or "id" not in known:
        number = known.get("number", "")
        raise Invalid(f"没有可用的事项 {number}，请核对编号。", f"There is no fitting case {number}; check its number.")
    return {"id": str(known["id"]), "number": str(known["number"])}


_PARSE: dict[str, Any] = {
    "text": _text, "code": _code, "yes_no": _yes_no, "date": _date, "number": _number, "point": _point,
    "files": _words, "units": _words, "area": _text,
    "moment": _moment, "items": _lines, "case": _case,
}  # fmt: skip

ANSWER_FIRST = Text("请填写。", "This must be filled in.")


def check(
    pack: Pack, institution: Institution, act: Act, raw: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Text]]:
    """What was filled in for ``act``: (values that fit, complaint for each field that does not)."""
    values: dict[str, Any] = {}
    wrong: dict[str, Text] = {}
    for name in act.needs:
        if is_empty(raw.get(name)):
            wrong[name] = ANSWER_FIRST
    for name, given in raw.items():
        if name == "result" and len(act.result) > 1:
            if given in act.result:
                values["result"] = given
            elif not is_empty(given):
                wrong["result"] = Text("请从列出的结果中选择。", "Choose one of the listed results.")
            continue
        if name not in (*act.needs, *act.may):
            wrong[name] = Text(f"这一步不填 {name}。", f"This act has no field {name}.")
        elif not is_empty(given):
            try:
                values[name] = parse(pack, institution.fields[name], given)
            except Invalid as fault:
                wrong[name] = fault.says
    if len(act.result) > 1 and act.does != "tally" and "result" not in values:
        wrong.setdefault("result", Text("请选择办理结果。", "Choose the result."))
    return values, wrong
