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

from xafs_workers.catalog.errors import CatalogError, Interrupted, Unavailable
from xafs_workers.catalog.finished_run import Asset, Catalog, FinishedRun
from xafs_workers.figures.sequence_pictures import sequence_picture, stub_of
from xafs_workers.logs import get_logger
from xafs_workers.messages.xafs_sequence import XafsSequenceStop
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.dossier import Dossier, reported, rest_after
from xafs_workers.scans.items import Control
from xafs_workers.scans.mca import NoSpectra, channels_of
from xafs_workers.scans.metadata import mapping, text
from xafs_workers.scans.picture_requests import NoFolder, NothingToDraw, Wanted, asks_for_picture, picture_wanted
from xafs_workers.scans.runs import Run, readings
from xafs_workers.scans.scan import Scan
from xafs_workers.services.message_log import has_anchor, is_there
from xafs_workers.settings import Storage
from xafs_workers.storage.errors import Absent, Refused
from xafs_workers.storage.names import numbered, picture_name, suffixed
from xafs_workers.storage.proposals import ProposalFolder, proposal_of
from xafs_workers.writers.dossier import Counts, Kind, Sources
from xafs_workers.writers.dossier_index import INDEX, MANIFEST, index_page, is_listed, manifest_line
from xafs_workers.writers.registry import CannotWrite

log = get_logger("workers")

PATIENCE = 60.0
"""How long pictures are waited for once the plan came to rest, seconds."""

NO_REST = 600.0
"""A plan that does not come to rest within this time of asking for its dossier has died, seconds."""


MOST_RUNS, MOST_MISSING = 1000, 3
"""Of a dossier. Each run that is missing is waited for, and whoever wrote the list may have invented it."""


def may_be_written(board: Board, scan: Scan) -> bool:
    """Tell whether the messages that ask for the pictures of a dossier came, or will not come."""
    return _over(board, scan) or all(one.ended for one in reported(board, scan))


def pictures_awaited(board: Board, scan: Scan, number: int) -> tuple[str, ...]:
    """Return the files that the headless worker was asked for and that the page links, by their names.

    Nothing is awaited any more when patience is over.
    """
    if _over(board, scan):
        return ()
    asked = (
        name for one in reported(board, scan) if one.end is not None for name in _asked(one.end, one, board, number)
    )
    return tuple(asked)


def _over(board: Board, scan: Scan) -> bool:
    asked = scan.end.time if scan.end is not None else board.now
    rest = rest_after(board, scan)
    return board.now >= (asked + NO_REST if rest is None else rest) + PATIENCE


def _asked(end: Control, scan: Scan, board: Board, number: int) -> Iterator[str]:
    """Yield the names of the files that the end of a scan asks for."""
    try:
        wanted: Wanted | None = None
        if isinstance(end.message, XafsSequenceStop):
            wanted = sequence_picture(end, scan, board)
            yield numbered(f"prj/{stub_of(scan, board)}.prj", number)
        elif asks_for_picture(end.message, scan):
            wanted = picture_wanted(end, scan, board)
    except (NothingToDraw, NoFolder):
        return
    if wanted is not None:
        name = picture_name(wanted.name)
        yield suffixed(numbered(name, number), wanted.suffix) if wanted.stub else name


@dataclass(frozen=True, slots=True)
class Found:
    """The runs of a dossier that are there, and why others are not."""

    runs: tuple[FinishedRun, ...]
    missing: tuple[str, ...]

    @property
    def first(self) -> FinishedRun:
        """The run that gives the dossier its folder and its number: the first that ended well."""
        return next((run for run in self.runs if run.run.succeeded), self.runs[0])

    def of_one_proposal(self, storage: Storage) -> Found:
        """Return what is left without runs of other proposals than the first's: a page tells nobody of them.

        Raises
        ------
        Refused
            The first run names no proposal.
        """
        own, runs, missing = proposal_of(self.first.start, storage), list[FinishedRun](), list(self.missing)
        for run in self.runs:
            if _belongs(run, own, storage):
                runs.append(run)
            else:
                missing.append(f"left out: run {run.uid[:80]} is not of {own[1]}")
        return Found(tuple(runs), tuple(missing))


def _belongs(run: FinishedRun, proposal: tuple[str, str], storage: Storage) -> bool:
    try:
        return proposal_of(run.start, storage) == proposal
    except Refused:
        return False


