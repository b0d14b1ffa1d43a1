"""Results that depend on one repetition alone, stored by its content, so that each is computed once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, TypeVar

import numpy as np

from xafs_workers.reduction.comparison import ComparedCurve
from xafs_workers.reduction.curves import Array, compute_point_noise
from xafs_workers.reduction.findings import AnalysedMember
from xafs_workers.reduction.preparation import Member, PreparedSpectrum, prepare_member
from xafs_workers.reduction.reduce import Edge, NoEdgeError, ReductionError, normalize, remove_background
from xafs_workers.reduction.reference_channel import normalize_reference

T = TypeVar("T")

MAX_ENTRIES = 512
"""Number of stored results: enough for two for each repetition of some long sequences."""

WHITE_LINE_BEFORE, WHITE_LINE_BEYOND = 5.0, 30.0
"""Window about e0 in which the white line is looked for, eV."""


class MemberCache:
    """Cache of what is computed from one repetition; equal repetitions give equal results."""

    def __init__(self) -> None:
        self._entries: OrderedDict[bytes, Any] = OrderedDict()

    def analyse(self, member: Member, edge: Edge) -> AnalysedMember:
        """Prepare and normalise a repetition and its reference sample."""
        arrays = (member.energy, member.mu, member.i0, member.dwell, member.reference)
        return self._remember(
            _hash_content("member", (edge, member.uid, member.number, member.planned), arrays),
            lambda: analyse_member(member, edge),
        )

    def compute_chi(self, spectrum: PreparedSpectrum, edge: Edge, e0: float, end: float | None) -> Array | None:
        """Compute chi(k) of one repetition with a given e0 (eV) and end; None if it has none."""
        key = _hash_content("chi", (edge, e0, end), (spectrum.energy, spectrum.mu))
        return self._remember(key, lambda: _compute_chi(spectrum, edge, e0, end))

    def _remember(self, key: bytes, compute: Callable[[], T]) -> T:
        if key not in self._entries:
            self._entries[key] = compute()
        self._entries.move_to_end(key)
        while len(self._entries) > MAX_ENTRIES:
            self._entries.popitem(last=False)
        return self._entries[key]


def analyse_member(member: Member, edge: Edge) -> AnalysedMember:
    """Prepare and normalise a repetition and its reference sample, whatever is wrong with them."""
    spectrum = prepare_member(member, edge.energy)
    if not len(spectrum.energy):
        return AnalysedMember(spectrum, problem="no usable points", detail="no usable points")
    try:
        group = normalize(spectrum.energy, spectrum.mu, edge)
    except NoEdgeError as problem:
        return AnalysedMember(spectrum, problem="no edge", detail=str(problem))
    except ReductionError as problem:
        return AnalysedMember(spectrum, problem=str(problem), detail=str(problem))
    curve = ComparedCurve(spectrum.energy, spectrum.mu, group.norm, group.e0, group.edge_step)
    distance = spectrum.energy - group.e0
    white = group.norm[(distance > -WHITE_LINE_BEFORE) & (distance < WHITE_LINE_BEYOND)]
    return AnalysedMember(
        spectrum,
        curve,
        step_ratio=group.step_ratio,
        noise=compute_point_noise(spectrum.energy, spectrum.mu) / group.edge_step,
        white_line=float(white.max()) if len(white) else float("nan"),
        reference=normalize_reference(spectrum),
    )


def _compute_chi(spectrum: PreparedSpectrum, edge: Edge, e0: float, end: float | None) -> Array | None:
    try:
        group = normalize(spectrum.energy, spectrum.mu, edge, e0)
        last = float(spectrum.energy[-1])
        return remove_background(group, edge, last if end is None else min(end, last)).chi
    except ReductionError:
        return None


def _hash_content(kind: str, values: object, arrays: tuple[Array | None, ...]) -> bytes:
    """Compute a key that identifies values and the content of arrays."""
    digest = blake2b(repr((kind, values, [None if one is None else one.shape for one in arrays])).encode())
    for one in arrays:
        if one is not None:
            digest.update(np.ascontiguousarray(one, float).tobytes())
    return digest.digest()
