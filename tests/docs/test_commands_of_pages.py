"""Command lines in the manual: each names a command and options that exist."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import typer

from helpers.code_blocks import FENCE, ROOT, list_pages
from xafs_workers.cli.main import app

PAGES = list_pages()
LINE = re.compile(r"(?:^|[\s/])xafs-workers( +[a-z-]+(?: +(?:'[^'\n]*'|[^\s`'\"|;()#\\]+))*)", re.M)
PROGRAM = typer.main.get_command(app)


def list_command_lines(text: str) -> list[list[str]]:
    """Return the words after `xafs-workers` of each command line in code on a page."""
    code = [found[3] for found in FENCE.finditer(text)]
    inline = re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
    found = (words for part in (*code, *inline) for words in LINE.findall(part))
    return [shlex.split(words) for words in found]


def find_fault(words: list[str]) -> str:
    """Return what is wrong with the words after `xafs-workers`, '' for nothing."""
    command: Any = PROGRAM
    for word in words:
        if word.startswith("--"):
            names = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
            if word.partition("=")[0] not in names | {"--help"}:
                return f"{command.name} has no option {word}"
        elif getattr(command, "commands", None):
            if word not in command.commands:
                return f"no command {word}"
            command = command.commands[word]
    return ""


@pytest.mark.parametrize("page", [str(path.relative_to(ROOT)) for path in PAGES])
def test_command_lines_exist(page: str) -> None:
    lines = list_command_lines((ROOT / page).read_text(encoding="utf-8"))
    faults = {" ".join(words): fault for words in lines if (fault := find_fault(words))}
    assert not faults


def test_faults_and_command_lines_are_found() -> None:
    assert list_command_lines("`xafs-workers send '{\"close\": 1}' --json`") == [["send", '{"close": 1}', "--json"]]
    assert list_command_lines("```\nsudo /opt/xafs-workers/bin/xafs-workers install --apply  # writes\n```") == [
        ["install", "--apply"]
    ]
    assert find_fault(["install", "--aply"]) == "install has no option --aply"
    assert find_fault(["instal"]) == "no command instal"
    lines = [words for path in PAGES for words in list_command_lines(path.read_text(encoding="utf-8"))]
    assert len(lines) > 80
