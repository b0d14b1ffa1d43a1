"""Merges made one repetition at a time: what a request asks for, in the terms of the reduction's process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xafs_workers.reduction.merge import Merge, NoOverlap, sort_spectrum
from xafs_workers.scans.absorption import Absorber, Spectrum
from xafs_workers.scans.reduction_requests import ReductionRequest

MAX_RUNNING_MERGES = 16
"""Sequences whose running merge is kept; a forgotten one is made again from scratch."""

SpectrumKey = tuple[str, int, Absorber]
"""Names the content of a spectrum."""


@dataclass(frozen=True, slots=True)
class _RunningMerge:
    members: tuple[SpectrumKey, ...]
    merge: Merge
    left_out: tuple[str, ...] = ()

    def add_spectrum(self, member: SpectrumKey, spectrum: Spectrum) -> _RunningMerge:
        members = (*self.members, member)
        try:
            return _RunningMerge(members, self.merge.add_spectrum(*_prepare_spectrum(spectrum)), self.left_out)
        except NoOverlap as problem:
            return _RunningMerge(members, self.merge, (*self.left_out, f"{spectrum.label}: {problem}"))


class RunningMerges:
    """The newest merge of each sequence, so that the next repetition costs no more than the second did."""

    def __init__(self) -> None:
        self._newest: OrderedDict[str, _RunningMerge] = OrderedDict()

    def build_task_values(self, request: ReductionRequest) -> Mapping[str, Any]:
        """Return a request as the reduction's process understands it; constant in size."""
        edge = {"element": request.absorber.element, "edge": request.absorber.edge}
        if request.task == "live":
            (part,) = request.spectra
            before = request.previous_spectrum
            more = {} if before is None else {"before_energy": before.energy, "before_mu": before.mu}
            return {**edge, "energy": part.energy, "mu": part.mu, **more}
        running = self._merge(request)
        merge = running.merge
        return {
            **edge,
            "energy": merge.energy,
            "mu": merge.mu,
            "members": merge.members,
            "left_out": list(running.left_out),
        }

    def _merge(self, request: ReductionRequest) -> _RunningMerge:
        members = tuple((part.uid, part.generation, request.absorber) for part in request.spectra)
        running = self._newest.get(request.scan_id)
        if running is None or members[: len(running.members)] != running.members:
            running = _RunningMerge(members[:1], Merge.from_spectrum(*_prepare_spectrum(request.spectra[0])))
        done = len(running.members)
        for member, part in zip(members[done:], request.spectra[done:], strict=True):
            running = running.add_spectrum(member, part)
        if len(request.spectra) > 1 or request.scan_id not in self._newest:
            self._remember(request.scan_id, running)
        return running

    def _remember(self, scan: str, running: _RunningMerge) -> None:
        self._newest[scan] = running
        self._newest.move_to_end(scan)
        while len(self._newest) > MAX_RUNNING_MERGES:
            self._newest.popitem(last=False)


def _prepare_spectrum(spectrum: Spectrum) -> tuple[Any, Any]:
    energy, mu = sort_spectrum(spectrum.energy, spectrum.mu)
    if not len(energy):
        raise NoOverlap("it has no usable points")
    return energy, mu
