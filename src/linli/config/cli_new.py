"""linli new"""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from linli.config.pack_files import SHIPPED, pack_files
from linli.drafting.starter import Answers, above, levels, pack_yaml, starter
from linli.kernel.institution import Pack, Text

UNITS = ("minute", "hour", "day", "working_hour", "working_day")
RAISERS = {"resident": "居民自己提出", "worker": "工作人员代居民登记", "case": "由另一件事项吹哨过来"}


@click.group()
def command() -> None:
    """Write the beginnings of something new: sound from the start, yours to change."""


@command.command()
@click.argument("name")
@click.option("--pack", "folder", type=click.Path(file_okay=False, path_type=Path), help="The pack's folder.")
@click.option("--extends", default="national", show_default=True, help="What a new pack builds on.")
@click.option("--title-zh", help="Its name in Chinese.")
@click.option("--title-en", help="Its name in English.")
@click.option("--raised-by", type=click.Choice(list(RAISERS)), help="Who raises it and gets the answer.")
@click.option("--first", help="The level that handles it first, or `unit` for called units.")
@click.option("--climbs-to", help="The level it climbs to, or `none`.")
@click.option("--answer-within", metavar="'N UNIT'", help=f"The promised answer; units: {', '.join(UNITS)}.")
@click.option("--public/--no-public", default=None, help="Whether residents may start it.")
@click.option("--valid-from", type=click.DateTime(["%Y-%m-%d"]), help="First day (default: 1 January of this year).")
@click.option("--yes", is_flag=True, help="Ask nothing: take the defaults for what is not given.")
def institution(name: str, folder: Path | None, extends: str, yes: bool, **given: Any) -> None:
    """Write an institution called NAME into a pack's folder, with parameters and stories, so that it passes `check`.

    A folder without pack.yaml becomes a new pack. No file is overwritten; parameters.yaml gets new entries at its end.
    """
    ask = _Asker(yes)
    folder = folder or Path(ask("放在哪个制度包的文件夹里 Folder of the pack", "my_pack"))
    new = not (folder / "pack.yaml").is_file()
    files, pack = _pack(folder, extends if new else None)
    answers = _answers(ask, pack, name, given)
    try:
        texts = starter(pack, answers)
    except ValueError as fault:
        raise click.UsageError(str(fault)) from None
    if new:
        texts["pack.yaml"] = files[f"{folder.name}/pack.yaml"].decode()
    _prove(files, folder.name, texts)
    _write(folder, texts)
    _say_next(folder, name)


