"""Merges of whole lists of spectra, for comparison with running merges."""

from __future__ import annotations

from collections.abc import Iterable

from xafs_workers.reduction.merge import Curve, Merge, sort_spectrum


def merge_spectra(spectra: Iterable[Curve]) -> Merge:
    """Merge spectra as measured, one after the other."""
    first, *others = (sort_spectrum(energy, mu) for energy, mu in spectra)
    merge = Merge.from_spectrum(*first)
    for spectrum in others:
        merge = merge.add_spectrum(*spectrum)
    return merge
