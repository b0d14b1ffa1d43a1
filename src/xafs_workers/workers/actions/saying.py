"""What the file manager says of its own accord: into the logs of a proposal, and to its channel.

Each line has a key of its own, made of the message that led to it and a word: said again after a restart it stands in
the logs once and is posted once.
"""

from __future__ import annotations

from dataclasses import astuple
from pathlib import PurePosixPath

from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control
from xafs_workers.scans.logger import logging_to
from xafs_workers.services.log_file import add_line
from xafs_workers.services.posts import Post
from xafs_workers.storage.errors import Refused
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.workers.actions.action import Tools
from xafs_workers.writers.messagelog import LogEntry


def say(control: Control, folder: ProposalFolder | None, text: str, tools: Tools, *, word: str = "said") -> None:
    """Say a line about a proposal; without one it goes to the staff's channel alone.

    Parameters
    ----------
    word
        Tells this line from others that the same message leads to.

    Raises
    ------
    Unavailable
        A log cannot be written now. Doing it again repeats nothing.
    """
    note(control, folder, text, tools, word=word)
    tools.post(Post(key_of_line(control, word, tools), "" if folder is None else folder.session, text))


def note(  # noqa: PLR0913 - one line of a log, and where it comes from
    control: Control,
    folder: ProposalFolder | None,
    text: str,
    tools: Tools,
    *,
    word: str,
    picture: str = "",
    rid: str | bool | None = None,
) -> None:
    """Put a line, or a picture with its title, into the logs of a proposal, and post nothing.

    Parameters
    ----------
    picture
        Relative to the proposal folder.
    rid
        As in `LogEntry`.
    """
    if folder is None:
        return
    entry = LogEntry(key_of_line(control, word, tools), control.time, text, picture, rid)
    tools.message_log.note(folder, entry)
    log = log_folder(tools.board(), tools)
    if log is not None and log.path == folder.path:
        add_line(folder, control.time, text)


def key_of_line(control: Control, word: str, tools: Tools) -> str:
    """Return the key of a line."""
    return "/".join(map(str, astuple(tools.records.key(control.origin, control.time, word))))


def log_folder(board: Board, tools: Tools) -> ProposalFolder | None:
    """Return the proposal whose log file is open, None while none is."""
    path = logging_to(board)
    if not path:
        return None
    try:
        return ProposalFolder.of_path(path, tools.roots)[0]
    except Refused:
        return None


def title_of(picture: str) -> str:
    """Return the title of a picture that nobody gave one: its name."""
    return PurePosixPath(picture).name
