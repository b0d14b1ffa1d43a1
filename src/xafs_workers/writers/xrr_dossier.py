"""Page of a reflectivity measurement: its plot and files, the alignments before it, the detector, the motors."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, cast

from xafs_workers.scans.metadata import as_mapping, format_document_time
from xafs_workers.scans.runs import Run
from xafs_workers.settings import Columns
from xafs_workers.writers import eta_refinement, html, sample_alignment
from xafs_workers.writers.dossier_content import DetailSection, Link, MotorPositions, Picture
from xafs_workers.writers.goniometer_motors import MISSING, build_goniometer_groups
from xafs_workers.writers.registry import AssetLike
from xafs_workers.writers.slides import format_result
from xafs_workers.writers.text_format import format_duration

FILES = ("{stub}.xdi", "{stub}_short.txt", "{stub}_XRR_MAT")
SNAPSHOTS = "snapshots"


@dataclass(frozen=True, slots=True)
class ResultTable:
    """Results of several steps: headings, rows, pictures of the steps that have one."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    pictures: Sequence[Picture] = ()
    remark: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class PageSources:
    """Everything that the page is made from.

    Attributes
    ----------
    exists
        Function that checks whether a file of the proposal folder exists, by its relative name.
    baseline
        Positions of the motors that did not move.
    zone
        Time zone of the times on the page; None for that of this computer.
    """

    run: Run
    stub: str
    exists: Callable[[str], bool]
    baseline: MotorPositions = field(default_factory=dict[str, float])
    assets: Sequence[AssetLike] = ()
    columns: Columns = field(default_factory=Columns)
    zone: tzinfo | None = None


def build_page_name(stub: str) -> str:
    """Return the name of the page, relative to the proposal folder."""
    return f"reports/{stub}.html"


def find_picture_name(stub: str) -> str:
    """Return the name of the picture of the measurement, relative to the proposal folder."""
    return f"pictures/{stub}.png"


def render_measurement_page(sources: PageSources) -> bytes:
    """Return the page; what the run does not have is shown as missing."""
    run = sources.run
    return html.render_page(
        "xrr_dossier.html.jinja",
        stub=sources.stub,
        beamline=html.format_line(as_mapping(run.xdi.get("Beamline")).get("name")) or MISSING,
        date=format_document_time(run.start.get("time"), sources.zone)[:10],
        sections=tuple(_build_sections(sources)),
        picture=_build_picture(sources, "reflectivity", find_picture_name(sources.stub)),
        tables=(_build_alignment(sources), _build_refinement(sources)),
        calibration=_build_calibration(sources),
        files=tuple(_list_files(sources)),
        motors=build_goniometer_groups(sources.baseline),
    )


def _build_sections(sources: PageSources) -> Iterator[DetailSection]:
    run = sources.run
    sample, scan, facility = (as_mapping(run.xdi.get(name)) for name in ("Sample", "Scan", "Facility"))
    begun, ended = run.start.get("time"), (run.stop or {}).get("time")
    yield _build_rows(
        "Sample", sample, (("Name", "name"), ("Preparation", "prep"), ("Comment", "comment"), ("Formula", "formula"))
    )
    yield DetailSection(
        "Measurement",
        (
            ("Start", format_document_time(begun, sources.zone) or MISSING),
            ("End", format_document_time(ended, sources.zone) or MISSING),
            ("Duration", _format_elapsed(begun, ended)),
            ("Points", str(len(run.points))),
            ("Energy", _find_energy(sources)),
            ("Run", html.format_line(run.uid)),
            ("Scan", html.format_line(run.start.get("scan_id")) or MISSING),
            ("Experimenters", html.format_line(scan.get("experimenters")) or MISSING),
            ("GUP", html.format_line(facility.get("GUP")) or MISSING),
            ("SAF", html.format_line(facility.get("SAF")) or MISSING),
            ("Cycle", html.format_line(facility.get("cycle")) or html.format_line(run.start.get("cycle")) or MISSING),
        ),
    )
    yield _build_rows(
        "Beamline",
        as_mapping(run.xdi.get("Beamline")),
        (
            ("Source", "xray_source"),
            ("Collimation", "collimation"),
            ("Focusing", "focusing"),
            ("Software", "software"),
            ("End station", "endstation"),
            ("Diffractometer mode", "hklpy2_mode"),
        ),
    )


