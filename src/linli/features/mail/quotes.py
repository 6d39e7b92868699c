"""What a person wrote in a letter: plain text out of HTML, without the letters quoted below it and the signature. Pure.

The signs are those that mail programs used in China really write: QQ, 163, Foxmail, Outlook, Apple, Gmail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from selectolax.lexbor import LexborHTMLParser, LexborNode

LONGEST_HTML = 2_000_000
"""Characters; what lies behind is not read."""

MOST_TAGS = 8_000
"""A parser that follows the standard needs time with the square of the depth; browsers have their limits as well."""
_EDGE, _BREAK = "\ue000", "\ue001"
"""Private-use characters, while other white space of the source means nothing: the edge of a block (several edges end
one line), and an end of line of its own."""
_GONE = frozenset(("script", "style", "head", "title", "template", "noscript", "iframe", "object", "svg", "-comment"))
_LINES = frozenset(
    (
        "p",
        "div",
        "tr",
        "td",
        "th",
        "li",
        "ul",
        "ol",
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "pre",
        "hr",
        "section",
    )
)
_QUOTED = frozenset(("gmail_quote", "yahoo_quoted", "moz-cite-prefix"))
_BELOW = frozenset(("divRplyFwdMsg", "appendonsend"))  # Outlook: this and all that follows is the letter answered

_HEADS = "原始邮件|原邮件|回复的原邮件|回复的邮件|转发的邮件|转发邮件|Original(?: Message)?|Forwarded message"
_WHEN = (
    r"(?:\d{4}\s*年|\d{4}[-/.]\d|\d{1,2}\s*月\s*\d{1,2}\s*日|@)"  # a date or an address: no plain sentence has one here
)
_BEGINS = re.compile(
    rf"^\s*(?:[-—_]{{2,}}\s*(?:{_HEADS})\s*[-—_]{{2,}}.*"
    r"|_{10,}"
    r"|On .{5,200} wrote\s*:"
    rf"|.{{0,80}}{_WHEN}.{{0,150}}(?:写道|写到|寫道)\s*[:：])\s*$",
    re.IGNORECASE,
)
_FROM = re.compile(r"^\s*[*>]*\s*(?:发件人|寄件者|From)\s*[:：]", re.IGNORECASE)
_OTHERS = re.compile(
    r"^\s*[*>]*\s*(?:发送时间|发送日期|日期|时间|收件人|主题|Sent|Date|To|Subject)\s*[:：]", re.IGNORECASE
)
_SIGNED = re.compile(
    r"^\s*(?:--\s*$|发自我?的?.{0,30}$|来自我的.{0,20}$|从我的.{0,20}发送|Sent from my .{1,30}$"
    r"|Get Outlook for .{1,20}$|获取\s*Outlook.{0,30}$)",
    re.IGNORECASE,
)


def from_html(html: str, reply: bool = False) -> str:
    """The text that somebody reading the page sees; of a ``reply`` without the parts marked as quoted."""
    pieces = html[:LONGEST_HTML].replace(_EDGE, "").replace(_BREAK, "").split("<", MOST_TAGS)[:MOST_TAGS]
    body = LexborHTMLParser("<".join(pieces)).body
    words = "".join(_words(body, reply)) if body is not None else ""
    words = re.sub(rf" ?{_EDGE}[ {_EDGE}]*", _BREAK, " ".join(words.split()))
    return tidy("\n".join(" ".join(line.split()) for line in words.split(_BREAK)))


def _words(body: LexborNode, reply: bool) -> Iterator[str]:
    """The texts below ``body`` in order. One pass without recursion, whatever the depth: letters are made to harm."""
    waiting: list[LexborNode | str | None] = [body.first_child]
    while waiting:
        node = waiting.pop()
        if node is None or isinstance(node, str):
            yield node or ""
            continue
        attributes = node.attributes if reply and node.tag != "-text" else {}
        if (attributes.get("id") or "") in _BELOW:
            continue
        waiting.append(node.next)
        if node.tag == "-text":
            yield node.text(deep=False)
        elif node.tag not in _GONE and not (reply and _is_quoted(node, attributes)):
            edge = _EDGE if node.tag in _LINES else ""
            yield _BREAK if node.tag == "br" else edge
            waiting += [edge + _BREAK if node.tag == "p" else edge, node.first_child]


def _is_quoted(node: LexborNode, attributes: Mapping[str, str | None]) -> bool:
    return node.tag == "blockquote" or not _QUOTED.isdisjoint((attributes.get("class") or "").split())


def tidy(text: str) -> str:
    """Without control characters and with at most one empty line in a row."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u200b", "").replace("\ufeff", "")
    plain = "".join(c for c in plain if c in "\n\t" or (c >= " " and c != "\x7f" and not "\ud800" <= c <= "\udfff"))
    lines = [line.rstrip().replace("\xa0", " ") for line in plain.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def answered(text: str) -> str:
    """What is new in an answer: up to the letter quoted below it, without quoted lines and the signature."""
    lines = tidy(text).split("\n")
    kept: list[str] = []
    for number, line in enumerate(lines):
        if _begins(lines, number):
            break
        if not line.lstrip().startswith((">", "＞")):
            kept.append(line)
    return signed_off("\n".join(kept))


def _begins(lines: list[str], number: int) -> bool:
    """Whether the quoted letter begins on this line; the sentence that says so may run over two."""
    line = lines[number]
    following = lines[number + 1] if number + 1 < len(lines) else ""
    if _BEGINS.match(line) or (len(line) > 5 and following and _BEGINS.match(f"{line.rstrip()} {following.strip()}")):
        return True
    if _FROM.match(line):
        return any(_OTHERS.match(after) for after in lines[number + 1 : number + 5])
    return False


def signed_off(text: str) -> str:
    """Without what a mail program or the writer puts under every letter."""
    lines = tidy(text).split("\n")
    for number, line in enumerate(lines):
        if number and line.rstrip() == "--":
            return tidy("\n".join(lines[:number]))
    while lines and (not lines[-1].strip() or _SIGNED.match(lines[-1])):
        lines.pop()
    return tidy("\n".join(lines))
