"""Test the drawing on the canvas of a Qt window, without a display."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from helpers.patience import SECONDS as PATIENCE

IN_A_WINDOW = """
import numpy as np
from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.backends.qt_compat import QtWidgets
from matplotlib.figure import Figure as Drawn
from xafs_workers.figures.model import Figure, Panel, Trace
from xafs_workers.render.matplotlib.drawing import Drawing

app = QtWidgets.QApplication([])
canvas = FigureCanvasQTAgg(Drawn(figsize=(4, 3), dpi=80))
drawing = Drawing(canvas)
canvas.show()
x = np.linspace(0, 1, 20)

def show(y):
    change = drawing.show(Figure("f", "k", "t", (Panel("p", traces=(Trace("a", x, y),)),)))
    app.processEvents()
    return change.value

changes = [show(x), show(x**2)]
canvas.resize(500, 400)
app.processEvents()
changes += [show(x**3), show(x**4)]
blitted = np.array(canvas.buffer_rgba())
canvas.draw()
print(*changes, np.array_equal(blitted, np.array(canvas.buffer_rgba())))
"""


def test_the_same_code_draws_in_a_window():
    pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError)
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "QT_API": "pyside6"}
    done = subprocess.run(
        [sys.executable, "-c", IN_A_WINDOW], env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    *changes, same = done.stdout.split()
    assert changes[:2] == ["full", "blit"]
    assert changes[-1] == "blit"
    assert same == "True"
