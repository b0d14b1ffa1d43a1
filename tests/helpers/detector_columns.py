"""Columns of a run with every detector of the beamline, and what is computed from them."""

from __future__ import annotations

X = [1.0, 2.0, 3.0, 4.0]
DETECTOR_COLUMNS: dict[str, list[float]] = {
    "xafs_x": X,
    "I0": [10.0, 11.0, 12.0, 0.0],
    "It": [5.0, 0.0, -1.0, 3.0],
    "Ir": [2.0, 2.5, 3.0, 1.0],
    "Iy": [0.1, 0.2, 0.3, 0.4],
    "Ita": [1.0, 2.0, 3.0, 4.0],
    "Itb": [4.0, 3.0, 2.0, 1.0],
    "I0a": [5.0, 6.0, 7.0, 8.0],
    "I0b": [5.0, 5.0, 5.0, 5.0],
    "specular": [9.0, 8.0, 7.0, 6.0],
    "diffuse": [1.0, 1.0, 2.0, 2.0],
    "Bicron": [100.0, 200.0, 300.0, 400.0],
    "Pips": [3.0, 4.0, 5.0, 6.0],
    "Diode": [7.0, 6.0, 5.0, 4.0],
    **{f"Fe{n}": [n * 1.0, n * 2.0, n * 3.0, n * 4.0] for n in range(1, 9)},
}
GAP = float("nan")


def divide_by_i0(*keys: str) -> list[float]:
    sums = [sum(values) for values in zip(*(DETECTOR_COLUMNS[key] for key in keys), strict=True)]
    return [s / i0 if i0 else GAP for s, i0 in zip(sums, DETECTOR_COLUMNS["I0"], strict=True)]


FOUR_CHANNELS, SEVEN_CHANNELS = [f"Fe{n}" for n in range(1, 5)], [f"Fe{n}" for n in range(1, 8)]
