"""The editors' schemas accept every shipped file and refuse what the reader refuses by its shape."""

from __future__ import annotations

import fnmatch
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from linli.config.cli_reference import command
from linli.config.pack_files import SHIPPED
from linli.drafting import scenario
from linli.drafting.check import check_files
from linli.drafting.schema import FILES, schema
from tests.drafting.broken_packs import NAMES, broken, good

WRITTEN = Path(__file__).parents[2] / "docs/reference/schema"
VALIDATORS = {kind: jsonschema.Draft202012Validator(schema(kind)) for kind in FILES}


class Core(yaml.SafeLoader):
    """Reads YAML as editors do (the core schema of 1.2): only true and false are yes and no, a day is a word."""


Core.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag in ("tag:yaml.org,2002:null",)]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Core.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
Core.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?(0|[1-9][0-9]*)$"), list("-0123456789"))


def kind_of(file: str) -> str:
    """The kind of a file inside a pack's folder."""
    return next(k for k, (pattern, _) in FILES.items() if fnmatch.fnmatchcase(f"/{file}", f"*/{pattern}"))


def plain(text: str) -> Any:
    """The file as JSON; keys of mappings are words, as in every editor."""
    return json.loads(json.dumps(yaml.load(text, Loader=Core), default=str))


def shipped() -> list[str]:
    return sorted(p.relative_to(SHIPPED).as_posix() for p in SHIPPED.rglob("*.yaml"))


@pytest.mark.parametrize("kind", FILES)
def test_a_schema_is_a_schema_and_the_committed_one(kind: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(kind))
    printed = CliRunner().invoke(command, ["schema", kind])
    assert json.loads(printed.output) == schema(kind)
    written = json.loads((WRITTEN / f"{kind}.schema.json").read_text(encoding="utf-8"))
    assert written == schema(kind), "run: linli reference schema --into docs/reference/schema"


def test_the_command_writes_them_all_and_says_how_to_use_them(tmp_path: Path) -> None:
    said = CliRunner().invoke(command, ["schema", "--into", str(tmp_path / "s")])
    assert said.exit_code == 0
    assert {p.name for p in (tmp_path / "s").iterdir()} == {f"{k}.schema.json" for k in FILES}
    settings = json.loads(said.output[said.output.index("{") :])
    assert len(settings["yaml.schemas"]) == len(FILES)
    assert CliRunner().invoke(command, ["schema"]).exit_code == 2


@pytest.mark.parametrize("file", shipped())
def test_a_shipped_file_is_accepted(file: str) -> None:
    kind = kind_of(file.partition("/")[2])
    errors = list(VALIDATORS[kind].iter_errors(plain((SHIPPED / file).read_text(encoding="utf-8"))))
    assert [e.message for e in errors] == []


def test_the_good_pack_is_accepted() -> None:
    for file, content in good().items():
        VALIDATORS[kind_of(file.partition("/")[2])].validate(plain(content.decode()))


SHAPES = ("unknown-key", "missing-key", "wrong-value", "bad-name")
"""What a single file shows by its shape; a wrong type is tried below."""


@pytest.mark.parametrize("name", NAMES)
def test_what_a_file_shows_by_its_shape_is_refused(name: str) -> None:
    case = broken(name)
    shapes = {e["file"] for e in case.expect if e["code"] in SHAPES}
    for file in shapes:
        found = plain(case.files[file].decode())
        assert not VALIDATORS[kind_of(file.partition("/")[2])].is_valid(found), f"{name}: {file}"


def test_the_broken_packs_show_each_of_these() -> None:
    shown = {e["code"] for n in NAMES for e in broken(n).expect}
    assert set(SHAPES) <= shown


WRONG = {
    "institution.yaml": [("valid_from: 2024-01-01", "valid_from: soon"), ("at_most: 2", "at_most: twice")],
    "ask/institution.yaml": [("anonymous: true", "anonymous: maybe"), ("needs: [text]", "needs: {text: yes}")],
    "parameters.yaml": [("value: 24", "value: many"), ("unit: hour", "unit: moons")],
    "pack.yaml": [("levels:\n", "levels: none\nx:\n"), ("pack: good", "pack: {}")],
    "lists.yaml": [("title: {zh: 咨询, en: Question}", "title: Question")],
    "results.yaml": [("en: Solved}}", "en: Solved}, counts: often}")],
    "calendars.yaml": [('"off": ["2024-01-01"]', '"off": ["2024"]'), ("hours:", "opening:")],
    "ask/scenarios/nobody_reacts.yaml": [("act: open", "acts: open"), ("reminded: 4", "reminded: often")],
}


@pytest.mark.parametrize(("file", "change"), [(f, c) for f, changes in WRONG.items() for c in changes])
def test_a_wrong_type_is_refused_as_the_reader_refuses_it(file: str, change: tuple[str, str]) -> None:
    name = f"good/{file}" if f"good/{file}" in good() else f"good/ask/{file}"
    text = good()[name].decode()
    assert change[0] in text
    damaged = text.replace(*change, 1)
    assert not VALIDATORS[kind_of(name.partition("/")[2])].is_valid(plain(damaged))
    _, findings = check_files({**good(), name: damaged.encode()}, "good")
    assert findings


def test_the_scenarios_schema_knows_the_keys_of_the_reader() -> None:
    drawn = schema("scenario")
    assert set(drawn["properties"]) == scenario._KEYS
    assert set(drawn["$defs"]["Step"]["properties"]) == scenario._STEP_KEYS
    assert set(drawn["$defs"]["Expect"]["properties"]) == scenario._EXPECT_KEYS
