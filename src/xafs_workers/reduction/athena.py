"""Athena projects as bytes; each project is read back, reduced again and compared.

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
from xafs_workers.reduction.parameters import RECIPE
from xafs_workers.reduction.reduce import Edge, ReductionError, normalize, reduce

TOLERANCE = 1e-9
"""Largest difference between chi(k) as reduced and as read back, relative to its maximum."""

PLAIN_SYMBOLS = str.maketrans({"χ": "chi", "µ": "mu", "'": "’", "\\": "/", "\n": " "})
"""Replacements in texts: Perl reads them between single quotes."""


@dataclass(frozen=True, slots=True, eq=False)
class ProjectGroup:
    """One group of a project: a spectrum as measured, a reference spectrum, or a merge.

    Attributes
    ----------
    label
        Label of the group in Athena's list.
    energy, mu, i0, stddev
        Energies (eV), mu(E), the intensity I0, and the standard deviation of mu of a merge.
    edge
        The measured edge; None for a reference, which may be of another element.
    e0
        Origin of k, eV; None: it is found.
    reference
        Label of the group to which this one is tied: if Athena aligns one, both move.
    titles
        Lines of text about the group.
    """

    label: str
    energy: Array
    mu: Array
    edge: Edge | None
    e0: float | None
    i0: Array | None = None
    stddev: Array | None = None
    is_merge: bool = False
    reference: str = ""
    titles: tuple[str, ...] = ()


def build_athena_project(groups: Sequence[ProjectGroup], journal: Sequence[str], written: float) -> bytes:
    """Build an Athena project; equal groups give equal bytes.

    Parameters
    ----------
    journal
        Lines of the project's journal.
    written
        Time written into the project, POSIX seconds.

    Raises
    ------
    ReductionError
        The project that was read back differs from the one that was written.
    """
    made = [_build_larch_group(group) for group in groups]
    _make_labels_unique(made)
    with tempfile.TemporaryDirectory(prefix="xafs-workers-") as folder:
        path = Path(folder) / "project.prj"
        project = larch_api.import_io().create_athena(str(path))
        for group in made:
            project.add_group(group)
        names = {group.label: _format_group_name(number) for number, group in enumerate(groups)}
        for number, (key, entry) in enumerate(project.groups.items()):
            _complete_arguments(entry, key, _format_group_name(number), groups[number], names)
        project.save()
        content = _finish_text(gzip.decompress(path.read_bytes()), journal, written)
        path.write_bytes(content)
        _check(path, made)
    return content


def _build_larch_group(group: ProjectGroup) -> Any:
    """Build a Larch Group with its parameters; a spectrum that cannot be reduced gives a group with data only."""
    energy, mu = sort_spectrum(group.energy, group.mu)
    made = _reduce_as_far_as_possible(energy, mu, group)
    made.filename = group.label.translate(PLAIN_SYMBOLS)
    if group.edge is not None:  # Larch guesses from e0, but the nearest tabulated edge may be another element's
        made.atsym, made.edge = group.edge.element, group.edge.edge
    for name, values in (("i0", group.i0), ("stddev", group.stddev)):
        if values is not None:
            kept = sort_spectrum(group.energy, np.where(np.isfinite(group.mu), values, np.nan))[1]
            if len(kept) == len(energy):
                setattr(made, name, kept)
    if hasattr(made, "autobk_details"):
        arguments = RECIPE.to_autobk_arguments()
        made.autobk_details.call_args = {**arguments, "kmax": float(made.autobk_details.kmax)}
    made.xftf_details = larch_api.create_group(call_args=RECIPE.to_xftf_arguments())
    return made


def _reduce_as_far_as_possible(energy: Array, mu: Array, group: ProjectGroup) -> Any:
    if group.edge is not None:
        try:
            return reduce(energy, mu, group.edge, group.e0)
        except ReductionError:
            pass
    try:
        return normalize(energy, mu, group.edge, group.e0)
    except ReductionError:
        table = group.edge.energy if group.edge is not None else None
        e0 = group.e0 or table or float(np.mean(energy))
        return larch_api.create_group(energy=energy, mu=mu, e0=e0, edge_step=1.0)


def _complete_arguments(entry: Any, key: str, name: str, group: ProjectGroup, names: dict[str, str]) -> None:
    """Replace Larch's random names, and set what Larch does not write as Athena reads it."""
    entry.groupname = name
    entry.args.update({argument: name for argument, value in entry.args.items() if value == key})
    entry.args.update(fft_kwindow=RECIPE.window, bkg_eshift=0.0, is_merge=int(group.is_merge))
    if group.edge is not None:
        entry.args["bkg_z"] = group.edge.element
    if hasattr(entry, "pre_edge_details"):
        # Athena counts coefficients: 3 is a parabola, which Larch calls degree 2.
        entry.args["bkg_nnorm"] = int(entry.pre_edge_details.nnorm) + 1
    if group.reference in names:
        entry.args["reference"] = names[group.reference]
    entry.args["titles"] = [_to_plain(line) for line in group.titles]


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


