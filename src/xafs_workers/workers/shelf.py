"""Pictures drawn and put on the shelf: into the proposal folder of the run they show."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Literal, cast

from xafs_workers.figures.model import Figure
from xafs_workers.figures.views import figure_of
from xafs_workers.frontends.headless import Outcome, TryLater
from xafs_workers.frontends.wanted import NothingToDraw, Wanted, picture_wanted
from xafs_workers.logs import get_logger
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control
from xafs_workers.scans.scan import Scan
from xafs_workers.settings import Settings
from xafs_workers.storage.confined import Root
from xafs_workers.storage.errors import Refused, Unavailable
from xafs_workers.storage.folder import ProposalFolder, proposal_of
from xafs_workers.storage.names import form_of, numbered, picture_name, with_form
from xafs_workers.storage.sequence import sequence_number
from xafs_workers.workers.records import Records

log = get_logger("workers")

Form = Literal["png", "pdf", "svg"]


class Shelf:
    """Draws pictures and publishes them."""

    def __init__(self, settings: Settings, records: Records):
        self._settings, self._records = settings, records
        self._root = Root.from_settings(settings.storage)

    def warm_up(self) -> None:
        """Load the drawing library, which takes a while, before the first picture is due."""
        self._picture(Figure("", "", "", ()), "png")

    def draw(self, control: Control, scan: Scan, board: Board) -> Outcome:
        """Draw what a message asks for, as the board has it.

        Raises
        ------
        TryLater
            The folder cannot be written to now.
        """
        try:
            wanted = picture_wanted(control, scan, board)
            paths = tuple(self._put(control, wanted, figure_of(board, scan)))
        except NothingToDraw as nothing:
            return Outcome("done", reason=str(nothing))
        except Refused as refusal:
            return Outcome("failed", reason=str(refusal))
        except Unavailable as error:
            raise TryLater(error.errno, error.strerror) from error
        log.info("picture_written", kind=scan.kind, run=wanted.run.uid, paths=paths)
        return Outcome("done", paths)

    def _put(self, control: Control, wanted: Wanted, figure: Figure) -> Iterator[str]:
        folder = ProposalFolder(self._root, *proposal_of(wanted.run.start, self._settings.storage))
        name = picture_name(wanted.name)
        if wanted.stub:
            name = numbered(name, sequence_number(folder, wanted.stub, wanted.run.uid))
        for form in dict.fromkeys((form_of(name), *self._settings.pictures.also)):
            yield self._put_one(folder, with_form(name, form), control, wanted, figure)

    def _put_one(self, folder: ProposalFolder, name: str, control: Control, wanted: Wanted, figure: Figure) -> str:
        path = "/".join((folder.path, *folder.parts(name)))
        own = self._records.published(control, path)
        if own and hashlib.sha256(folder.read(name) or b"").hexdigest() == own:
            return path
        return folder.publish(
            name,
            self._picture(figure, form_of(name)),
            overwrite=wanted.overwrite,
            before_publish=lambda to, sha256: self._records.about_to_publish(control, to, sha256),
        ).path

    def _picture(self, figure: Figure, form: str) -> bytes:
        picture: Any = _drawer()
        return picture(figure, cast(Form, form), self._settings.pictures.dots_per_inch)


def _drawer() -> Any:
    """Return the drawing function; matplotlib is loaded only here."""
    from xafs_workers.render.matplotlib.pictures import picture

    return picture
