"""Actions of the log file in a proposal folder: start, stop, and write a line."""

from __future__ import annotations

from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers
from xafs_workers.filemanager.actions.notify import find_log_proposal
from xafs_workers.logs import get_logger
from xafs_workers.messages.logger import LoggerEntry, LoggerStart
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.services.log_file import LOG_FILE_NAME, add_line
from xafs_workers.storage.errors import Refused, quote_value
from xafs_workers.storage.proposals import ProposalFolder

log = get_logger("workers")


@action_handlers.register("logger.start")
def start_log(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Create the log file; from now on, notices about its proposal are written to it."""
    path = control.get_message(LoggerStart).folder
    folder, rest = ProposalFolder.from_path(path, context.roots)
    if rest:
        raise Refused(f"folder {quote_value(path)} is below a proposal folder (expected {folder.path})")
    return Outcome("done", (folder.append(LOG_FILE_NAME, b""),))


@action_handlers.register("logger.clear")
def clear_log(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Answer the end of the log file; the board has recorded it already."""
    return Outcome("done")


@action_handlers.register("logger.entry")
def write_entry(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Write a line to the worker's log and to the open log file."""
    text = control.get_message(LoggerEntry).text
    log.info("entry_logged", text=text)
    folder = find_log_proposal(board, context)
    if folder is None:
        return Outcome("done", reason="no log file is open: the line is in the worker's own log")
    return Outcome("done", (add_line(folder, control.time, text),))
