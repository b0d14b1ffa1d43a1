"""Data files: whatever a writer makes for a message is put into the folder of the run it names."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import CancelledError, Future
from typing import Any

from xafs_workers.catalog.finished_run import FinishedRun
from xafs_workers.filemanager.actions.context import Outcome, Tools, TryLater
from xafs_workers.filemanager.actions.telling import tell
from xafs_workers.filemanager.actions.xrf_spectra import spectra_at
from xafs_workers.logs import get_logger
from xafs_workers.runtime.publish_once import publish_once
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control
from xafs_workers.storage.errors import Refused
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.writers.registry import Material, Surroundings, files_of

log = get_logger("workers")

XDI = b"# XDI/"
READ_PATIENCE = 60.0
"""How long Larch may take to read a file, seconds; then it is tried again."""

WORDS = {"xasxdi": "XAS data", "seadxdi": "SEAD data", "lsxdi": "linescan data", "raster": "raster data"}
"""What the files of a kind are called when their writing is told."""

WITH_SPECTRA = frozenset({"xrf"})


def write_files(control: Control, board: Board, tools: Tools) -> Outcome:
    """Write the files that a message asks for."""
    message: Any = control.message
    run = tools.runs.run(message.uid, tools.stop)
    spectra = spectra_at(run, 0, tools) if message.kind in WITH_SPECTRA else {}
    surroundings = Surroundings(run.assets(tools.stop))
    contents = files_of(message, Material(run.run, tools.rules, surroundings, spectra))
    return put(control, run, contents, tools)


def put(control: Control, run: FinishedRun, contents: Mapping[str, bytes], tools: Tools) -> Outcome:
    """Put files into the folder of a run once they are seen to be readable, and tell of them."""
    folder = ProposalFolder.of_run(run.start, tools.roots, tools.settings.storage)
    overwrite = bool(getattr(control.message, "overwrite", False))
    for name, content in contents.items():
        _check(name, content, tools)
    paths = [
        publish_once(folder, name, control, lambda made=content: made, tools.records, overwrite)
        for name, content in contents.items()
    ]
    what = WORDS.get(control.message.kind, f"{control.message.kind} data")
    for path in paths:
        tell(f"wrote {what} to {path}", folder, control, tools, key=path)
    return Outcome("done", tuple(paths))


def _check(name: str, content: bytes, tools: Tools) -> None:
    """Have Larch read an XDI file before it gets its name.

    Raises
    ------
    Refused
        Larch does not read it as it was meant.
    TryLater
        The reduction's process does not answer.
    """
    if tools.read_xdi is None or not content.startswith(XDI):
        return
    answer = _waited_for(tools.read_xdi(content))
    if "problem" in answer:
        raise Refused(f"{name}: Larch does not read what was to be written: {answer['problem']}")
    columns, rows = _shape(content)
    if (len(answer["labels"]), answer["rows"]) != (columns, rows):
        came = f"{answer['rows']} rows of {', '.join(answer['labels'])}"
        raise Refused(f"{name}: Larch reads {came}: expected {rows} of {columns} columns")


def _waited_for(answer: Future[Mapping[str, Any]]) -> Mapping[str, Any]:
    try:
        return answer.result(READ_PATIENCE)
    except TimeoutError as error:
        answer.cancel()
        raise TryLater(f"Larch did not read the file within {READ_PATIENCE:.0f} s") from error
    except CancelledError as error:  # the worker ends; the message is done after the next start
        raise TryLater("Larch was stopped before it read the file") from error


def _shape(content: bytes) -> tuple[int, int]:
    """Return how many columns and rows there are; Larch gives some of the labels other names."""
    lines = content.decode().splitlines()
    header = max(number for number, line in enumerate(lines) if line.startswith("#"))
    return len(lines[header].split()) - 1, len(lines) - header - 1
