"""The XDI dictionary of metadata: names of defined fields, and the forms of their values.

Dictionary of XAS Data Interchange Metadata, version 1.0 (XDI Working Group): https://github.com/XraySpectroscopy.
Names are compared without case. A value that cannot be brought into the form of its field belongs into a field of the
program's own namespace.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from xafs_workers.elements import find_atomic_number

FAMILIES = ("Beamline", "Detector", "Element", "Facility", "Mono", "Sample", "Scan")
"""Namespaces of the dictionary without `Column`, in the order of our files."""

OWN_NAMESPACE = "XafsWorkers"
"""Extension namespace of this program, after its name in the first line."""

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_QUANTITY = re.compile(rf"({_NUMBER})\s*(?:degrees?|deg\.?|°)?\s*(\S*)\Z")
_FORMULA = re.compile(r"(?:\(*(?:[A-Z][a-z]?\d*\.?\d*\s*)+\)*\d*\.?\d*\s*)+\Z")
_SYMBOL_IN_FORMULA = re.compile(r"[A-Z][a-z]?")
_EDGE = re.compile(r"(K|L[123]?|M[12345]?|N[1-7]?|O[1-7]?)\Z")
_ROMAN_EDGE = re.compile(r"([LMNO])[_\- ]?(IV|V?I{0,3})\Z")
_ROMAN_NUMBERS = {"I": "1", "II": "2", "III": "3", "IV": "4", "V": "5", "VI": "6", "VII": "7"}
_ANGSTROM = frozenset({"", "a", "å", "ang", "angstrom", "angstroms"})


def fit_symbol(text: str) -> str | None:
    """Return the symbol of an element as the dictionary writes it, None for a text that is none."""
    symbol = text.strip().capitalize()
    return symbol if symbol and find_atomic_number(symbol) is not None else None


def fit_edge(text: str) -> str | None:
    """Return an absorption edge with an Arabic number (`L3` for `LIII` and `l3`), None for a text that is none."""
    edge = text.strip().upper()
    roman = _ROMAN_EDGE.match(edge)
    if roman:
        edge = roman[1] + _ROMAN_NUMBERS.get(roman[2], "")
    return edge if _EDGE.match(edge) else None


def fit_spacing(text: str) -> str | None:
    """Return a lattice spacing in Å without its unit, None for a text that is no positive number."""
    found = _QUANTITY.match(text.strip())
    if not found or found[2].lower() not in _ANGSTROM or not 0 < float(found[1]) < float("inf"):
        return None
    return found[1]


def _build_quantity_rule(*units: str, default: str = "") -> Callable[[str], str | None]:
    """Return the rule of a number with one of these units; a bare number gets the default, where there is one."""
    known = {unit.lower(): unit for unit in units}

    def fit(text: str) -> str | None:
        found = _QUANTITY.match(text.strip())
        if not found:
            return None
        unit = known.get(found[2].lower()) if found[2] else default
        return f"{found[1]} {unit}" if unit else None

    return fit


def _fit_ascii(text: str) -> str | None:
    return text if text.isascii() else None


def _fit_formula(text: str) -> str | None:
    """Return a chemical formula as it is, None for another text."""
    symbols = _SYMBOL_IN_FORMULA.findall(text)
    is_formula = text.count("(") == text.count(")") and _FORMULA.match(text)
    return text if is_formula and all(find_atomic_number(one) is not None for one in symbols) else None


def _fit_any(text: str) -> str | None:
    return text


_RULES: Mapping[str, Callable[[str], str | None]] = {
    "Facility.name": _fit_ascii,
    "Facility.energy": _build_quantity_rule("GeV", "MeV", default="GeV"),
    "Facility.current": _build_quantity_rule("mA", "A", default="mA"),
    "Facility.xray_source": _fit_ascii,
    "Beamline.name": _fit_any,
    "Beamline.collimation": _fit_any,
    "Beamline.focusing": _fit_any,
    "Beamline.harmonic_rejection": _fit_any,
    "Mono.name": _fit_any,
    "Mono.d_spacing": fit_spacing,
    "Detector.I0": _fit_any,
    "Detector.It": _fit_any,
    "Detector.If": _fit_any,
    "Detector.Ir": _fit_any,
    "Sample.name": _fit_any,
    "Sample.id": _fit_any,
    "Sample.stoichiometry": _fit_formula,
    "Sample.prep": _fit_any,
    "Sample.experimenters": _fit_any,
    "Sample.temperature": _build_quantity_rule("K", "C"),
    "Scan.edge_energy": _build_quantity_rule("eV", "keV", default="eV"),
    "Element.symbol": fit_symbol,
    "Element.edge": fit_edge,
    "Element.reference": fit_symbol,
    "Element.ref_edge": fit_edge,
    "Beamline.energy": _build_quantity_rule("eV", "keV", default="eV"),
}
"""Rules by field; `Beamline.energy` is ours, not the dictionary's."""

_NAMES = {name.lower(): name for name in _RULES}


def normalize_name(family: str, key: str) -> str:
    """Return `Family.key` as the dictionary writes it, another name with the family as given."""
    name = f"{family}.{key}"
    return _NAMES.get(name.lower(), name)


def fit_field(name: str, value: str) -> tuple[str, str]:
    """Return a field whose value has its form, or a field of the program's own namespace with the value as given."""
    fitted = _RULES.get(name, _fit_any)(value)
    if fitted is not None:
        return name, fitted
    family, _, key = name.partition(".")
    return f"{OWN_NAMESPACE}.{family.lower()}_{key}", value
