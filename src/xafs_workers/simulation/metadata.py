"""Metadata of the start documents: the XDI families and the parameters that a user writes."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from xafs_workers.simulation.axes import ENCODER_RESOLUTION
from xafs_workers.simulation.beam import SI111
from xafs_workers.simulation.samples import REFERENCES, Sample

MODES = ("transmission", "fluorescence", "yield", "reference", "test")

_GAS = "25 cm N2, simulated"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Proposal of an experiment: cycle, data session, principal investigator, and numbers."""

    cycle: str = "2026-3"
    session: str = "pass-123456"
    user: str = "simulated user"
    gup: int = 123456
    saf: int = 654321

    def as_dict(self) -> dict[str, str]:
        """Return the proposal in the form that start documents hold."""
        return {"proposal_id": str(self.gup), "title": "simulated", "type": "GU", "pi_name": self.user}

    def build_facility(self) -> dict[str, int]:
        """Build the proposal numbers that every XDI metadata holds."""
        return {"GUP": self.gup, "SAF": self.saf}


@dataclass(frozen=True, slots=True)
class XafsParameters:
    """Parameters of an XAFS sequence, as a user writes them into an INI file (see `grid.build_energy_grid`)."""

    filename: str
    mode: str = "transmission"
    repetitions: int = 3
    bounds: str = "-200 -30 -10 25 12k"
    steps: str = "10 2 0.5 0.05k"
    times: str = "0.5 0.5 0.5 0.25k"
    comment: str = "computed from scattering paths"

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"unknown mode {self.mode!r} (expected one of {', '.join(MODES)})")
        if self.repetitions < 1:
            raise ValueError(f"{self.repetitions} repetitions (expected at least 1)")


@dataclass(frozen=True, slots=True)
class MountedSample:
    """Sample in the beam, with its position and the detectors that measure it.

    Attributes
    ----------
    edge_energy
        Tabulated energy of the sample's edge, eV.
    position
        Position (x, y) of the sample stage, mm.
    detector, columns
        Name and data keys of the fluorescence detector; None and empty without one.
    electron_yield
        Whether the electron yield is read.
    """

    sample: Sample
    edge_energy: float
    position: tuple[float, float]
    detector: str | None = None
    columns: tuple[str, ...] = ()
    electron_yield: bool = False

    @property
    def reference_material(self) -> str:
        """Name of the reference foil."""
        return REFERENCES[self.sample.reference].name


def build_xdi(parameters: XafsParameters, mounted: MountedSample, proposal: Proposal, count: int) -> dict[str, Any]:
    """Build the XDI metadata of one repetition, counted from 1."""
    sample = mounted.sample
    return {
        "Beamline": _build_beamline_family(),
        "Facility": _build_facility_family(proposal),
        "Element": {
            "edge": sample.edge,
            "symbol": sample.element,
            "reference": REFERENCES[sample.reference].element,
            "reference_material": mounted.reference_material,
        },
        "Scan": {"edge_energy": mounted.edge_energy, "experimenters": proposal.user},
        "Mono": _build_mono_family(),
        "Detector": _build_detector_family(mounted),
        "Sample": _build_sample_family(mounted),
        "Column": {},
        "_mode": [parameters.mode],
        "_comment": [parameters.comment],
        "_filename": f"{parameters.filename}.{count:03d}",
        "_kind": "xafs",
        "_pccenergy": _compute_pseudo_channel_cut(mounted),
        "_snapshots": {},
        "_user": _build_user_parameters(parameters, mounted, proposal),
        "_dtc": list_roi_columns(mounted),
    }


def build_short_xdi(mounted: MountedSample, proposal: Proposal, more: Mapping[str, Any]) -> dict[str, Any]:
    """Build the XDI metadata of a measurement that is not an XAFS scan, merged with more metadata of its plan."""
    sample = mounted.sample
    about = {
        "Beamline": _build_beamline_family(),
        "Facility": _build_facility_family(proposal),
        "Element": {"edge": sample.edge, "symbol": sample.element},
        "Mono": _build_mono_family(),
        "Detector": _build_detector_family(mounted),
        "Sample": _build_sample_family(mounted),
        "_dtc": list_roi_columns(mounted),
        "_comment": ["simulated"],
    }
    return {**about, **{key: {**about[key], **value} if key in about else value for key, value in more.items()}}


