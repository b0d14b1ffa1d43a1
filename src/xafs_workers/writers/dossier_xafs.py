"""The dossier of an XAFS sequence: its scans, pictures, Athena project."""

from __future__ import annotations

from collections.abc import Iterator

from xafs_workers.elements import edge_energy
from xafs_workers.scans.runs import Run
from xafs_workers.writers import dossier_parts as parts
from xafs_workers.writers import html
from xafs_workers.writers.dossier import Content, Files, Link, Picture, Rows, Sources


def content(sources: Sources) -> Content:
    """Return what stands on the page."""
    return Content(
        files=tuple(_files(sources)),
        sample=parts.sample(sources.first),
        scan=_scan(sources),
        experiment=parts.experiment(sources),
        large=tuple(_plots(sources)),
        small=(*parts.cameras(sources), *_more_pictures(sources)),
        instrument=parts.instrument(sources),
        counts=sources.counts,
        codes=tuple(parts.codes(sources)),
    )


def _files(sources: Sources) -> Iterator[Files]:
    yield Files("XAS scans", tuple(_scan_link(sources, run, place) for place, run in enumerate(sources.runs)))
    project = f"{sources.dossier.stub}_{sources.number:02d}.prj"
    yield Files("Athena project", _present(sources, "prj", project))
    yield Files("XRF spectrum", _present(sources, "XRF", html.line(sources.first.xdi.get("_xrffile"))))


def _present(sources: Sources, folder: str, name: str) -> tuple[Link, ...]:
    link = parts.named_file(sources, folder, name)
    return (link,) if link is not None and link.href else ()


def _scan_link(sources: Sources, run: Run, place: int) -> Link:
    name = data_file(sources, run, place)
    details = (("uid", run.uid), *parts.asset_details(sources, run))
    scan_id = html.line(run.start.get("scan_id"))
    return Link(
        name, parts.file_link(sources, "", name), scan_id, tuple((what, html.line(text)) for what, text in details)
    )


def data_file(sources: Sources, run: Run, place: int) -> str:
    """Return the name of a scan's data file: the one it recorded; where it did not, counted from the first number."""
    recorded = html.line(run.xdi.get("_filename"))
    if recorded:
        return recorded
    start = parts.user(run).get("start")
    first = start if isinstance(start, int) and not isinstance(start, bool) else 1
    number = run.repetition - 1 if run.repetition else place
    return f"{sources.dossier.stub}.{first + number:03d}"


def _plots(sources: Sources) -> Iterator[Picture]:
    stub, number = sources.dossier.stub, f"{sources.number:02d}"
    yield from parts.pictures(
        sources,
        "snapshots",
        ("µ(E), χ(k) and |χ(R)| of the merged scans", f"{stub}_{number}.png", {}),
        ("Live view of the sequence", f"{stub}_liveplot_{number}.png", {}),
    )


def _more_pictures(sources: Sources) -> Iterator[Picture]:
    told = parts.snapshots(sources.first)
    xrf = parts.first_of(told, "xrf_image") or html.line(sources.first.xdi.get("_xrfimage"))
    yield from parts.pictures(sources, "XRF", ("XRF spectrum", xrf, {"uid": parts.first_of(told, "xrf_uid")}))
    uids = {
        "vertical alignment": parts.first_of(told, "ga_yuid"),
        "pitch alignment": parts.first_of(told, "ga_pitchuid"),
        "fluorescence alignment": parts.first_of(told, "ga_fuid"),
    }
    yield from parts.pictures(
        sources, "snapshots", ("Glancing angle alignment", parts.first_of(told, "ga_filename"), uids)
    )


def _scan(sources: Sources) -> Rows:
    run = sources.first
    given, about = parts.user(run), parts.family(run, "Element")
    element = parts.first_of(about, "symbol") or parts.first_of(given, "element")
    edge = parts.first_of(about, "edge") or parts.first_of(given, "edge")
    tabulated = edge_energy(element, edge) if element and edge else None
    bounds = html.line(given.get("bounds_given")) or html.line(given.get("bounds"))
    material = parts.first_of(about, "reference_material")
    return Rows(
        "Scan details",
        (
            ("E0", parts.energy(tabulated)),
            ("Element", _named_element(element)),
            ("Edge", edge),
            ("Mode", html.line(run.xdi.get("_mode")) or parts.first_of(given, "mode")),
            ("Bounds", bounds.replace(",", "")),
            ("Steps", html.line(given.get("steps"))),
            ("Times", html.line(given.get("times"))),
            ("Scans", str(len(sources.runs))),
            ("Reference", material and html.formula(material)),
        ),
    )


def _named_element(symbol: str) -> str:
    from xafs_workers.elements import atomic_number

    number = atomic_number(symbol) if symbol else None
    return f"{symbol} (Z = {number})" if number else symbol
