"""Check whether a window can be shown on this machine, and what is missing if not."""

from __future__ import annotations

import os
import subprocess
import sys

DISPLAY_TIMEOUT = 30.0
"""A display that does not answer within this time counts as missing, seconds."""

PROBE_CALLS = 200
"""Number of calls that separates a loss from other changes of the count of None meanwhile."""

_PROBE_CODE = "from PySide6.QtWidgets import QApplication; QApplication([])"
_PLATFORMS_WITHOUT_DISPLAY = ("offscreen", "minimal", "vnc")


def find_missing_part() -> str:
    """Return the part that a window needs and that is missing, '' where none is.

    Qt ends the whole process when it cannot reach a display or lacks a library, so another process tries it, while
    this one loads Qt and matplotlib.
    """
    if not _needs_display():
        return _find_missing_library()
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        missing = "a display: neither DISPLAY nor WAYLAND_DISPLAY is set (QT_QPA_PLATFORM=offscreen runs without)"
        return _find_missing_library() or missing
    with _start_probe() as probe:
        missing = _find_missing_library()
        if missing:
            probe.kill()
        return missing or _wait_for_probe(probe)


def _needs_display() -> bool:
    platform = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0]
    return sys.platform.startswith("linux") and platform not in _PLATFORMS_WITHOUT_DISPLAY


def _find_missing_library() -> str:
    """Load Qt and matplotlib; return what is missing, '' for nothing."""
    try:
        import PySide6.QtWidgets
    except ImportError as error:
        return f"Qt ({error}): install xafs-workers[screen], and the system libraries that it names"
    if _has_reference_loss():
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
    return ""


def _has_reference_loss() -> bool:
    """Check whether each call of Qt loses a reference to None: Python ends when the last is lost."""
    from PySide6.QtCore import QTimer

    timer = QTimer()
    before = sys.getrefcount(None)
    for _ in range(PROBE_CALLS):
        timer.setInterval(1)
    return sys.getrefcount(None) < before - PROBE_CALLS // 2


def _start_probe() -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - this very Python
        [sys.executable, "-c", _PROBE_CODE],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )


def _wait_for_probe(probe: subprocess.Popen[str]) -> str:
    try:
        _, errors = probe.communicate(timeout=DISPLAY_TIMEOUT)
    except subprocess.TimeoutExpired:
        probe.kill()
        return f"a display that answers: {_format_environment()} did not within {DISPLAY_TIMEOUT:.0f} s"
    if probe.returncode == 0:
        return ""
    reason = " ".join(errors.split())[:300] or f"exit code {probe.returncode}"
    return f"a display that can be used: {_format_environment()}: {reason}"


def _format_environment() -> str:
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return ", ".join(f"{name}={os.environ[name]}" for name in names if os.environ.get(name))
