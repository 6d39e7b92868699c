"""linli reference"""

from __future__ import annotations

import json
from pathlib import Path

import click

from linli.drafting.schema import FILES


@click.group()
def command() -> None:
    """What a pack may say: the reference page of the language, and schemas with which editors check while you type."""


@command.command()
def language() -> None:
    """Print the reference page (Markdown): every key, what it means, and an example of each block."""
    from linli.drafting.reference import language as page

    click.echo(page(), nl=False)


@command.command()
@click.argument("kind", required=False, type=click.Choice(list(FILES)))
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), help="Write every schema into this folder.")
def schema(kind: str | None, into: Path | None) -> None:
    """Print the JSON Schema of one KIND of file, or write all of them into a folder and say how to use them."""
    if (kind is None) == (into is None):
        raise click.UsageError(f"Name one kind ({', '.join(FILES)}), or a folder for all of them with --into.")
    from linli.drafting.schema import editor_settings
    from linli.drafting.schema import schema as draw

    if kind is not None:
        click.echo(_json(draw(kind)))
    if into is None:
        return
    into.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (into / f"{name}.schema.json").write_text(_json(draw(name)) + "\n", encoding="utf-8")
    click.echo(f"{len(FILES)} schemas are in {into}. Put this into your editor's settings (VS Code: YAML extension):")
    click.echo(_json({"yaml.schemas": editor_settings(str(into))}))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)