def _build_rows(title: str, values: Mapping[str, Any], names: Sequence[tuple[str, str]]) -> DetailSection:
    return DetailSection(title, tuple((what, html.format_line(values.get(name)) or MISSING) for what, name in names))


def _format_elapsed(begun: Any, ended: Any) -> str:
    known = isinstance(begun, int | float) and isinstance(ended, int | float)
    return (format_duration(ended - begun) if known else "") or MISSING


def _find_energy(sources: PageSources) -> str:
    """Find the energy of the beam: from the baseline, else from the metadata."""
    position = sources.baseline.get(sources.columns.energy)
    if position is not None:
        return f"{position:.1f} eV"
    named = html.format_line(sources.run.xdi.get("_pccenergy"))
    return f"{named} eV" if named else MISSING


def _build_calibration(sources: PageSources) -> DetailSection:
    detector = as_mapping(sources.run.xdi.get("Detector"))
    section = _build_rows(
        "Mythen detector",
        detector,
        (
            ("Detector", "XRR"),
            ("Monitor", "I0"),
            ("Gap", "mythen_gap"),
            ("Pixel zero", "mythen_pixel_zero"),
            ("Distance", "mythen_distance"),
            ("Angle per pixel", "mythen_angle_per_pixel"),
            ("Direct region", "mythen_dir_roi"),
            ("Reflected region", "mythen_refl_roi"),
        ),
    )
    paths = ", ".join(html.format_line(asset.path) for asset in sources.assets) or MISSING
    return DetailSection(section.title, (*section.rows, ("File", paths)))


def _list_results(value: Any) -> list[Mapping[str, float | str | None]]:
    """List the results in the metadata; what is no mapping has no values."""
    members: list[Any] = []
    if isinstance(value, Mapping):
        members = list(cast("Mapping[str, Any]", value).values())
    elif isinstance(value, list | tuple):
        members = list(cast("list[Any]", value))
    return [{str(key): _parse_result(one) for key, one in as_mapping(member).items()} for member in members]


def _parse_result(value: Any) -> float | str | None:
    if isinstance(value, str):
        return value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None


def _build_alignment(sources: PageSources) -> ResultTable:
    results = _list_results(as_mapping(sources.run.xdi.get("Beamline")).get(sample_alignment.METADATA_KEY))
    rows = [
        (str(number), *(format_result(result.get(name)) for name in sample_alignment.FIELDS))
        for number, result in enumerate(results, start=1)
    ]
    names = [
        (f"pass {number}: {scan} scan", f"{SNAPSHOTS}/{sources.stub}_{scan}_pass{number}.png")
        for number in range(1, len(results) + 1)
        for scan in ("vertical", "eta")
    ]
    return ResultTable("Sample alignment", sample_alignment.HEADINGS, rows, tuple(_list_pictures(sources, names)))


def _build_refinement(sources: PageSources) -> ResultTable:
    results = _list_results(as_mapping(sources.run.xdi.get("Beamline")).get(eta_refinement.METADATA_KEY))
    rows = [
        tuple(format_result(result.get(name), 0 if name == "attenuator" else 4) for name in eta_refinement.FIELDS)
        for result in results
    ]
    angles = [result.get("eta_nominal") for result in results]
    names = [
        (f"eta = {eta_refinement.format_angle(angle)}", f"{SNAPSHOTS}/{sources.stub}_eta_{text}.png")
        for angle in angles
        for text in eta_refinement.list_spellings(angle)
    ]
    mean = eta_refinement.compute_mean_difference(results)
    remark = "" if mean is None else f"mean difference: {format_result(mean)}°"
    return ResultTable(
        "Refinement of eta", eta_refinement.HEADINGS, rows, tuple(_list_pictures(sources, names)), remark
    )


def _list_pictures(sources: PageSources, names: Sequence[tuple[str, str]]) -> Iterator[Picture]:
    for caption, name in names:
        picture = _build_picture(sources, caption, name)
        if picture is not None:
            yield picture


def _build_picture(sources: PageSources, caption: str, name: str) -> Picture | None:
    return Picture(html.build_link("..", *name.split("/")), caption) if sources.exists(name) else None


def _list_files(sources: PageSources) -> Iterator[Link]:
    for pattern in FILES:
        name = pattern.format(stub=sources.stub)
        yield Link(name, html.build_link("..", name) if sources.exists(name) else "")
