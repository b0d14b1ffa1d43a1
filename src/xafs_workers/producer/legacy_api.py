"""Commands under the names that today's sessions and macros use."""

from __future__ import annotations

from collections.abc import Mapping
from os import fspath
from typing import TYPE_CHECKING, Any

from xafs_workers.producer.send import kafka_message

if TYPE_CHECKING:
    from os import PathLike


def close_plots() -> None:
    """Close every figure of the plot managers."""
    kafka_message({"close": "all"})


def close_line_plots() -> None:
    """Close the figures of all line and time scans."""
    kafka_message({"close": "line"})


def close_last_plot() -> None:
    """Close the most recent figure."""
    kafka_message({"close": "last"})


def kafka_verbose(onoff: bool = False) -> None:
    """Let the workers log each message in full, or briefly."""
    kafka_message({"verbose": bool(onoff)})


def preserve(fname: str | PathLike[str], target: str | PathLike[str]) -> None:
    """Copy a file into the proposal folder.

    Parameters
    ----------
    fname
        Absolute path, below one of the folders the file manager may copy from.
    target
        Absolute path in the proposal folder: of the copy, or of a folder for it.
    """
    kafka_message({"copy": True, "file": fspath(fname), "target": fspath(target)})


def regenerate_file(
    uid: str, filename: str | None = None, *, catalog: Mapping[str, Any] | None = None, overwrite: bool = False
) -> None:
    """Have the data file of a finished run written again.

    Parameters
    ----------
    filename
        Data file, relative to the proposal folder. Without it kind and name are those of the run's start document;
        with it the run is an XAFS scan.
    catalog
        Finished runs by uid (a Tiled client, databroker); required without a file name.
    overwrite
        True to replace a file of that name with other content; else the request is refused.

    Raises
    ------
    ValueError
        Neither file name nor catalog, or the start document names no data file.
    """
    if filename is not None:
        kafka_message({"xasxdi": True, "uid": uid, "filename": filename, "overwrite": overwrite})
        return
    if catalog is None:
        raise ValueError(f"run {uid}: missing filename and catalog (expected one of them, for the data file's name)")
    kafka_message(build_regeneration_message(catalog[uid].metadata["start"], overwrite=overwrite))


_KIND_BY_HINT = {
    "xafs": "xasxdi",
    "timescan": "seadxdi",
    "linescan": "lsxdi",
    "rectanglescan": "lsxdi",
    "areascan": "raster",
}


def build_regeneration_message(
    start: Mapping[str, Any], *, filename: str | None = None, overwrite: bool = False
) -> dict[str, Any]:
    """Build the message that requests the data file of a run again.

    Parameters
    ----------
    start
        Start document of the run. `BMM_kafka.hint`, else `XDI._kind`, gives the kind of file, `XDI._filename` its name.

    Raises
    ------
    ValueError
        The start document does not contain the kind of file, or its name.
    """
    uid, xdi = start["uid"], start.get("XDI") or {}
    hint = str((start.get("BMM_kafka") or {}).get("hint") or xdi.get("_kind") or "")
    kind = _KIND_BY_HINT.get(hint.partition(" ")[0])
    if kind is None:
        words = ", ".join(_KIND_BY_HINT)
        raise ValueError(f"run {uid}: no data file: BMM_kafka.hint and XDI._kind begin with none of {words}")
    message = {kind: True, "uid": uid, "overwrite": overwrite}
    if kind == "raster":
        return message
    name = filename or xdi.get("_filename")
    if not isinstance(name, str) or not name:
        raise ValueError(f"run {uid}: its start document has no XDI._filename: give the data file's name")
    return {**message, "filename": name}
