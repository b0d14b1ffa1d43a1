"""Actions of the window: one for each command, with its key; and their menu."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from xafs_workers.figures.view_options import ViewOptions
from xafs_workers.frontends.view_commands import (
    FIGURE_COMMANDS,
    VIEW_COMMANDS,
    WINDOW_COMMANDS,
    Command,
    ViewCommand,
    choose_overlay,
)

COMMANDS: tuple[Command, ...] = (*VIEW_COMMANDS, *FIGURE_COMMANDS, *WINDOW_COMMANDS)
"""All commands of the window, in the order of the list of keys."""

SWITCHES = ("large", "dark")
"""Commands that switch the look of the window on and off."""


class WindowActions:
    """Actions of the window and of windows of single figures.

    Parameters
    ----------
    window
        Window that owns the actions.
    on_options
        Called after a command has switched an option.
    handlers
        Functions that carry out the other commands, by name; those of `SWITCHES` are carried out elsewhere.

    Attributes
    ----------
    options
        Options of all views in the window.
    by_name
        Actions by the names of their commands.
    """

    def __init__(self, window: QWidget, on_options: Callable[[], object], handlers: Mapping[str, Callable[[], object]]):
        self._window, self._on_options = window, on_options
        self.options = ViewOptions()
        self.by_name: dict[str, QAction] = {command.name: self._create(command) for command in COMMANDS}
        for command in VIEW_COMMANDS:
            action = self.by_name[command.name]
            action.setCheckable(True)
            action.setChecked(command.is_on(self.options))
            action.triggered.connect(lambda _, command=command: self._toggle(command))
        for name in SWITCHES:
            self.by_name[name].setCheckable(True)
        for name, handler in handlers.items():
            self.by_name[name].triggered.connect(lambda _, handler=handler: handler())

    def choose_overlay(self, figure: str) -> None:
        """Compare all figures with the scan of a figure; chosen again, with none."""
        self.options = choose_overlay(self.options, figure)
        self._update_checks()
        self._on_options()

    def build_menu(self) -> QMenu:
        """Build the menu of all actions."""
        menu = QMenu(self._window)
        for commands in (VIEW_COMMANDS, FIGURE_COMMANDS, WINDOW_COMMANDS):
            menu.addSeparator()
            menu.addActions([self.by_name[command.name] for command in commands if command.name != "menu"])
        return menu

    def _create(self, command: Command) -> QAction:
        action = QAction(command.label, self._window)
        letters = [command.key, f"Ctrl+{command.key}"] if len(command.key) == 1 else [command.key]
        action.setShortcuts([QKeySequence(key) for key in letters])
        action.setShortcutContext(Qt.ShortcutContext.ApplicationShortcut)  # in windows of single figures too
        action.setToolTip(command.description)
        self._window.addAction(action)
        return action

    def _toggle(self, command: ViewCommand) -> None:
        self.options = command.toggle(self.options)
        self._update_checks()
        self._on_options()

    def _update_checks(self) -> None:
        for command in VIEW_COMMANDS:
            self.by_name[command.name].setChecked(command.is_on(self.options))
