"""Canonical names of detectors and modes for the spellings that plans use."""

from __future__ import annotations

from difflib import get_close_matches
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
        "pips": "pips",
        "diode": "diode",
        "mythen": "mythen",
        "mca_full": "mca_full",
        "dir": "dir",
        "refl": "refl",
        "monitor": "monitor bicron apd struck srtuck",
        "test": "test",
    }.items()
    for spelling in spellings.split()
}

MODES = ("transmission", "fluorescence", "xs1", "yield", "pips", "pilatus", "eiger", "dante", "reference", "test")
"""Modes of an XAFS scan; `xs1` is fluorescence of channel 8, `pips` that of a PIPS diode."""

_MODE_RULES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("yield", ("iy",), ("yield",)),
    ("pips", (), ("pips",)),
    ("pilatus", (), ("pil",)),
    ("eiger", (), ("eiger",)),
    ("dante", (), ("dante",)),
    ("xs1", ("xs1",), ()),
    ("fluorescence", ("if",), ("xs", "fluo", "flou", "flour", "both")),
    ("reference", ("ir",), ("ref",)),
    ("transmission", ("it",), ("trans",)),
    ("test", (), ("test",)),
)
"""Mode, texts that are equal to it, and parts of texts that mean it: the first that matches, as plans decide too."""

MAX_MODE_LENGTH = 40
"""Number of characters of a text that are compared with the names of modes."""

MISSPELT_CUTOFF = 0.75
"""Similarity (`difflib`) from which a text is taken for a misspelt mode: `tarnsmission`, `flurescence`."""


class ModeName(str):
    """Canonical name of a mode.

    Attributes
    ----------
    unknown
        Text that was given where it names no mode, None otherwise.
    """

    __slots__ = ("unknown",)
    unknown: str | None

    def __new__(cls, name: str, unknown: str | None = None) -> ModeName:
        """Create the name."""
        made = super().__new__(cls, name)
        made.unknown = unknown
        return made

    def __reduce__(self) -> tuple[type[ModeName], tuple[str, str | None]]:
        """Return how to create the same name again, for other processes."""
        return ModeName, (str(self), self.unknown)

    @property
    def note(self) -> str:
        """Note for figures where the mode was not known, '' otherwise."""
        return "" if self.unknown is None else f"unknown mode {self.unknown[:30]!r}: taken as {self!s}"


def normalize_detector(name: str) -> str:
    """Return the canonical name of a detector's signal; an unknown name is a data key and is returned unchanged.

    `xs1` is fluorescence too, but always of channel 8, whatever `fluo_detector` is.
    """
    return _SPELLINGS.get(name.strip().lower(), name)


def find_mode(text: str) -> str | None:
    """Find the mode that a free text means, one of `MODES`; None where it means none.

    Texts may be joined (`fluo+yield`, `fluorescence + pilatus`) or misspelt.
    """
    given = text.strip().lower()
    for mode, equal, parts in _MODE_RULES:
        if given in equal or any(part in given for part in parts):
            return mode
    near = get_close_matches(given[:MAX_MODE_LENGTH], MODES, 1, MISSPELT_CUTOFF)
    return near[0] if near else None


def normalize_mode(text: str) -> ModeName:
    """Return the mode that a free text means; an unknown one is transmission, with what was given."""
    found = find_mode(text)
    return ModeName(found) if found is not None else ModeName("transmission", text.strip())


@cache
def _load_fluo_detectors() -> dict[str, str]:
    from xafs_workers.settings import Detectors
    from xafs_workers.settings.profiles import build_default_section

    return {name.lower(): name for name in build_default_section("detectors", Detectors).channels}


def normalize_fluo_detector(name: str) -> str:
    """Return the name of a fluorescence detector as in the table of channels; an unknown name unchanged."""
    return _load_fluo_detectors().get(name.strip().lower(), name)
