"""Pictures and numbers of a figure for the clipboard, and numbers for a file that the user names."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from xafs_workers.figures.model import Figure
from xafs_workers.frontends.screen.figure_tab import FigureTab
from xafs_workers.frontends.table import build_table_name, format_table


def copy_picture(tab: FigureTab) -> None:
    """Copy the picture of a figure, as it is shown, to the clipboard."""
    QGuiApplication.clipboard().setPixmap(tab.canvas.grab())
    tab.toolbar.show_text("picture copied")


def copy_numbers(tab: FigureTab, figure: Figure, origins: dict[str, str]) -> None:
    """Copy the numbers of a figure to the clipboard, separated by tabs, as spreadsheets take them."""
    QGuiApplication.clipboard().setText(format_table(figure, origins, delimiter="\t"))
    tab.toolbar.show_text("numbers copied")


def save_numbers(tab: FigureTab, figure: Figure, origins: dict[str, str]) -> None:
    """Save the numbers of a figure as CSV under a name that the user gives."""
    name, _ = QFileDialog.getSaveFileName(tab, "Save numbers", build_table_name(figure), "CSV (*.csv)")
    if not name:
        return
    path = Path(name)
    try:
        path.write_text(format_table(figure, origins), encoding="utf-8")
    except OSError as error:
        tab.toolbar.show_text(f"not saved: {path.name}: {error.strerror}")
    else:
        tab.toolbar.show_text(f"saved {path.name}")
