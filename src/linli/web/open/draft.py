"""A draft of an institution, checked and drawn without installing it. For people with a duty, who write them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods

from linli.drafting.reader import LONGEST_FILE, NAME
from linli.drafting.table import Row
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Text
from linli.ledger.definitions import Runtime, runtime
from linli.web.open.institutions import as_table
from linli.web.page.request import lang, moment, needs_work, private

WAIT = 12
"""Seconds on the clock until a checking process is given up; it may use far less of the processor."""
AT_ONCE = BoundedSemaphore(2)
"""Checks that run beside each other in one server process; more wait."""
NAMED = re.compile(r"^institution:\s*[\"']?([a-z][a-z0-9_]*)", re.MULTILINE)
TEXTS = {
    "institution": Text("制度（institution.yaml）", "Institution (institution.yaml)"),
    "parameters": Text("参数（parameters.yaml）", "Parameters (parameters.yaml)"),
    "scenarios": Text("情景（几个情景之间用一行 --- 隔开）", "Scenarios (a line --- between two)"),
}
TOO_LONG = Text(f"最多 {LONGEST_FILE} 个字符，请拆开或者删减。", f"At most {LONGEST_FILE} characters; shorten it.")
NOT_UTF8 = Text("这个文件不是 UTF-8 文本，请另存为 UTF-8 再上传。", "This file is not UTF-8 text; save it as UTF-8.")
BOTH = Text(
    "文本框里已经有内容。要用上传的文件，请先清空文本框。", "There is text here already. Clear it to use the file."
)
EMPTY = Text("请粘贴或者上传制度的文字。", "Paste or upload the text of an institution.")


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody typed, and what is wrong with it before it is checked."""

    base: str
    texts: dict[str, str]
    errors: dict[str, Text]


@require_http_methods(["GET", "POST"])
@needs_work("field", "desk", "department", "command")
def draft(request: HttpRequest) -> HttpResponse:
    """``/institutions/draft/``: paste, check, read. Everything typed comes back with the answer."""
    rt = runtime()
    given = _given(request, rt)
    context: dict[str, Any] = {
        "bases": bases(rt),
        "base": given.base,
        "fields": [
            {"name": n, "label": label, "value": given.texts[n], "error": given.errors.get(n)}
            for n, label in TEXTS.items()
        ],
        "errors": [{"field": f"f-{n}", "label": TEXTS[n], "text": e} for n, e in given.errors.items()],
    }
    if request.method == "POST" and not given.errors:
        context |= _result(rt, given, moment(request).astimezone(SHANGHAI).date().isoformat())
    return private(render(request, "linli/open/draft.html", context))


def bases(rt: Runtime) -> list[str]:
    """The packs a draft may build on: the one in force first, then those it extends."""
    others = sorted(f.removesuffix("/pack.yaml") for f in rt.files if f.endswith("/pack.yaml") and f.count("/") == 1)
    return [rt.pack.name, *(n for n in others if n != rt.pack.name)]


def _given(request: HttpRequest, rt: Runtime) -> Given:
    base = request.POST.get("base", "")
    texts = {n: request.POST.get(n, "").replace("\r\n", "\n") for n in TEXTS}
    errors = {}
    upload = request.FILES.get("file")
    if isinstance(upload, UploadedFile) and upload.size:
        content = _read(upload)
        if isinstance(content, Text):
            errors["institution"] = content
        elif texts["institution"].strip() and texts["institution"].strip() != content.strip():
            errors["institution"] = BOTH
        else:
            texts["institution"] = content
    errors |= {n: TOO_LONG for n, text in texts.items() if len(text.encode()) > LONGEST_FILE}
    if request.method == "POST" and not errors and not texts["institution"].strip():
        errors["institution"] = EMPTY
    return Given(base if base in bases(rt) else rt.pack.name, texts, errors)


def _read(upload: UploadedFile[Any]) -> str | Text:
    if (upload.size or 0) > LONGEST_FILE:
        return TOO_LONG
    try:
        return upload.read().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return NOT_UTF8


def question(files: Mapping[str, str], base: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """The draft as a pack of its own on ``base``, with those institutions of the base that it names and no others."""
    named = NAMED.search(texts["institution"])
    name = named[1] if named and NAME.match(named[1]) else "unnamed"
    packs = {path.partition("/")[0] for path in files}
    own = next(n for n in ("draft", *(f"draft_{i}" for i in range(len(packs) + 1))) if n not in packs)
    kept = {p: t for p, t in files.items() if p.count("/") == 1 and not p.endswith("/standards.yaml")}
    wanted, seen = [name, *_called(texts["institution"])], set()
    while wanted:
        wish = wanted.pop()
        if wish not in seen:
            seen.add(wish)
            part = {p: t for p, t in files.items() if p.count("/") > 1 and p.split("/")[1] == wish}
            kept |= part
            wanted += [n for p, t in part.items() if p.endswith("/institution.yaml") for n in _called(t)]
    kept[f"{own}/pack.yaml"] = f"pack: {own}\ntitle: {{zh: 草稿, en: Draft}}\nextends: {base}\n"
    kept[f"{own}/{name}/institution.yaml"] = texts["institution"]
    if texts["parameters"].strip():
        kept[f"{own}/parameters.yaml"] = texts["parameters"]
    stories = [s for s in re.split(r"^---\s*$", texts["scenarios"], flags=re.MULTILINE) if s.strip()]
    kept |= {f"{own}/{name}/scenarios/{n}.yaml": s.lstrip("\n") for n, s in enumerate(stories, 1)}
    return {"files": kept, "pack": own, "institution": name}


def _called(text: str) -> list[str]:
    """The institutions it calls, and those whose cases its fields name."""
    listed = " ".join(re.findall(r"\bof:\s*\[?([a-z0-9_, ]+)", text))
    return [*re.findall(r"\binstitution:\s*[\"']?([a-z][a-z0-9_]*)", text), *re.findall(r"[a-z][a-z0-9_]*", listed)]


def _result(rt: Runtime, given: Given, on: str) -> dict[str, Any]:
    lines, trouble = check({**question(rt.files, given.base, given.texts), "lang": lang(), "on": on})
    if not lines:
        return {"trouble": trouble}
    found = {"result": lines[0], "trouble": trouble if lines[0]["sound"] and len(lines) == 1 else None}
    if len(lines) > 1:
        drawn = lines[1]
        drawn["picture"] = mark_safe(drawn["picture"])  # noqa: S308 — `diagram` escapes every word
        drawn["table"] = as_table(Row(**row) for row in drawn["table"])
        found["drawn"] = drawn
    return found


def check(asked: dict[str, Any]) -> tuple[list[dict[str, Any]], Text | None]:
    """What the checking process answered, and why it broke off, if it did."""
    busy = Text("正在检验的草稿太多，请过一会儿再按一次。", "Too many drafts are being checked; press again shortly.")
    if not AT_ONCE.acquire(timeout=WAIT):
        return [], busy
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "linli.web.open.draft_check"],
            input=json.dumps(asked).encode(),
            capture_output=True,
            timeout=WAIT,
            check=False,
            env={},
            cwd="/",
        )
        out, ended = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        out, ended = late.stdout or b"", -1
    finally:
        AT_ONCE.release()
    lines = [json.loads(line) for line in out.splitlines() if line.endswith(b"}")]
    say = Text(
        "这份草稿检验起来太费时间或者内存，已经停下。请把它拆小：减少环节、次数或者情景的时间跨度。",
        "Checking this draft takes too much time or memory and was stopped. Make it smaller: fewer stages, lower "
        "`at_most`, shorter scenarios.",
    )
    return lines, say if ended else None
