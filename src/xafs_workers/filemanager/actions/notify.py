"""Lines of the file manager's: into the message log and the log file of a proposal, and to its channel.

Each line has a key of its own, made of the message that led to it and a word: said again after a restart it stands in
the logs once and is posted once.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

from xafs_workers.filemanager.actions.context import Tools, TryLater
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control
from xafs_workers.scans.logger import logging_to
from xafs_workers.services.log_file import add_line
from xafs_workers.services.slack_posts import Post
from xafs_workers.storage.errors import Refused
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.writers.message_log import LogEntry


@dataclass(frozen=True, slots=True)
class Line:
    """What is said.

    Attributes
    ----------
    word
        Tells this line from others that the same message leads to.
    picture
        Name of a picture, relative to the proposal folder; the text is its title.
    rid, link
        As in `LogEntry`.
    """

    text: str
    word: str
    picture: str = ""
    rid: str | bool | None = None
    link: str = ""

    @property
    def told(self) -> str:
        """The line where nothing can be linked."""
        return f"{self.text} {self.link}".strip()


def say(line: Line, folder: ProposalFolder | None, control: Control, tools: Tools) -> None:
    """Put a line into the logs of a proposal and post it; without a proposal it goes to the staff's channel alone.

    Raises
    ------
    Unavailable, TryLater
        It cannot be put down now. Doing it again repeats nothing.
    """
    note(line, folder, control, tools)
    session = "" if folder is None else folder.session
    picture = f"{folder.path}/{line.picture}" if folder is not None and line.picture else ""
    try:
        tools.post(Post(_key(line, control, tools), session, line.told, picture))
    except OSError as error:
        raise TryLater(error.errno, f"outbox: {error}") from error


def note(line: Line, folder: ProposalFolder | None, control: Control, tools: Tools) -> None:
    """Put a line into the logs of a proposal, and post nothing; raises as `say` does."""
    if folder is None:
        return
    entry = LogEntry(_key(line, control, tools), control.time, line.text, line.picture, line.rid, line.link)
    tools.message_log.note(folder, entry)
    log = log_folder(tools.board(), tools)
    if log is not None and log.path == folder.path:
        add_line(folder, control.time, line.told)


def log_folder(board: Board, tools: Tools) -> ProposalFolder | None:
    """Return the proposal whose log file is open, None while none is."""
    path = logging_to(board)
    if not path:
        return None
    try:
        return ProposalFolder.of_path(path, tools.roots)[0]
    except Refused:
        return None


def _key(line: Line, control: Control, tools: Tools) -> str:
    return "/".join(map(str, astuple(tools.records.key(control.origin, control.time, line.word))))
