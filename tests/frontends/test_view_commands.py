"""Commands of a view: one key each, named in the manual."""

from __future__ import annotations

from pathlib import Path

import pytest

from xafs_workers.figures.view_options import ViewOptions
from xafs_workers.frontends.view_commands import (
    FIGURE_COMMANDS,
    VIEW_COMMANDS,
    WINDOW_COMMANDS,
    Command,
    ViewCommand,
    build_options,
    list_active,
    toggle_option,
)

MANUAL = Path(__file__).parents[2] / "docs" / "how-to" / "read-the-screen.md"
COMMANDS: tuple[Command, ...] = (*VIEW_COMMANDS, *FIGURE_COMMANDS, *WINDOW_COMMANDS)


def test_keys_and_names_are_unique() -> None:
    assert len({command.key for command in COMMANDS}) == len({command.name for command in COMMANDS}) == len(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_manual_names_each_key(command: Command) -> None:
    assert f"| {command.key} |" in MANUAL.read_text()


@pytest.mark.parametrize("command", VIEW_COMMANDS, ids=lambda command: command.name)
def test_a_command_switches_its_option_and_back(command: ViewCommand) -> None:
    begin = ViewOptions()
    switched = toggle_option(begin, command.name)
    assert command.is_on(switched) is not command.is_on(begin)
    assert toggle_option(switched, command.name) == begin
    assert command.is_on(build_options([command.name]))


def test_only_the_statistics_are_on_at_the_start() -> None:
    assert list_active(ViewOptions()) == ["statistics"]


@pytest.mark.parametrize("name", ["", "x", None, ["log"], {"a": 1}])
def test_an_unknown_command_changes_nothing(name: object) -> None:
    assert toggle_option(ViewOptions(), name) == ViewOptions()
