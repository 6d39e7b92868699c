"""``check``: proves that nothing can get lost in a pack, or shows the shortest way in which it can.

Pure: files and scenarios in, findings out. Names come first: an institution that uses a name declared nowhere cannot
be walked, so its other findings wait until the names are mended. Scenarios come last, once the definition stands: on a
broken one they only repeat what is known, or never end.
"""

from __future__ import annotations

from collections.abc import Sequence

from linli.drafting.check_blocks import check_blocks
from linli.drafting.check_calls import check_calls
from linli.drafting.check_clocks import check_clocks
from linli.drafting.check_conditions import check_conditions
from linli.drafting.check_dates import check_dates
from linli.drafting.check_duties import check_duties, check_powers
from linli.drafting.check_every import check_every
from linli.drafting.check_figures import check_figures
from linli.drafting.check_names import check_names, check_pack_names
from linli.drafting.check_paths import check_paths
from linli.drafting.check_scenarios import check_scenarios
from linli.drafting.check_separation import check_separation
from linli.drafting.check_stages import check_stages
from linli.drafting.check_standards import check_standards
from linli.drafting.check_states import Graph, TooManyStates
from linli.drafting.check_words import check_pack_words, check_words
from linli.drafting.codes import CODES, found
from linli.drafting.figures import read_figures
from linli.drafting.finding import Finding
from linli.drafting.load import Files, load
from linli.drafting.scenario import Scenario, read_scenarios
from linli.drafting.standards import Standards, read_standards
from linli.drafting.story import told
from linli.kernel.institution import Institution, Pack

NO_STANDARDS = Standards()


def check_files(files: Files, name: str) -> tuple[Pack | None, list[Finding]]:
    """Read pack ``name`` out of ``files`` and check it; findings sorted by place. No pack when its head is unreadable.

    A file that cannot be read leaves holes, so the checks wait until everything can be read.
    """
    pack, findings = load(files, name)
    scenarios: list[Scenario] = []
    standards = Standards()
    if pack is not None:
        scenarios, unread = read_scenarios(files, pack)
        standards, unclear = read_standards(files, pack)
        findings = [*findings, *unread, *unclear, *read_figures(pack)[1]]
    if pack is not None and not findings:
        findings = check(pack, scenarios, standards)
    return pack, told(pack, sorted(dict.fromkeys(findings), key=_place))


def check(pack: Pack, scenarios: Sequence[Scenario], standards: Standards = NO_STANDARDS) -> list[Finding]:
    """Everything that is wrong with ``pack`` (docs/reference/findings.md); warnings that are allowed left out."""
    findings = check_pack_names(pack)
    names = {i.name: check_names(pack, i) for i in pack.institutions.values()}
    ladder = not findings
    findings += [f for unknown in names.values() for f in unknown]
    findings += [*check_pack_words(pack), *check_dates(pack), *check_standards(pack, standards)]
    findings += check_figures(pack, read_figures(pack)[0])
    sound = [i for i in pack.institutions.values() if not names[i.name]]
    graphs, tangled = _graphs(sound)
    findings += tangled
    for institution in sound:
        of = [*check_stages(institution), *check_words(pack, institution)]
        graph = graphs.get(institution.name)
        of += [*check_calls(pack, institution, graphs), *check_conditions(institution), *check_every(pack, institution)]
        of += [*check_blocks(institution, graph), *check_clocks(pack, institution, graph)]
        of += [*check_separation(institution, graph), *(check_paths(graph) if graph else ())]
        if ladder:
            of += _check_people(pack, institution, graph)
        findings += _allowed(institution, of)
    if all(f.severity == "warning" for f in findings):
        findings += check_scenarios(pack, scenarios)
    return sorted(dict.fromkeys(findings), key=_place)


def _check_people(pack: Pack, institution: Institution, graph: Graph | None) -> list[Finding]:
    """Duties, then what follows from them: who stands above whom is only known where every duty has its level."""
    findings = check_duties(pack, institution)
    if graph and not any(f.code == "duty-not-at-level" for f in findings):
        findings += check_powers(pack, graph)
    return findings


def _place(finding: Finding) -> tuple[str, int, int, str]:
    mark = finding.mark
    return mark.file, mark.line, mark.column, finding.code


def _graphs(institutions: list[Institution]) -> tuple[dict[str, Graph], list[Finding]]:
    graphs: dict[str, Graph] = {}
    findings = []
    for institution in institutions:
        try:
            graphs[institution.name] = Graph(institution)
        except TooManyStates:
            say = f"{institution.name} 的状态太多，走不完。", f"{institution.name} has too many states to walk through."
            findings.append(found("not-provable", institution.mark, *say))
    return graphs, findings


def _allowed(institution: Institution, findings: list[Finding]) -> list[Finding]:
    """Without the warnings that the institution gives a reason for; with findings about the reasons themselves."""
    excused = {a.code for a in institution.allows}
    occurring = {f.code for f in findings if f.severity == "warning"}
    kept = [f for f in findings if f.severity == "error" or f.code not in excused]
    for entry in institution.allows:
        spec = CODES.get(entry.code)
        mark = entry.marks.get("code", entry.mark)
        if spec and spec.severity == "error":
            say = f"{entry.code} 是错误，不能放行。", f"{entry.code} is an error and cannot be allowed."
            kept.append(found("allow-of-error", mark, *say))
        elif entry.code not in occurring:
            say = f"{entry.code} 并没有出现。", f"{entry.code} does not occur."
            kept.append(found("allow-unused", mark, *say))
    return kept
