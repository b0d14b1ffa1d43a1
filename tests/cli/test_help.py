"""The help of every command: nothing in brackets is lost, and flags take no value."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from xafs_workers import __version__
from xafs_workers.cli.main import app


def list_commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from list_commands(below, (*path, name))


COMMANDS = dict(list_commands(typer.main.get_command(app)))


def read_help(path: tuple[str, ...]) -> str:
    run = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200"})
    assert run.exit_code == 0, run.output
    return " ".join(run.output.split())


@pytest.mark.slow
def test_help_keeps_what_stands_in_brackets() -> None:
    for path, command in COMMANDS.items():
        shown = read_help(path)
        texts = [command.help or "", *(getattr(parameter, "help", None) or "" for parameter in command.params)]
        for bracket in re.findall(r"\[[^\]]*\]", " ".join(texts)):
            assert bracket in shown, (path, bracket)


@pytest.mark.slow
def test_help_shows_flags_without_a_value() -> None:
    for path in COMMANDS:
        shown = read_help(path)
        assert "<bool>" not in shown, path
        assert "BOOLEAN" not in shown, path
        assert "default: True" not in shown, path


def test_version_is_printed() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == f"xafs-workers {__version__}\n"


COMPLETE = """
eval "$("$1" --show-completion bash)"
COMP_WORDS=(xafs-workers "${@:2}"); COMP_CWORD=$(($# - 1))
_xafs_workers_completion "$1"
printf '%s\\n' "${COMPREPLY[@]}"
"""
"""Completes words as bash does after a tab, with the script that the program prints."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "expected"),
    [(["dead"], ["dead-letters"]), (["waiting", "d"], ["drop"]), (["send", "--no"], ["--no-wait"])],
)
def test_bash_completes_commands_and_options(words: list[str], expected: list[str]) -> None:
    program = shutil.which("xafs-workers", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("run from a source folder: no xafs-workers beside this Python")
    command = ["bash", "-c", COMPLETE, "bash", program, *words]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert shown.stdout.split() == expected
