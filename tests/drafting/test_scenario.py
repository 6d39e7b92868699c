"""Scenarios that would be played for ever."""

from __future__ import annotations

import yaml

from linli.config.pack_files import SHIPPED
from linli.drafting.check import check_files
from linli.drafting.load import read_folder


def test_a_mistyped_year_is_told_and_not_played_to_its_end() -> None:
    """A clock that presses and starts anew would run out a million times until then."""
    files, file = read_folder(SHIPPED, "changzhou"), "changzhou/project/scenarios/late_and_again.yaml"
    told = yaml.safe_load(files[file])
    told |= {"steps": told["steps"][:1], "until": "9990-01-01 09:00", "expect": {}}
    _, findings = check_files({**files, file: yaml.safe_dump(told, allow_unicode=True)}, "changzhou")
    (far,) = [f for f in findings if f.code == "scenario-fails"]
    assert "over 500 clocks run out until 9990-01-01" in far.says.en and far.mark.file == file
