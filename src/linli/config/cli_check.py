"""linli check"""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from linli.config.pack_files import pack_files
from linli.drafting.check import check_files
from linli.drafting.check_states import TooManyStates
from linli.drafting.finding import Finding
from linli.drafting.story import Scene, short, story
from linli.drafting.worst import WorstCase, worst_case
from linli.kernel.institution import Institution, Pack


@click.command()
@click.argument("pack")
@click.option("--json", "as_json", is_flag=True, help="Plain values for a machine.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def command(pack: str, as_json: bool, lang: str) -> None:
    """Check PACK, a shipped pack's name or a folder: prove that nothing gets lost in it, or show how it can.

    Prints findings by place, then the worst case of each institution: the longest time from report to answer.
    Exit status 0 when nothing is wrong, 1 with findings, 2 for wrong usage.
    """
    files, name = pack_files(pack)
    read, findings = check_files(files, name)
    worst = _worst(read) if read and not findings else []
    if as_json:
        click.echo(json.dumps(_as_json(name, read, findings, worst), ensure_ascii=False, indent=1))
    else:
        _print(name, read, findings, worst, lang)
    sys.exit(1 if findings else 0)


def _worst(pack: Pack) -> list[tuple[Institution, WorstCase]]:
    found = []
    for institution in pack.institutions.values():
        try:
            case = worst_case(pack, institution)
        except (TooManyStates, LookupError):
            continue  # a finding says so
        if case:
            found.append((institution, case))
    return found


def _as_json(
    name: str, pack: Pack | None, findings: list[Finding], worst: list[tuple[Institution, WorstCase]]
) -> dict[str, Any]:
    cases = [c.as_json() | {"story": [s.as_json() for s in _story(pack, i, c)]} for i, c in worst] if pack else []
    return {"pack": name, "findings": [f.as_json() for f in findings], "worst": cases}


def _print(
    name: str, pack: Pack | None, findings: list[Finding], worst: list[tuple[Institution, WorstCase]], lang: str
) -> None:
    zh = lang == "zh"
    for finding in findings:
        click.echo(finding.line(lang))
    if findings:
        count = len(findings)
        click.echo(f"{name}：{count} 处需要改正。" if zh else f"{name}: {count} finding(s) to mend.")
        return
    number = len(pack.institutions) if pack else 0
    click.echo(f"{name}：{number} 项制度，没有发现问题。" if zh else f"{name}: {number} institution(s), no finding.")
    for institution, case in worst:
        if pack:
            _print_worst(pack, institution, case, lang)


def _story(pack: Pack, institution: Institution, case: WorstCase) -> list[Scene]:
    return story(pack, institution, case.path, whole=True)


def _print_worst(pack: Pack, institution: Institution, case: WorstCase, lang: str) -> None:
    zh = lang == "zh"
    title = institution.title.in_(lang)
    label = "从反映到答复最长" if zh else "from report to answer at most"
    colon = "：" if zh else ": "
    click.echo(f"\n{title} ({institution.name}){colon}{label} {case.words(lang)}")
    click.echo(f"  {short(_story(pack, institution, case), lang)}")
    for stage in case.rearms:
        here = institution.stages[stage].title.in_(lang)
        say = (
            "到期只催办、不移送；这里每次停留只按一个时限计"
            if zh
            else "its clock presses without moving the case on; each stay is counted as one limit"
        )
        click.echo(f"  * {here}{colon}{say}")
    for extra in case.plus:
        click.echo(f"  + {extra.in_(lang)}")
