"""The XDI metadata that a beamline's start documents carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Proposal:
    """Whose experiment it is."""

    cycle: str = "2026-3"
    session: str = "pass-123456"
    user: str = "simulated user"


@dataclass(frozen=True, slots=True)
class Told:
    """What one scan says of itself."""

    sample: str
    element: str
    edge: str
    edge_energy: float
    reference: str
    mode: str
    filename: str
    detector: str | None


def xdi(
    told: Told, proposal: Proposal, columns: tuple[str, ...], *, index: int, user: dict[str, Any]
) -> dict[str, Any]:
    """Return the XDI metadata of one XAFS scan."""
    gas = "25 cm N2, simulated"
    detector = {"I0": gas, "It": gas, "Ir": gas}
    if told.detector:
        detector |= {"fluorescence": told.detector, "deadtime_correction": "none"}
    return {
        "Beamline": {
            "name": "simulated XAFS beamline",
            "collimation": "none",
            "xray_source": "simulated bending magnet",
            "focusing": "not in use",
            "harmonic_rejection": "none",
            "software": "xafs-workers",
        },
        "Facility": {
            "name": "simulated ring",
            "energy": "3.0",
            "current": "400.0",
            "mode": "top-off",
            "GUP": 123456,
            "SAF": 654321,
            "cycle": proposal.cycle,
        },
        "Element": {
            "edge": told.edge,
            "symbol": told.element,
            "reference": told.element,
            "reference_material": told.reference,
        },
        "Scan": {"edge_energy": told.edge_energy, "experimenters": proposal.user},
        "Mono": {
            "name": "Si(111)",
            "d_spacing": "3.1356",
            "encoder_resolution": 5e-06,
            "angle_offset": 16.0,
            "direction": "forward",
            "scan_type": "step",
            "scan_mode": "pseudo channel cut",
        },
        "Detector": detector,
        "Sample": {"name": told.sample, "prep": "computed", "SDD_position": "120.0", "x": "0.000", "y": "0.000"},
        "Column": {},
        "_mode": [told.mode],
        "_comment": ["computed from scattering paths"],
        "_filename": f"{told.filename}.{index:03d}",
        "_kind": "xafs",
        "_pccenergy": round(told.edge_energy + 300, 1),
        "_snapshots": {},
        "_user": user,
        **({"_dtc": list(columns)} if columns else {}),
    }
