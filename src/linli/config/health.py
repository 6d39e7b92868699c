"""GET /healthz: is this process able to serve? For load balancers and for people."""

from __future__ import annotations

from django.db import connection
from django.db.utils import Error
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache


@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 {"ok": true, "database": "18.6"} when the database answers, else 503 {"ok": false, "database": null}."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            version = cursor.fetchone()[0]
    except Error:
        return JsonResponse({"ok": False, "database": None}, status=503)
    return JsonResponse({"ok": True, "database": version})
