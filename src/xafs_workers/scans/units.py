"""Units of columns: what kind of quantity a text names, and its factor.

The texts of data keys are free. Those that beamlines use are in a table; all others are read by pint, whose registry is
built when the first such text is read. pint alone would read `cts` as carats and `C` as coulombs of counts.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, NamedTuple, cast

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.metadata import as_mapping, as_text
from xafs_workers.scans.runs import Run

Kind = Literal[
    "energy", "angle", "length", "time", "current", "charge", "rate", "count", "voltage", "none", "other", "unknown"
]


class Unit(NamedTuple):
    """A unit as it was given.

    Attributes
    ----------
    text
        For labels.
    kind
        Kind of quantity; ``none`` for a number without a unit, ``unknown`` where the text has no known meaning.
    factor
        Factor to the unit of its kind in `KIND_UNITS`; 1 for other kinds.
    """

    text: str
    kind: Kind
    factor: float = 1.0


KIND_UNITS: dict[Kind, str] = {
    "energy": "eV",
    "angle": "rad",
    "length": "angstrom",
    "time": "s",
    "current": "nA",
    "charge": "nA * s",
    "rate": "1/s",
    "voltage": "V",
}
"""Unit to which factors convert, in pint's notation."""

COLLECTED: frozenset[Kind] = frozenset({"charge", "count"})
"""Kinds that grow with the dwell time."""

PER_TIME: frozenset[Kind] = frozenset({"current", "rate"})
"""Kinds that do not."""

_FAMILIES: dict[Kind, str] = {"charge": "electric", "current": "electric", "count": "counted", "rate": "counted"}

_SHOWN = {"uA": "µA", "um": "µm"}
"""Units as axes show them, where files keep to ASCII."""

UNKNOWN = Unit("", "unknown")

_COUNTS = Unit("counts", "count")
_RATE = Unit("counts/s", "rate")
_NONE = Unit("", "none")
_DEGREE = 0.017453292519943295

_TABLE: dict[str, Unit] = {
    "": UNKNOWN,
    **dict.fromkeys(("ct", "cts", "count", "counts"), _COUNTS),
    **dict.fromkeys(("s⁻", "s⁻¹", "s-1", "s^-1", "1/s", "cps", "cts/s", "count/s", "counts/s", "hz"), _RATE),
    **dict.fromkeys(("none", "arb", "arb.", "a.u.", "arb. units", "arb units", "dimensionless", "1"), _NONE),
    **dict.fromkeys(("å", "angstrom", "angstroms"), Unit("Å", "length")),
    **dict.fromkeys(("deg", "degree", "degrees", "°"), Unit("deg", "angle", _DEGREE)),
    **dict.fromkeys(("rad", "radian", "radians"), Unit("rad", "angle")),
    **dict.fromkeys(("s", "sec", "second", "seconds"), Unit("s", "time")),
    "ev": Unit("eV", "energy"),
    "kev": Unit("keV", "energy", 1000.0),
    "mrad": Unit("mrad", "angle", 1e-3),
    "nm": Unit("nm", "length", 10.0),
    "um": Unit("um", "length", 1e4),
    "mm": Unit("mm", "length", 1e7),
    "ms": Unit("ms", "time", 1e-3),
    "na": Unit("nA", "current"),
    "ua": Unit("uA", "current", 1e3),
    "na·s": Unit("nA·s", "charge"),
    "na*s": Unit("nA·s", "charge"),
    "na s": Unit("nA·s", "charge"),
}
"""Units by their text in small letters."""

_CASED = {"mA": Unit("mA", "current", 1e6), "pA": Unit("pA", "current", 1e-3), "A": Unit("A", "current", 1e9)}
"""Units whose capital letters decide."""


def find_unit(run: Run | None, config: BoardConfig, key: str) -> Unit:
    """Find the unit of a data key of a run: of the setting `columns.units`, else of the descriptor."""
    given = config.columns.units.get(key)
    if given is None and run is not None:
        given = as_text(as_mapping(run.data_keys.get(key)).get("units"))
    return read_unit(given or "")


def find_current_unit(run: Run | None, config: BoardConfig, key: str) -> str:
    """Find the unit of what `spectra.compute_current` returns; '' if it is not known."""
    unit = find_unit(run, config, key)
    return {"charge": "nA", "count": "counts/s"}.get(unit.kind, unit.text)


def find_ratio_factor(above: Unit, below: Unit) -> float:
    """Find the factor that brings a dividend to the divisor's unit, 1 where they measure different things."""
    family = _FAMILIES.get(above.kind)
    return above.factor / below.factor if family is not None and family == _FAMILIES.get(below.kind) else 1.0


def format_with_unit(name: str, unit: str) -> str:
    """Format the label of an axis: a name, with its unit if that is known."""
    return f"{name} ({_SHOWN.get(unit, unit)})" if unit else name


@cache
def read_unit(text: str) -> Unit:
    """Read the text of a unit; whatever cannot be read is of the kind ``unknown``, with its text."""
    stripped = text.strip()
    known = _CASED.get(stripped) or _TABLE.get(stripped.lower())
    return known or _parse_by_pint(stripped)


@cache
def _build_registry() -> Any:
    """Build pint's registry, 0.2 s."""
    import pint

    return cast(Any, pint).UnitRegistry()


def _parse_by_pint(text: str) -> Unit:
    try:
        parsed = _build_registry().parse_units(text)
        kind = _classify(parsed)
        base = KIND_UNITS.get(kind)
        factor = 1.0 if base is None else float((1.0 * parsed).to(base).magnitude)
    except Exception:  # noqa: BLE001 - pint raises errors of all kinds, AssertionError and TypeError among them
        return Unit(text, "unknown")
    return Unit(text, kind, factor)


def _classify(parsed: Any) -> Kind:
    """Find the kind of a unit that pint has parsed: there, counts and angles have no dimension."""
    if not parsed.dimensionless:
        for kind, base in KIND_UNITS.items():
            if parsed.is_compatible_with(base):
                return kind
        return "other"
    names = str(parsed)
    if "count" in names:
        return "count"
    return "angle" if any(name in names for name in ("radian", "degree", "arc", "turn")) else "none"
