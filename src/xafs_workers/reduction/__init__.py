"""Reduction of spectra with Larch: e0, edge step, chi(k), chi(R), merges, noise and Athena projects."""
