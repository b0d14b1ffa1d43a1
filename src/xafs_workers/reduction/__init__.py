"""Spectra reduced: e0, edge step, chi(k), chi(R), merges and their noise, Athena projects. The only door to Larch."""
