"""Positions of the goniometer's motors by group, for the page of a measurement."""

from __future__ import annotations

from collections.abc import Iterator

from xafs_workers.writers.dossier_content import MotorPositions
from xafs_workers.writers.dossier_motors import MotorGroup, build_motor_groups

MISSING = "(missing)"

_GROUPS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("Goniometer", ("eta", "delta", "chi", "phi", "mu", "nu"), "°"),
    ("Sample", ("samplex", "sampley", "samplez"), "mm"),
    ("Detector", ("analyzer", "detector", "dethor", "wheel1", "shield"), ""),
    ("Slits", ("slits_t", "slits_b", "slits_i", "slits_o"), "mm"),
)
"""Axes of the goniometer, each with its unit; those without a position are shown as missing."""

TABLE_PREFIX = "table_"


def build_goniometer_groups(positions: MotorPositions) -> tuple[MotorGroup, ...]:
    """Return the motors of the goniometer by group, then those of the beamline that have a position."""
    own = [
        MotorGroup(title, tuple(_format_motor(name, positions, unit) for name in names))
        for title, names, unit in _GROUPS
    ]
    table = tuple(_list_table(positions))
    return (*own, *([MotorGroup("Table", table)] if table else ()), *build_motor_groups(positions))


def _list_table(positions: MotorPositions) -> Iterator[tuple[str, str, str]]:
    for name in sorted(positions):
        if name.startswith(TABLE_PREFIX):
            yield _format_motor(name, positions, "mrad" if name.endswith(("pitch", "roll", "yaw")) else "mm")


def _format_motor(name: str, positions: MotorPositions, unit: str) -> tuple[str, str, str]:
    value = positions.get(name)
    return (name, MISSING, "") if value is None else (name, f"{0.0 if abs(value) < 0.0005 else value:.3f}", unit)
