"""Running merges of sequences, and the task values that the reduction's process gets for a request."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xafs_workers.reduction.merge import Merge, NoOverlap, sort_spectrum
from xafs_workers.scans.absorption import Absorber, Spectrum
from xafs_workers.scans.reduction_requests import ReductionRequest

MAX_RUNNING_MERGES = 16
"""Number of sequences whose running merge is stored; a dropped one is computed again from all spectra."""

SpectrumKey = tuple[str, int, Absorber]
"""Identity of a spectrum's content: uid, generation and absorber."""


@dataclass(frozen=True, slots=True)
class _RunningMerge:
    members: tuple[SpectrumKey, ...]
    merge: Merge
    left_out: tuple[str, ...] = ()

    def add_spectrum(self, member: SpectrumKey, spectrum: Spectrum) -> _RunningMerge:
        members = (*self.members, member)
        try:
            merge = self.merge.add_spectrum(*sort_spectrum(spectrum.energy, spectrum.mu))
        except NoOverlap as problem:
            return _RunningMerge(members, self.merge, (*self.left_out, f"{spectrum.label}: {problem}"))
        return _RunningMerge(members, merge, self.left_out)


class RunningMerges:
    """Newest merge of each sequence, so that every repetition costs the same."""

    def __init__(self) -> None:
        self._newest: OrderedDict[str, _RunningMerge] = OrderedDict()

    def build_task_values(self, request: ReductionRequest) -> Mapping[str, Any]:
        """Build the task values of a request; their size does not depend on the number of repetitions."""
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
            first = request.spectra[0]
            running = _RunningMerge(members[:1], Merge.from_spectrum(*sort_spectrum(first.energy, first.mu)))
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
