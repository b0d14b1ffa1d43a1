"""Athena project of a sequence: its repetitions as measured, their references, the merge and the aligned merge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from xafs_workers.reduction import larch_api
from xafs_workers.reduction.athena import ProjectGroup
from xafs_workers.reduction.curves import Array, sort_spectrum
from xafs_workers.reduction.grid import interpolate
from xafs_workers.reduction.parameters import RECIPE
from xafs_workers.reduction.reduce import MAX_E0_SHIFT, Edge, ReductionError, normalize

Values = Mapping[str, Any]


def build_sequence_groups(asked: Values, edge: Edge) -> list[ProjectGroup]:
    """Build the groups of a sequence's project, in order.

    Parameters
    ----------
    asked
        `stub`, the `members` with their spectra, and the `result` of the sequence's reduction.
    """
    result = asked["result"]
    e0 = result.get("e0")
    known = {one["uid"]: one for one in result.get("members", ())}
    spectra = asked["members"]
    labels = [_format_label(asked["stub"], one, known.get(one["uid"], {})) for one in spectra]
    references = [_build_reference(one, label, e0) for one, label in zip(spectra, labels, strict=True)]
    scans = [
        ProjectGroup(
            label,
            np.asarray(one["energy"]),
            np.asarray(one["mu"]),
            edge,
            e0,
            i0=np.asarray(one["i0"]),
            reference="" if reference is None else reference.label,
            titles=tuple(_describe_member(known.get(one["uid"], {}))),
        )
        for one, label, reference in zip(spectra, labels, references, strict=True)
    ]
    merged = [one for one in spectra if known.get(one["uid"], {}).get("state") == "merged"]
    merges = list(_build_merges(asked["stub"], merged, result, edge)) if len(merged) > 1 else []
    return [*scans, *(one for one in references if one is not None), *merges]


def build_journal(asked: Values) -> list[str]:
    """Build the journal of a sequence's project: its members, the notes on them, and the recipe with its versions."""
    result = asked["result"]
    lines = [f"{asked['stub']}: XAFS sequence, reduced by xafs-workers with Larch {larch_api.get_version()}"]
    for one in result.get("members", ()):
        lines += [f"repetition {one['number']} ({one['uid']}): {text}" for text in _describe_member(one)]
    lines.append("repetitions are as measured: no shift is applied to them, no point is left out")
    lines += [f"note: {note}" for note in result.get("notes", ())]
    if "e0" in result:
        lines.append(
            f"e0 {result['e0']:.3f} eV for all groups (of the merge alone: {result['e0_merge']:.3f} eV), edge step "
            f"{result['edge_step']:.7g}, post-edge of degree {result['nnorm']} (bkg_nnorm counts coefficients)"
        )
    if "epsilon_k" in result:
        lines.append(f"noise of the merge, epsilon_k: {result['epsilon_k']:.3g}")
    lines.append(
        f"autobk: rbkg {RECIPE.rbkg}, k-weight {RECIPE.background_kweight}; Fourier transform: {RECIPE.window}, k "
        f"{RECIPE.kmin} to {RECIPE.kmax}, dk {RECIPE.dk}, k-weight {RECIPE.kweight}"
    )
    return lines


def _format_label(stub: str, one: Values, found: Values) -> str:
    label = f"{stub}.{one['number']:03d}"
    return f"{label} (left out)" if found.get("state") == "left out" else label


def _build_reference(one: Values, label: str, e0: float | None) -> ProjectGroup | None:
    """Build the group of a reference spectrum, tied to its scan; None without an edge.

    Its e0 is that of the sample if the foil is of the same element.
    """
    if one.get("reference") is None:
        return None
    energy, mu = sort_spectrum(np.asarray(one["energy"]), np.asarray(one["reference"]))
    try:
        own = float(normalize(energy, mu, None).e0)
    except (ReductionError, IndexError):
        return None
    is_same = e0 is not None and abs(own - e0) < MAX_E0_SHIFT
    return ProjectGroup(f"{label} ref", energy, mu, None, e0 if is_same else own, reference=label)


def _build_merges(stub: str, merged: Sequence[Values], result: Values, edge: Edge) -> Iterator[ProjectGroup]:
    members = [line for one in result["members"] for line in _prefix_lines(one)]
    curves = [(f"{stub} merge", result, np.zeros(len(merged)))]
    if result.get("aligned"):
        known = {one["uid"]: one for one in result["members"]}
        shifts = np.array([known[one["uid"]]["ref_shift"] or 0.0 for one in merged])
        curves.append((f"{stub} merge aligned", result["aligned"], shifts))
    for label, curve, shifts in curves:
        energy = np.asarray(curve["energy"])
        moved = ["energies moved by the shifts of the references"] if shifts.any() else []
        yield ProjectGroup(
            label,
            energy,
            np.asarray(curve["mu"]),
            edge,
            result.get("e0"),
            i0=_sum_i0(energy, merged, shifts),
            stddev=np.asarray(curve["mu_std"]),
            is_merge=True,
            titles=(*moved, *members),
        )


def _sum_i0(grid: Array, merged: Sequence[Values], shifts: Array) -> Array:
    """Sum the intensities I0 of the merged repetitions at the energies of their merge."""
    total = np.zeros(len(grid))
    for one, shift in zip(merged, shifts, strict=True):
        energy, i0 = sort_spectrum(np.asarray(one["energy"]), np.asarray(one["i0"]))
        total += np.nan_to_num(interpolate(grid, (energy - shift, i0)))
    return total


def _prefix_lines(one: Values) -> list[str]:
    return [f"repetition {one['number']}: {text}" for text in _describe_member(one)]


def _describe_member(one: Values) -> list[str]:
    """Describe what the reduction found about a repetition, a line each."""
    if not one:
        return []
    if one["state"] == "left out":
        return [f"left out: {one['why']}"]
    lines = [f"merged with weight {one['weight']:.3g}"]
    if one["shift"] is not None:
        lines.append(f"edge {one['shift']:+.3f} eV from the first repetition")
    if one["ref_shift"] is not None:
        lines.append(f"reference {one['ref_shift']:+.3f} eV from the first repetition")
    if one["spikes"]:
        lines.append(
            "points left out of the merge at " + ", ".join(f"{energy:.2f}" for energy in one["spikes"]) + " eV"
        )
    return lines
