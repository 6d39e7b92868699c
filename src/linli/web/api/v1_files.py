"""Photos over the JSON API: sent first, named in an act then, shown to whom the visibility function allows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import FileResponse
from django.http.multipartparser import MultiPartParserError

from linli.kernel.institution import Institution, Text
from linli.ledger import visible
from linli.ledger.models import Attachment
from linli.web.api import v1_problem
from linli.web.api.v1_call import Answer, Call, api
from linli.web.api.v1_problem import Problem, wrong
from linli.web.page import attachments

UNKNOWN = Text("没有这张照片，或者它已经用过了。请先上传。", "There is no such photo waiting; upload it first.")


@api("POST")
def upload(call: Call) -> Any:
    """POST photos for a field of an institution; the ids wait a day to be named in an act."""
    request = call.request
    if request.content_type != "multipart/form-data":
        says = Text("请用 multipart/form-data 上传。", "Send the photos as multipart/form-data.")
        raise Problem(415, "not_multipart", says)
    try:
        form, files = request.POST, request.FILES.getlist("file")
    except MultiPartParserError:
        says = Text("上传的内容读不出来。", "The upload cannot be read.")
        raise Problem(400, "not_multipart", says) from None
    institution = call.rt.pack.institutions.get(form.get("institution") or "")
    field = institution.fields.get(form.get("field") or "") if institution else None
    if field is None or field.type != "files":
        raise wrong("field", Text("没有这个照片字段。", "There is no such field of type files."))
    if not files:
        raise wrong("file", Text("没有收到照片。", "No photo arrived."))
    try:
        return Answer({"ids": attachments.store(files, field, call.now)}, 201)
    except attachments.Refused as refused:
        raise wrong("file", refused.says) from None


@api("GET")
def download(call: Call, id: UUID) -> Any:
    """GET one photo; 404 unless the caller may read the field it stands in."""
    try:
        found = visible.attachment(call.who, str(id))
    except Attachment.DoesNotExist:
        raise v1_problem.not_found() from None
    where = attachments.path(str(found.id))
    if not where.is_file():
        raise v1_problem.not_found()
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"}
    headers["Content-Security-Policy"] = "default-src 'none'"
    return FileResponse(where.open("rb"), content_type=found.kind, headers=headers)


def named(institution: Institution, data: dict[str, Any]) -> None:
    """Every photo that ``data`` names is one that waits for a case. Raises Problem(422)."""
    for name, ids in data.items():
        field = institution.fields.get(name)
        if field is None or field.type != "files" or not ids:
            continue
        given = [str(i) for i in ids] if isinstance(ids, list) else str(ids).split(",")
        if attachments.unclaimed(given) != list(dict.fromkeys(given)):
            raise wrong(name, UNKNOWN)
