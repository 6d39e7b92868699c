"""Settings are refused by name, in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from linli.config import database, environment, mail
from linli.config.environment import SettingError
from linli.config.secret import secret_key


def test_a_misspelt_variable_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SettingError, match="LINLI_DATABSE_URL is unknown; did you mean LINLI_DATABASE_URL"):
        environment.check_names({"LINLI_DATABSE_URL": "x", "PATH": "/bin"})


@pytest.mark.parametrize(("value", "expected"), [("yes", True), ("0", False), ("", False), ("On", True)])
def test_booleans(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("LINLI_DEBUG", value)
    assert environment.boolean("LINLI_DEBUG") is expected


def test_an_unknown_boolean_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINLI_DEBUG", "maybe")
    with pytest.raises(SettingError, match="LINLI_DEBUG='maybe' is neither yes nor no"):
        environment.boolean("LINLI_DEBUG")


@pytest.mark.parametrize("value", ["many", "-1", "2000"])
def test_numbers_out_of_range_are_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("LINLI_UPLOAD_MB", value)
    with pytest.raises(SettingError, match="LINLI_UPLOAD_MB"):
        environment.integer("LINLI_UPLOAD_MB", 20, least=1, most=1024)


def test_a_database_url_is_taken_apart() -> None:
    where = database.parse_url("postgresql://li%40n:p%2Fw@db.example:6543/linli?sslmode=require")
    assert where.conninfo() == {
        "host": "db.example",
        "port": "6543",
        "dbname": "linli",
        "user": "li@n",
        "password": "p/w",
        "sslmode": "require",
    }
    assert "p/w" not in repr(where)


@pytest.mark.parametrize("url", ["mysql://h/db", "postgresql://host", "postgresql://host:port/db", "linli"])
def test_other_database_urls_are_refused(url: str) -> None:
    with pytest.raises(SettingError, match="LINLI_DATABASE_URL"):
        database.parse_url(url)


@pytest.mark.parametrize("name", ["Tianning", "a-b", 'x"; DROP', "pg_x", "1a"])
def test_schema_names_are_plain(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("LINLI_SCHEMA", name)
    with pytest.raises(SettingError, match="LINLI_SCHEMA"):
        database.schema()


def test_email_passwords_never_travel_in_the_clear() -> None:
    assert mail.email_settings("smtp://me:pw@mail.example")["EMAIL_USE_TLS"] is True
    assert mail.email_settings("smtps://me:pw@mail.example")["EMAIL_USE_SSL"] is True
    with pytest.raises(SettingError, match="LINLI_EMAIL_URL"):
        mail.email_settings("mail.example:25")


def test_sms_goes_to_the_console_or_a_file() -> None:
    assert mail.sms_settings("file:/tmp/sms.jsonl") == mail.SmsChannel("file", Path("/tmp/sms.jsonl"))
    with pytest.raises(SettingError, match="LINLI_SMS"):
        mail.sms_settings("pigeon")


def test_the_secret_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = secret_key(tmp_path / "home")
    assert secret_key(tmp_path / "home") == first
    assert len(first) >= 50
    assert (tmp_path / "home" / "secret").stat().st_mode & 0o777 == 0o600


def test_a_mailbox_is_read_over_tls_or_on_this_machine_only() -> None:
    here = mail.mailbox_settings("imaps://suqiu%40a.cn:p%2Fw@mail.example/Linli")
    assert here == mail.MailIn("mail.example", 993, "suqiu@a.cn", "p/w", "Linli", "tls") and "p/w" not in repr(here)
    starttls = mail.mailbox_settings("imap://box:pw@mail.example")
    assert starttls and (starttls.security, starttls.folder) == ("starttls", "INBOX")
    local = mail.mailbox_settings("imap://box:pw@127.0.0.1:1143/")
    assert local and (local.security, local.port) == ("none", 1143)
    assert mail.mailbox_settings("") is None
    for wrong in ("mail.example", "pop3://u:p@h", "imaps://mail.example/INBOX", "imaps://u:p@h:x/"):
        with pytest.raises(SettingError, match="LINLI_MAIL_IN"):
            mail.mailbox_settings(wrong)


def test_people_must_know_where_to_write() -> None:
    account = mail.MailIn("h", 993, "box", "", "INBOX", "tls")
    assert mail.mail_address("", None) == "" and mail.mail_address("a@b.cn", account) == "a@b.cn"
    for wrong in ("", "box", "a+b@c.cn", "a b@c.cn", "@c.cn"):
        with pytest.raises(SettingError, match="LINLI_MAIL_ADDRESS"):
            mail.mail_address(wrong, account)