def _to_plain(text: str) -> str:
    return text.translate(PLAIN_SYMBOLS).encode("ascii", "replace").decode().replace("undef", "un-def")


def _finish_text(text: bytes, journal: Sequence[str], written: float) -> bytes:
    """Compress a project's text with its journal and time, and without the system's versions.

    Larch writes an empty journal, and drops every line that contains `undef` when it reads.
    """
    moment = strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(written)).encode()
    entries = ",".join(f"'{_to_plain(line)}'" for line in journal).encode()
    lines = text.split(b"\n")
    for number, line in enumerate(lines):
        if number < 5 and line.startswith(b"# This file created at "):
            lines[number] = b"# This file created at " + moment
        elif number < 5 and line.startswith(b"# Using Larch version "):
            lines[number] = line.partition(b", Python")[0]
        elif line == b"@journal = ();":
            lines[number] = b"@journal = (" + entries + b");"
    return gzip.compress(b"\n".join(lines), mtime=int(written))


def _check(path: Path, groups: Sequence[Any]) -> None:
    """Read a project back, reduce each group with the parameters read, and compare chi(k).

    Raises
    ------
    ReductionError
        The number of groups, or chi(k) of one of them, is another.
    """
    read = larch_api.import_io().read_athena(str(path), do_preedge=False, do_bkg=False, do_fft=False)
    found = list(read.groups.values())
    if len(found) != len(groups):
        raise ReductionError(f"project of {len(groups)} groups read back as {len(found)}")
    for made, entry in zip(groups, found, strict=True):
        if not hasattr(made, "chi") or made.is_uncertain:
            continue
        chi = _reduce_as_read(entry)
        if len(chi) != len(made.chi) or not np.allclose(
            chi, made.chi, rtol=0, atol=TOLERANCE * float(np.abs(made.chi).max())
        ):
            raise ReductionError(f"project: χ(k) of {made.filename!r} was read back otherwise than it was written")


def _reduce_as_read(entry: Any) -> Array:
    """Reduce a group as Athena does with the parameters of the file; Larch's reader takes bkg_nnorm for a degree."""
    parameters = entry.athena_params.bkg
    group = larch_api.create_group(energy=entry.energy, mu=entry.mu)
    xafs = larch_api.import_xafs()
    xafs.pre_edge(
        group,
        e0=float(parameters.e0),
        pre1=float(parameters.pre1),
        pre2=float(parameters.pre2),
        norm1=float(parameters.nor1),
        norm2=float(parameters.nor2),
        nnorm=int(parameters.nnorm) - 1,
        nvict=RECIPE.nvict,
        make_flat=False,
    )
    xafs.autobk(
        group,
        e0=float(parameters.e0),
        rbkg=float(parameters.rbkg),
        kmin=float(parameters.spl1),
        kmax=float(parameters.spl2),
        kweight=float(parameters.kw),
        dk=float(parameters.dk),
        nclamp=int(parameters.nclamp),
        clamp_lo=float(parameters.clamp1),
        clamp_hi=float(parameters.clamp2),
        kstep=RECIPE.kstep,
        nfft=RECIPE.nfft,
    )
    return group.chi
