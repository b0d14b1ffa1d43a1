"""Facts from the positions of the motors: groups for the side bar, crystal, mode of photon delivery, slot, spinner.

The names of the motors and the rules are those of the beamline that this program was made for; where a motor is
missing, nothing is said that depends on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xafs_workers.writers.dossier_content import MotorPositions

MotorNames = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MotorGroup:
    """Motors that belong together: (name, position as text, unit)."""

    title: str
    motors: tuple[tuple[str, str, str], ...]


def _build_names(prefix: str, *names: str) -> MotorNames:
    return tuple((f"{prefix}{name}", name) for name in names)


_SLITS = ("vsize", "vcenter", "hsize", "hcenter", "top", "bottom", "outboard", "inboard")
_MIRROR = ("vertical", "lateral", "pitch", "roll", "yaw", "yu", "ydo", "ydi", "xu", "xd")

_GROUPS: tuple[tuple[str, MotorNames], ...] = (
    (
        "XAFS stages",
        _build_names(
            "xafs_",
            *("x", "y", "pitch", "roll", "wheel", "linxs", "ref", "refx", "refy", "roth", "rots", "garot"),
            *("detx", "dety", "detz"),
        ),
    ),
    ("Instruments", (("dm3_bct", "dm3_bct"),)),
    ("Slits3", _build_names("slits3_", *_SLITS)),
    ("M2", (*_build_names("m2_", *_MIRROR), ("m2_bender", "bender"))),
    ("M3", _build_names("m3_", *_MIRROR)),
    (
        "XAFS table",
        tuple((f"xafs_table_{name}", f"xt_{name}") for name in ("vertical", "pitch", "roll", "yu", "ydo", "ydi")),
    ),
    ("Slits2", _build_names("slits2_", *_SLITS)),
    ("Monochromator", _build_names("dcm_", "x", "pitch", "roll", "bragg", "para", "perp")),
    ("Diagnostics", (("dm3_foils", "dm3_foils"), ("dm2_fs", "dm2_fs"))),
)

_ANGLES = {"xafs_pitch", "xafs_roll", "xafs_wheel", "xafs_ref", "xafs_roth", "xafs_rots", "xafs_garot", "dcm_bragg"}
_MRAD = ("pitch", "roll", "yaw")


def build_motor_groups(positions: MotorPositions) -> tuple[MotorGroup, ...]:
    """Return the motors that have a position, by group; groups without any are left out."""
    made = (
        MotorGroup(_format_title(title, positions), tuple(_list_motors(title, names, positions)))
        for title, names in _GROUPS
    )
    return tuple(group for group in made if group.motors)


def _list_motors(title: str, names: MotorNames, positions: MotorPositions) -> Iterator[tuple[str, str, str]]:
    if title == "Instruments":
        for name, value in (("slot", compute_wheel_slot(positions)), ("spinner", compute_spinner(positions))):
            if value is not None:
                yield name, str(value), ""
    for key, name in names:
        if key in positions:
            value = positions[key]
            yield name, f"{0.0 if abs(value) < 0.0005 else value:.3f}", _find_unit(key)


def _format_title(title: str, positions: MotorPositions) -> str:
    if title != "M3" or "m3_xu" not in positions:
        return title
    return f"M3 ({'Si' if positions['m3_xu'] < 0 else 'Rh/Pt'} stripe)"


def _find_unit(key: str) -> str:
    if key in _ANGLES:
        return "°"
    if key == "m2_bender":
        return "steps"
    return "mrad" if key.endswith(_MRAD) else "mm"


def find_crystal(positions: MotorPositions, *, third_harmonic: bool) -> str:
    """Return the reflection of the monochromator; the Si(311) crystal is in use where `dcm_x` is above 10 mm."""
    if "dcm_x" not in positions and not third_harmonic:
        return ""
    if positions.get("dcm_x", 0.0) > 10:
        return "Si(311)"
    return "Si(333)" if third_harmonic else "Si(111)"


def find_delivery_mode(positions: MotorPositions) -> str:
    """Return the mode of photon delivery, `A` to `F` or `XRD`, from the mirrors' positions; '' where one is missing."""
    needed = ("m2_vertical", "m2_pitch", "m3_vertical", "m3_pitch", "m3_lateral")
    if not all(name in positions for name in needed):
        return ""
    m2_vertical, m2_pitch, m3_vertical, m3_pitch, m3_lateral = (positions[name] for name in needed)
    if m2_vertical < 0:
        if m2_pitch > 3:
            return "XRD"
        return "A" if m3_vertical > -2 else "B" if m3_vertical > -7 else "C"
    if m3_pitch < 3:
        return "F"
    return "D" if m3_lateral > 0 else "E"


def compute_wheel_slot(positions: MotorPositions) -> int | None:
    """Return the slot of the sample wheel that is in the beam, 1 to 24; 15 degrees from one to the next."""
    if "xafs_wheel" not in positions:
        return None
    return round((15 + round(positions["xafs_wheel"])) / -15) % 24 or 24


def compute_spinner(positions: MotorPositions) -> int | None:
    """Return the spinner of the glancing angle stage that is in the beam, 1 to 8; 45 degrees from one to the next."""
    if "xafs_garot" not in positions:
        return None
    return (9 - round((positions["xafs_garot"] % 360) / 45)) % 8 or 8
