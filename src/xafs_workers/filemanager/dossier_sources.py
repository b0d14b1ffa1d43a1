"""Sources of a dossier page: when the page can be written, what it contains, and its entry in the index.

A dossier is requested before the messages that make the headless worker draw, so its page waits for the pictures. The
file manager looks for them in the proposal folder and does not follow that worker's answers: the page links the files,
and the folder is still right after a restart, when answers may have been missed. The messages on the board determine
the awaited pictures: a picture that was not requested is not awaited. One that comes after the timeout is added to the
page then (`dossier_pages.py`).
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from threading import Event
from typing import Any

from xafs_workers.catalog.baseline import read_baseline
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
from xafs_workers.scans.runs import Run, select_shaped_keys
from xafs_workers.scans.scan import Scan, scan_kinds
from xafs_workers.services.message_log import has_anchor, has_file
from xafs_workers.settings import Storage
from xafs_workers.storage.errors import Absent, Refused
from xafs_workers.storage.names import add_number, ensure_picture_suffix, insert_before_suffix
from xafs_workers.storage.proposals import ProposalFolder, find_proposal
from xafs_workers.writers import merged_xdi, xdi_reader
from xafs_workers.writers.dossier_content import DossierKind, DossierSources, SpectrumCounts
from xafs_workers.writers.dossier_index import (
    INDEX_PATH,
    MANIFEST_PATH,
    SUMMARY_SIZE,
    format_manifest_line,
    is_listed,
    render_index_page,
)
from xafs_workers.writers.registry import CannotWrite

log = get_logger("workers")

PICTURE_TIMEOUT = 60.0
"""Longest wait for pictures after the messages that request them, seconds of attended time."""

REST_TIMEOUT = 600.0
"""Attended time after the request for a dossier within which a living plan ends its scans, seconds."""

_LAST_NUMBER = re.compile(r"_(\d{1,6})\.\w+$")

MAX_RUNS, MAX_MISSING = 1000, 3
"""Largest numbers of runs and of missing runs in a dossier.

Each missing run is waited for, and the list of runs in the message may be invented.
"""


def can_write_page(board: Board, scan: Scan) -> bool:
    """Check whether the messages that request a dossier's pictures have arrived, or will not arrive."""
    return is_wait_over(board, scan) or all(one.has_ended for one in list_reported_scans(board, scan))


def list_awaited_pictures(board: Board, scan: Scan, number: int) -> tuple[str, ...]:
    """List the names of the files that the page links and that the headless worker was asked to write."""
    asked = (
        name
        for one in list_reported_scans(board, scan)
        if one.end is not None
        for name in _list_requested_files(one.end, one, board, number)
    )
    return tuple(asked)


def list_captioned_pictures(board: Board, scan: Scan, number: int) -> tuple[tuple[str, str], ...]:
    """Return the pictures of the scans whose kinds declare a caption: (caption, name relative to the proposal folder).

    A picture whose name is absolute is left out.
    """
    return tuple(
        (caption, name)
        for one in list_reported_scans(board, scan)
        if one.end is not None and (caption := scan_kinds[one.kind].dossier_caption)
        for name in _list_requested_files(one.end, one, board, number)
        if not name.startswith("/")
    )


def is_picture_awaited(board: Board, control: ReceivedMessage, name: str) -> bool:
    """Check whether a scan that ended before a message asks for this picture, which may still be drawn.

    Parameters
    ----------
    name
        Name relative to the proposal folder; its last digits are the sequence number where the scan has one.
    """
    digits = _LAST_NUMBER.search(name)
    number = int(digits[1]) if digits else 0
    return any(
        name in _list_requested_files(scan.end, scan, board, number)
        for scan in board.scans
        if scan.end is not None
        and scan.end.time <= control.time
        and board.reading.attended < board.ended_at.get(scan.id, 0.0) + board.config.document_patience
    )


def is_wait_over(board: Board, scan: Scan) -> bool:
    """Check whether the page is written without the pictures that are missing.

    Time counts only while the worker runs with both topics read to their ends: after an outage the pictures have as
    much time as before it.
    """
    reported = tuple(list_reported_scans(board, scan))
    ended = [board.ended_at[one.id] for one in (scan, *reported) if one.id in board.ended_at]
    rests = find_rest_time(board, scan) is not None or all(one.has_ended for one in reported)
    patience = PICTURE_TIMEOUT if rests else REST_TIMEOUT + PICTURE_TIMEOUT
    return not ended or board.reading.attended >= max(ended) + patience


