"""Merges made one repetition at a time: what a request asks for, in the terms of the reduction's process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xafs_workers.reduction.merge import Merge, NoOverlap, ordered
from xafs_workers.scans.absorption import Absorber, Spectrum
from xafs_workers.scans.reduction_requests import Request

REMEMBERED = 16
"""Sequences whose running merge is kept; a forgotten one is made again from scratch."""

Member = tuple[str, int, Absorber]
"""Names the content of a spectrum."""


@dataclass(frozen=True, slots=True)
class _Running:
    members: tuple[Member, ...]
    merge: Merge
    left_out: tuple[str, ...] = ()

    def with_spectrum(self, member: Member, spectrum: Spectrum) -> _Running:
        members = (*self.members, member)
        try:
            return _Running(members, self.merge.with_spectrum(*_usable(spectrum)), self.left_out)
        except NoOverlap as problem:
            return _Running(members, self.merge, (*self.left_out, f"{spectrum.label}: {problem}"))


class RunningMerges:
    """The newest merge of each sequence, so that the next repetition costs no more than the second did."""

    def __init__(self) -> None:
        self._newest: OrderedDict[str, _Running] = OrderedDict()

    def asked(self, request: Request) -> Mapping[str, Any]:
        """Return a request as the reduction's process understands it; constant in size."""
        edge = {"element": request.absorber.element, "edge": request.absorber.edge}
        if request.task == "live":
            (part,) = request.parts
            before = request.before
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

    def _merge(self, request: Request) -> _Running:
        members = tuple((part.uid, part.generation, request.absorber) for part in request.parts)
        running = self._newest.get(request.scan)
        if running is None or members[: len(running.members)] != running.members:
            running = _Running(members[:1], Merge.of(*_usable(request.parts[0])))
        done = len(running.members)
        for member, part in zip(members[done:], request.parts[done:], strict=True):
            running = running.with_spectrum(member, part)
        if len(request.parts) > 1 or request.scan not in self._newest:
            self._remember(request.scan, running)
        return running

    def _remember(self, scan: str, running: _Running) -> None:
        self._newest[scan] = running
        self._newest.move_to_end(scan)
        while len(self._newest) > REMEMBERED:
            self._newest.popitem(last=False)


def _usable(spectrum: Spectrum) -> tuple[Any, Any]:
    energy, mu = ordered(spectrum.energy, spectrum.mu)
    if not len(energy):
        raise NoOverlap("it has no usable points")
    return energy, mu
