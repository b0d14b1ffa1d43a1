"""The log file in an experiment's folder: begun, ended, written to."""

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
def start_log(control: ReceivedMessage, board: Board, tools: ActionContext) -> Outcome:
    """Make the log file, and write to it from now on what is said about its proposal."""
    path = control.get_message(LoggerStart).folder
    folder, rest = ProposalFolder.from_path(path, tools.roots)
    if rest:
        raise Refused(f"came {quote_value(path)}: expected the folder of a proposal, {folder.path}")
    return Outcome("done", (folder.touch(LOG_FILE_NAME),))


@action_handlers.register("logger.clear")
def clear_log(control: ReceivedMessage, board: Board, tools: ActionContext) -> Outcome:
    """Write to no log file any more; the board knows, and nothing else is to be done."""
    return Outcome("done")


@action_handlers.register("logger.entry")
def write_entry(control: ReceivedMessage, board: Board, tools: ActionContext) -> Outcome:
    """Log a line: in the journal, and in the log file that is open."""
    text = control.get_message(LoggerEntry).text
    log.info("entry", text=text)
    folder = find_log_proposal(board, tools)
    if folder is None:
        return Outcome("done", reason="no log file is open: the line is in the worker's own log")
    return Outcome("done", (add_line(folder, control.time, text),))
