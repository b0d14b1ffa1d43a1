"""Lines of the file manager's: into the message log and the log file of a proposal, and to its channel.

Each line has a key of its own, made of the message that led to it and a word: said again after a restart it stands in
the logs once and is posted once.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

from xafs_workers.filemanager.actions.context import ActionContext
from xafs_workers.runtime.outcome import TryLater
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.logger import find_log_folder
from xafs_workers.services.log_file import add_line
from xafs_workers.services.slack_posts import Post
from xafs_workers.storage.errors import Refused
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.writers.message_log import LogEntry


@dataclass(frozen=True, slots=True)
class Notice:
    """What is said.

    Attributes
    ----------
    effect
        Tells this line from others that the same message leads to.
    picture
        Name of a picture, relative to the proposal folder; the text is its title.
    rid, link
        As in `LogEntry`.
    """

    text: str
    effect: str
    picture: str = ""
    rid: str | bool | None = None
    link: str = ""

    @property
    def plain_text(self) -> str:
        """The line where nothing can be linked."""
        return f"{self.text} {self.link}".strip()


def post_notice(line: Notice, folder: ProposalFolder | None, control: ReceivedMessage, tools: ActionContext) -> None:
    """Put a line into the logs of a proposal and post it; without a proposal it goes to the staff's channel alone.

    Raises
    ------
    CatalogUnavailable, TryLater
        It cannot be put down now. Doing it again repeats nothing.
    """
    log_notice(line, folder, control, tools)
    session = "" if folder is None else folder.session
    picture = f"{folder.path}/{line.picture}" if folder is not None and line.picture else ""
    try:
        tools.post(Post(_build_key(line, control, tools), session, line.plain_text, picture))
    except OSError as error:
        raise TryLater(error.errno, f"outbox: {error}") from error


def log_notice(line: Notice, folder: ProposalFolder | None, control: ReceivedMessage, tools: ActionContext) -> None:
    """Put a line into the logs of a proposal, and post nothing; raises as `say` does."""
    if folder is None:
        return
    entry = LogEntry(_build_key(line, control, tools), control.time, line.text, line.picture, line.rid, line.link)
    tools.message_log.add_entry(folder, entry)
    log = find_log_proposal(tools.get_board(), tools)
    if log is not None and log.path == folder.path:
        add_line(folder, control.time, line.plain_text)


def find_log_proposal(board: Board, tools: ActionContext) -> ProposalFolder | None:
    """Return the proposal whose log file is open, None while none is."""
    path = find_log_folder(board)
    if not path:
        return None
    try:
        return ProposalFolder.from_path(path, tools.roots)[0]
    except Refused:
        return None


def _build_key(line: Notice, control: ReceivedMessage, tools: ActionContext) -> str:
    return "/".join(map(str, astuple(tools.ledger.build_key(control.position, control.time, line.effect))))
