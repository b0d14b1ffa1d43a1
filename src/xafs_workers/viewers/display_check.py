"""Whether a window can be shown here, and if not, what is missing."""

from __future__ import annotations

import os
import subprocess
import sys

PATIENCE = 30.0
"""A display that does not answer within this time is none, seconds."""

CALLS = 200
"""Enough to tell a loss from what else happens to None meanwhile."""

_TRY = "from PySide6.QtWidgets import QApplication; QApplication([])"
_NEEDS_NO_DISPLAY = ("offscreen", "minimal", "vnc")


def what_is_missing() -> str:
    """Return what is missing of all that a window needs, '' where nothing is.

    Qt ends the whole process when it cannot reach a display or lacks a library, so another process tries it.
    """
    try:
        import PySide6.QtWidgets
    except ImportError as error:
        return f"Qt ({error}): install xafs-workers[screen], and the system libraries that it names"
    if _loses_references():
        import PySide6

        version = ".".join(map(str, sys.version_info[:3]))
        return (
            f"a PySide6 made for this Python: {PySide6.__version__} loses references to None and would end Python "
            f"{version} after some minutes: install 'PySide6-Essentials<6.12', or use Python 3.12"
        )
    try:
        import matplotlib.backends.backend_qtagg  # noqa: F401
    except ImportError as error:
        return f"matplotlib with Qt ({error}): install xafs-workers[screen]"
    if os.environ.get("QT_QPA_PLATFORM", "").split(":")[0] in _NEEDS_NO_DISPLAY or not sys.platform.startswith("linux"):
        return ""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return "a display: neither DISPLAY nor WAYLAND_DISPLAY is set (QT_QPA_PLATFORM=offscreen runs without)"
    return _tried()


def _loses_references() -> bool:
    """Tell whether each call of Qt loses a reference to None: Python ends when the last is lost."""
    from PySide6.QtCore import QTimer

    timer = QTimer()
    before = sys.getrefcount(None)
    for _ in range(CALLS):
        timer.setInterval(1)
    return sys.getrefcount(None) < before - CALLS // 2


def _tried() -> str:
    try:
        done = subprocess.run(  # noqa: S603 - this very Python
            [sys.executable, "-c", _TRY],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"a display that answers: {_named()} did not within {PATIENCE:.0f} s"
    if done.returncode == 0:
        return ""
    reason = " ".join(done.stderr.split())[:300] or f"exit code {done.returncode}"
    return f"a display that can be used: {_named()}: {reason}"


def _named() -> str:
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return ", ".join(f"{name}={os.environ[name]}" for name in names if os.environ.get(name))
