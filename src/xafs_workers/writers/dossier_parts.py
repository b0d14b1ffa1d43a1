"""Parts that dossiers of all kinds have: sample, experiment, cameras, files, INI text and command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from xafs_workers.scans.metadata import mapping
from xafs_workers.scans.runs import Run
from xafs_workers.writers import html
from xafs_workers.writers.dossier import Code, Link, Picture, Rows, Sources, duration, local_time
from xafs_workers.writers.dossier_motors import crystal, delivery_mode
from xafs_workers.writers.headers import asset_fields

if TYPE_CHECKING:
    from markupsafe import Markup

CAMERAS = (
    ("XAS web camera", ("webcam_file",), ("webcam_uid",)),
    ("analog pinhole camera", ("analog_file",), ("anacam_uid", "analog_uid")),
    ("USB camera #1", ("usb1_file",), ("usbcam1_uid", "usb1_uid")),
    ("USB camera #2", ("usb2_file",), ("usbcam2_uid", "usb2_uid")),
)
"""What a camera is called, and the fields of `_snapshots` that name its picture and its run."""

_PICTURES = (".png", ".pdf", ".svg")

_DETECTORS = (
    ("pilatus", "Pilatus HDF5"),
    ("eiger", "Eiger HDF5"),
    ("dante", "Dante HDF5"),
    ("xspress3", "XSpress3 HDF5"),
)


def user(run: Run) -> Mapping[str, Any]:
    """Return the parameters of the INI file, and what the plan added to them."""
    return mapping(run.xdi.get("_user"))


def family(run: Run, name: str) -> Mapping[str, Any]:
    """Return one family of the XDI metadata."""
    return mapping(run.xdi.get(name))


def snapshots(run: Run) -> Mapping[str, Any]:
    """Return what is told of the pictures."""
    return mapping(run.xdi.get("_snapshots"))


def first_of(told: Mapping[str, Any], *names: str) -> str:
    """Return the first of several fields that says something, '' where none does."""
    return next(filter(None, (html.line(told.get(name)) for name in names)), "")


def file_link(sources: Sources, folder: str, name: str, text: str = "") -> str:
    """Return the address of a file of the proposal, '' where it is not there.

    Parameters
    ----------
    folder
        Below the proposal folder; '' for that itself.
    name
        As somebody told it; its last component counts, whatever folder it names.
    """
    base = PurePosixPath(name).name
    if not base or base in (".", "..") or any(not char.isprintable() for char in base):
        return ""
    relative = f"{folder}/{base}" if folder else base
    return html.link("..", *filter(None, (folder, base))) if sources.exists(relative) else ""


def named_file(sources: Sources, folder: str, name: str) -> Link | None:
    """Return a file by its name, None where none is named."""
    base = PurePosixPath(name).name
    return Link(base, file_link(sources, folder, name)) if base else None


def picture_name(name: str) -> str:
    """Return the name under which a picture asked for by this name is saved; '' for ''."""
    return name if not name or name.lower().endswith(_PICTURES) else f"{name}.png"


def pictures(sources: Sources, folder: str, *wanted: tuple[str, str, Mapping[str, str]]) -> Iterator[Picture]:
    """Yield those of the pictures (caption, name, more to be told) that are there."""
    for caption, name, details in wanted:
        href = file_link(sources, folder, name)
        if href:
            yield Picture(href, caption, tuple((what, text) for what, text in details.items() if text))


def cameras(sources: Sources) -> Iterator[Picture]:
    """Yield the pictures of the cameras."""
    told = snapshots(sources.first)
    wanted = [(name, first_of(told, *files), {"uid": first_of(told, *uids)}) for name, files, uids in CAMERAS]
    yield from pictures(sources, "snapshots", *wanted)


def sample(run: Run) -> Rows:
    """Return what is told of the sample."""
    given, about = user(run), family(run, "Sample")
    composition = first_of(given, "sample") or first_of(about, "name")
    preparation = first_of(given, "prep") or first_of(about, "prep")
    comment = first_of(given, "comment") or html.line(run.xdi.get("_comment"))
    return Rows(
        "Sample details",
        (
            ("Composition", composition and html.formula(composition)),
            ("Preparation", preparation),
            ("Comment", comment),
            ("Temperature", first_of(about, "temperature")),
        ),
    )


def instrument(sources: Sources) -> Markup | None:
    """Return what is told of the sample stage: the message's fragment, else the start document's; sanitised."""
    told = sources.dossier.instrument or user(sources.first).get("instrument")
    if not isinstance(told, str) or not told.strip():
        return None
    clean = html.sanitised(told)
    return clean if clean.striptags().strip() else None


def experiment(sources: Sources) -> Rows:
    """Return how and by whom it was measured."""
    first, last = sources.first, sources.runs[-1]
    given, facility = user(first), family(first, "Facility")
    begun, ended = first.start.get("time"), (last.stop or {}).get("time")
    mono = crystal(sources.baseline, third_harmonic=given.get("ththth") is True) or first_of(
        family(first, "Mono"), "name"
    )
    pcc = html.line(first.xdi.get("_pccenergy"))
    return Rows(
        "Experiment configuration",
        (
            ("Start", local_time(begun, sources.zone)),
            ("End", local_time(ended, sources.zone)),
            ("Duration", _between(begun, ended)),
            ("Monochromator", mono),
            ("Photon delivery mode", delivery_mode(sources.baseline)),
            ("Pseudo-channel-cut energy", pcc and f"{pcc} eV"),
            ("Experimenters", first_of(given, "experimenters") or first_of(family(first, "Scan"), "experimenters")),
            ("GUP", html.line(facility.get("GUP"))),
            ("SAF", html.line(facility.get("SAF"))),
            ("Cycle", html.line(facility.get("cycle")) or html.line(first.start.get("cycle"))),
            ("URL", first_of(given, "url")),
            ("DOI", first_of(given, "doi")),
            ("CIF", first_of(given, "cif")),
        ),
    )


def _between(begun: Any, ended: Any) -> str:
    """Return how long it took, '' where a time is missing."""
    return duration(ended - begun) if isinstance(begun, int | float) and isinstance(ended, int | float) else ""


def codes(sources: Sources) -> Iterator[Code]:
    """Yield the INI text and the command line, where there are any."""
    given = user(sources.first)
    ini = sources.dossier.ini or given.get("initext")
    if isinstance(ini, str) and ini.strip():
        yield Code("INI file", html.highlighted(ini, "ini"))
    command = given.get("clargs")
    if isinstance(command, str) and command.strip() not in ("", "{}"):
        yield Code("Command line arguments", html.highlighted(command, "python"))


def asset_details(sources: Sources, run: Run) -> tuple[tuple[str, str], ...]:
    """Return the detectors' files of a run: (detector, last parts of the path)."""
    found = asset_fields(sources.assets.get(run.uid, ()))
    return tuple((_asset_title(name), path) for name, path in found.items())


def _asset_title(name: str) -> str:
    return next((title for word, title in _DETECTORS if word in name), "HDF5")


def energy(value: Any) -> str:
    """Return an energy as `8333.0 eV`, '' for what is none."""
    text = html.line(value)
    try:
        return f"{float(text.removesuffix('eV')):.1f} eV"
    except ValueError:
        return ""