def _list_requested_files(end: ReceivedMessage, scan: Scan, board: Board, number: int) -> Iterator[str]:
    """Yield the names of the files that the end message of a scan requests."""
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
    """The runs of a dossier that were found, and the reasons why others are missing."""

    runs: tuple[FinishedRun, ...]
    missing: tuple[str, ...]

    @property
    def reference_run(self) -> FinishedRun:
        """The run that determines the dossier's folder and number: the first successful one, else the first."""
        return next((run for run in self.runs if run.run.has_succeeded), self.runs[0])

    def limit_to_one_proposal(self, storage: Storage) -> DossierRuns:
        """Remove the runs of other proposals than the reference run's: a page must not reveal them.

        Raises
        ------
        Refused
            The reference run names no proposal.
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
    """Find the runs of a dossier; waits for the catalog, so never call it in the loop.

    Raises
    ------
    CannotWrite
        The dossier has no runs or too many, none of them is available, or too many are not.
    CatalogUnavailable, Interrupted
        The catalog is not reachable, or the worker ends.
    """
    if not dossier.uids:
        raise CannotWrite("nothing was measured: no dossier is written")
    if len(dossier.uids) > MAX_RUNS:
        raise CannotWrite(f"dossier: got {len(dossier.uids)} runs (expected at most {MAX_RUNS})")
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
            raise CannotWrite(f"too many of its runs are not available: {'; '.join(missing)}")
    if not runs:
        raise CannotWrite("; ".join(missing))
    return DossierRuns(tuple(runs), tuple(missing))


@dataclass(frozen=True, slots=True)
class SourceContext:
    """Means to collect sources: the catalog, the board's settings, and the event that ends all waiting."""

    catalog: RunCatalog
    config: BoardConfig
    stop: Event


def collect_sources(
    found: DossierRuns, dossier: Dossier, number: int, folder: ProposalFolder, context: SourceContext
) -> DossierSources:
    """Collect the sources of a dossier page; supplements that are not available are left out.

    Raises
    ------
    CatalogUnavailable, Interrupted
        The catalog is not reachable, or the worker ends.
    """
    first = found.runs[0]
    anchored = bool(dossier.rid) and has_anchor(folder, dossier.rid)
    return DossierSources(
        replace(dossier, rid=dossier.rid if anchored else ""),
        number,
        [one.run for one in found.runs],
        partial(has_file, folder),
        baseline=read_baseline(first, context.stop),
        assets=_read_assets(found.runs, context.stop),
        counts=_read_xrf_counts(first.run, context),
        merge_fields=_read_merge_fields(folder, dossier.stub, number),
    )


def _read_merge_fields(folder: ProposalFolder, stub: str, number: int) -> Mapping[str, str]:
    """Read the header of the data file of the merged scans; {} where there is none that can be read."""
    name = merged_xdi.build_name(stub, number)
    if not has_file(folder, name):
        return {}
    try:
        return xdi_reader.read(folder.read(name)).fields
    except (Absent, Refused, xdi_reader.Unreadable) as problem:
        log.info("no_merge_fields", file=name, reason=str(problem))
        return {}


def _read_assets(runs: Iterable[FinishedRun], stop: Event) -> Mapping[str, Sequence[Asset]]:
    """Read the names of the detectors' files by run from the catalog; stops at the first failure."""
    found: dict[str, Sequence[Asset]] = {}
    try:
        for run in runs:
            found[run.uid] = run.list_assets(stop)
    except (CatalogUnavailable, Interrupted):
        raise
    except CatalogError as problem:
        log.info("no_assets", reason=str(problem))
    return found


def _read_xrf_counts(run: Run, context: SourceContext) -> SpectrumCounts | None:
    """Read the counts of the XRF spectrum that was measured before the scans, None where none is available."""
    uid = as_text(as_mapping(run.xdi.get("_snapshots")).get("xrf_uid"))
    if not uid:
        return None
    try:
        measured = context.catalog.wait_for_run(uid, context.stop)
        spectra = extract_channels(_read_spectra(measured, context.stop), context.config)
    except (CatalogUnavailable, Interrupted):
        raise
    except (CatalogError, NoSpectraError) as problem:
        log.info("no_xrf_counts", run=uid, reason=str(problem))
        return None
    columns = [f"{run.element}{channel}" for channel in spectra]
    points = measured.points
    known = len(points) > 0 and all(column in points for column in columns)
    values = [float(points.get_column(column)[0]) for column in columns] if known else []
    regions = tuple(map(int, values)) if all(map(math.isfinite, values)) else ()
    return SpectrumCounts(tuple(map(str, spectra)), tuple(int(counts.sum()) for counts in spectra.values()), regions)


def _read_spectra(run: FinishedRun, stop: Event) -> Mapping[str, Any]:
    """Read the spectra of a one-point run by data key."""
    if run.run.arrays.size and run.points.sequence_numbers:
        return run.run.arrays.get_point(run.points.sequence_numbers[0])
    keys = select_shaped_keys(run.data_keys)
    return {key: run.read_array(key, stop)[0] for key in filter(is_spectrum_key, keys)}


_index_lock = threading.Lock()


def add_to_index(folder: ProposalFolder, kind: DossierKind, path: str, date: str) -> None:
    """Add a page to the proposal's list of dossiers, once, and render the index page again."""
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
            INDEX_PATH, render_index_page(manifest, partial(read_beginning, folder), session=folder.session, date=date)
        )


def read_beginning(folder: ProposalFolder, relative: str) -> bytes | None:
    """Read the beginning of a file, with the summary of a page; None where the name is no regular file."""
    try:
        return folder.read_beginning(relative, SUMMARY_SIZE)
    except (Absent, Refused):
        return None
