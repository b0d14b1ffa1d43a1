"""Frames of files that stream documents name, and the suggestion of the folders from which they are read."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from xafs_workers.catalog.frame_reader import FrameReader
from xafs_workers.catalog.tiled_frames import TiledFrames
from xafs_workers.diagnostics.adoption.suggestion import Suggestion, ask, build_settings
from xafs_workers.diagnostics.adoption.trial import SessionData
from xafs_workers.scans.frames import FrameRequest, Frames
from xafs_workers.settings import Assets, Settings

SILENT_SECONDS = 5.0
"""Reading ends where no frames have come for so long: a file that is short does not grow any more."""


def read_frames(data: SessionData, folder: Path | None, given: Settings) -> tuple[SessionData, tuple[Suggestion, ...]]:
    """Read the frames that the documents of a session name, from Tiled or below one folder only.

    Parameters
    ----------
    folder
        Folder of the files on this machine; None for those of `assets`.
    given
        Settings of the source; a Tiled server reads the files itself.
    """
    tiled = given.sources.tiled
    board = data.try_settings({"profile": "plain"})
    requests = [request for run in board.runs.values() for request in run.frames.pending]
    if not requests:
        return data, ()
    local = [request for request in requests if not (request.node and tiled is not None)]
    has_assets = folder is None and bool(given.assets.roots)
    suggestions = _suggest_assets(local, folder) if local and not has_assets else ()
    assets = given.assets if has_assets else Assets(**build_settings(suggestions).get("assets", {}))
    if local and not assets.roots:
        return data, suggestions
    reader = FrameReader(assets, None if tiled is None else TiledFrames(tiled))
    return replace(data, frames=_read(requests, reader)), suggestions


def _suggest_assets(requests: list[FrameRequest], folder: Path | None) -> tuple[Suggestion, ...]:
    paths = sorted({unquote(urlsplit(request.uri).path) for request in requests})
    if folder is not None:
        for path in paths:
            prefix = _find_prefix(path, folder)
            if prefix is not None:
                return _build_assets(folder.resolve(), prefix, path)
    where = "" if folder is None else f", and not below {folder}"
    reason = f"the data are in {paths[0]}{where}: name the folder that holds it with --files"
    return (ask(("assets", "roots"), None, reason),)


def _find_prefix(path: str, folder: Path) -> str | None:
    """Find the folder, as documents name it, that is `folder` here; None where the file is not below it."""
    parts = PurePosixPath(path).parts
    for count in range(1, len(parts)):
        if (folder / PurePosixPath(*parts[count:])).is_file():
            return str(PurePosixPath(*parts[:count]))
    return None


def _build_assets(folder: Path, prefix: str, path: str) -> tuple[Suggestion, ...]:
    roots = Suggestion(("assets", "roots"), [str(folder)], f"contains {PurePosixPath(path).name}, which documents name")
    if prefix == str(folder):
        return (roots,)
    reason = f"documents name the folder {prefix}"
    return roots, Suggestion(("assets", "paths"), {prefix: str(folder)}, reason)


def _read(requests: list[FrameRequest], reader: FrameReader) -> tuple[Frames, ...]:
    """Read frames until all have come, or none has for a while."""
    found: dict[FrameRequest, Frames] = {}
    try:
        for request in requests:
            reader.ask(request)
        deadline = time.monotonic() + SILENT_SECONDS
        while sum(item.is_final for item in found.values()) < len(requests):
            if not reader.wait_for_results(deadline - time.monotonic()):
                break
            for item in reader.take():
                found[item.request] = item
                deadline = time.monotonic() + SILENT_SECONDS if item.values is not None else deadline
    finally:
        reader.close()
    return tuple(found[request] for request in requests if request in found)
