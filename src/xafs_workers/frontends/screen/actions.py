"""Actions of the window: one for each command, with its key; and the list of keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QLabel, QMenu, QVBoxLayout, QWidget

from xafs_workers.figures.view_options import ViewOptions
from xafs_workers.frontends.view_commands import FIGURE_COMMANDS, VIEW_COMMANDS, Command, ViewCommand, choose_overlay


class WindowActions:
    """Actions of the window and of windows of single figures.

    Parameters
    ----------
    window
        Window that owns the actions.
    on_options
        Called after a command has switched an option.
    handlers
        Functions that carry out the other commands, by name; a command without one is carried out elsewhere.

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
        self.by_name: dict[str, QAction] = {}
        for command in VIEW_COMMANDS:
            action = self._create(command)
            action.setCheckable(True)
            action.setChecked(command.is_on(self.options))
            action.triggered.connect(lambda _, command=command: self._toggle(command))
        for command in FIGURE_COMMANDS:
            self._create(command).triggered.connect(lambda _, name=command.name: self._carry_out(name))
        self._handlers = {"help": self.show_keys, **handlers}

    def choose_overlay(self, figure: str) -> None:
        """Compare all figures with the scan of a figure; chosen again, with none."""
        self.options = choose_overlay(self.options, figure)
        self._update_checks()
        self._on_options()

    def build_menu(self, *others: QAction) -> QMenu:
        """Build the menu of all actions, and of some others."""
        menu = QMenu(self._window)
        menu.addActions([self.by_name[command.name] for command in VIEW_COMMANDS])
        menu.addSeparator()
        menu.addActions([self.by_name[command.name] for command in FIGURE_COMMANDS])
        menu.addSeparator()
        menu.addActions(list(others))
        return menu

    def show_keys(self) -> QDialog:
        """Show the list of keys."""
        rows = "".join(
            f"<tr><td><b>{escape(command.key)}</b>&nbsp;&nbsp;</td><td>{escape(command.description)}</td></tr>"
            for command in (*VIEW_COMMANDS, *FIGURE_COMMANDS)
        )
        dialog = QDialog(self._window)
        dialog.setWindowTitle("Keys")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        QVBoxLayout(dialog).addWidget(QLabel(f"<table cellpadding='4'>{rows}</table>"))
        dialog.show()
        return dialog

    def _create(self, command: Command) -> QAction:
        action = QAction(command.label, self._window)
        action.setShortcuts([QKeySequence(command.key), QKeySequence(f"Ctrl+{command.key}")])
        action.setShortcutContext(Qt.ShortcutContext.ApplicationShortcut)  # in windows of single figures too
        action.setToolTip(command.description)
        self._window.addAction(action)
        self.by_name[command.name] = action
        return action

    def _toggle(self, command: ViewCommand) -> None:
        self.options = command.toggle(self.options)
        self._update_checks()
        self._on_options()

    def _update_checks(self) -> None:
        for command in VIEW_COMMANDS:
            self.by_name[command.name].setChecked(command.is_on(self.options))

    def _carry_out(self, name: str) -> None:
        handler = self._handlers.get(name)
        if handler is not None:
            handler()