def list_roi_columns(mounted: MountedSample) -> list[str]:
    """List the columns of the fluorescence detector; without one, those of seven channels, as the real plan does."""
    return list(mounted.columns) or [f"{mounted.sample.element}{channel}" for channel in range(1, 8)]


def _build_beamline_family() -> dict[str, str]:
    from bluesky import __version__ as bluesky_version
    from ophyd import __version__ as ophyd_version

    software = f"Bluesky {bluesky_version}, Ophyd {ophyd_version}, Python {platform.python_version()}, xafs-workers"
    return {
        "name": "simulated XAFS beamline",
        "collimation": "none",
        "xray_source": "simulated bending magnet",
        "focusing": "not in use",
        "harmonic_rejection": "none",
        "software": software,
    }


def _build_facility_family(proposal: Proposal) -> dict[str, Any]:
    about = {"name": "simulated ring", "energy": "3.0", "current": "400.0", "mode": "top-off"}
    return {**about, **proposal.build_facility(), "cycle": proposal.cycle}


def _build_mono_family() -> dict[str, Any]:
    return {
        "name": "Si(111)",
        "d_spacing": f"{SI111:.7f}",
        "encoder_resolution": ENCODER_RESOLUTION,
        "angle_offset": 0.0,
        "direction": "forward",
        "scan_type": "step",
        "scan_mode": "pseudo channel cut",
    }


def _build_detector_family(mounted: MountedSample) -> dict[str, str]:
    about = {"I0": _GAS, "It": _GAS, "Ir": _GAS}
    if mounted.detector:
        about |= {"fluorescence": f"simulated {mounted.detector}", "deadtime_correction": "none needed"}
    if mounted.electron_yield:
        about["yield"] = "simulated electron yield"
    return about


def _build_sample_family(mounted: MountedSample) -> dict[str, Any]:
    sample, (x, y) = mounted.sample, mounted.position
    prep = "pure" if sample.concentration == 1 else f"{sample.concentration:.0%} by weight in boron nitride"
    about = {"name": sample.name, "prep": prep, "stoichiometry": sample.formula, "SDD_position": "120.0"}
    return {**about, "x": f"{x:.3f}", "y": f"{y:.3f}", "wheel_slot": 1, "wheel_ring": "outer"}


def _compute_pseudo_channel_cut(mounted: MountedSample) -> float:
    return round(mounted.edge_energy + 300.0, 1)


def _build_user_parameters(parameters: XafsParameters, mounted: MountedSample, proposal: Proposal) -> dict[str, Any]:
    """Build all parameters of the INI file, with those that the real plan adds."""
    given = _build_ini_parameters(parameters, mounted)
    return {
        **given,
        "bounds_given": [float(w) if not w.endswith("k") else w for w in parameters.bounds.split()],
        "folder": f"{proposal.cycle}/{proposal.session}",
        **dict.fromkeys(("url", "doi", "cif"), "..."),
        "end": parameters.repetitions,
        **{"npoints": 0, "e0": mounted.edge_energy, "energy": 0.0, "inttime": 1.0, "dwell": 1.0, "delay": 0.1},
        **{"htmlpage": True, "lims": True, "channelcut": True, "shutter": True},
        **dict.fromkeys(("snapshots", "bothways", "usbstick", "rockingcurve", "ththth"), False),
        "pccenergy": _compute_pseudo_channel_cut(mounted),
        "startdate": datetime.now(UTC).date().isoformat(),
        "initext": "[scan]\n" + "".join(f"{key} = {value}\n" for key, value in given.items()),
        "clargs": "{}",
        "instrument": "",
        "experimenters": proposal.user,
    }


def _build_ini_parameters(parameters: XafsParameters, mounted: MountedSample) -> dict[str, Any]:
    sample = mounted.sample
    return {
        "filename": parameters.filename,
        "element": sample.element,
        "edge": sample.edge,
        "sample": sample.name,
        "prep": _build_sample_family(mounted)["prep"],
        "comment": parameters.comment,
        "nscans": parameters.repetitions,
        "start": 1,
        "mode": parameters.mode,
        "bounds": parameters.bounds,
        "steps": parameters.steps,
        "times": parameters.times,
    }
