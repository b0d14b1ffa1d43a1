"""Lines and pictures for the message log of a proposal and for its channel."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import cast

from xafs_workers.filemanager.actions.context import Outcome, Tools, actions, dues
from xafs_workers.filemanager.actions.notify import Line, say
from xafs_workers.filemanager.actions.resolve_folder import folder_of
from xafs_workers.messages.echoslack import Echoslack
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control
from xafs_workers.services.message_log import is_there
from xafs_workers.storage.errors import Absent, shown
from xafs_workers.storage.proposals import ProposalFolder

WORD = "echo"


@dues.register("echoslack")
def is_due(control: Control, board: Board) -> bool:
    """Tell whether it is known whose text it is: the run that tells may still be on its way, on the other topic.

    Pictures name their proposal, but wait as long, so that they stay behind the texts before them.
    """
    return board.now >= control.time + board.rules.settle


@actions.register("echoslack")
def echo(control: Control, board: Board, tools: Tools) -> Outcome:
    """Put a text or a picture into the message log, and post it.

    Raises
    ------
    Refused
        The picture lies in no proposal folder, or is not there.
    """
    message = cast(Echoslack, control.message)
    rid = message.rid or None
    if message.img is not None:
        return _picture(control, message.img, rid, tools)
    folder = folder_of(control, board, tools.roots, tools.settings)
    text = message.text or ""
    say(Line(text, WORD, rid=rid), folder, control, tools)
    return Outcome("done", reason="" if folder else "no proposal is known: posted to the staff's channel alone")


def _picture(control: Control, path: str, rid: str | bool | None, tools: Tools) -> Outcome:
    folder, name = ProposalFolder.of_path(path, tools.roots)
    if not name or not is_there(folder, name):
        raise Absent(f"came {shown(path)}: there is no such picture")
    say(Line(PurePosixPath(name).name, WORD, name, rid), folder, control, tools)
    return Outcome("done")
