"""Positions picked by a click: motor and value."""

from __future__ import annotations

from typing import Any

from xafs_workers.figures.model import Panel
from xafs_workers.scans.scan import Scan, scan_kinds


def build_click(scan: Scan, panel: Panel, x: float, y: float) -> dict[str, Any] | None:
    """Return the position that a click picks, None where it picks none.

    The motors' names come from the scan's panel, never from a label; a scan against time has none.
    """
    axes = scan_kinds[scan.kind].clickable_axes
    if not axes or not panel.x_name or panel.x_name == "time":
        return None
    click: dict[str, Any] = {
        "figure": scan.id,
        "run": scan.run_uids[0] if scan.run_uids else None,
        "motor": panel.x_name,
        "position": x,
    }
    if "y" in axes:
        click |= {"motor2": panel.y_name, "position2": y}
    return click
