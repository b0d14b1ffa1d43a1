"""The header that all text files share: families of metadata, times, ids, assets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from xafs_workers import __version__
from xafs_workers.scans.measured_runs import find_run_uid
from xafs_workers.scans.metadata import as_mapping, as_text
from xafs_workers.scans.runs import Run
from xafs_workers.writers import text_format
from xafs_workers.writers.registry import AssetLike, FileContext, read_end_time
from xafs_workers.writers.xdi_dictionary import (
    FAMILIES,
    OWN_NAMESPACE,
    fit_field,
    normalize_name,
)

EXCLUDED_FIELDS = frozenset({"Sample.comment", "Sample.extra_metadata"})

_DETECTORS = (
    ("mythen", "mythen"),
    ("pilatus", "pilatus100k"),
    ("eiger", "eiger1m"),
    ("dante", "dante"),
    ("xsp", "xspress3"),
)
"""What the path or the form of an asset contains, and what the header calls the detector."""

_HDF5 = (".h5", ".hdf5", ".hdf", ".nxs")
_PARTS_OF_PATH = 6

PLAIN_FORMAT = f"xafs-workers {__version__}, not XDI: "
"""First line of a file that lacks what XDI requires, without its sign of a comment."""

HeaderFields = dict[str, str]
"""Header lines by `Family.key`, in their order."""


def format_first_line(run: Run) -> str:
    """Return the line that names format and programs."""
    version = as_text(as_mapping(run.start.get("versions")).get("bluesky"))
    bluesky = f"BlueSky/{text_format.to_label(version)}" if version else ""
    return " ".join(filter(None, ("XDI/1.0", bluesky, f"xafs-workers/{__version__}")))


def format_plain_line(reason: str) -> str:
    """Return the first line of a file that is not XDI, with the reason."""
    return f"{PLAIN_FORMAT}{text_format.to_one_line(reason)}"


def find_plain_reason(content: bytes) -> str:
    """Find in the first line of a file why it is not XDI, '' for any other file."""
    first = content.partition(b"\n")[0].decode(errors="replace")
    return f"not XDI: {first.partition(PLAIN_FORMAT)[2]}" if first.startswith(f"# {PLAIN_FORMAT}") else ""


def build_fields(run: Run, context: FileContext) -> HeaderFields:
    """Return the metadata of a run: families in their order, then times and ids, which no sender can set.

    Raises
    ------
    CannotWrite
        The run did not end.
    """
    given = {name: value for name, value in list_document_fields(run.xdi) if value and name not in EXCLUDED_FIELDS}
    fitted = dict(fit_field(name, value) for name, value in given.items())
    return sort_fields(merge_fields(fitted, _build_own_fields(run, context)))


def merge_fields(given: Mapping[str, str], own: Mapping[str, str]) -> HeaderFields:
    """Return header lines with those of the program's own after them, which replace given ones of any case."""
    replaced = {name.lower() for name in own}
    return {name: value for name, value in given.items() if name.lower() not in replaced} | dict(own)


def sort_fields(fields: HeaderFields) -> HeaderFields:
    """Return header lines with the families in their order, the program's own namespace last."""
    order = {family: place for place, family in enumerate((*FAMILIES, OWN_NAMESPACE))}
    return dict(sorted(fields.items(), key=lambda item: order[item[0].partition(".")[0]]))


def build_remark(key: str, text: str) -> HeaderFields:
    """Return a remark of the program as a field of its namespace: the user's comments are the user's."""
    return {f"{OWN_NAMESPACE}.{key}": text_format.to_one_line(text)}


def list_document_fields(xdi: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield names and values as the start document has them; of several names that differ in case the last one."""
    found: dict[str, tuple[str, str]] = {}
    for family in FAMILIES:
        for given, value in as_mapping(xdi.get(family)).items():
            key = text_format.to_key(str(given))
            if key:
                name = normalize_name(family, key)
                found[name.lower()] = name, text_format.format_value(value)
    yield from found.values()


def _build_own_fields(run: Run, surroundings: FileContext) -> HeaderFields:
    found = {
        "Scan.start_time": text_format.format_iso_time(float(run.start["time"]), surroundings.zone),
        "Scan.end_time": text_format.format_iso_time(read_end_time(run), surroundings.zone),
        "Scan.uid": text_format.to_one_line(find_run_uid(run.uid)),
    }
    scan_id = text_format.format_value(run.start.get("scan_id"))
    return found | ({"Scan.transient_id": scan_id} if scan_id else {})


def build_asset_fields(assets: Iterable[AssetLike]) -> HeaderFields:
    """Return a line for each HDF5 file of a run: its detector, and the last six parts of its path."""
    found: HeaderFields = {}
    for asset in assets:
        hints = f"{asset.path} {asset.form}".lower()
        if not asset.path.lower().endswith(_HDF5) and "hdf5" not in asset.form.lower():
            continue
        detector = next((name for word, name in _DETECTORS if word in hints), "")
        name = f"Scan.{detector}_hdf5_file" if detector else "Scan.hdf5_file"
        path = text_format.to_one_line("/".join(PurePosixPath(asset.path.lstrip("/")).parts[-_PARTS_OF_PATH:]))
        if path not in found.values():
            found[_find_free_name(name, found)] = path
    return found


def _find_free_name(name: str, taken: Mapping[str, str]) -> str:
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def read_comments(run: Run) -> list[str]:
    """Return the user's comments on the run, line by line, also empty ones; [] where there is no text."""
    given = run.xdi.get("_comment")
    members = given if isinstance(given, list | tuple) else [given]
    lines = [line for member in members if isinstance(member, str) for line in member.splitlines() or [""]]
    found = [text_format.to_comment_line(line) for line in lines]
    return found if any(found) else []
