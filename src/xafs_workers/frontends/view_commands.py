"""Commands of a view of a figure: one key each, the same in the window and in the browser page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from xafs_workers.figures.view_options import PREVIOUS, ViewOptions


@dataclass(frozen=True, slots=True)
class Command:
    """A command with a key.

    Attributes
    ----------
    name
        Name in messages and addresses of the page.
    key
        Character that is pressed.
    label
        Text on button and menu.
    description
        What it shows or does, for the list of keys.
    """

    name: str
    key: str
    label: str
    description: str


@dataclass(frozen=True, slots=True)
class ViewCommand(Command):
    """A command that switches one option of a view on and off.

    Attributes
    ----------
    field
        Field of `ViewOptions`.
    on_value
        Value of this field where the option is on.
    """

    field: str
    on_value: Any = True

    def is_on(self, options: ViewOptions) -> bool:
        """Check whether the option is on."""
        return bool(getattr(options, self.field))

    def toggle(self, options: ViewOptions) -> ViewOptions:
        """Return the options with this one switched."""
        value = type(self.on_value)() if self.is_on(options) else self.on_value
        return replace(options, **{self.field: value})


VIEW_COMMANDS: tuple[ViewCommand, ...] = (
    ViewCommand(
        "statistics",
        "S",
        "Peak and width",
        "peak, centre of mass and width of a line scan, or the middle of a step",
        "has_statistics",
    ),
    ViewCommand("previous", "P", "Previous scan", "the scan of the same kind before, in grey", "overlay", PREVIOUS),
    ViewCommand("log", "Y", "Logarithmic y", "logarithmic axes of y", "is_log"),
    ViewCommand("derivative", "D", "Derivative", "derivatives in place of the curves", "is_derivative"),
    ViewCommand(
        "normalized", "N", "Normalised µ(E)", "µ(E) with an edge step of 1, once the edge is passed", "is_normalized"
    ),
    ViewCommand(
        "channels", "K", "Channels", "each fluorescence channel in place of their sum", "separate_channels"
    ),
)  # fmt: skip

FIGURE_COMMANDS: tuple[Command, ...] = (
    Command("whole", "A", "Show all", "all data again, after a zoom"),
    Command("picture", "C", "Copy picture", "copy the picture"),
    Command("numbers", "T", "Copy numbers", "copy the numbers, for a spreadsheet"),
    Command("csv", "V", "Save numbers", "save the numbers as CSV, with sample, time and uid"),
    Command("history", "H", "History", "the ended scans, searched by sample, motor, file or uid"),
    Command("large", "L", "Large type", "type that can be read from afar"),
    Command("dark", "B", "Dark", "light lines on a dark background"),
    Command("help", "?", "Keys", "this list of keys"),
)
"""Commands that each front end carries out in its own way."""

WINDOW_COMMANDS: tuple[Command, ...] = (
    Command("next", "Ctrl+PgDown", "Next figure", "the next tab"),
    Command("back", "Ctrl+PgUp", "Previous figure", "the tab before"),
    Command("close_figure", "W", "Close figure", "close the figure; it comes back with its next scan"),
    Command("detach", "O", "Own window", "a window of its own for the figure, or back to the tabs"),
    Command("enlarge", "+", "Zoom in", "half the range of x, around its middle; of a map, of both axes"),
    Command("reduce", "-", "Zoom out", "twice the range"),
    Command("left", ",", "To the left", "a quarter of the range to the left"),
    Command("right", ".", "To the right", "a quarter of the range to the right"),
    Command("menu", "F10", "Menu", "the menu of all commands"),
    Command("quit", "Ctrl+Q", "Quit", "end the program"),
)
"""Commands of the window alone: a browser has its own for tabs, windows and zoom."""


def toggle_option(options: ViewOptions, name: object) -> ViewOptions:
    """Return the options with the one of a command switched; the same for a name that is no command's."""
    command = next((command for command in VIEW_COMMANDS if command.name == name), None)
    return options if command is None else command.toggle(options)


def choose_overlay(options: ViewOptions, figure: object) -> ViewOptions:
    """Return the options with the scan of a figure as overlay; without any where it is chosen again, or is no id."""
    chosen = figure if isinstance(figure, str) and figure != options.overlay else ""
    return replace(options, overlay=chosen)


def list_active(options: ViewOptions) -> list[str]:
    """List the names of the commands whose options are on."""
    return [command.name for command in VIEW_COMMANDS if command.is_on(options)]


def build_options(names: Iterable[str]) -> ViewOptions:
    """Build the options that are on for these commands only."""
    options = ViewOptions(has_statistics=False)
    for name in dict.fromkeys(names):
        options = toggle_option(options, name)
    return options
