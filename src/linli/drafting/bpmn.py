"""An institution as BPMN 2.0 XML with diagram interchange, for the tools a city already has.

What stands for what is told in :mod:`linli.drafting.bpmn_model`, how limits become durations in
:mod:`linli.drafting.bpmn_time`, and where things lie in :mod:`linli.drafting.bpmn_layout`.
"""

from __future__ import annotations

from datetime import date

from linli.drafting.bpmn_layout import lay_out
from linli.drafting.bpmn_model import model
from linli.drafting.bpmn_xml import written
from linli.kernel.institution import Institution, Pack


def bpmn(pack: Pack, institution: Institution, lang: str, on: date | None = None) -> str:
    """The document as text: one process in one collaboration, a lane for each role and party.

    Names are in ``lang``, documentation is in Chinese and English. ``on`` chooses the dated limits; without it the
    newest are written. A pack may be drawn before it is checked: what is missing is said, not raised. The same
    arguments give the same text.
    """
    drawing = model(pack, institution, lang, on)
    lay_out(drawing)
    return written(drawing, "Linli")
