"""Pictures and Athena projects, drawn and published into the proposal folder of the run they show."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, cast

import numpy as np

from xafs_workers.figures.figure_builder import answer_value_builders, build_figure, build_picture_figure
from xafs_workers.figures.line_marks import add_line_marks
from xafs_workers.figures.model import Figure
from xafs_workers.logs import get_logger
from xafs_workers.plots.athena_projects import AthenaProjects
from xafs_workers.runtime.effect_ledger import EffectLedger
from xafs_workers.runtime.outcome import Outcome, TryLater
from xafs_workers.runtime.publish_once import publish_once
from xafs_workers.scans.board import Board
from xafs_workers.scans.implied_pictures import build_implied_project_request, list_picture_requests
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.mca import SpectraLoader
from xafs_workers.scans.picture_requests import (
    NoFolderError,
    NoRunError,
    NothingToDrawError,
    PictureRequest,
    ProjectRequest,
    build_picture_request,
    build_project_request,
    picture_rules,
)
from xafs_workers.scans.scan import Scan, scan_kinds
from xafs_workers.settings import Settings
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.errors import PathUnavailable, Refused, Unavailable
from xafs_workers.storage.names import (
    add_number,
    ensure_picture_suffix,
    insert_before_suffix,
    parse_picture_form,
    replace_picture_form,
)
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.sequence_number import reserve_sequence_number
from xafs_workers.writers import merged_xdi
from xafs_workers.writers.registry import CannotWrite

log = get_logger("workers")

PictureFormat = Literal["png", "pdf", "svg"]


class PicturePublisher:
    """Publisher of pictures.

    Parameters
    ----------
    spectra_of
        Loads spectra from a catalog, for figures of spectra that the documents do not contain.
    projects
        Builds Athena projects; without it there are none.
    before_change
        As for `Roots`.
    """

    def __init__(
        self,
        settings: Settings,
        records: EffectLedger,
        spectra_of: SpectraLoader | None = None,
        *,
        projects: AthenaProjects | None = None,
        before_change: Callable[[], object] = lambda: None,
    ):
        self._settings, self._ledger, self._spectra_of = settings, records, spectra_of
        self._projects = projects
        self._roots = Roots.from_settings(settings.storage, before_change)
        self._rendering = threading.Lock()

    def warm_up(self) -> None:
        """Load the drawing library, which takes a while, before the first picture is due."""
        self._render_picture(Figure("", "", "", ()), "png")

    def draw(self, control: ReceivedMessage, scan: Scan, board: Board) -> Outcome:
        """Draw the pictures that a message asks for, from the board.

        Raises
        ------
        TryLater
            The folder cannot be written to now.
        """
        return _attempt(lambda: self._draw(control, scan, board))

    def _draw(self, control: ReceivedMessage, scan: Scan, board: Board) -> Outcome:
        wanted = build_picture_request(control, scan, board)
        project = build_project_request(control, scan, board)
        paths: list[str] = []
        if wanted is not None:
            figure = build_picture_figure(board, scan, control, self._spectra_of)
            figure = add_line_marks(board, scan, figure, has_place=False)
            if not picture_rules[scan.kind].is_drawn_empty and not _has_data(figure):
                return _build_empty_outcome(figure)
            paths += self._publish_formats(control, wanted, figure)
        if project is not None and self._projects is not None:
            paths += self._publish_merge(control, project, self._projects)
        run = wanted.run if wanted is not None else None
        log.info("picture_written", kind=scan.kind, scan=scan.id, run=run.uid if run else None, paths=paths)
        build_value = answer_value_builders.get(scan.kind)
        return Outcome("done", tuple(paths), value=None if build_value is None else build_value(board, scan) or None)

    def draw_run(self, control: ReceivedMessage, scans: Sequence[Scan], board: Board) -> Outcome:
        """Draw the pictures of implied scans of the same runs, and build the project of repetitions.

        A figure without data, and a project without a merge, are not written; the outcome states why.

        Raises
        ------
        TryLater
            The folder cannot be written to now.
        """
        return _attempt(lambda: self._draw_run(control, scans, board))

    def _draw_run(self, control: ReceivedMessage, scans: Sequence[Scan], board: Board) -> Outcome:
        kinds = self._settings.scans.write
        paths: list[str] = []
        reasons: list[str] = []
        for scan, wanted in list_picture_requests(scans, board) if "pictures" in kinds else ():
            figure = add_line_marks(board, scan, build_figure(board, scan), has_place=False)
            if _has_data(figure):
                paths += self._publish_formats(control, wanted, figure)
            else:
                reasons.append(_build_empty_outcome(figure).reason)
        if "project" in kinds and self._projects is not None:
            made, nothing = self._publish_implied_merges(control, scans, board, self._projects)
            paths += made
            reasons += nothing
        log.info("picture_written", kind=scans[0].kind, scan=scans[0].id, run=scans[0].run_uids[0], paths=paths)
        return Outcome("done", tuple(paths), "; ".join(dict.fromkeys(reasons)))

    def _publish_implied_merges(
        self, control: ReceivedMessage, scans: Sequence[Scan], board: Board, projects: AthenaProjects
    ) -> tuple[list[str], list[str]]:
        """Publish the merges among implied scans; return the paths, and why there are none."""
        paths: list[str] = []
        reasons: list[str] = []
        for scan in scans:
            if not scan_kinds[scan.kind].merged_form:
                continue
            try:
                paths += self._publish_merge(control, build_implied_project_request(scan, board), projects)
            except (NothingToDrawError, NoRunError) as nothing:
                reasons.append(str(nothing))
        return paths, reasons

    def _publish_merge(
        self, control: ReceivedMessage, project: ProjectRequest, projects: AthenaProjects
    ) -> Iterator[str]:
        """Put the data file of a merge and an Athena project in place, numbered as the picture is."""
        folder = ProposalFolder.from_run(project.run.start, self._roots, self._settings.storage)
        number = reserve_sequence_number(folder, project.stub, project.run.uid)
        content = project.build_content()
        if project.runs and merged_xdi.can_build(content["result"]):
            merge = merged_xdi.build_content(content, project.runs)
            name = merged_xdi.build_name(project.stub, number)
            yield self._publish(folder, name, control, lambda: merge, overwrite=project.overwrite)
        made = projects.build_project(content)
        name = add_number(f"prj/{project.stub}.prj", number)
        yield self._publish(folder, name, control, lambda: made, overwrite=project.overwrite)

    def _publish_formats(self, control: ReceivedMessage, wanted: PictureRequest, figure: Figure) -> Iterator[str]:
        folder = self._find_folder(wanted)
        name = ensure_picture_suffix(wanted.name)
        if wanted.stub and wanted.run is not None:
            number = reserve_sequence_number(folder, wanted.stub, wanted.run.uid)
            name = insert_before_suffix(add_number(name, number), wanted.suffix)
        for form in dict.fromkeys((parse_picture_form(name), *self._settings.pictures.also)):
            yield self._publish_picture(folder, replace_picture_form(name, form), control, wanted, figure)

    def _find_folder(self, wanted: PictureRequest) -> ProposalFolder:
        if wanted.run is not None:
            return ProposalFolder.from_run(wanted.run.start, self._roots, self._settings.storage)
        return ProposalFolder.from_path(wanted.name, self._roots)[0]

    def _publish_picture(
        self, folder: ProposalFolder, name: str, control: ReceivedMessage, wanted: PictureRequest, figure: Figure
    ) -> str:
        return self._publish(
            folder,
            name,
            control,
            lambda: self._render_picture(figure, parse_picture_form(name)),
            overwrite=wanted.overwrite,
        )

    def _publish(
        self, folder: ProposalFolder, name: str, control: ReceivedMessage, made: Callable[[], bytes], *, overwrite: bool
    ) -> str:
        return publish_once(folder, name, control, made, self._ledger, overwrite)

    def _render_picture(self, figure: Figure, form: str) -> bytes:
        with self._rendering:  # a picture that stepped aside is drawn in another thread, and matplotlib is for one
            picture: Any = _load_renderer()
            return picture(figure, cast(PictureFormat, form), self._settings.pictures.dots_per_inch)


def _attempt(make: Callable[[], Outcome]) -> Outcome:
    """Return the outcome of a maker of pictures, of refusals too."""
    try:
        return make()
    except NothingToDrawError as nothing:
        return Outcome("done", reason=str(nothing))
    except (Refused, NoRunError, NoFolderError, CannotWrite) as refusal:
        return Outcome("failed", reason=str(refusal))
    except PathUnavailable:
        raise  # the engine lets the message step aside
    except Unavailable as error:
        raise TryLater(error.errno, error.reason) from error


def _has_data(figure: Figure) -> bool:
    """Check whether any panel contains data."""
    return any(len(trace.x) for panel in figure.panels for trace in panel.traces) or any(
        np.isfinite(mesh.z).any() for panel in figure.panels for mesh in panel.meshes
    )


def _build_empty_outcome(figure: Figure) -> Outcome:
    """Return the failure of a picture without data, with the reasons that its panels give."""
    reasons = dict.fromkeys(text.text for panel in figure.panels for text in panel.texts)
    return Outcome("failed", reason="; ".join(reasons) or "nothing was measured")


def _load_renderer() -> Any:
    """Return the drawing function; matplotlib is loaded only here."""
    from xafs_workers.render.matplotlib.pictures import render_picture

    return render_picture
