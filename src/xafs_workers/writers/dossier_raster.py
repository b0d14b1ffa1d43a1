"""The dossier of a raster scan: a map and its tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from xafs_workers.scans.runs import Run
from xafs_workers.writers import dossier_parts as parts
from xafs_workers.writers import html
from xafs_workers.writers.dossier_content import DetailSection, DossierSources, FileGroup, PageContent
from xafs_workers.writers.raster import find_file_names
from xafs_workers.writers.registry import CannotWrite


def build_content(sources: DossierSources) -> PageContent:
    """Return the content of the page."""
    snapshots = parts.get_snapshots(sources.first_run)
    return PageContent(
        files=tuple(_build_table_links(sources)),
        sample=parts.build_sample_section(sources.first_run),
        scan=_build_scan_section(sources),
        experiment=parts.build_experiment_section(sources),
        large_pictures=tuple(
            parts.build_pictures(
                sources,
                "maps",
                (
                    "Raster scan",
                    parts.add_picture_suffix(parts.find_first_text(snapshots, "pngout")),
                    {"uid": html.format_line(sources.first_run.uid)},
                ),
            )
        ),
        small_pictures=tuple(parts.build_camera_pictures(sources)),
        instrument=parts.read_instrument(sources),
        code_blocks=tuple(parts.build_code_blocks(sources)),
    )


def _build_table_links(sources: DossierSources) -> Iterator[FileGroup]:
    """Yield spreadsheet and Matlab file; they lie in `maps/`, whatever folder their names begin with."""
    try:
        names = find_file_names(sources.first_run)
    except CannotWrite:
        return
    for title, name in zip(("Spreadsheet", "Matlab file"), names, strict=True):
        link = parts.build_named_link(sources, "maps", html.format_line(name))
        yield FileGroup(title, (link,) if link is not None else ())


def _build_scan_section(sources: DossierSources) -> DetailSection:
    run = sources.first_run
    given, about = parts.get_user_metadata(run), parts.get_family(run, "Element")
    energy = html.format_line(parts.get_family(run, "Beamline").get("energy")) or given.get("energy")
    return DetailSection(
        "Scan details",
        (
            ("Energy", parts.format_energy(energy)),
            ("Fast motor", _format_axis(run, given, "fast")),
            ("Slow motor", _format_axis(run, given, "slow")),
            ("Start position", _format_start(given)),
            ("Element", parts.find_first_text(about, "symbol") or parts.find_first_text(given, "element")),
            ("Edge", parts.find_first_text(about, "edge") or parts.find_first_text(given, "edge")),
        ),
    )


def _format_axis(run: Run, given: Mapping[str, Any], which: str) -> str:
    """Return an axis with its range, relative, and its steps: `xafs_x: -2 to 2 mm, 21 steps`."""
    motors = run.motors or ()
    place = 1 if which == "fast" else 0
    name = parts.find_first_text(given, f"{which}_motor") or (motors[place] if len(motors) > place else "")
    begin, end = (html.format_line(given.get(f"{which}_{word}")) for word in ("start", "stop"))
    shape = run.start.get("shape")
    planned = shape[place] if isinstance(shape, list | tuple) and len(shape) > place else None
    steps = html.format_line(given.get(f"{which}_steps")) or html.format_line(planned)
    return ", ".join(
        filter(
            None,
            (html.format_line(name), f"{begin} to {end}" if begin and end else "", f"{steps} steps" if steps else ""),
        )
    )


def _format_start(given: Mapping[str, Any]) -> str:
    found = ((parts.find_first_text(given, f"{which}_motor"), given.get(f"{which}_init")) for which in ("fast", "slow"))
    return ", ".join(
        f"{name} = {value:.3f}"
        for name, value in found
        if name and isinstance(value, int | float) and not isinstance(value, bool)
    )
