"""Dossiers put together: when a page is due, what it is made of, and its place in the list.

A dossier is asked for before the messages that make the headless worker draw, so its page waits. It looks whether the
pictures are in the folder, instead of following that worker's answers: the folder is what the page links, and it still
knows after a restart what an answer said that nobody heard. What is awaited follows from the messages on the board; so
a picture that nobody asked for is not waited for, and one that fails costs the patience and nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from threading import Event
from typing import Any

from xafs_workers.catalog.errors import CatalogError, CatalogUnavailable, Interrupted
from xafs_workers.catalog.finished_run import Asset, FinishedRun, RunCatalog
from xafs_workers.logs import get_logger
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.dossier import Dossier, find_rest_time, list_reported_scans
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.mca import NoSpectraError, extract_channels, is_spectrum_key
from xafs_workers.scans.metadata import as_mapping, as_text
from xafs_workers.scans.picture_requests import (
    NoFolderError,
    NothingToDrawError,
    build_picture_request,
    build_project_request,
    requests_picture,
)
from xafs_workers.scans.runs import Run, extract_numbers
from xafs_workers.scans.scan import Scan
from xafs_workers.services.message_log import has_anchor, has_file
from xafs_workers.settings import Storage
from xafs_workers.storage.errors import Absent, Refused
from xafs_workers.storage.names import add_number, ensure_picture_suffix, insert_before_suffix
from xafs_workers.storage.proposals import ProposalFolder, find_proposal
from xafs_workers.writers.dossier_content import DossierKind, DossierSources, SpectrumCounts
from xafs_workers.writers.dossier_index import (
    INDEX_PATH,
    MANIFEST_PATH,
    format_manifest_line,
    is_listed,
    render_index_page,
)
from xafs_workers.writers.registry import CannotWrite

log = get_logger("workers")

PICTURE_TIMEOUT = 60.0
"""How long pictures are waited for once the plan came to rest, seconds."""

REST_TIMEOUT = 600.0
"""A plan that does not come to rest within this time of asking for its dossier has died, seconds."""


MAX_RUNS, MAX_MISSING = 1000, 3
"""Of a dossier. Each run that is missing is waited for, and whoever wrote the list may have invented it."""


def can_write_page(board: Board, scan: Scan) -> bool:
    """Tell whether the messages that ask for the pictures of a dossier came, or will not come."""
    return _is_wait_over(board, scan) or all(one.has_ended for one in list_reported_scans(board, scan))


def list_awaited_pictures(board: Board, scan: Scan, number: int) -> tuple[str, ...]:
    """Return the files that the headless worker was asked for and that the page links, by their names.

    Nothing is awaited any more when patience is over.
    """
    if _is_wait_over(board, scan):
        return ()
    asked = (
        name
        for one in list_reported_scans(board, scan)
        if one.end is not None
        for name in _list_requested_files(one.end, one, board, number)
    )
    return tuple(asked)


def _is_wait_over(board: Board, scan: Scan) -> bool:
    asked = scan.end.time if scan.end is not None else board.now
    rest = find_rest_time(board, scan)
    return board.now >= (asked + REST_TIMEOUT if rest is None else rest) + PICTURE_TIMEOUT


def _list_requested_files(end: ReceivedMessage, scan: Scan, board: Board, number: int) -> Iterator[str]:
    """Yield the names of the files that the end of a scan asks for."""
    try:
        if not requests_picture(end, scan, board):
            return
        wanted, project = build_picture_request(end, scan, board), build_project_request(end, scan, board)
    except (NothingToDrawError, NoFolderError):
        return
    if project is not None:
        yield add_number(f"prj/{project.stub}.prj", number)
    if wanted is not None:
        name = ensure_picture_suffix(wanted.name)
        yield insert_before_suffix(add_number(name, number), wanted.suffix) if wanted.stub else name


@dataclass(frozen=True, slots=True)
class DossierRuns:
    """The runs of a dossier that are there, and why others are not."""

    runs: tuple[FinishedRun, ...]
    missing: tuple[str, ...]

    @property
    def reference_run(self) -> FinishedRun:
        """The run that gives the dossier its folder and its number: the first that ended well."""
        return next((run for run in self.runs if run.run.has_succeeded), self.runs[0])

    def limit_to_one_proposal(self, storage: Storage) -> DossierRuns:
        """Return what is left without runs of other proposals than the first's: a page tells nobody of them.

        Raises
        ------
        Refused
            The first run names no proposal.
        """
        own, runs, missing = find_proposal(self.reference_run.start, storage), list[FinishedRun](), list(self.missing)
        for run in self.runs:
            if _is_of_proposal(run, own, storage):
                runs.append(run)
            else:
                missing.append(f"left out: run {run.uid[:80]} is not of {own[1]}")
        return DossierRuns(tuple(runs), tuple(missing))


def _is_of_proposal(run: FinishedRun, proposal: tuple[str, str], storage: Storage) -> bool:
    try:
        return find_proposal(run.start, storage) == proposal
    except Refused:
        return False


def find_runs(dossier: Dossier, catalog: RunCatalog, stop: Event) -> DossierRuns:
    """Return the runs of a dossier; waits for the catalog, so never call it in the loop.

    Raises
    ------
    CannotWrite
        Nothing was measured, or none of the runs is to be had, or too many are not.
    CatalogUnavailable, Interrupted
        The catalog is away, or nobody waits any more.
    """
    if not dossier.uids:
        raise CannotWrite("nothing was measured: no dossier is written")
    if len(dossier.uids) > MAX_RUNS:
        raise CannotWrite(f"{len(dossier.uids)} runs: at most {MAX_RUNS} make up a dossier")
    runs: list[FinishedRun] = []
    missing: list[str] = []
    for uid in dossier.uids:
        try:
            runs.append(catalog.wait_for_run(uid, stop))
        except (CatalogUnavailable, Interrupted):
            raise
        except CatalogError as problem:
            missing.append(f"left out: {problem}")
        if len(missing) > MAX_MISSING:
            raise CannotWrite(f"too many of its runs cannot be had: {'; '.join(missing)}")
    if not runs:
        raise CannotWrite("; ".join(missing))
    return DossierRuns(tuple(runs), tuple(missing))


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What is needed to gather: the catalog, the rules, and the event that ends all waiting."""

    catalog: RunCatalog
    config: BoardConfig
    stop: Event


