"""The log file in an experiment's folder: begun, ended, written to."""

from __future__ import annotations

from typing import cast

from xafs_workers.filemanager.actions.context import Outcome, Tools, actions
from xafs_workers.filemanager.actions.notify import log_folder
from xafs_workers.logs import get_logger
from xafs_workers.messages.logger import LoggerEntry, LoggerStart
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control
from xafs_workers.services.log_file import NAME, add_line
from xafs_workers.storage.errors import Refused, shown
from xafs_workers.storage.proposals import ProposalFolder

log = get_logger("workers")


@actions.register("logger.start")
def start(control: Control, board: Board, tools: Tools) -> Outcome:
    """Make the log file, and write to it from now on what is said about its proposal."""
    path = cast(LoggerStart, control.message).folder
    folder, rest = ProposalFolder.of_path(path, tools.roots)
    if rest:
        raise Refused(f"came {shown(path)}: expected the folder of a proposal, {folder.path}")
    return Outcome("done", (folder.touch(NAME),))


@actions.register("logger.clear")
def clear(control: Control, board: Board, tools: Tools) -> Outcome:
    """Write to no log file any more; the board knows, and nothing else is to be done."""
    return Outcome("done")


@actions.register("logger.entry")
def entry(control: Control, board: Board, tools: Tools) -> Outcome:
    """Log a line: in the journal, and in the log file that is open."""
    text = cast(LoggerEntry, control.message).text
    log.info("entry", text=text)
    folder = log_folder(board, tools)
    if folder is None:
        return Outcome("done", reason="no log file is open: the line is in the worker's own log")
    return Outcome("done", (add_line(folder, control.time, text),))
