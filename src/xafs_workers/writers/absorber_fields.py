"""The header fields that XDI requires: the absorber, its edge, and the crystal."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.d_spacing import find_d_spacing
from xafs_workers.scans.energy_axis import find_energy_axis
from xafs_workers.scans.measured_d_spacing import measure_d_spacing
from xafs_workers.scans.metadata import as_mapping
from xafs_workers.scans.named_edge import find_named_edge
from xafs_workers.scans.runs import Run
from xafs_workers.writers import text_format
from xafs_workers.writers.headers import HeaderFields, build_remark, list_document_fields
from xafs_workers.writers.xdi_dictionary import fit_edge, fit_spacing, fit_symbol

_RULES: dict[str, tuple[Callable[[str], str | None], str]] = {
    "Element.symbol": (fit_symbol, "the symbol of an element"),
    "Element.edge": (fit_edge, "an edge, such as K or L3"),
    "Mono.d_spacing": (fit_spacing, "a number of Angstrom greater than zero"),
}
"""Form of each required field, and how it is described."""


class AbsorberFields(NamedTuple):
    """The required fields that a run has, and why the others are missing; '' for none."""

    fields: HeaderFields
    problem: str = ""


def find_absorber_fields(run: Run, config: BoardConfig) -> AbsorberFields:
    """Find the required header fields of an XDI file.

    What `XDI` and `BMM_kafka` in the start document do not name is taken from the places in the settings. A d-spacing
    that is at none of them follows from energies and angles, if the run has both; a field of the program's own
    namespace states it.
    """
    fields, plan = dict(list_document_fields(run.xdi)), as_mapping(run.start.get("BMM_kafka"))
    named = find_named_edge(run, config)
    given = {
        "Element.symbol": fields.get("Element.symbol")
        or text_format.format_value(plan.get("element"))
        or named.element,
        "Element.edge": fields.get("Element.edge") or text_format.format_value(plan.get("edge")) or named.edge,
        "Mono.d_spacing": fields.get("Mono.d_spacing") or _find_spacing(run, config),
    }
    remark: HeaderFields = {}
    if not given["Mono.d_spacing"]:
        given["Mono.d_spacing"], remark = _measure_spacing(run, config)
    fitted = {name: _RULES[name][0](text) for name, text in given.items()}
    problems = [_describe_problem(name, given[name]) for name, text in fitted.items() if text is None]
    return AbsorberFields({name: text for name, text in fitted.items() if text} | remark, "; ".join(problems))


def _find_spacing(run: Run, config: BoardConfig) -> str:
    """Find the d-spacing at the places in the settings, '' for none."""
    found = find_d_spacing(run, config, find_energy_axis(run, config).key)
    return "" if found.problem else text_format.format_value(found.value)


def _measure_spacing(run: Run, config: BoardConfig) -> tuple[str, HeaderFields]:
    """Compute the d-spacing from energies and angles, with a remark; '' where that cannot be done."""
    found = measure_d_spacing(run, config)
    if found.problem:
        return "", {}
    keys = f"{find_energy_axis(run, config).key} and {config.columns.bragg}"
    return f"{found.value:.7g}", build_remark("d_spacing", f"median of hc/(2 E sin theta), from {keys}")


def _describe_problem(name: str, given: str) -> str:
    if not given:
        return f"{name} is not told"
    return f"{name}: got {given[:40]!r} (expected {_RULES[name][1]})"