def collect_sources(
    found: DossierRuns, dossier: Dossier, number: int, folder: ProposalFolder, around: SourceContext
) -> DossierSources:
    """Return what the page of a dossier is made of; an aside that nobody has is left out.

    Raises
    ------
    CatalogUnavailable, Interrupted
        The catalog is away, or nobody waits any more.
    """
    first = found.runs[0]
    anchored = bool(dossier.rid) and has_anchor(folder, dossier.rid)
    return DossierSources(
        replace(dossier, rid=dossier.rid if anchored else ""),
        number,
        [one.run for one in found.runs],
        partial(has_file, folder),
        baseline=read_baseline(first, around.stop),
        assets=_read_assets(found.runs, around.stop),
        counts=_read_xrf_counts(first.run, around),
    )


def read_baseline(run: FinishedRun, stop: Event) -> Mapping[str, float]:
    """Return the first reading of a run's baseline: as followed, else from the catalog; empty where neither has it."""
    if run.run.baseline:
        return run.run.baseline
    try:
        points = run.read_baseline(stop)
    except (CatalogUnavailable, Interrupted):
        raise
    except CatalogError as problem:
        log.info("no_baseline", run=run.uid, reason=str(problem))
        return {}
    return extract_numbers({key: float(points.get_column(key)[0]) for key in points.keys}) if len(points) else {}


def _read_assets(runs: Iterable[FinishedRun], stop: Event) -> Mapping[str, Sequence[Asset]]:
    """Return the detectors' files by run, as far as the catalog knows; after a failure no other is asked."""
    found: dict[str, Sequence[Asset]] = {}
    try:
        for run in runs:
            found[run.uid] = run.list_assets(stop)
    except (CatalogUnavailable, Interrupted):
        raise
    except CatalogError as problem:
        log.info("no_assets", reason=str(problem))
    return found


def _read_xrf_counts(run: Run, around: SourceContext) -> SpectrumCounts | None:
    """Return the counts of the XRF spectrum that was taken before the scans, None where none is to be had."""
    uid = as_text(as_mapping(run.xdi.get("_snapshots")).get("xrf_uid"))
    if not uid:
        return None
    try:
        measured = around.catalog.wait_for_run(uid, around.stop)
        spectra = extract_channels(_read_spectra(measured, around.stop), around.config)
    except (CatalogUnavailable, Interrupted):
        raise
    except (CatalogError, NoSpectraError) as problem:
        log.info("no_xrf_counts", run=uid, reason=str(problem))
        return None
    columns = [f"{run.element}{channel}" for channel in spectra]
    points = measured.points
    known = len(points) > 0 and all(column in points for column in columns)
    regions = tuple(int(points.get_column(column)[0]) for column in columns) if known else ()
    return SpectrumCounts(tuple(map(str, spectra)), tuple(int(counts.sum()) for counts in spectra.values()), regions)


def _read_spectra(run: FinishedRun, stop: Event) -> Mapping[str, Any]:
    """Return the spectra of a run's one point by data key."""
    if run.run.arrays.size and run.points.sequence_numbers:
        return run.run.arrays.get_point(run.points.sequence_numbers[0])
    keys = [key for key, about in run.data_keys.items() if as_mapping(about).get("shape")]
    return {key: run.read_array(key, stop)[0] for key in filter(is_spectrum_key, keys)}


_index_lock = threading.Lock()


def add_to_index(folder: ProposalFolder, kind: DossierKind, path: str, date: str) -> None:
    """Enter a page into the list of the proposal's dossiers, once, and make the page of the list anew."""
    with _index_lock:
        try:
            manifest = folder.read(MANIFEST_PATH)
        except Absent:
            manifest = b""
        if not is_listed(manifest, kind, path):
            line = format_manifest_line(kind, path)
            line = line if not manifest or manifest.endswith(b"\n") else b"\n" + line
            folder.append(MANIFEST_PATH, line)
            manifest += line
        folder.replace(
            INDEX_PATH, render_index_page(manifest, partial(has_file, folder), session=folder.session, date=date)
        )
