"""Canonical names of detectors and modes for the spellings that plans use."""

from __future__ import annotations

from functools import cache

FLUORESCENCE_SPELLINGS = "if xs xs4 xs7 fluo flou fluor flour fluorescence flourescence both"

_SPELLINGS: dict[str, str] = {
    spelling: canonical
    for canonical, spellings in {
        "fluorescence": FLUORESCENCE_SPELLINGS,
        "xs1": "xs1",
        "transmission": "it trans transmission",
        "reference": "ir ref reference",
        "yield": "iy yield eyield fluo+yield",
        "i0": "i0",
        "ic0": "ic0",
        "ic1": "ic1",
        "pilatus": "pilatus fluo+pilatus",
        "eiger": "eiger",
        "dante": "dante",
        "test": "test",
    }.items()
    for spelling in spellings.split()
}

MODES = ("transmission", "fluorescence", "xs1", "yield", "pilatus", "eiger", "dante", "reference", "test")
"""Modes of an XAFS scan; `xs1` is fluorescence of channel 8."""


def normalize_detector(name: str) -> str:
    """Return the canonical name of a detector's signal; an unknown name is a data key and is returned unchanged.

    `xs1` is fluorescence too, but always of channel 8, whatever `fluo_detector` is.
    """
    return _SPELLINGS.get(name.strip().lower(), name)


def normalize_mode(mode: str) -> str:
    """Return the canonical name of an XAFS mode, one of `MODES`.

    Raises
    ------
    ValueError
        The mode is not known.
    """
    given = mode.strip().lower()
    found = "test" if "test" in given else _SPELLINGS.get(given)
    if found not in MODES:
        raise ValueError(f"one of {', '.join(MODES)}")
    return found


@cache
def _load_fluo_detectors() -> dict[str, str]:
    from xafs_workers.settings import Detectors

    return {name.lower(): name for name in Detectors().channels}


def normalize_fluo_detector(name: str) -> str:
    """Return the name of a fluorescence detector as in the table of channels; an unknown name unchanged."""
    return _load_fluo_detectors().get(name.strip().lower(), name)
