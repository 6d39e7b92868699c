"""The WeChat Official Account from the environment, as settings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from linli.config import environment
from linli.config.environment import SettingError

TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
SERVER = "https://api.weixin.qq.com"


@dataclass(frozen=True)
class WeChat:
    """The account, where WeChat's server is asked (``base``), and what a message opens."""

    token: str = field(repr=False)
    app_id: str
    secret: str = field(repr=False)
    base: str
    institution: str
    category: str
    area: str


def wechat_settings() -> WeChat | None:
    """The account of the LINLI_WECHAT_* variables; None when none is set up. Raises SettingError for half of one."""
    names = ("LINLI_WECHAT_TOKEN", "LINLI_WECHAT_APP_ID", "LINLI_WECHAT_SECRET")
    token, app_id, secret = (environment.text(n) for n in names)
    if not (token or app_id or secret):
        return None
    missing = [n for n in names if not environment.text(n)]
    if missing:
        raise SettingError(f"{', '.join(missing)} is not set; a WeChat account needs {', '.join(names)}.")
    if not TOKEN.fullmatch(token):
        raise SettingError("LINLI_WECHAT_TOKEN is 3 to 32 letters or digits, the same as set at mp.weixin.qq.com.")
    base = environment.text("LINLI_WECHAT_API", SERVER).rstrip("/")
    parts = urlsplit(base)
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    if not (parts.scheme == "https" or local) or not parts.hostname:
        raise SettingError(f"LINLI_WECHAT_API={base!r} is no https address; the secret never travels in the clear.")
    return WeChat(
        token, app_id, secret, base, environment.text("LINLI_WECHAT_INSTITUTION", "request"),
        environment.text("LINLI_WECHAT_CATEGORY", "other"), environment.text("LINLI_WECHAT_AREA"),
    )  # fmt: skip
