"""Parts that dossiers of all kinds have: sample, experiment, cameras, files, INI text and command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from xafs_workers.scans.metadata import as_mapping, format_document_time
from xafs_workers.scans.runs import Run
from xafs_workers.writers import html
from xafs_workers.writers.dossier_content import CodeBlock, DetailSection, DossierSources, Link, Picture
from xafs_workers.writers.dossier_motors import find_crystal, find_delivery_mode
from xafs_workers.writers.headers import build_asset_fields
from xafs_workers.writers.text_format import format_duration

if TYPE_CHECKING:
    from markupsafe import Markup

_PICTURE_SUFFIXES = (".png", ".pdf", ".svg")

_DETECTORS = (
    ("pilatus", "Pilatus HDF5"),
    ("eiger", "Eiger HDF5"),
    ("dante", "Dante HDF5"),
    ("xspress3", "XSpress3 HDF5"),
)


def get_user_metadata(run: Run) -> Mapping[str, Any]:
    """Return the parameters of the INI file, and what the plan added to them."""
    return as_mapping(run.xdi.get("_user"))


def get_family(run: Run, name: str) -> Mapping[str, Any]:
    """Return one family of the XDI metadata."""
    return as_mapping(run.xdi.get(name))


def get_snapshots(run: Run) -> Mapping[str, Any]:
    """Return the metadata of the pictures."""
    return as_mapping(run.xdi.get("_snapshots"))


def find_first_text(values: Mapping[str, Any], *names: str) -> str:
    """Return the first of several fields that is not empty, '' where all are."""
    return next(filter(None, (html.format_line(values.get(name)) for name in names)), "")


def build_file_link(sources: DossierSources, folder: str, name: str, text: str = "") -> str:
    """Return the address of a file of the proposal, '' where it does not exist.

    Parameters
    ----------
    folder
        Folder below the proposal folder; '' for that itself.
    name
        As given in the run or message; its last component counts, whatever folder it names.
    """
    base = PurePosixPath(name).name
    if not base or base in (".", "..") or any(not char.isprintable() for char in base):
        return ""
    relative = f"{folder}/{base}" if folder else base
    return html.build_link("..", *filter(None, (folder, base))) if sources.exists(relative) else ""


def build_named_link(sources: DossierSources, folder: str, name: str) -> Link | None:
    """Return a file by its name, None where none is named."""
    base = PurePosixPath(name).name
    return Link(base, build_file_link(sources, folder, name)) if base else None


def add_picture_suffix(name: str) -> str:
    """Return the name under which a picture asked for by this name is saved; '' for ''."""
    return name if not name or name.lower().endswith(_PICTURE_SUFFIXES) else f"{name}.png"


def build_pictures(
    sources: DossierSources, folder: str, *wanted: tuple[str, str, Mapping[str, str]]
) -> Iterator[Picture]:
    """Yield those of the pictures (caption, name, details) that exist."""
    for caption, name, details in wanted:
        href = build_file_link(sources, folder, name)
        if href:
            yield Picture(href, caption, tuple((what, text) for what, text in details.items() if text))


def build_scan_pictures(sources: DossierSources) -> Iterator[Picture]:
    """Yield the pictures of the scans whose kinds declare a caption."""
    for caption, name in sources.scan_pictures:
        yield from build_pictures(sources, PurePosixPath(name).parent.as_posix(), (caption, name, {}))


def build_camera_pictures(sources: DossierSources) -> Iterator[Picture]:
    """Yield the pictures of the cameras."""
    snapshots = get_snapshots(sources.first_run)
    wanted = [
        (one.name, find_first_text(snapshots, *one.files), {"uid": find_first_text(snapshots, *one.uids)})
        for one in sources.cameras
    ]
    yield from build_pictures(sources, "snapshots", *wanted)


def build_sample_section(run: Run) -> DetailSection:
    """Return the section about the sample."""
    given, about = get_user_metadata(run), get_family(run, "Sample")
    composition = find_first_text(given, "sample") or find_first_text(about, "name")
    preparation = find_first_text(given, "prep") or find_first_text(about, "prep")
    comment = find_first_text(given, "comment") or html.format_line(run.xdi.get("_comment"))
    return DetailSection(
        "Sample details",
        (
            ("Composition", composition and html.format_formula(composition)),
            ("Preparation", preparation),
            ("Comment", comment),
            ("Temperature", find_first_text(about, "temperature")),
        ),
    )


def read_instrument(sources: DossierSources) -> Markup | None:
    """Return the section about the sample stage: the message's fragment, else the start document's; sanitised."""
    instrument = sources.dossier.instrument or get_user_metadata(sources.first_run).get("instrument")
    if not isinstance(instrument, str) or not instrument.strip():
        return None
    clean = html.sanitize_fragment(instrument)
    return clean if clean.striptags().strip() else None


def build_experiment_section(sources: DossierSources) -> DetailSection:
    """Return the section about the experiment: how it was measured, and by whom."""
    first, last = sources.first_run, sources.runs[-1]
    given, facility = get_user_metadata(first), get_family(first, "Facility")
    begun, ended = first.start.get("time"), (last.stop or {}).get("time")
    mono = find_crystal(sources.baseline, third_harmonic=given.get("ththth") is True) or find_first_text(
        get_family(first, "Mono"), "name"
    )
    pcc = html.format_line(first.xdi.get("_pccenergy"))
    return DetailSection(
        "Experiment configuration",
        (
            ("Start", format_document_time(begun, sources.zone)),
            ("End", format_document_time(ended, sources.zone)),
            ("Duration", _format_elapsed(begun, ended)),
            ("Monochromator", mono),
            ("Photon delivery mode", find_delivery_mode(sources.baseline)),
            ("Pseudo-channel-cut energy", pcc and f"{pcc} eV"),
            (
                "Experimenters",
                find_first_text(given, "experimenters") or find_first_text(get_family(first, "Scan"), "experimenters"),
            ),
            ("GUP", html.format_line(facility.get("GUP"))),
            ("SAF", html.format_line(facility.get("SAF"))),
            ("Cycle", html.format_line(facility.get("cycle")) or html.format_line(first.start.get("cycle"))),
            ("URL", find_first_text(given, "url")),
            ("DOI", find_first_text(given, "doi")),
            ("CIF", find_first_text(given, "cif")),
        ),
    )


def _format_elapsed(begun: Any, ended: Any) -> str:
    """Return how long it took, '' where a time is missing."""
    return format_duration(ended - begun) if isinstance(begun, int | float) and isinstance(ended, int | float) else ""


def build_code_blocks(sources: DossierSources) -> Iterator[CodeBlock]:
    """Yield the INI text and the command line, where there are any."""
    given = get_user_metadata(sources.first_run)
    ini = sources.dossier.ini or given.get("initext")
    if isinstance(ini, str) and ini.strip():
        yield CodeBlock("INI file", html.highlight_code(ini, "ini"))
    command = given.get("clargs")
    if isinstance(command, str) and command.strip() not in ("", "{}"):
        yield CodeBlock("Command line arguments", html.highlight_code(command, "python"))


def list_asset_files(sources: DossierSources, run: Run) -> tuple[tuple[str, str], ...]:
    """Return the detectors' files of a run: (detector, last parts of the path)."""
    found = build_asset_fields(sources.assets.get(run.uid, ()))
    return tuple((_find_asset_title(name), path) for name, path in found.items())


def _find_asset_title(name: str) -> str:
    return next((title for word, title in _DETECTORS if word in name), "HDF5")


def format_energy(value: Any) -> str:
    """Return an energy as `8333.0 eV`, '' for what is none."""
    text = html.format_line(value)
    try:
        return f"{float(text.removesuffix('eV')):.1f} eV"
    except ValueError:
        return ""
