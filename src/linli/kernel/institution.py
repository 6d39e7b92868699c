"""The words of the language, as frozen dataclasses.

A pack's text files are read into these by :mod:`linli.drafting.load`. The keys a file may use are exactly the fields
below: the loader, the reference page and the editor's schema are all drawn from them, so they cannot drift.
Every class carries ``mark`` (where it was written) and ``marks`` (where each of its keys was written).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Literal

from linli.kernel.calendar import Calendar
from linli.kernel.clock import Limit

FIELD_CLASSES = ("public", "party", "handler", "supervisor", "sealed")
"""Who may read a field, from everybody to nobody but the roles it names. Each class includes the ones before it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a text file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = Mark("", 0, 0)


def key(doc: str, **kwargs: Any) -> Any:
    """A dataclass field with the sentence that the language reference prints for it."""
    alias = kwargs.pop("alias", None)
    return field(metadata={"doc": doc, "alias": alias}, **kwargs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Something that stands in a pack's file: where it begins, and where each of its keys was written."""

    mark: Mark = field(default=NOWHERE, compare=False, repr=False, metadata={"internal": True})
    marks: Mapping[str, Mark] = field(default_factory=dict, compare=False, repr=False, metadata={"internal": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Written):
    """Something that a file lists under a name."""

    name: str = field(default="", metadata={"internal": True})
    was: str | None = key("Its name in the version before: a rename that `diff` and open cases follow.", default=None)


@dataclass(frozen=True, slots=True)
class Text(Written):
    """Words for people, in both languages of the product."""

    zh: str = key("Simplified Chinese.")
    en: str = key("English.")

    def in_(self, lang: str) -> str:
        """The words in ``lang``: Chinese for any code that starts with ``zh``, English otherwise."""
        return self.zh if lang.startswith("zh") else self.en


@dataclass(frozen=True, slots=True)
class Party(Named):
    """Somebody who is part of a case without holding a duty: the one who raised it, the unit that called."""

    title: Text = key("Name shown to people.")
    who: Literal["person", "case", "public"] = key("A person, the case that called this one, or everybody here.")
    anonymous: bool = key("May stay unknown: then reached by the case's secret link.", default=False)


@dataclass(frozen=True, slots=True)
class Role(Named):
    """Who acts: the people who hold a duty at the case's place or unit, found when the act happens."""

    title: Text = key("Name shown to people.")
    duty: str = key("A duty declared in pack.yaml.")
    at: str = key("A level of the case's place (grid, street …), or `unit` for the unit the case is addressed to.")
    never: tuple[str, ...] = key("Acts (or `handler`, for any work) whose doer may not act in this role.", default=())


FieldType = Literal[
    "text", "code", "yes_no", "date", "moment", "number", "point", "files", "units", "area", "items", "case"
]


@dataclass(frozen=True, slots=True)
class Field(Named):
    """One thing that is written down, with who may read it."""

    title: Text = key("Name shown to people.")
    type: FieldType = key("text, code, yes_no, date, moment, number, point, files, units, area, items (lines) or case.")
    class_: Literal["public", "party", "handler", "supervisor", "sealed"] = key("Who may read it.", alias="class")
    help: Text | None = key("One sentence under the input.", default=None)
    max: int | None = key("Longest text in characters, most files, or greatest number.", default=None)
    accept: tuple[str, ...] = key("Kinds of file: image.", default=())
    list: str | None = key("The code list of a `code` field.", default=None)
    opens_to: tuple[str, ...] = key("Roles that may read a sealed field.", default=())
    of: tuple[str, ...] = key("For a `case` field: the institutions whose cases it may name.", default=())
    stages: tuple[str, ...] = key("For a `case` field: the stages at which the named case must stand.", default=())


@dataclass(frozen=True, slots=True)
class Clock(Named):
    """A named promise over several stages. A transfer never shortens or restarts it."""

    title: Text = key("Name shown to people.")
    from_: tuple[str, ...] = key("Acts that start it; `open` is the opening.", alias="from")
    limit: str = key("A parameter: the amount, unit and calendar.")
    until: tuple[str, ...] = key("What stops it: `answered`, `ended`, or the acts named.", default=("answered",))
    tells: tuple[str, ...] = key("Roles and parties told when it runs out.", default=())
    counts: str | None = key("Counter raised when it runs out.", default=None)


@dataclass(frozen=True, slots=True)
class Calls(Written):
    """Child cases, one for each named unit, opened when the stage is entered."""

    institution: str = key("The institution of the child cases.")
    for_each: str = key("A field of type `units` (one child at each unit) or `items` (one child for each line).")
    then: str = key("The act of this stage done by `children` once the join is met.")
    join: Literal["all_ended", "any_ended"] = key("When the children are gathered.", default="all_ended")
    lead: Literal["first", "none"] = key("Who leads: the unit named first, through every transfer.", default="first")
    passes: tuple[str, ...] = key("Fields handed down to the children.", default=())
    fills: str | None = key("With `items`: the child's field that takes the line.", default=None)
    counts: Mapping[str, str] = key("A child's result → the counter of this case it raises.", default_factory=dict)


@dataclass(frozen=True, slots=True)
class Follows(Written):
    """The case waits for another one and takes over its answer: merged matters, themes."""

    case: str = key("The `case` field that names the one it waits for.")
    then: str = key("The act of this stage done by `lead` when that case answers with one of this act's results.")
    otherwise: str = key("The act of this stage done by `lead` when that case comes out otherwise.")
    passes: tuple[str, ...] = key("Fields taken over from the answering act.", default=())


Does = Literal[
    "pause", "resume", "extend", "vote", "tally", "rate", "score", "reserve", "release", "pledge", "receive", "spend"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Act(Named):
    """What somebody, or the clock, does to a case: the only thing that changes it."""

    title: Text = key("The words on the button.")
    by: tuple[str, ...] = key("Roles and parties who may; also `holder`, `clock`, `children`, `lead`.")
    needs: tuple[str, ...] = key("Fields that must be filled in.", default=())
    may: tuple[str, ...] = key("Fields that may be filled in.", default=())
    to: str | None = key("The next stage; `back` returns to the stage the case came from.", default=None)
    answers: tuple[str, ...] = key("Parties who get their answer by this act.", default=())
    result: tuple[str, ...] = key("The result; where several are listed the actor chooses.", default=())
    tier: str | None = key("The level under which the closed case counts.", default=None)
    at_most: int | None = key("How often in the life of one case.", default=None)
    tells: tuple[str, ...] = key("Roles and parties who are told.", default=())
    says: Text | None = key("What they are told; {field} and {number} are filled in.", default=None)
    approves: str | None = key("A role that must agree before the act takes effect.", default=None)
    counts: str | None = key("A counter raised by this act.", default=None)
    does: Does | None = key("What it does besides: to the clocks, or to the block of its stage.", default=None)
    when: str | None = key("An expression that must hold; otherwise the act is refused with `or_else`.", default=None)
    or_else: Text | None = key("Why it is refused while `when` does not hold.", default=None)
    within: str | None = key(
        "The longest a pause may last; for an act of an end stage, how long after the end it may be done.", default=None
    )
    only_in: tuple[str, ...] = key("For an act of `anywhere`: the stages in which it is allowed.", default=())


@dataclass(frozen=True, slots=True)
class Ballot(Written):
    """A vote: who is entitled, what is asked, when enough took part, when it passed."""

    options: Mapping[str, Text] = key("What may be voted: name → words.")
    choice: str = key("The field that holds a vote: type `text`, never shown with a name.")
    roll: str = key("The number field with how many are entitled.")
    item: str = key("The text field with what is voted on; it must have been announced before.")
    quorum: str = key("Expression over voted, roll, share_voted, share_roll.")
    passes: str = key("Expression over the same names and each option's votes.")
    source: str = key("The law or rule behind quorum and pass rule.")
    advisory: bool = key("The law takes this decision elsewhere: the result is advice and says so.", default=False)


@dataclass(frozen=True, slots=True)
class Meeting(Written):
    """A meeting: only what was announced may be resolved, and only when enough came."""

    agenda: str = key("The `items` field with the announced agenda.")
    present: str = key("The number field with how many came.")
    roll: str = key("The number field with how many should come.")
    quorum: str = key("Expression over present and roll.")
    resolutions: str = key("The `items` field with what was resolved; each line begins with its agenda line.")
    decides: str = key("The act that records the resolutions.")
    source: str = key("The rule behind the quorum.")


@dataclass(frozen=True, slots=True)
class Indicator(Named):
    """One thing that is rated from 0 to 100."""

    title: Text = key("Name shown to people.")
    weight: int = key("Percent of the total.")
    field: str = key("The number field that holds a rating.")


@dataclass(frozen=True, slots=True)
class Grade(Named):
    """A grade and the least total that reaches it."""

    title: Text = key("Name shown to people.")
    least: int = key("The least total, 0 to 100.")


@dataclass(frozen=True, slots=True)
class Score(Written):
    """An appraisal: indicators, raters and their weights, grades. Facts for people who decide."""

    indicators: Mapping[str, Indicator] = key("What is rated; weights sum to 100.")
    raters: Mapping[str, int] = key("Role → weight in percent; they sum to 100.")
    grades: Mapping[str, Grade] = key("From the lowest, which begins at 0, up.")


@dataclass(frozen=True, slots=True)
class Slot(Written):
    """A time range on a shared place."""

    place: str = key("The text field that names the place.")
    start: str = key("The moment field from when.")
    end: str = key("The moment field until when.")


@dataclass(frozen=True, slots=True)
class Funding(Written):
    """Money pledged, received and spent; nothing is spent that was not received."""

    amount: str = key("The number field with the amount, in yuan.")
    who: str = key("The text field with who gives or gets it.")


@dataclass(frozen=True, slots=True)
class Publish(Written):
    """What is shown to whom, where, and for how long. Only fields of class `public` can be."""

    audience: Literal["residents", "staff", "everybody"] = key("Who reads it.")
    places: tuple[str, ...] = key("Where: board, site, meeting …")
    period: str = key("A parameter: how long it hangs.", alias="for")
    fields: tuple[str, ...] = key("What is shown.")
    objections: str | None = key("The act by which somebody objects.", default=None)


@dataclass(frozen=True, slots=True)
class Every(Written):
    """The calendar opens the case: each period, on a day, at an hour, for each holder of a duty."""

    each: Literal["week", "month", "quarter", "year"] = key("The period.")
    day: int = key("Day of the period from 1; negative counts from its end.")
    at: str = key("The hour, as 19:00.")
    duty: str = key("One case for each place at which somebody holds this duty.")
    calendar: str | None = key("Move to the next working day of this calendar.", default=None)


@dataclass(frozen=True, slots=True)
class Stage(Named):
    """Where a case stands: who holds it, until when, and what happens when the time runs out."""

    title: Text = key("Name shown to people.")
    holder: str | None = key("The role that holds the case here.", default=None)
    within: str | None = key("A parameter: how long it may stay.", default=None)
    until: str | None = key("Instead of `within`: a date field that says when.", default=None)
    overdue: str | None = key("The act done by `clock` when the time runs out.", default=None)
    acts: Mapping[str, Act] = key("What may be done here.", default_factory=dict)
    calls: Calls | None = key("Child cases opened on entering.", default=None)
    gathers: str | None = key(
        "The act by `children` once all units called earlier are done, the last of them while the case is here.",
        default=None,
    )
    follows: Follows | None = key("The case waits here for another one's answer.", default=None)
    end: bool = key("The case is closed here.", default=False)
    ballot: Ballot | None = key("A vote is taken here.", default=None)
    meeting: Meeting | None = key("A meeting is held here.", default=None)
    score: Score | None = key("Ratings are gathered here.", default=None)
    slot: Slot | None = key("A time on a shared place is held here.", default=None)
    funding: Funding | None = key("Money is accounted for here.", default=None)
    publish: Publish | None = key("Something is published while the case stands here.", default=None)


@dataclass(frozen=True, slots=True)
class Allowed(Written):
    """A warning the author has read, and why it may stand. Findings that are errors cannot be allowed."""

    code: str = key("The code of the finding.")
    because: Text = key("Why it may stand.")


@dataclass(frozen=True, slots=True)
class Institution(Written):
    """A published, dated, versioned definition: stages, acts, who, by when, what is told to whom."""

    institution: str = key("Its name: lower-case letters, digits and underscores.")
    title: Text = key("Name shown to people.")
    source: str = key("The article, law or decision it comes from.")
    valid_from: date = key("The first day on which cases open under it.")
    raised_by: str = key("The party who raises a case and must be answered.")
    open: Act = key("The opening act; its `to` is the first stage.")
    stages: Mapping[str, Stage] = key("Where a case may stand.")
    about: Text | None = key("One or two sentences for residents.", default=None)
    against: str | None = key("The field naming units complained of; their people never see the case.", default=None)
    public: bool = key("Residents may open it from the front page.", default=False)
    parties: Mapping[str, Party] = key("Who is part of a case.", default_factory=dict)
    roles: Mapping[str, Role] = key("Who acts.", default_factory=dict)
    fields: Mapping[str, Field] = key("What is written down.", default_factory=dict)
    clocks: Mapping[str, Clock] = key("Promises that run over several stages.", default_factory=dict)
    every: Every | None = key("The calendar opens it.", default=None)
    anywhere: Mapping[str, Act] = key("Acts allowed in every open stage.", default_factory=dict)
    reminds: tuple[int, ...] = key("Percents of a time limit, 1 to 99, at which the holder is reminded.", default=())
    allows: tuple[Allowed, ...] = key("Warnings that may stand, each with a reason.", default=())
    version: str = field(default="", metadata={"internal": True})

    @property
    def name(self) -> str:
        """The institution's name, the same as its folder."""
        return self.institution

    def acts_at(self, stage: str) -> dict[str, Act]:
        """The acts possible at ``stage`` by definition: its own, then those of `anywhere` that fit. None at an end."""
        here = self.stages[stage]
        if here.end:
            return dict(here.acts)
        fits = {n: a for n, a in self.anywhere.items() if a.to != stage and (not a.only_in or stage in a.only_in)}
        return {**dict(here.acts), **{n: a for n, a in fits.items() if n not in here.acts}}


@dataclass(frozen=True, slots=True)
class Dated(Written):
    """One value of a parameter, from a day on. A date that no value covers is an error, never zero."""

    from_: date = key("First day it holds.", alias="from")
    value: int = key("The number.")
    unit: Literal["minute", "hour", "day", "working_day", "working_hour", "percent"] = key(
        "minute, hour, day, working_day or working_hour; percent for a share, which no clock can count."
    )
    source: str = key("Where the number comes from, or `setting` with the reason.")
    to: date | None = key("Last day it holds; open-ended without.", default=None)
    calendar: str = key("A calendar of the pack.", default="always")
    when: Mapping[str, tuple[str, ...]] = key(
        "Code fields and their values for which it holds; without, for every other case.", default_factory=dict
    )

    @property
    def limit(self) -> Limit:
        """The value as a limit for the clock."""
        return Limit(self.value, self.unit, self.calendar)  # type: ignore[arg-type] # it refuses percent


@dataclass(frozen=True, slots=True)
class Code(Named):
    """One entry of a code list."""

    title: Text = key("Name shown to people.")
    group: str | None = key("The entry of the same list it belongs under.", default=None)
    says: Text | None = key("What a person is told when this code is used.", default=None)


@dataclass(frozen=True, slots=True)
class Result(Named):
    """How a case came out; a result is not a stage."""

    title: Text = key("Name shown to people.")
    counts: Literal["closed", "excluded"] = key("Whether it counts in the figures or beside them.", default="closed")


@dataclass(frozen=True, slots=True)
class Level(Named):
    """One level of the tree of places, in the city's own words."""

    title: Text = key("The name of the level.")
    target: tuple[str, ...] = key(
        "Parameters in percent: the share of closed cases meant to end here, and what “about” may miss.", default=()
    )


@dataclass(frozen=True, slots=True)
class Duty(Named):
    """A kind of dated tie between a person and a place or unit."""

    title: Text = key("The name of the post.")
    at: tuple[str, ...] = key("Levels, or kinds of unit, at which somebody may hold it.")
    above: str | None = key("The duty that takes over when nobody holds this one; none at the top.", default=None)
    sees: Literal["handler", "supervisor"] = key("The field class its holders read.", default="handler")
    works: Literal["field", "desk", "department", "command"] = key("The pages its holders start on.", default="desk")


@dataclass(frozen=True, slots=True)
class PackFile(Written):
    """pack.yaml: what the city calls its levels, and which duties exist."""

    pack: str = key("Its name, the same as its folder.")
    title: Text = key("Name shown to people.")
    extends: str | None = key("A pack whose calendars, results, lists and institutions are shared.", default=None)
    place: str | None = key("The 12-digit code of the area it governs.", default=None)
    levels: Mapping[str, Level] = key("Levels of places, from the top down.", default_factory=dict)
    duties: Mapping[str, Duty] = key("Posts that somebody may hold.", default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pack:
    """Everything a city governs by, read and joined with the packs it extends. ``findings`` are the loader's."""

    name: str
    title: Text
    place: str | None
    levels: Mapping[str, Level]
    duties: Mapping[str, Duty]
    calendars: Mapping[str, Calendar]
    parameters: Mapping[str, tuple[Dated, ...]]
    lists: Mapping[str, Mapping[str, Code]]
    results: Mapping[str, Result]
    institutions: Mapping[str, Institution]
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)

    def dated(self, parameter: str, on: date, fields: Mapping[str, Any] = MappingProxyType({})) -> Dated:
        """The value of ``parameter`` on the day ``on`` for a case with ``fields``: the one with the most conditions.

        LookupError names the gap instead of guessing.
        """
        found = [v for v in self.parameters[parameter] if v.from_ <= on and (v.to is None or on <= v.to)]
        fitting = [v for v in found if all(fields.get(n) in values for n, values in v.when.items())]
        if not fitting:
            raise LookupError(f"no value of {parameter} covers {on}; add one with `from` on or before that day")
        return max(fitting, key=lambda v: len(v.when))

    def ladder(self, duty: str) -> tuple[str, ...]:
        """The duty and those that take over when it is vacant, from the nearest up."""
        steps = [duty]
        while (above := self.duties[steps[-1]].above) and above not in steps:
            steps.append(above)
        return tuple(steps)
