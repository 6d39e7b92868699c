"""The web application, as servers load it."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from linli.config.process import exit_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
exit_with_parent()
application = get_wsgi_application()
