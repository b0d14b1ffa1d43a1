"""Samples and reference foils of the simulated beamline: composition, edge and neighbouring atoms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from types import MappingProxyType

from xafs_workers.simulation.paths import ScatteringPath

# Distance in lattice constants (hcp: in nearest-neighbour distances, ideal c/a) and number of neighbours, by shell.
_BCC = ((sqrt(3) / 2, 8), (1.0, 6), (sqrt(2), 12), (sqrt(11) / 2, 24), (sqrt(3), 8))
_FCC = ((sqrt(0.5), 12), (1.0, 6), (sqrt(1.5), 24), (sqrt(2), 12), (sqrt(2.5), 24))
_HCP = ((1.0, 12), (sqrt(2), 6), (sqrt(8 / 3), 2), (sqrt(3), 18), (sqrt(11 / 3), 12), (2.0, 6))


@dataclass(frozen=True, slots=True)
class Sample:
    """Sample with the properties that determine its absorption spectrum.

    Parameters
    ----------
    name
        Name that users give the sample.
    element, edge
        Symbol of the absorber and its edge, `K` or `L3`.
    formula
        Chemical formula of the compound, absorber included.
    edge_step
        Height of the absorber's edge in mu t, dimensionless; it determines the thickness.
    paths
        Scattering paths to the absorber's neighbours.
    reference
        Name of the reference foil (a key of `REFERENCES`) behind the ion chamber It.
    concentration
        Mass fraction of the compound; the rest is boron nitride.
    edge_shift
        Shift of the edge against its tabulated energy (oxidation state), eV.
    white_line
        Height of the white line, in edge steps.
    """

    name: str
    element: str
    edge: str
    formula: str
    edge_step: float
    paths: tuple[ScatteringPath, ...]
    reference: str
    concentration: float = 1.0
    edge_shift: float = 0.0
    white_line: float = 0.0

    def __post_init__(self) -> None:
        if self.edge_step <= 0:
            raise ValueError(f"{self.name}: edge_step {self.edge_step} is not positive (expected more than 0)")
        if not 0 < self.concentration <= 1:
            raise ValueError(
                f"{self.name}: concentration {self.concentration} is out of range (expected more than 0, at most 1)"
            )


def _build_shells(
    element: str, shells: tuple[tuple[float, int], ...], unit: float, *, sigma2: float, far: float = 1.5
) -> tuple[ScatteringPath, ...]:
    """Build the shells of an elemental metal; beyond the first, sigma2 is `far` times as large."""
    # The motion of an atom and a more distant neighbour is less correlated.
    return tuple(
        ScatteringPath(ratio * unit, number, sigma2 if index == 0 else far * sigma2, element)
        for index, (ratio, number) in enumerate(shells)
    )


def _build_foil(
    element: str, paths: tuple[ScatteringPath, ...], *, edge: str = "K", step: float = 1.0, white: float = 0.0
) -> Sample:
    return Sample(f"{element} foil", element, edge, element, step, paths, element, white_line=white)


# Lattice constants at room temperature. alpha-Mn has 29 atoms of four kinds in its cell: one broad first shell
# replaces their neighbours. Zn is hcp with c/a = 1.86, which splits the first shell.
REFERENCES: Mapping[str, Sample] = MappingProxyType(
    {
        "Cr": _build_foil("Cr", _build_shells("Cr", _BCC, 2.885, sigma2=0.0045), step=1.2),
        "Mn": _build_foil(
            "Mn", (ScatteringPath(2.62, 12, 0.018, "Mn"), ScatteringPath(4.4, 20, 0.030, "Mn")), step=1.1
        ),
        "Fe": _build_foil("Fe", _build_shells("Fe", _BCC, 2.866, sigma2=0.0050), step=1.3),
        "Co": _build_foil("Co", _build_shells("Co", _HCP, 2.507, sigma2=0.0062)),
        "Ni": _build_foil("Ni", _build_shells("Ni", _FCC, 3.524, sigma2=0.0063), step=1.5),
        "Cu": _build_foil("Cu", _build_shells("Cu", _FCC, 3.615, sigma2=0.0084), step=1.6),
        "Zn": _build_foil(
            "Zn",
            (
                ScatteringPath(2.665, 6, 0.012, "Zn"),
                ScatteringPath(2.913, 6, 0.018, "Zn"),
                ScatteringPath(3.949, 6, 0.022, "Zn"),
                ScatteringPath(4.616, 6, 0.022, "Zn"),
            ),
            step=1.2,
        ),
        "Pt": _build_foil("Pt", _build_shells("Pt", _FCC, 3.924, sigma2=0.0048), edge="L3", white=0.35),
    }
)

_NIO = (
    ScatteringPath(2.089, 6, 0.0060, "O"),
    ScatteringPath(2.954, 12, 0.0062, "Ni"),
    ScatteringPath(3.618, 8, 0.0090, "O"),
    ScatteringPath(4.177, 6, 0.0085, "Ni"),
    ScatteringPath(5.116, 24, 0.0095, "Ni"),
)
_FE2O3 = (
    ScatteringPath(1.945, 3, 0.0050, "O"),
    ScatteringPath(2.116, 3, 0.0070, "O"),
    ScatteringPath(2.900, 1, 0.0050, "Fe"),
    ScatteringPath(2.971, 3, 0.0055, "Fe"),
    ScatteringPath(3.364, 3, 0.0060, "Fe"),
    ScatteringPath(3.705, 6, 0.0070, "Fe"),
)
_CR2O3 = (
    ScatteringPath(1.962, 3, 0.0035, "O"),
    ScatteringPath(2.009, 3, 0.0040, "O"),
    ScatteringPath(2.650, 1, 0.0040, "Cr"),
    ScatteringPath(2.890, 3, 0.0045, "Cr"),
    ScatteringPath(3.426, 3, 0.0055, "Cr"),
    ScatteringPath(3.652, 6, 0.0060, "Cr"),
)
_COBALT_IN_HAUSMANNITE = (
    ScatteringPath(1.930, 6, 0.0055, "O"),
    ScatteringPath(2.880, 6, 0.0070, "Mn"),
    ScatteringPath(3.390, 6, 0.0085, "Mn"),
    ScatteringPath(5.020, 8, 0.0110, "Mn"),
)

SAMPLES: Mapping[str, Sample] = MappingProxyType(
    {
        sample.name: sample
        for sample in (
            *REFERENCES.values(),
            Sample("NiO", "Ni", "K", "NiO", 1.0, _NIO, "Ni", edge_shift=3.5, white_line=0.75),
            Sample("Fe2O3", "Fe", "K", "Fe2O3", 0.9, _FE2O3, "Fe", edge_shift=4.5, white_line=0.50),
            Sample("Cr2O3", "Cr", "K", "Cr2O3", 0.8, _CR2O3, "Cr", 0.15, edge_shift=4.8, white_line=0.45),
            Sample(
                "Mn2.9Co0.1O4",
                "Co",
                "K",
                "Mn2.9Co0.1O4",
                0.08,
                _COBALT_IN_HAUSMANNITE,
                "Co",
                edge_shift=4.0,
                white_line=0.60,
            ),
        )
    }
)
