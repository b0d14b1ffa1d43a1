"""Pictures drawn and put on the shelf: into the proposal folder of the run they show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, cast

import numpy as np

from xafs_workers.figures.figure_builder import figure_of
from xafs_workers.figures.model import Figure
from xafs_workers.figures.sequence_pictures import first_finished, sequence_picture, shown_by, stub_of
from xafs_workers.figures.xafs_sequence import advice_on
from xafs_workers.logs import get_logger
from xafs_workers.messages.xafs_sequence import XafsSequenceStop
from xafs_workers.plots.athena_projects import Projects
from xafs_workers.runtime.effect_ledger import Records
from xafs_workers.runtime.outcome import Outcome, TryLater
from xafs_workers.runtime.publish_once import publish_once
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control
from xafs_workers.scans.mca import SpectraOf
from xafs_workers.scans.picture_requests import NoFolder, NothingToDraw, Wanted, picture_wanted
from xafs_workers.scans.scan import Scan
from xafs_workers.settings import Settings
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.errors import Refused, Unavailable
from xafs_workers.storage.names import form_of, numbered, picture_name, suffixed, with_form
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.sequence_number import sequence_number

log = get_logger("workers")

SEQUENCE = "xafs_sequence"

Form = Literal["png", "pdf", "svg"]


class Shelf:
    """Draws pictures and publishes them.

    Parameters
    ----------
    spectra_of
        A catalog's spectra, for figures of those that documents do not hold.
    projects
        Makes Athena projects; without it there are none.
    """

    def __init__(
        self,
        settings: Settings,
        records: Records,
        spectra_of: SpectraOf | None = None,
        *,
        projects: Projects | None = None,
    ):
        self._settings, self._records, self._spectra_of = settings, records, spectra_of
        self._projects = projects
        self._roots = Roots.from_settings(settings.storage)

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
            if scan.kind == SEQUENCE:
                paths = tuple(self._of_sequence(control, scan, board))
                return Outcome("done", paths, value=advice_on(board, scan) or None)
            wanted = picture_wanted(control, scan, board)
            figure = figure_of(board, scan, spectra_of=self._spectra_of)
            if not _shows_something(figure):
                return _empty(figure)
            paths = tuple(self._put(control, wanted, figure))
        except NothingToDraw as nothing:
            return Outcome("done", reason=str(nothing))
        except (Refused, NoFolder) as refusal:
            return Outcome("failed", reason=str(refusal))
        except Unavailable as error:
            raise TryLater(error.errno, error.reason) from error
        log.info(
            "picture_written", kind=scan.kind, scan=scan.id, run=wanted.run.uid if wanted.run else None, paths=paths
        )
        return Outcome("done", paths)

    def _of_sequence(self, control: Control, scan: Scan, board: Board) -> Iterator[str]:
        """Put the picture of a sequence in place, and at its end the Athena project."""
        run = first_finished(scan, board)
        wanted = sequence_picture(control, scan, board)
        if wanted is not None:
            yield from self._put(control, wanted, shown_by(control, scan, board))
        if self._projects is not None and isinstance(control.message, XafsSequenceStop):
            folder = ProposalFolder.of_run(run.start, self._roots, self._settings.storage)
            stub = stub_of(scan, board)
            name = numbered(f"prj/{stub}.prj", sequence_number(folder, stub, run.uid))
            content = self._projects.content(scan, board)
            yield self._publish(folder, name, control, lambda: content, overwrite=control.message.overwrite)

    def _put(self, control: Control, wanted: Wanted, figure: Figure) -> Iterator[str]:
        folder = self._folder(wanted)
        name = picture_name(wanted.name)
        if wanted.stub and wanted.run is not None:
            number = sequence_number(folder, wanted.stub, wanted.run.uid)
            name = suffixed(numbered(name, number), wanted.suffix)
        for form in dict.fromkeys((form_of(name), *self._settings.pictures.also)):
            yield self._put_one(folder, with_form(name, form), control, wanted, figure)

    def _folder(self, wanted: Wanted) -> ProposalFolder:
        if wanted.run is not None:
            return ProposalFolder.of_run(wanted.run.start, self._roots, self._settings.storage)
        return ProposalFolder.of_path(wanted.name, self._roots)[0]

    def _put_one(self, folder: ProposalFolder, name: str, control: Control, wanted: Wanted, figure: Figure) -> str:
        return self._publish(
            folder, name, control, lambda: self._picture(figure, form_of(name)), overwrite=wanted.overwrite
        )

    def _publish(
        self, folder: ProposalFolder, name: str, control: Control, made: Callable[[], bytes], *, overwrite: bool
    ) -> str:
        return publish_once(folder, name, control, made, self._records, overwrite)

    def _picture(self, figure: Figure, form: str) -> bytes:
        picture: Any = _drawer()
        return picture(figure, cast(Form, form), self._settings.pictures.dots_per_inch)


def _shows_something(figure: Figure) -> bool:
    """Tell whether there is data on any panel."""
    return any(len(trace.x) for panel in figure.panels for trace in panel.traces) or any(
        np.isfinite(mesh.z).any() for panel in figure.panels for mesh in panel.meshes
    )


def _empty(figure: Figure) -> Outcome:
    """Return what becomes of a picture on which there is nothing: what the figure says of the reason is a failure."""
    reasons = dict.fromkeys(text.text for panel in figure.panels for text in panel.texts)
    if reasons:
        return Outcome("failed", reason="; ".join(reasons))
    return Outcome("done", reason="nothing was measured")


def _drawer() -> Any:
    """Return the drawing function; matplotlib is loaded only here."""
    from xafs_workers.render.matplotlib.pictures import picture

    return picture
