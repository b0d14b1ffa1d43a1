"""`xafs-workers config`: settings in force and all possible ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xafs_workers.cli.options import load_settings_or_exit

YAML_WIDTH = 10_000
"""Longest line: a URL that was broken could not be masked."""

app = typer.Typer(
    rich_markup_mode=None, help="Show the configuration in force, its JSON schema or its manual.", no_args_is_help=True
)


@app.command()
def show(config: Annotated[Path | None, typer.Option(help="configuration file")] = None) -> None:
    """Print the settings in force, as YAML; passwords inside URLs are masked.

    The first line, a comment, names the configuration file.
    """
    import yaml

    from xafs_workers.configuration import CONFIG_FILES, find_config_file
    from xafs_workers.logs import mask_passwords

    settings = load_settings_or_exit(config, None, None)
    text = yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=YAML_WIDTH)
    file = config or find_config_file()
    origin = (
        str(file) if file else f"no file, these are defaults: none of {' and '.join(map(str, CONFIG_FILES))} exists"
    )
    typer.echo(f"# {origin}\n{mask_passwords(text)}", nl=False)


@app.command()
def schema() -> None:
    """Print the JSON schema of the configuration file."""
    import json

    from xafs_workers.settings import Settings

    typer.echo(json.dumps(Settings.model_json_schema(), indent=2, ensure_ascii=False))


@app.command()
def manual() -> None:
    """Print every setting with its default and meaning, as a page of the manual (Markdown)."""
    from xafs_workers.cli.manual import render_configuration_page

    typer.echo(render_configuration_page(), nl=False)
