"""Axes of the simulated beamline: names, units and initial positions. Moving one axis moves no other."""

from __future__ import annotations

from collections.abc import Mapping
from math import asin, degrees, radians, sin
from types import MappingProxyType

from xafs_workers.simulation.beam import HC, SI111
from xafs_workers.simulation.devices import Axis

PEAK_PITCH = 2.5
"""Pitch of the second crystal at the maximum of its rocking curve, mrad."""

ENCODER_RESOLUTION = 5e-6
"""Resolution of the Bragg axis, degrees."""

_MOTORS = {
    "mm": {
        "xafs_x": 12.3,
        "xafs_y": 118.9,
        "xafs_detx": 205.0,
        "xafs_dety": 0.0,
        "xafs_detz": 0.0,
        "xafs_refx": -80.0,
        "xafs_refy": -17.0,
        "dm3_bct": 43.0,
        "dm3_foils": -2.5,
        "dm2_fs": 34.0,
        "dcm_x": 0.3,
        "slits3_top": 0.5,
        "slits3_bottom": -0.5,
        "slits3_outboard": 2.5,
        "slits3_inboard": -2.5,
        "slits2_top": 1.5,
        "slits2_bottom": 0.5,
        "slits2_outboard": 10.0,
        "slits2_inboard": -8.0,
        "m2_yu": 6.0,
        "m2_ydo": 6.0,
        "m2_ydi": 6.0,
        "m2_xu": 0.1,
        "m2_xd": 0.3,
        "m3_yu": -1.2,
        "m3_ydo": 1.2,
        "m3_ydi": 1.2,
        "m3_xu": 8.0,
        "m3_xd": 8.0,
        "xafs_table_yu": 126.0,
        "xafs_table_ydo": 133.0,
        "xafs_table_ydi": 133.0,
    },
    "deg": {
        "xafs_pitch": 2.4,
        "xafs_roll": 0.2,
        "xafs_wheel": 135.0,
        "xafs_rots": 0.0,
        "xafs_garot": 0.0,
        "xafs_ref": -135.0,
    },
    "mrad": {"dcm_pitch": PEAK_PITCH, "dcm_roll": -6.3},
    "steps": {"m2_bender": 107000.0},
}

_PSEUDO_MOTORS = {
    "mm": {
        "slits3_vsize": 1.0,
        "slits3_vcenter": 0.0,
        "slits3_hsize": 5.0,
        "slits3_hcenter": 0.0,
        "slits2_vsize": 1.0,
        "slits2_vcenter": 1.0,
        "slits2_hsize": 18.0,
        "slits2_hcenter": 1.0,
        "m2_vertical": 6.0,
        "m2_lateral": 0.2,
        "m3_vertical": 0.0,
        "m3_lateral": 8.0,
        "xafs_table_vertical": 129.5,
    },
    "mrad": {
        "m2_pitch": 0.0,
        "m2_roll": 0.0,
        "m2_yaw": 0.2,
        "m3_pitch": 3.5,
        "m3_roll": 0.0,
        "m3_yaw": 0.0,
        "xafs_table_pitch": 6.1,
        "xafs_table_roll": 0.0,
    },
}

BASELINE = tuple(name for kind in (_MOTORS, _PSEUDO_MOTORS) for group in kind.values() for name in group)
"""Names of the axes that are read at begin and end of each run (baseline stream); the energy is not one of them."""


def compute_encoder_energy(energy: float) -> float:
    """Compute the energy, eV, that the encoder of a Si(111) monochromator reads back for a requested energy, eV."""
    angle = degrees(asin(HC / (2.0 * SI111 * energy)))
    return round(HC / (2.0 * SI111 * sin(radians(round(angle / ENCODER_RESOLUTION) * ENCODER_RESOLUTION))), 5)


def build_axes(energy: float) -> Mapping[str, Axis]:
    """Build all axes, by name, with the monochromator at the given energy, eV."""
    axes = [
        Axis(
            name="dcm_energy",
            unit="eV",
            value=energy,
            setpoint="dcm_energy_setpoint",
            to_readback=compute_encoder_energy,
        ),
        Axis(name="dwti_dwell_time", unit="s", value=0.5, setpoint="dwti_dwell_time_setpoint"),
    ]
    for kind, ending in ((_MOTORS, "user_setpoint"), (_PSEUDO_MOTORS, "setpoint")):
        for unit, group in kind.items():
            axes += [Axis(name=n, unit=unit, value=v, setpoint=f"{n}_{ending}") for n, v in group.items()]
    return MappingProxyType({axis.name: axis for axis in axes})
