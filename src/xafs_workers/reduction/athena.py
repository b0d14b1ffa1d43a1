"""Athena projects as bytes, with every scan and the merge; each project is read back and compared.

This module runs only in the reduction's process, in a private temporary folder.
"""

from __future__ import annotations

import gzip
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import gmtime, strftime
from typing import Any

import numpy as np

from xafs_workers.reduction import larch_api
from xafs_workers.reduction.curves import Array, sort_spectrum
from xafs_workers.reduction.parameters import RECIPE, Recipe
from xafs_workers.reduction.reduce import Edge, ReductionError, normalize, reduce

TOLERANCE = 1e-9
"""Largest difference between chi(k) as reduced and as read back, relative to its maximum."""


@dataclass(frozen=True, slots=True, eq=False)
class ProjectMember:
    """One group of a project: a spectrum as measured.

    Attributes
    ----------
    label
        Label of the group in Athena's list.
    energy, mu, i0
        Energies (eV), mu(E) and the intensity I0.
    """

    label: str
    energy: Array
    mu: Array
    i0: Array | None = None


def build_athena_project(
    members: Sequence[ProjectMember], edge: Edge, written: float, e0: float | None = None, recipe: Recipe = RECIPE
) -> bytes:
    """Build an Athena project with one group for each member; equal members give equal bytes.

    Parameters
    ----------
    written
        Time written into the project, POSIX seconds.
    e0
        Origin of k of all groups, eV; None: each has its own.

    Raises
    ------
    ReductionError
        The project that was read back differs from the one that was written.
    """
    groups = [_build_group(member, edge, e0, recipe) for member in members]
    _make_labels_unique(groups)
    with tempfile.TemporaryDirectory(prefix="xafs-workers-") as folder:
        path = Path(folder) / "project.prj"
        made = larch_api.import_io().create_athena(str(path))
        for group in groups:
            made.add_group(group)
        for number, (key, entry) in enumerate(made.groups.items()):
            entry.groupname = _format_group_name(number)
            named = {name: entry.groupname for name, value in entry.args.items() if value == key}
            entry.args.update(named, fft_kwindow=recipe.window)
        made.save()
        content = _set_date(gzip.decompress(path.read_bytes()), written)
        path.write_bytes(content)
        _check(path, groups)
    return content


def _build_group(member: ProjectMember, edge: Edge, e0: float | None, recipe: Recipe) -> Any:
    """Build a Larch Group with its parameters; a spectrum that cannot be reduced gives a group with data only."""
    energy, mu = sort_spectrum(member.energy, member.mu)
    group = _reduce_as_far_as_possible(energy, mu, edge, e0, recipe)
    group.filename = member.label
    # Larch guesses both from e0, but the nearest tabulated edge may belong to another element.
    group.atsym, group.edge = edge.element, edge.edge
    if member.i0 is not None:
        group.i0 = sort_spectrum(member.energy, np.where(np.isfinite(member.mu), member.i0, np.nan))[1]
        if len(group.i0) != len(group.energy):
            del group.i0
    arguments = recipe.to_autobk_arguments()
    if hasattr(group, "autobk_details"):
        group.autobk_details.call_args = {**arguments, "kmax": float(group.autobk_details.kmax)}
    group.xftf_details = larch_api.create_group(call_args=recipe.to_xftf_arguments())
    return group


def _make_labels_unique(groups: Sequence[Any]) -> None:
    """Add numbers to equal labels, because readers keep only the last group of a label."""
    seen: Counter[str] = Counter()
    for group in groups:
        seen[group.filename] += 1
        if seen[group.filename] > 1:
            group.filename = f"{group.filename} ({seen[group.filename]})"


def _format_group_name(number: int) -> str:
    """Format a group's name of five letters, as in Athena; Larch's own names are random."""
    letters = (chr(ord("a") + number // 26**place % 26) for place in (4, 3, 2, 1, 0))
    return "".join(letters)


def _reduce_as_far_as_possible(energy: Array, mu: Array, edge: Edge, e0: float | None, recipe: Recipe) -> Any:
    for step in (reduce, normalize):
        try:
            return step(energy, mu, edge, e0, recipe=recipe)
        except ReductionError:
            continue
    return larch_api.create_group(energy=energy, mu=mu, e0=edge.energy or float(np.mean(energy)), edge_step=1.0)


def _set_date(text: bytes, written: float) -> bytes:
    """Compress a project's text with this time in text and gzip header, and without the system's versions."""
    moment = strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(written)).encode()
    lines = text.split(b"\n")
    for number, line in enumerate(lines[:5]):
        if line.startswith(b"# This file created at "):
            lines[number] = b"# This file created at " + moment
        elif line.startswith(b"# Using Larch version "):
            lines[number] = line.partition(b", Python")[0]
    return gzip.compress(b"\n".join(lines), mtime=int(written))


def _check(path: Path, groups: Sequence[Any]) -> None:
    found = list(larch_api.import_io().read_athena(str(path), do_bkg=True, do_fft=False).groups.values())
    if len(found) != len(groups):
        raise ReductionError(f"project of {len(groups)} groups read back as {len(found)}")
    for made, read in zip(groups, found, strict=True):
        if not hasattr(made, "chi"):
            continue
        same = len(read.chi) == len(made.chi) and np.allclose(
            read.chi, made.chi, rtol=0, atol=TOLERANCE * float(np.abs(made.chi).max())
        )
        if not same:
            raise ReductionError(f"project: χ(k) of {made.filename!r} was read back otherwise than it was written")