def find_runs(dossier: Dossier, catalog: Catalog, stop: Event) -> Found:
    """Return the runs of a dossier; waits for the catalog, so never call it in the loop.

    Raises
    ------
    CannotWrite
        Nothing was measured, or none of the runs is to be had, or too many are not.
    Unavailable, Interrupted
        The catalog is away, or nobody waits any more.
    """
    if not dossier.uids:
        raise CannotWrite("nothing was measured: no dossier is written")
    if len(dossier.uids) > MOST_RUNS:
        raise CannotWrite(f"{len(dossier.uids)} runs: at most {MOST_RUNS} make up a dossier")
    runs: list[FinishedRun] = []
    missing: list[str] = []
    for uid in dossier.uids:
        try:
            runs.append(catalog.run(uid, stop))
        except (Unavailable, Interrupted):
            raise
        except CatalogError as problem:
            missing.append(f"left out: {problem}")
        if len(missing) > MOST_MISSING:
            raise CannotWrite(f"too many of its runs cannot be had: {'; '.join(missing)}")
    if not runs:
        raise CannotWrite("; ".join(missing))
    return Found(tuple(runs), tuple(missing))


@dataclass(frozen=True, slots=True)
class Around:
    """What is needed to gather: the catalog, the rules, and the event that ends all waiting."""

    catalog: Catalog
    rules: Rules
    stop: Event


def gathered(found: Found, dossier: Dossier, number: int, folder: ProposalFolder, around: Around) -> Sources:
    """Return what the page of a dossier is made of; an aside that nobody has is left out.

    Raises
    ------
    Unavailable, Interrupted
        The catalog is away, or nobody waits any more.
    """
    first = found.runs[0]
    anchored = bool(dossier.rid) and has_anchor(folder, dossier.rid)
    return Sources(
        replace(dossier, rid=dossier.rid if anchored else ""),
        number,
        [one.run for one in found.runs],
        partial(is_there, folder),
        baseline=where_everything_stood(first, around.stop),
        assets=_assets(found.runs, around.stop),
        counts=_counts(first.run, around),
    )


def where_everything_stood(run: FinishedRun, stop: Event) -> Mapping[str, float]:
    """Return the first reading of a run's baseline: as followed, else from the catalog; empty where neither has it."""
    if run.run.baseline:
        return run.run.baseline
    try:
        points = run.baseline(stop)
    except (Unavailable, Interrupted):
        raise
    except CatalogError as problem:
        log.info("no_baseline", run=run.uid, reason=str(problem))
        return {}
    return readings({key: float(points.column(key)[0]) for key in points.keys}) if len(points) else {}


def _assets(runs: Iterable[FinishedRun], stop: Event) -> Mapping[str, Sequence[Asset]]:
    """Return the detectors' files by run, as far as the catalog knows; after a failure no other is asked."""
    found: dict[str, Sequence[Asset]] = {}
    try:
        for run in runs:
            found[run.uid] = run.assets(stop)
    except (Unavailable, Interrupted):
        raise
    except CatalogError as problem:
        log.info("no_assets", reason=str(problem))
    return found


def _counts(run: Run, around: Around) -> Counts | None:
    """Return the counts of the XRF spectrum that was taken before the scans, None where none is to be had."""
    uid = text(mapping(run.xdi.get("_snapshots")).get("xrf_uid"))
    if not uid:
        return None
    try:
        measured = around.catalog.run(uid, around.stop)
        spectra = channels_of(_arrays(measured, around.stop), around.rules)
    except (Unavailable, Interrupted):
        raise
    except (CatalogError, NoSpectra) as problem:
        log.info("no_xrf_counts", run=uid, reason=str(problem))
        return None
    columns = [f"{run.element}{channel}" for channel in spectra]
    points = measured.points
    known = len(points) > 0 and all(column in points for column in columns)
    regions = tuple(int(points.column(column)[0]) for column in columns) if known else ()
    return Counts(tuple(map(str, spectra)), tuple(int(counts.sum()) for counts in spectra.values()), regions)


def _arrays(run: FinishedRun, stop: Event) -> Mapping[str, Any]:
    """Return the spectra of a run's one point by data key."""
    if run.run.arrays.size and run.points.sequence:
        return run.run.arrays.at(run.points.sequence[0])
    keys = [key for key, about in run.data_keys.items() if mapping(about).get("shape")]
    return {key: run.array(key, stop)[0] for key in keys if "_xrf" in key or "_image" in key.lower()}


_one_list_at_a_time = threading.Lock()


def put_in_list(folder: ProposalFolder, kind: Kind, path: str, date: str) -> None:
    """Enter a page into the list of the proposal's dossiers, once, and make the page of the list anew."""
    with _one_list_at_a_time:
        try:
            manifest = folder.read(MANIFEST)
        except Absent:
            manifest = b""
        if not is_listed(manifest, kind, path):
            line = manifest_line(kind, path)
            line = line if not manifest or manifest.endswith(b"\n") else b"\n" + line
            folder.append(MANIFEST, line)
            manifest += line
        folder.replace(INDEX, index_page(manifest, partial(is_there, folder), session=folder.session, date=date))
