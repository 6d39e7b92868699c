"""The ordinary settings, with one page more: an empty one, to know what the server itself costs."""

from __future__ import annotations

from linli.config.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.urls"
