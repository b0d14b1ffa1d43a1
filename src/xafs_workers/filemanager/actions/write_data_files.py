"""Data files: whatever a writer makes for a message is put into the folder of the run it names."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import CancelledError, Future
from typing import Any

from xafs_workers.catalog.finished_run import FinishedRun
from xafs_workers.filemanager.actions.context import ActionContext, Outcome
from xafs_workers.filemanager.actions.telling import report_action
from xafs_workers.filemanager.actions.xrf_spectra import read_spectra
from xafs_workers.logs import get_logger
from xafs_workers.runtime.outcome import TryLater
from xafs_workers.runtime.publish_once import publish_once
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.storage.errors import Refused
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.writers.registry import FileContext, WriterInput, build_message_files

log = get_logger("workers")

XDI_HEADER = b"# XDI/"
READ_TIMEOUT = 60.0
"""How long Larch may take to read a file, seconds; then it is tried again."""

FILE_LABELS = {"xasxdi": "XAS data", "seadxdi": "SEAD data", "lsxdi": "linescan data", "raster": "raster data"}
"""What the files of a kind are called when their writing is told."""

KINDS_WITH_SPECTRA = frozenset({"xrf"})


def write_files(control: ReceivedMessage, board: Board, tools: ActionContext) -> Outcome:
    """Write the files that a message asks for."""
    message: Any = control.message
    run = tools.catalog.wait_for_run(message.uid, tools.stop)
    spectra = read_spectra(run, 0, tools) if message.kind in KINDS_WITH_SPECTRA else {}
    surroundings = FileContext(run.list_assets(tools.stop))
    contents = build_message_files(message, WriterInput(run.run, tools.config, surroundings, spectra))
    return publish_files(control, run, contents, tools)


def publish_files(
    control: ReceivedMessage, run: FinishedRun, contents: Mapping[str, bytes], tools: ActionContext
) -> Outcome:
    """Put files into the folder of a run once they are seen to be readable, and tell of them."""
    folder = ProposalFolder.from_run(run.start, tools.roots, tools.settings.storage)
    overwrite = control.message.may_overwrite
    for name, content in contents.items():
        _check_readable(name, content, tools)
    paths = [
        publish_once(folder, name, control, lambda made=content: made, tools.ledger, overwrite)
        for name, content in contents.items()
    ]
    what = FILE_LABELS.get(control.message.kind, f"{control.message.kind} data")
    for path in paths:
        report_action(f"wrote {what} to {path}", folder, control, tools, key=path)
    return Outcome("done", tuple(paths))


def _check_readable(name: str, content: bytes, tools: ActionContext) -> None:
    """Have Larch read an XDI file before it gets its name.

    Raises
    ------
    Refused
        Larch does not read it as it was meant.
    TryLater
        The reduction's process does not answer.
    """
    if tools.read_xdi is None or not content.startswith(XDI_HEADER):
        return
    answer = _wait_for_answer(tools.read_xdi(content))
    if "problem" in answer:
        raise Refused(f"{name}: Larch does not read what was to be written: {answer['problem']}")
    columns, rows = _measure_shape(content)
    if (len(answer["labels"]), answer["rows"]) != (columns, rows):
        came = f"{answer['rows']} rows of {', '.join(answer['labels'])}"
        raise Refused(f"{name}: Larch reads {came}: expected {rows} of {columns} columns")


def _wait_for_answer(answer: Future[Mapping[str, Any]]) -> Mapping[str, Any]:
    try:
        return answer.result(READ_TIMEOUT)
    except TimeoutError as error:
        answer.cancel()
        raise TryLater(f"Larch did not read the file within {READ_TIMEOUT:.0f} s") from error
    except CancelledError as error:  # the worker ends; the message is done after the next start
        raise TryLater("Larch was stopped before it read the file") from error


def _measure_shape(content: bytes) -> tuple[int, int]:
    """Return how many columns and rows there are; Larch gives some of the labels other names."""
    lines = content.decode().splitlines()
    header = max(number for number, line in enumerate(lines) if line.startswith("#"))
    return len(lines[header].split()) - 1, len(lines) - header - 1
