"""Reading letters: the ways in which mail programs in use here quote, and letters that are made to harm."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from linli.features.mail import quotes, rules
from linli.features.mail.rules import Unreadable

OURS = "suqiu@linli.example"
PLAIN = "\r\n".join(
    ["From: =?utf-8?B?5p2O?= <li@mail.example>", f"To: {OURS}", "Subject: =?gbk?B?wrfLyw==?=", "Message-ID: <a@b>",
     "MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="x"', "", "--x",
     "Content-Type: text/html; charset=gb2312", "Content-Transfer-Encoding: base64", "", "wrfLyw==", "--x",
     'Content-Type: image/jpeg; name="a.jpg"', "Content-Transfer-Encoding: base64", "", "AAAA", "--x--", ""]
).encode()  # fmt: skip


@pytest.mark.parametrize(
    "letter",
    [
        "还是不亮\n\n在 2026年3月2日 20:10，邻里 <a@b.cn> 写道：\n> 旧的",
        "还是不亮\n\n邻里 <a@b.cn> 于2026年3月2日周一 20:10写道：\n旧的",
        "还是不亮\n\n------------------ 原始邮件 ------------------\n发件人: 邻里\n旧的",
        "还是不亮\n---- 回复的原邮件 ----\n| 发件人 | 邻里 |",
        "还是不亮\n\n发件人： 邻里 <a@b.cn>\n发送时间： 2026年3月2日\n收件人： 李\n主题： 旧的",
        "还是不亮\n\nFrom: Linli\nSent: Monday\nTo: Li\nSubject: old",
        "还是不亮\n\n________________________________\n发件人: 邻里",
        "还是不亮\n\nOn Mon, Mar 2, 2026 at 8:10 PM Linli\n<a@b.cn> wrote:\n> old",
        "> 您说哪一盏？\n还是不亮\n> 旧的\n\n发自我的iPhone",
        "还是不亮\n-- \n李桂英\n东门路",
        "还是不亮\n\nSent from my iPhone",
    ],
)
def test_only_what_is_new_is_kept(letter: str) -> None:
    assert quotes.answered(letter) == "还是不亮"


@pytest.mark.parametrize(
    "said",
    [
        "物业的通知里写道：\n不修",
        "发件人是物业\n请查",
        "从我这里到街道 3 公里",
        "3月2日还亮\n3月3日不亮",
        "a -- b\n-----\nc",
    ],
)
def test_what_only_looks_like_a_quotation_stays(said: str) -> None:
    assert quotes.answered(said) == said


def test_html_is_read_as_it_is_seen() -> None:
    page = "<p>路灯<b>不</b>亮</p><p>三天了<br>很黑</p><div>a</div><div>b</div><br>c"
    page += "<!-- d --><style>e</style><script>f</script>"
    assert quotes.from_html(page) == "路灯不亮\n\n三天了\n很黑\n\na\nb\n\nc"
    assert quotes.from_html("新<div class='gmail_quote x'>旧</div>", reply=True) == "新"
    assert quotes.from_html("<div>新</div><div id='divRplyFwdMsg'>旧</div><p>旧</p>", reply=True) == "新"
    assert quotes.from_html("新<blockquote>引</blockquote>") == "新引"


@pytest.mark.parametrize(
    "piece",
    [
        " ",
        "\u3000",
        "-",
        "_",
        "写道：",
        "在2026年",
        "发件人：\n",
        ">\n",
        "On wrote ",
        "<div>",
        "<blockquote>",
        "<br>",
        "<td>",
    ],
)
def test_no_letter_takes_for_ever_to_read(piece: str) -> None:
    """A second or two of the processor; what is not linear takes minutes, and is broken off."""
    text = piece * (1_000_000 // len(piece))
    with broken_off_after(60):
        assert len(quotes.answered(text)) <= len(text)
        assert len(quotes.from_html(text, reply=True)) <= len(text)


@contextmanager
def broken_off_after(seconds: float) -> Iterator[None]:
    """Raises TimeoutError once that much processor time is used; a busy machine makes no difference."""

    def over(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@example([(16, b"\x00")])
@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(PLAIN) - 1), st.binary(max_size=6)), max_size=12))
def test_a_damaged_letter_is_read_or_refused_in_words(changes: list[tuple[int, bytes]]) -> None:
    raw = bytearray(PLAIN)
    for at, with_ in changes:
        raw[at : at + len(with_)] = with_
    assert len(rules.key_of(bytes(raw))) == 64 and len(rules.headers(bytes(raw))) == 2
    try:
        letter = rules.read(bytes(raw), OURS)
    except Unreadable as wrong:
        assert wrong.says.zh and wrong.says.en
        return
    assert len(letter.key) == 64 and "\x00" not in letter.text + letter.subject + letter.name
    (letter.text + letter.subject + letter.name + letter.sender).encode()  # nothing that the database cannot hold
