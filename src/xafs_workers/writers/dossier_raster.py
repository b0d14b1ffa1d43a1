"""The dossier of a raster scan: a map and its tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from xafs_workers.scans.runs import Run
from xafs_workers.writers import dossier_parts as parts
from xafs_workers.writers import html
from xafs_workers.writers.dossier import Content, Files, Rows, Sources
from xafs_workers.writers.raster import names_of
from xafs_workers.writers.registry import CannotWrite


def content(sources: Sources) -> Content:
    """Return what stands on the page."""
    told = parts.snapshots(sources.first)
    return Content(
        files=tuple(_tables(sources)),
        sample=parts.sample(sources.first),
        scan=_scan(sources),
        experiment=parts.experiment(sources),
        large=tuple(
            parts.pictures(
                sources,
                "maps",
                (
                    "Raster scan",
                    parts.picture_name(parts.first_of(told, "pngout")),
                    {"uid": html.line(sources.first.uid)},
                ),
            )
        ),
        small=tuple(parts.cameras(sources)),
        instrument=parts.instrument(sources),
        codes=tuple(parts.codes(sources)),
    )


def _tables(sources: Sources) -> Iterator[Files]:
    """Yield spreadsheet and Matlab file; they lie in `maps/`, whatever folder their names begin with."""
    try:
        names = names_of(sources.first)
    except CannotWrite:
        return
    for title, name in zip(("Spreadsheet", "Matlab file"), names, strict=True):
        link = parts.named_file(sources, "maps", html.line(name))
        yield Files(title, (link,) if link is not None else ())


def _scan(sources: Sources) -> Rows:
    run = sources.first
    given, about = parts.user(run), parts.family(run, "Element")
    told = html.line(parts.family(run, "Beamline").get("energy")) or given.get("energy")
    return Rows(
        "Scan details",
        (
            ("Energy", parts.energy(told)),
            ("Fast motor", _axis(run, given, "fast")),
            ("Slow motor", _axis(run, given, "slow")),
            ("Start position", _start(given)),
            ("Element", parts.first_of(about, "symbol") or parts.first_of(given, "element")),
            ("Edge", parts.first_of(about, "edge") or parts.first_of(given, "edge")),
        ),
    )


def _axis(run: Run, given: Mapping[str, Any], which: str) -> str:
    """Return an axis with its range, relative, and its steps: `xafs_x: -2 to 2 mm, 21 steps`."""
    motors = run.motors or ()
    place = 1 if which == "fast" else 0
    name = parts.first_of(given, f"{which}_motor") or (motors[place] if len(motors) > place else "")
    begin, end = (html.line(given.get(f"{which}_{word}")) for word in ("start", "stop"))
    shape = run.start.get("shape")
    told = shape[place] if isinstance(shape, list | tuple) and len(shape) > place else None
    steps = html.line(given.get(f"{which}_steps")) or html.line(told)
    return ", ".join(
        filter(None, (html.line(name), f"{begin} to {end}" if begin and end else "", f"{steps} steps" if steps else ""))
    )


def _start(given: Mapping[str, Any]) -> str:
    found = ((parts.first_of(given, f"{which}_motor"), given.get(f"{which}_init")) for which in ("fast", "slow"))
    return ", ".join(
        f"{name} = {value:.3f}"
        for name, value in found
        if name and isinstance(value, int | float) and not isinstance(value, bool)
    )
