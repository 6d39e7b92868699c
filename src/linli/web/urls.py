"""Every address, one folder an audience. Residents have the short ones."""

from __future__ import annotations

from django.urls import include, path, re_path

urlpatterns = [
    re_path(r"^(?=open311/|api/|wechat/)", include("linli.web.api.urls")),  # machines first: they come by the thousand
    path("", include("linli.web.resident.urls")),
    path("", include("linli.web.page.urls")),
    path("field/", include("linli.web.field.urls")),
    path("desk/", include("linli.web.desk.urls")),
    path("department/", include("linli.web.department.urls")),
    path("command/", include("linli.web.command.urls")),
    path("", include("linli.web.staff.urls")),  # after the audiences: their own pages come first in the navigation
    path("", include("linli.web.open.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
]
