"""The dossier of an XAFS sequence: its scans, pictures, Athena project."""

from __future__ import annotations

from collections.abc import Iterator

from xafs_workers.elements import find_edge_energy
from xafs_workers.scans.runs import Run
from xafs_workers.writers import dossier_parts as parts
from xafs_workers.writers import html, merged_xdi
from xafs_workers.writers.dossier_content import DetailSection, DossierSources, FileGroup, Link, PageContent, Picture
from xafs_workers.writers.xdi_dictionary import OWN_NAMESPACE


def build_content(sources: DossierSources) -> PageContent:
    """Return the content of the page."""
    return PageContent(
        files=tuple(_build_file_groups(sources)),
        sample=parts.build_sample_section(sources.first_run),
        scan=_build_scan_section(sources),
        experiment=parts.build_experiment_section(sources),
        large_pictures=tuple(_build_plots(sources)),
        small_pictures=(*parts.build_camera_pictures(sources), *_build_small_pictures(sources)),
        instrument=parts.read_instrument(sources),
        counts=sources.counts,
        code_blocks=tuple(parts.build_code_blocks(sources)),
    )


def _build_file_groups(sources: DossierSources) -> Iterator[FileGroup]:
    yield FileGroup("XAS scans", tuple(_build_scan_link(sources, run, place) for place, run in enumerate(sources.runs)))
    merge = merged_xdi.build_name(sources.dossier.stub, sources.number)
    yield FileGroup("Merged scans", _build_present_links(sources, "", merge))
    project = f"{sources.dossier.stub}_{sources.number:02d}.prj"
    yield FileGroup("Athena project", _build_present_links(sources, "prj", project))
    yield FileGroup(
        "XRF spectrum", _build_present_links(sources, "XRF", html.format_line(sources.first_run.xdi.get("_xrffile")))
    )


def _build_present_links(sources: DossierSources, folder: str, name: str) -> tuple[Link, ...]:
    link = parts.build_named_link(sources, folder, name)
    return (link,) if link is not None and link.href else ()


def _build_scan_link(sources: DossierSources, run: Run, place: int) -> Link:
    name = find_data_file_name(sources, run, place)
    details = (("uid", run.uid), *parts.list_asset_files(sources, run))
    scan_id = html.format_line(run.start.get("scan_id"))
    return Link(
        name,
        parts.build_file_link(sources, "", name),
        scan_id,
        tuple((what, html.format_line(text)) for what, text in details),
    )


def find_data_file_name(sources: DossierSources, run: Run, place: int) -> str:
    """Return the name of a scan's data file: the one it recorded; where it did not, counted from the first number."""
    recorded = html.format_line(run.xdi.get("_filename"))
    if recorded:
        return recorded
    start = parts.get_user_metadata(run).get("start")
    first = start if isinstance(start, int) and not isinstance(start, bool) else 1
    number = run.repetition - 1 if run.repetition else place
    return f"{sources.dossier.stub}.{first + number:03d}"


def _build_plots(sources: DossierSources) -> Iterator[Picture]:
    stub, number = sources.dossier.stub, f"{sources.number:02d}"
    yield from parts.build_pictures(
        sources,
        "snapshots",
        ("µ(E), χ(k) and |χ(R)| of the merged scans", f"{stub}_{number}.png", {}),
        ("Live view of the sequence", f"{stub}_liveplot_{number}.png", {}),
    )


def _build_small_pictures(sources: DossierSources) -> Iterator[Picture]:
    snapshots = parts.get_snapshots(sources.first_run)
    xrf = parts.find_first_text(snapshots, "xrf_image") or html.format_line(sources.first_run.xdi.get("_xrfimage"))
    yield from parts.build_pictures(
        sources, "XRF", ("XRF spectrum", xrf, {"uid": parts.find_first_text(snapshots, "xrf_uid")})
    )
    uids = {
        "vertical alignment": parts.find_first_text(snapshots, "ga_yuid"),
        "pitch alignment": parts.find_first_text(snapshots, "ga_pitchuid"),
        "fluorescence alignment": parts.find_first_text(snapshots, "ga_fuid"),
    }
    yield from parts.build_pictures(
        sources, "snapshots", ("Glancing angle alignment", parts.find_first_text(snapshots, "ga_filename"), uids)
    )


def _build_scan_section(sources: DossierSources) -> DetailSection:
    run = sources.first_run
    given, about = parts.get_user_metadata(run), parts.get_family(run, "Element")
    element = parts.find_first_text(about, "symbol") or parts.find_first_text(given, "element")
    edge = parts.find_first_text(about, "edge") or parts.find_first_text(given, "edge")
    tabulated = find_edge_energy(element, edge) if element and edge else None
    bounds = html.format_line(given.get("bounds_given")) or html.format_line(given.get("bounds"))
    foil = html.format_line(sources.reference_materials.get(element))
    material = parts.find_first_text(about, "reference_material") or foil
    return DetailSection(
        "Scan details",
        (
            ("E0", parts.format_energy(tabulated)),
            ("Element", _format_element(element)),
            ("Edge", edge),
            ("Mode", html.format_line(run.xdi.get("_mode")) or parts.find_first_text(given, "mode")),
            ("Bounds", bounds.replace(",", "")),
            ("Steps", html.format_line(given.get("steps"))),
            ("Times", html.format_line(given.get("times"))),
            ("Scans", str(len(sources.runs))),
            ("Reference", material and html.format_formula(material)),
            *_list_merge_facts(sources),
        ),
    )


def _list_merge_facts(sources: DossierSources) -> Iterator[tuple[str, str]]:
    """Yield what the reduction found, as the data file of the merge states it."""
    for what, key in (
        ("E0 of the merge", "e0"),
        ("Edge step", "edge_step"),
        ("Noise of the merge", "noise"),
        ("Repetitions merged", "repetitions"),
        ("Repetitions left out", "left_out"),
    ):
        yield what, html.format_line(sources.merge_fields.get(f"{OWN_NAMESPACE}.{key}"))


def _format_element(symbol: str) -> str:
    from xafs_workers.elements import find_atomic_number

    number = find_atomic_number(symbol) if symbol else None
    return f"{symbol} (Z = {number})" if number else symbol
