"""The dossier of a single energy absorption detection: one energy, watched for a while."""

from __future__ import annotations

from pathlib import PurePosixPath

from xafs_workers.writers import dossier_parts as parts
from xafs_workers.writers import html
from xafs_workers.writers.dossier import Content, Files, Link, Rows, Sources
from xafs_workers.writers.dossier_xafs import data_file


def content(sources: Sources) -> Content:
    """Return what stands on the page."""
    return Content(
        files=(Files("Data file", tuple(_data(sources))),),
        sample=parts.sample(sources.first),
        scan=_scan(sources),
        experiment=parts.experiment(sources),
        large=tuple(
            parts.pictures(
                sources,
                "snapshots",
                (
                    "SEAD scan",
                    parts.picture_name(parts.first_of(parts.user(sources.first), "pngfile")),
                    {"uid": sources.first.uid},
                ),
            )
        ),
        small=tuple(parts.cameras(sources)),
        instrument=parts.instrument(sources),
        codes=tuple(parts.codes(sources)),
    )


def _data(sources: Sources) -> list[Link]:
    links: list[Link] = []
    for place, run in enumerate(sources.runs):
        name = data_file(sources, run, place)
        details = (("uid", html.line(run.uid)), *parts.asset_details(sources, run))
        number = html.line(run.start.get("scan_id"))
        links.append(Link(PurePosixPath(name).name, parts.file_link(sources, "", name), number, details))
    return links


def _scan(sources: Sources) -> Rows:
    run = sources.first
    given, about, scan = parts.user(run), parts.family(run, "Element"), parts.family(run, "Scan")
    told = html.line(parts.family(run, "Beamline").get("energy")) or html.line(scan.get("edge_energy"))
    dwell = html.line(scan.get("dwell_time")) or parts.first_of(given, "dwell", "inttime")
    delay = html.line(scan.get("delay")) or parts.first_of(given, "delay")
    shutter = given.get("shutter")
    return Rows(
        "Scan details",
        (
            ("Energy", parts.energy(told or given.get("energy"))),
            ("Mode", html.line(run.xdi.get("_mode")) or parts.first_of(given, "mode")),
            ("Points", str(len(run.points)) if len(run.points) else html.line(given.get("npoints"))),
            ("Dwell time", dwell and f"{dwell} s"),
            ("Delay", delay and f"{delay} s"),
            ("Shutter control", {True: "yes", False: "no"}.get(shutter, "") if isinstance(shutter, bool) else ""),
            ("Element", parts.first_of(about, "symbol") or parts.first_of(given, "element")),
            ("Edge", parts.first_of(about, "edge") or parts.first_of(given, "edge")),
        ),
    )
