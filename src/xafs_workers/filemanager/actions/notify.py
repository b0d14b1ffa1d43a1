"""Notices of the file manager, for the message log, the log file and the Slack channel of a proposal.

Each notice has a key, made of the message that caused it and the name of an effect. So a notice that is repeated after
a restart appears in the logs once and is posted once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace

from xafs_workers.filemanager.actions.context import ActionContext
from xafs_workers.filemanager.random_flag import replace_flags
from xafs_workers.logs import get_logger
from xafs_workers.runtime.outcome import Outcome, PartRefused, TryLater
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.logger import find_log_folder
from xafs_workers.services.log_file import add_line
from xafs_workers.services.slack_posts import Post
from xafs_workers.storage.errors import PathUnavailable, Refused
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.writers.message_log import LogEntry

log = get_logger("workers")


@dataclass(frozen=True, slots=True)
class Notice:
    """Text or picture for the logs and the channel of a proposal.

    Attributes
    ----------
    effect
        Name of the notice among those of the same message.
    picture
        Name of a picture, relative to the proposal folder, '' for none; the text is its title.
    rid, link
        Report identifier and link, as in `LogEntry`.
    """

    text: str
    effect: str
    picture: str = ""
    rid: str | bool | None = None
    link: str = ""

    @property
    def plain_text(self) -> str:
        """The text with the link written out, for places without links."""
        return f"{self.text} {self.link}".strip()


def post_notice(line: Notice, folder: ProposalFolder | None, control: ReceivedMessage, context: ActionContext) -> None:
    """Write a notice to the logs of a proposal and post it; without a proposal, post it to the staff's channel alone.

    Raises
    ------
    Unavailable, TryLater
        It cannot be written now. Another attempt repeats nothing.
    """
    line = replace(line, text=replace_flags(line.text, _build_key(line, control, context)))
    try:
        log_notice(line, folder, control, context)
    finally:  # a log that is refused does not keep the post back
        _post(line, folder, control, context)


def _post(line: Notice, folder: ProposalFolder | None, control: ReceivedMessage, context: ActionContext) -> None:
    session = "" if folder is None else folder.session
    picture = f"{folder.path}/{line.picture}" if folder is not None and line.picture else ""
    try:
        context.post(Post(_build_key(line, control, context), session, line.plain_text, picture))
    except OSError as error:
        raise TryLater(error.errno, f"outbox: {error}") from error


def log_notice(line: Notice, folder: ProposalFolder | None, control: ReceivedMessage, context: ActionContext) -> None:
    """Write a notice to the logs of a proposal without posting it; raises as `post_notice` does.

    A log that can never be written, for something else has its name, is reported and left out.
    """
    if folder is None:
        return
    entry = LogEntry(_build_key(line, control, context), control.time, line.text, line.picture, line.rid, line.link)
    with tolerate_refusal(folder):
        context.message_log.add_entry(folder, entry)
    open_log = find_log_proposal(context.get_board(), context)
    if open_log is not None and open_log.path == folder.path:
        with tolerate_refusal(folder):
            add_line(folder, control.time, line.plain_text)


@contextmanager
def finish_with(outcome: Outcome) -> Iterator[None]:
    """Let an index or log that is refused for its path be tried again for a while, then `outcome` holds all the same.

    Raises
    ------
    PartRefused
        The block raised `PathUnavailable`.
    """
    try:
        yield
    except PathUnavailable as refused:
        raise PartRefused(refused.reason, outcome) from refused


@contextmanager
def tolerate_refusal(folder: ProposalFolder) -> Iterator[None]:
    """Log that an index or log of a proposal is refused, and go on: it never fails a data file."""
    try:
        yield
    except Refused as refusal:
        log.warning("index_not_written", session=folder.session, reason=refusal.reason)


def report_action(
    text: str, folder: ProposalFolder | None, control: ReceivedMessage, context: ActionContext, *, key: str = ""
) -> None:
    """Log and post that something was done for a proposal; once for each `key` of a message.

    Raises
    ------
    Unavailable, TryLater
        It cannot be written now.
    """
    log.info("action_reported", text=text, session=folder.session if folder is not None else "")
    post_notice(Notice(text, f"told {key}"), folder, control, context)


def find_log_proposal(board: Board, context: ActionContext) -> ProposalFolder | None:
    """Find the proposal whose log file is open, None while none is."""
    path = find_log_folder(board)
    if not path:
        return None
    try:
        return ProposalFolder.from_path(path, context.roots)[0]
    except Refused:
        return None


def _build_key(line: Notice, control: ReceivedMessage, context: ActionContext) -> str:
    return "/".join(map(str, astuple(context.ledger.build_key(control, line.effect))))
