"""An institution as a picture: SVG made without a browser, for a phone 390 px wide.

The stages stand below each other in walking order. An act that leads to the next stage is written beside the arrow
between the two; every other act has a line of its own inside the box, and a track at the side takes it where it leads:
right for forward, left for back. Acts that lead to the same stage share one track, so fifteen stages stay readable.
Solid is people, dashed is the clock.

No style element and no style attribute, which the pages' security policy forbids: presentation attributes with the
variables of ``tokens.css`` and plain colours behind them, so that the picture follows dark mode and print.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from xml.sax.saxutils import escape

from linli.drafting.block_words import recurrence, short
from linli.drafting.condition_words import Conditions
from linli.drafting.svg import ACCENT, EDGE, INK, LATE, PAPER, RULE, SOFT, SURFACE, WASH, clean, element, number, wrap
from linli.drafting.table import Edge, edges, walk
from linli.drafting.tracks import Track, lay_tracks
from linli.drafting.words import SYSTEM, Words
from linli.kernel.institution import Act, Institution, Pack

WIDTH = 390
PITCH = 11
"""Distance between two tracks, in units of the view box."""
TITLE, TEXT, SMALL = 16.0, 13.5, 13.0
LEADING = 1.45
PAD = 13


def diagram(
    pack: Pack,
    institution: Institution,
    lang: str,
    on: date | None = None,
    *,
    here: str | None = None,
    been: Sequence[str] = (),
) -> str:
    """The picture of ``institution`` as one ``<svg>`` element, 390 units wide and as high as it needs.

    ``on`` chooses the dated limits; without it the newest are shown. ``here`` is the stage a case stands at, ``been``
    the stages it has passed: they are marked by words and ticks, not by colour alone. Names that are no stage of the
    institution are passed over. The same arguments give the same text.
    """
    return _Drawing(Words(pack, institution, lang, on), here, frozenset(been)).svg()


@dataclass(slots=True)
class _Line:
    """One line of text in a box; ``port`` is the edge that leaves from it."""

    text: str
    size: float
    fill: str
    weight: int = 400
    clock: bool = False
    port: Edge | None = None
    gap: float = 0.0


@dataclass(slots=True)
class _Box:
    """A stage as drawn; ``y`` and ``height`` in the view box."""

    stage: str
    lines: list[_Line]
    y: float = 0.0
    height: float = 0.0
    down: list[Edge] = field(default_factory=list)
    ports: list[tuple[Edge, float]] = field(default_factory=list)
    """Edges that leave at the side, each with its height."""


class _Drawing:
    """Lays out one institution from top to bottom, then joins the boxes."""

    def __init__(self, words: Words, here: str | None, been: frozenset[str]) -> None:
        self.words, self.here, self.been = words, here, been
        self.institution = words.institution
        self.order = walk(self.institution)
        self.edges = [e for e in edges(self.institution) if e.source != e.target]
        self.left, self.right = lay_tracks(self.order, self.edges)
        self.x0 = 10.0 + self._room(self.left)
        self.x1 = WIDTH - 10.0 - self._room(self.right)
        self.out: list[str] = []
        self.top: list[str] = []

    def _room(self, tracks: Sequence[Track]) -> float:
        lanes = max((t.lane + 1 for t in tracks), default=0)
        return lanes * self._pitch(tracks) + (9 if lanes else 0)

    def _pitch(self, tracks: Sequence[Track]) -> float:
        lanes = max((t.lane + 1 for t in tracks), default=0)
        return min(PITCH, 55 / lanes) if lanes else PITCH

    def svg(self) -> str:
        """The whole element."""
        boxes = [self._box(name) for name in self.order]
        y = self._start(10.0)
        for box in boxes:
            y = self._place(box, y)
            y = self._between(box, y) if box is not boxes[-1] else y
        self._draw_tracks({b.stage: b for b in boxes})
        y = self._legend(self._anywhere(y + 22))
        w, name = self.words, re.sub(r"[^a-z0-9]+", "-", self.institution.name.lower())
        title, about = self._title(), self._about()
        content = element("title", escape(clean(title))) + element("desc", escape(clean(about)))
        return element(
            "svg",
            content + "".join(self.out) + "".join(self.top),
            xmlns="http://www.w3.org/2000/svg",
            class_=f"institution-diagram diagram-{name}",
            role="img",
            aria_label=title,
            lang="zh-Hans" if w.zh else "en",
            viewBox=f"0 0 {WIDTH} {number(y)}",
            width="100%",
            height=y,
            preserveAspectRatio="xMidYMin meet",
            font_family="var(--sans, sans-serif)",
            fill="none",
        )

    def _title(self) -> str:
        w, name = self.words, self.institution.title
        return w.say(f"{name.zh}：办理流程图", f"{name.en}: how a case goes")

    def _about(self) -> str:
        w = self.words
        names = (" → " if w.zh else ", ").join(w.stage(n) for n in self.order)
        said = w.say(f"环节依次为：{names}。", f"The stages in order: {names}.")
        if self.here and self.here in self.institution.stages:
            said += w.say(f"现在在“{w.stage(self.here)}”环节。", f" The case stands at “{w.stage(self.here)}”.")
        return said

    # --- boxes

    def _start(self, y: float) -> float:
        """The opening act and the arrow into the first stage."""
        w, act = self.words, self.institution.open
        every, raiser = self.institution.every, self.institution.raised_by
        people = [r for r in act.by if r not in SYSTEM]
        who = w.say("系统按日程", "The calendar") if every else w.title(raiser)
        if not every and people and raiser not in people:
            who = w.join((w.title(r) for r in people), "or")
        lines = [_Line(w.say(f"{who}：{act.title.zh}", f"{who}: {act.title.en}"), TEXT, INK, 600)]
        if every:
            lines.append(_Line(recurrence(w, every), SMALL, SOFT))
        lines += self._guard(act)
        x = self.x0 + 22
        self.out.append(element("circle", cx=x, cy=y + 9, r=5, fill=INK, class_="start"))
        top = self._texts(lines, x + 16, y, self.x1 - x - 22)
        bottom = max(top, y + 14) + 16
        self._arrow_down(x, y + 14, bottom, False)
        return bottom

    def _box(self, name: str) -> _Box:
        w, stage = self.words, self.institution.stages[name]
        marked = "✓ " if name in self.been and name != self.here else ""
        lines = [_Line(marked + w.stage(name), TITLE, ACCENT if name == self.here else INK, 700)]
        if name == self.here:
            lines.append(_Line(w.say("● 现在在这里", "● The case is here"), SMALL, ACCENT, 600))
        held = [w.title(stage.holder)] if stage.holder and not stage.end else []
        meta = w.say("到此结束", "The end") if stage.end else " · ".join(p for p in (*held, w.by_when(stage)) if p)
        lines.append(_Line(meta, SMALL, SOFT))
        if stage.calls:
            called = w.pack.institutions.get(stage.calls.institution)
            title = called.title.in_(w.lang) if called else stage.calls.institution
            field_ = self.institution.fields.get(stage.calls.for_each)
            each = ("每一条", "line") if field_ and field_.type == "items" else ("每个单位", "unit")
            said = w.say(f"{each[0]}各办一件：{title}", f"One for each {each[1]}: {title}")
            lines.append(_Line(said, SMALL, ACCENT, 600, gap=4))
        lines += [_Line(said, SMALL, ACCENT, 600, gap=4) for said in short(w, stage)]
        ways = w.join(a.title.in_(w.lang) for a in self.institution.anywhere.values() if a.to == name)
        if ways:
            lines.append(_Line(w.say(f"途中可由此进入：{ways}", f"Also entered by: {ways}"), SMALL, SOFT, gap=2))
        box = _Box(name, lines)
        self._acts(box, list(stage.acts.values()))
        return box

    def _acts(self, box: _Box, acts: Sequence[Act]) -> None:
        here = self.order.index(box.stage)
        follows = self.order[here + 1] if here + 1 < len(self.order) else None
        mine = {id(e.act): e for e in self.edges if e.source == box.stage}
        gap = 12.0
        for act in acts:
            edge = mine.get(id(act))
            if edge and edge.target == follows:
                box.down.append(edge)
                continue
            arrow = "↑ " if edge and self.order.index(edge.target) < here else "→ "
            label = f"{self._label(box.stage, act)} {arrow}{self.words.leads_to(act)}"
            box.lines.append(_Line(label, TEXT, INK, clock="clock" in act.by, port=edge, gap=gap))
            box.lines += self._guard(act)
            gap = 5.0

    def _guard(self, act: Act) -> list[_Line]:
        """The condition of an act, below it."""
        w = self.words
        if not act.when:
            return []
        said = Conditions(w).say(act.when)
        return [_Line(w.say(f"条件：{said}", f"Only when {said}"), SMALL, SOFT)]

    def _label(self, stage: str, act: Act) -> str:
        """The act, led by who does it when that is not the holder."""
        w, title = self.words, act.title.in_(self.words.lang)
        people = [r for r in act.by if r not in SYSTEM]
        others = [r for r in people if r != self.institution.stages[stage].holder and r != "holder"]
        if not people or len(others) < len(people):
            return title
        return w.say("：", ": ").join([w.join((w.title(r) for r in others), "or"), title])

    def _place(self, box: _Box, y: float) -> float:
        """Draw the box with its top at ``y``; returns its bottom."""
        stage = self.institution.stages[box.stage]
        box.y = y
        bottom = y + PAD - 3
        for line in box.lines:
            start = bottom + line.gap
            if line.gap == 12.0:  # the first act: a rule parts it from the head
                rule = f"M{number(self.x0 + PAD)} {number(bottom + 6)}H{number(self.x1 - PAD)}"
                self.top.append(element("path", d=rule, stroke=RULE))
            if line.port:
                box.ports.append((line.port, start + line.size * 0.72))
            bottom = self._texts([line], self.x0 + PAD, start, self.x1 - self.x0 - 2 * PAD)
        bottom += PAD - 3
        box.height = bottom - y
        self._frames(box, stage.end, stage.calls is not None)
        return bottom + (6 if stage.calls else 0)

    def _frames(self, box: _Box, end: bool, stacked: bool) -> None:
        here = box.stage == self.here
        state = " here" if here else " been" if box.stage in self.been else ""
        if stacked:  # sheets behind the box: one case for each called unit
            for step in (6.0, 3.0):
                self._frame("sheet", box, step, SURFACE, EDGE)
        edge = ACCENT if here else INK if end else EDGE
        self._frame("stage" + " end" * end + state, box, 0.0, WASH if here else SURFACE, edge, 2.5 if here else 1.3)
        if end:
            self._frame("inner", box, 4.0, "none", INK, 0.9, inside=True)

    def _frame(
        self, kind: str, box: _Box, step: float, fill: str, stroke: str, weight: float = 1.3, *, inside: bool = False
    ) -> None:
        """The box's outline, moved by ``step`` to the lower right, or that much smaller all round."""
        width, height = self.x1 - self.x0, box.height
        self.out.append(
            element(
                "rect",
                class_=kind,
                x=self.x0 + step,
                y=box.y + step,
                width=width - (2 * step if inside else step),
                height=height - (2 * step if inside else 0),
                rx=6 if inside else 9,
                fill=fill,
                stroke=stroke,
                stroke_width=weight,
            )
        )

    def _texts(self, lines: Sequence[_Line], x: float, y: float, width: float) -> float:
        """Write lines from ``y`` down, wrapped to ``width``; returns where the last one ends."""
        for line in lines:
            indent = 17.0 if line.clock else 0.0
            if line.clock:
                self._clock(x + 6, y + line.size * 0.72)
            for part in wrap(line.text, line.size, width - indent):
                self.top.append(
                    element("text", escape(clean(part)), x=x + indent, y=y + line.size * 1.06,
                            font_size=line.size, fill=line.fill, font_weight=line.weight)
                )  # fmt: skip
                y += line.size * LEADING
        return y

    def _clock(self, x: float, y: float) -> None:
        self.top.append(element("circle", cx=x, cy=y, r=5.5, stroke=LATE, stroke_width=1.3))
        hands = f"M{number(x)} {number(y - 3.4)}V{number(y)}H{number(x + 2.6)}"
        self.top.append(element("path", d=hands, stroke=LATE, stroke_width=1.3))

    # --- arrows

    def _between(self, box: _Box, y: float) -> float:
        """The gap below a box: arrows to the next stage with their acts; returns the top of the next box."""
        if not box.down:
            return y + 20
        people, clock = any(e.people for e in box.down), any(not e.people for e in box.down)
        x = self.x0 + 22
        labels = []
        for e in box.down:
            labels += [_Line(self._label(box.stage, e.act), TEXT, INK, clock=e.clock), *self._guard(e.act)]
        end = self._texts(labels, x + (25 if people and clock else 16), y + 8, self.x1 - x - 34) + 10
        if people:
            self._arrow_down(x, y, end, False)
        if clock:
            self._arrow_down(x + (9 if people else 0), y, end, True)
        return end

    def _arrow_down(self, x: float, y: float, end: float, dashed: bool) -> None:
        self._stroke(f"M{number(x)} {number(y)}V{number(end - 5)}", dashed)
        self._head(x, end, 0, 1, dashed)

    def _stroke(self, path: str, dashed: bool) -> None:
        self.out.append(
            element(
                "path",
                class_="by-clock" if dashed else "by-people",
                d=path,
                stroke=LATE if dashed else INK,
                stroke_width=1.5,
                stroke_dasharray="4 3" if dashed else "none",
            )
        )

    def _head(self, x: float, y: float, dx: int, dy: int, dashed: bool) -> None:
        """An arrowhead whose tip is at (x, y), pointing along (dx, dy)."""
        back = [(x - 7 * dx + 4 * s * dy, y - 7 * dy + 4 * s * dx) for s in (1, -1)]
        points = " ".join(f"{number(a)},{number(b)}" for a, b in [(x, y), *back])
        self.top.append(element("polygon", points=points, fill=LATE if dashed else INK))

    def _draw_tracks(self, boxes: dict[str, _Box]) -> None:
        for tracks, side, edge in ((self.left, -1, self.x0), (self.right, 1, self.x1)):
            pitch = self._pitch(tracks)
            for track in sorted(tracks, key=lambda t: -t.lane):
                x = edge + side * (9 + pitch * (track.lane + 0.5))
                goal = boxes[track.target].y + 19
                people = any(e.people for e in track.edges)
                for port, y in [p for e in track.edges for p in boxes[e.source].ports if p[0] is e]:
                    if port.people or not people:
                        self._track(edge, x, y, goal, side, not port.people)
                    else:  # the clock joins a track of people: dashed as far as the track
                        self._tap(edge, x, y, side)
                self._head(edge, goal, -side, 0, not people)

    def _tap(self, edge: float, x: float, y: float, side: int) -> None:
        self._halo(edge, x, y, side)
        self._stroke(f"M{number(edge)} {number(y)}H{number(x)}", True)

    def _halo(self, edge: float, x: float, y: float, side: int) -> None:
        """Paper under a line on its way to its track, so that it passes over the tracks it crosses."""
        path = f"M{number(edge + side * 2)} {number(y)}H{number(x - side * 4)}"
        self.out.append(element("path", class_="halo", d=path, stroke=PAPER, stroke_width=5))

    def _track(self, edge: float, x: float, y: float, goal: float, side: int, dashed: bool) -> None:
        """From a port out to the track, along it, and back to the goal, with rounded corners."""
        turn = min(6.0, abs(goal - y) / 2, abs(x - edge) / 2)
        way = 1 if goal > y else -1
        out, near, far = (number(v) for v in (x - side * turn, y + way * turn, goal - way * turn))
        there = number(x)
        self._halo(edge, x, y, side)
        self._stroke(
            f"M{number(edge)} {number(y)}H{out}Q{there} {number(y)} {there} {near}"
            f"V{far}Q{there} {number(goal)} {out} {number(goal)}H{number(edge + side * 5)}",
            dashed,
        )

    # --- below the rail

    def _anywhere(self, y: float) -> float:
        """What may be done at any stage, in a plain frame."""
        w, acts = self.words, list(self.institution.anywhere.values())
        if not acts:
            return y
        lines = [_Line(w.say("办理途中还可以", "On the way one may also"), SMALL, SOFT, 600)]
        for act in acts:
            who = w.actors(act)
            to = f" → {w.leads_to(act)}" if act.to else ""
            said = (
                w.say(f"{act.title.zh}（{who}）{to}", f"{act.title.en} ({who}){to}")
                if who
                else act.title.in_(w.lang) + to
            )
            lines += [_Line(said, TEXT, INK, clock="clock" in act.by, gap=5), *self._guard(act)]
        top, left = y, 10.0
        y += PAD - 3
        for line in lines:
            y = self._texts([line], left + PAD, y + line.gap, WIDTH - 20 - 2 * PAD)
        y += PAD - 3
        self.out.append(
            element(
                "rect",
                class_="anywhere",
                x=left,
                y=top,
                width=WIDTH - 20,
                height=y - top,
                rx=9,
                fill=PAPER,
                stroke=RULE,
            )
        )
        return y + 16

    def _legend(self, y: float) -> float:
        w = self.words
        self._stroke(f"M12 {number(y + 9)}H40", False)
        y = self._texts([_Line(w.say("由人来办", "Done by people"), SMALL, SOFT)], 48, y, 320)
        self._stroke(f"M12 {number(y + 9)}H40", True)
        y = self._texts(
            [_Line(w.say("只在到期时由系统办", "Done by the system when time is up"), SMALL, SOFT)], 48, y, 320
        )
        line = w.say("带钟的：到期没有人办，系统也会办", "With a clock: the system does it if nobody has in time")
        return self._texts([_Line(line, SMALL, SOFT, clock=True)], 31, y, 340) + 8
