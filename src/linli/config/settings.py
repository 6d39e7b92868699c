"""Django's settings, read from the environment (`linli.config.environment` lists every variable)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from linli.config import chat, database, environment, mail
from linli.config.secret import secret_key

# Bottom to top, as in the design. A room without tables or templates is not listed.
ROOMS = (
    "linli.places",
    "linli.people",
    "linli.ledger",
    "linli.features.calendars",
    "linli.features.chat",
    "linli.features.mail",
    "linli.features.webhooks",
    "linli.web",
)

_SOURCE = Path(__file__).parent.parent


HOME = environment.home()
DEBUG = environment.boolean("LINLI_DEBUG")
DEMO = environment.boolean("LINLI_DEMO")
# Whom a visitor may become with one click, in demo mode only.
_city = _SOURCE / "config" / "demo" / "cities" / environment.text("LINLI_DEMO_CITY", "changzhou") / "city.yaml"
DEMO_CAST = _city if _city.is_file() else _SOURCE / "config" / "demo" / "cast.yaml"
SECRET_KEY = environment.text("LINLI_SECRET_KEY") or secret_key(HOME)

PUBLIC_URL = environment.text("LINLI_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
_public = urlsplit(PUBLIC_URL)
if _public.scheme not in ("http", "https") or not _public.hostname:
    raise environment.SettingError(
        f"LINLI_PUBLIC_URL={PUBLIC_URL!r} is no address; write https://HOST or http://HOST:PORT."
    )
_https = _public.scheme == "https"
ALLOWED_HOSTS = [*environment.listing("LINLI_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]"), _public.hostname]
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "template_partials",
    *ROOMS,
]
AUTH_USER_MODEL = "people.Account"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "linli.config.headers.security_headers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "linli.web.language.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

ROOT_URLCONF = "linli.config.urls"
WSGI_APPLICATION = "linli.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "linli.web.page.request.frame",
            ],
        },
    }
]

DATABASES = database.django_databases()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
# Attachments are served by a page that asks the visibility function, never from a public folder: no MEDIA_URL.
MEDIA_ROOT = HOME / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "linli.config.static_files.Storage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

UPLOAD_LIMIT = environment.integer("LINLI_UPLOAD_MB", 20, least=1, most=1024) * 2**20  # bytes, one attachment
FILES_PER_POST = 9
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20  # everything in a form that is not a file
DATA_UPLOAD_MAX_NUMBER_FILES = FILES_PER_POST
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _https
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "linli.people.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _https else 0
# Behind https there is a proxy of ours; it must set (not pass on) this header. See SECURITY.md.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
LOGIN_URL = "sign_in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

globals().update(mail.email_settings(environment.text("LINLI_EMAIL_URL", f"file:{HOME / 'mail'}")))  # EMAIL_*
DEFAULT_FROM_EMAIL = SERVER_EMAIL = environment.text("LINLI_EMAIL_FROM", "linli@localhost")
MAIL_IN = mail.mailbox_settings(environment.text("LINLI_MAIL_IN"))
MAIL_ADDRESS = mail.mail_address(environment.text("LINLI_MAIL_ADDRESS"), MAIL_IN)
MAIL_TAGS = environment.boolean("LINLI_MAIL_TAGS")
MAIL_INSTITUTION = environment.text("LINLI_MAIL_INSTITUTION", "request")
MAIL_CATEGORY = environment.text("LINLI_MAIL_CATEGORY", "other")
MAIL_AREA = environment.text("LINLI_MAIL_AREA")
MAIL_SECONDS = environment.integer("LINLI_MAIL_SECONDS", 60, least=5, most=86400)
MAIL_LIMIT = environment.integer("LINLI_MAIL_MB", 30, least=1, most=1024) * 2**20  # bytes, one letter
WECHAT = chat.wechat_settings()
WEBHOOK_INTRANET = environment.boolean("LINLI_WEBHOOK_INTRANET")
RETIRE = environment.boolean("LINLI_RETIRE", True)
OPEN311_KEY_REQUIRED = environment.boolean("LINLI_OPEN311_KEY_REQUIRED")
SMS = mail.sms_settings(environment.text("LINLI_SMS", f"file:{HOME / 'sms.jsonl'}"))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "linli.config.log_lines.Line", "fmt": "%(asctime)s %(levelname)s %(name)s: %(message)s"}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {
        "handlers": ["stderr"],
        "level": environment.choice("LINLI_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "WARNING"),
    },
}