class _Asker:
    """Asks at the terminal, or takes the default for everything."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet

    def __call__(self, question: str, default: Any, choices: list[str] | None = None) -> Any:
        if self.quiet:
            return default
        return click.prompt(question, default=default, type=click.Choice(choices) if choices else None)


def _pack(folder: Path, extends: str | None) -> tuple[dict[str, bytes], Pack]:
    """The pack as it stands (or would, when it is new) with its files; UsageError when nothing can be built on it."""
    from linli.drafting.check import check_files

    name = folder.resolve().name
    if extends is None:
        files, name = pack_files(f"{folder.parent}/{folder.name}")
    else:
        if not re.fullmatch("[a-z][a-z0-9_]{0,62}", name):
            raise click.UsageError(f"The folder {name!r} needs lower-case letters, digits and underscores as its name.")
        if (SHIPPED / name / "pack.yaml").is_file():
            raise click.UsageError(f"{name} comes with Linli; name your folder otherwise and use --extends {name}.")
        files = dict(pack_files(extends)[0])
        title = Text(f"制度包 {name}", f"Pack {name.replace('_', ' ')}")
        files[f"{name}/pack.yaml"] = pack_yaml(name, title, Path(extends).name).encode()
    pack, findings = check_files(files, name)
    if pack is None or findings:
        said = "\n".join(f.line("zh") for f in findings[:5])
        raise click.UsageError(f"{folder} has {len(findings)} finding(s); mend them first (linli check):\n{said}")
    return files, pack


def _answers(ask: _Asker, pack: Pack, name: str, given: dict[str, Any]) -> Answers:
    def known(key: str, question: str, default: Any, choices: list[str] | None = None) -> Any:
        return given[key] if given[key] is not None else ask(question, default, choices)

    zh = known("title_zh", "制度的中文名称 Name in Chinese", "新制度")
    en = known("title_en", "英文名称 Name in English", name.replace("_", " ").capitalize())
    who = "，".join(f"{k} {v}" for k, v in RAISERS.items())
    raised_by = known("raised_by", f"谁提出（{who}） Who raises it", "resident", list(RAISERS))
    at = [*levels(pack), *(["unit"] if raised_by == "case" else [])]
    if not at:
        raise click.UsageError("The pack has no level with a duty; extend one that has, such as national.")
    first = known("first", "先由哪一级办 First level", "community" if "community" in at else at[0], at)
    up = above(pack, first)
    to = known("climbs_to", "办不了报到哪一级 Climbs to", up[0] if up else "none", [*up, "none"])
    within = known("answer_within", "多久答复（数字 单位） Answer within", _limit_default(pack))
    public = raised_by == "resident"
    if given["public"] is not None:
        public = given["public"]
    elif public and not ask.quiet:
        public = click.confirm("居民可以从首页发起吗 May residents start it", default=True)
    amount, unit = _limit(within)
    since = given["valid_from"] or datetime.now().astimezone()
    valid_from = since.date() if given["valid_from"] else date(since.year, 1, 1)
    return Answers(name, Text(zh, en), raised_by, first, None if to == "none" else to, amount, unit, public, valid_from)


def _limit_default(pack: Pack) -> str:
    return "5 working_day" if any(c.years for c in pack.calendars.values()) else "7 day"


def _limit(text: str) -> tuple[int, Any]:
    read = re.fullmatch(rf"\s*(\d{{1,4}})\s+({'|'.join(UNITS)})s?\s*", text)
    if not read:
        raise click.UsageError(f"{text!r} is no limit; write a number and a unit, as '5 working_day'.")
    return int(read[1]), read[2]


def _prove(files: dict[str, bytes], pack: str, texts: dict[str, str]) -> None:
    """Nothing is written that `check` would refuse."""
    from linli.drafting.check import check_files

    whole = dict(files)
    for path, text in texts.items():
        before = whole.get(f"{pack}/{path}", b"") if path == "parameters.yaml" else b""
        whole[f"{pack}/{path}"] = (before.rstrip() + b"\n" if before else b"") + text.encode()
    findings = check_files(whole, pack)[1]
    if findings:
        said = "\n".join(f.line("zh") for f in findings[:5])
        raise click.ClickException(f"With these answers it would not pass; nothing was written.\n{said}")


def _write(folder: Path, texts: dict[str, str]) -> None:
    there = [p for p in texts if p != "parameters.yaml" and (folder / p).exists()]
    if there:
        raise click.UsageError(f"{folder / there[0]} is there already and is not overwritten; choose another name.")
    for path, text in texts.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if path == "parameters.yaml" and target.exists():
            before = target.read_text(encoding="utf-8")
            with target.open("a", encoding="utf-8") as file:
                file.write(("" if before.endswith("\n") else "\n") + text)
            click.echo(f"{target}：加了参数 entries added")
        else:
            with target.open("x", encoding="utf-8") as file:
                file.write(text)
            click.echo(f"{target}：写好了 written")


def _say_next(folder: Path, name: str) -> None:
    shown = folder if folder.is_absolute() or "/" in str(folder) else f"./{folder}"
    click.echo(
        f"""
接下来 Next:
  1. 打开 {folder}/{name}/institution.yaml，按注释改成您的规定；数字和依据在 parameters.yaml。Change it to your rules.
  2. linli check {shown}             检验：会不会有事丢在半路 Prove that nothing gets lost.
  3. linli explain {shown}/{name}    用大白话读一遍 Read it in plain words.
  4. linli demo --pack {shown}       在网页上试着办一件 Try it in the browser."""
    )
