"""Values that the reduction's process gets for a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xafs_workers.scans.absorption import Spectrum
from xafs_workers.scans.reduction_requests import ReductionRequest


def build_task_values(request: ReductionRequest) -> Mapping[str, Any]:
    """Build the task values of a request."""
    edge = {"element": request.absorber.element, "edge": request.absorber.edge}
    if request.task == "live":
        (part,) = request.spectra
        before = request.previous_spectrum
        more = {} if before is None else {"before_energy": before.energy, "before_mu": before.mu}
        return {**edge, "energy": part.energy, "mu": part.mu, **more}
    return {**edge, "members": [_build_member(part) for part in request.spectra]}


def _build_member(part: Spectrum) -> Mapping[str, Any]:
    names = ("uid", "number", "energy", "mu", "i0", "dwell", "reference", "planned")
    return {name: getattr(part, name) for name in names}
