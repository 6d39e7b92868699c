"""Settings for the tests: a home of their own, so that a test never touches a real one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

# Set before the ordinary settings are read. Processes started later (pytest-xdist's, servers under test) inherit it.
if "LINLI_TEST_RUN" not in os.environ:
    os.environ["LINLI_TEST_RUN"] = str(os.getpid())
    os.environ["LINLI_HOME"] = os.environ.get("LINLI_TEST_HOME") or tempfile.mkdtemp(prefix="linli-test-")
    os.environ["LINLI_DEMO"] = "no"
    Path(os.environ["LINLI_HOME"]).chmod(0o711)  # the database may run as another user

from linli.config.settings import *  # noqa: F403
from linli.config.settings import DATABASES, STORAGES

# Made once with the extensions in place; each worker's database is a copy of it.
TEMPLATE_DATABASE = "linli_test_template"
DATABASES["default"]["TEST"] = {"NAME": "linli_test", "TEMPLATE": TEMPLATE_DATABASE}
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
WHITENOISE_AUTOREFRESH = True  # no folder of collected files is needed
WHITENOISE_USE_FINDERS = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # tests sign in often; nothing secret is kept
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
