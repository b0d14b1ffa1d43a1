"""The dossier of a single energy absorption detection: one energy, watched for a while."""

from __future__ import annotations

from pathlib import PurePosixPath

from xafs_workers.writers import dossier_parts as parts
from xafs_workers.writers import html
from xafs_workers.writers.dossier_content import DetailSection, DossierSources, FileGroup, Link, PageContent
from xafs_workers.writers.dossier_xafs import find_data_file_name


def build_content(sources: DossierSources) -> PageContent:
    """Return the content of the page."""
    return PageContent(
        files=(FileGroup("Data file", tuple(_build_data_links(sources))),),
        sample=parts.build_sample_section(sources.first_run),
        scan=_build_scan_section(sources),
        experiment=parts.build_experiment_section(sources),
        large_pictures=tuple(
            parts.build_pictures(
                sources,
                "snapshots",
                (
                    "SEAD scan",
                    parts.add_picture_suffix(
                        parts.find_first_text(parts.get_user_metadata(sources.first_run), "pngfile")
                    ),
                    {"uid": sources.first_run.uid},
                ),
            )
        ),
        small_pictures=tuple(parts.build_camera_pictures(sources)),
        instrument=parts.read_instrument(sources),
        code_blocks=tuple(parts.build_code_blocks(sources)),
    )


def _build_data_links(sources: DossierSources) -> list[Link]:
    links: list[Link] = []
    for place, run in enumerate(sources.runs):
        name = find_data_file_name(sources, run, place)
        details = (("uid", html.format_line(run.uid)), *parts.list_asset_files(sources, run))
        number = html.format_line(run.start.get("scan_id"))
        links.append(Link(PurePosixPath(name).name, parts.build_file_link(sources, "", name), number, details))
    return links


def _build_scan_section(sources: DossierSources) -> DetailSection:
    run = sources.first_run
    given, about, scan = parts.get_user_metadata(run), parts.get_family(run, "Element"), parts.get_family(run, "Scan")
    energy = html.format_line(parts.get_family(run, "Beamline").get("energy")) or html.format_line(
        scan.get("edge_energy")
    )
    dwell = html.format_line(scan.get("dwell_time")) or parts.find_first_text(given, "dwell", "inttime")
    delay = html.format_line(scan.get("delay")) or parts.find_first_text(given, "delay")
    shutter = given.get("shutter")
    return DetailSection(
        "Scan details",
        (
            ("Energy", parts.format_energy(energy or given.get("energy"))),
            ("Mode", html.format_line(run.xdi.get("_mode")) or parts.find_first_text(given, "mode")),
            ("Points", str(len(run.points)) if len(run.points) else html.format_line(given.get("npoints"))),
            ("Dwell time", dwell and f"{dwell} s"),
            ("Delay", delay and f"{delay} s"),
            ("Shutter control", {True: "yes", False: "no"}.get(shutter, "") if isinstance(shutter, bool) else ""),
            ("Element", parts.find_first_text(about, "symbol") or parts.find_first_text(given, "element")),
            ("Edge", parts.find_first_text(about, "edge") or parts.find_first_text(given, "edge")),
        ),
    )
