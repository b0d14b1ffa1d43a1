"""Action that writes the data files of all XAFS scans of a proposal again, and a dossier of each sequence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from xafs_workers.catalog.errors import CatalogError, CatalogUnavailable, Interrupted
from xafs_workers.catalog.finished_run import FinishedRun
from xafs_workers.catalog.search import RunSearch
from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers
from xafs_workers.filemanager.actions.everyxas_dossiers import find_stub, write_dossier
from xafs_workers.filemanager.actions.notify import finish_with, report_action
from xafs_workers.filemanager.actions.write_data_files import check_readable, publish_content
from xafs_workers.logs import get_logger
from xafs_workers.messages.everyxas import EveryXas, is_whole_day
from xafs_workers.runtime.attempts import DROPPED
from xafs_workers.runtime.outcome import Task
from xafs_workers.scans.board import Board
from xafs_workers.scans.detectors import NoChannelsError
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.metadata import as_mapping, as_text
from xafs_workers.scans.spectra import MissingColumnError
from xafs_workers.settings import Catalog
from xafs_workers.storage.errors import Refused
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.writers import xasxdi
from xafs_workers.writers.registry import CannotWrite, FileContext, find_file_name

log = get_logger("workers")

QUEUE = "every XAFS scan"
"""First word in the names of the queues of this action: it takes long and delays no other message."""

XAFS_PLAN = "scan_nd"
"""Part of the plan's name in the runs of XAFS scans."""

MAX_REPORTED = 20
"""Number of scans left out whose reasons are in the answer."""


@action_handlers.register("everyxas")
def write_every_scan(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome | Task:
    """Return the task that finds the scans of the proposal and writes their files."""
    message = control.get_message(EveryXas)
    work = _ScanFiles(control, build_search(message, context.settings.catalog), context)
    return Task(f"{QUEUE} {message.gup}", work.attempt, describe_progress=work.describe_progress)


def build_search(message: EveryXas, settings: Catalog) -> RunSearch:
    """Build the search for a proposal's runs; a last day is included."""
    zone = ZoneInfo(settings.time_zone)
    session = settings.session_name.format(number=message.gup)
    until = None if message.until is None else _parse_time(message.until, zone, ends=True)
    since = None if message.since is None else _parse_time(message.since, zone)
    return RunSearch(message.gup, session, since, until)


def _parse_time(text: str, zone: ZoneInfo, *, ends: bool = False) -> float:
    moment = datetime.fromisoformat(text)
    if ends and is_whole_day(text):
        moment = datetime.combine(moment.date() + timedelta(days=1), time())
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()


@dataclass(slots=True, eq=False)
class _ScanFiles:
    """The files of a proposal's scans; an attempt that is repeated writes nothing twice."""

    control: ReceivedMessage
    search: RunSearch
    context: ActionContext
    done: int = 0
    total: int = 0
    problems: list[str] = field(default_factory=list[str])

    def describe_progress(self) -> str:
        """Return how many scans have their files."""
        return f"{self.done} of {self.total} scans" if self.total else ""

    def attempt(self) -> Outcome:
        """Write the files that are missing or differ, then the dossiers."""
        self.problems, self.done = [], 0
        runs = list(self._find_complete_runs())
        self.total = len(runs)
        written: list[FinishedRun] = []
        paths: dict[str, str] = {}
        for run in runs:
            self._check_wanted()
            path = self._write_file(run, paths)
            if path:
                paths[path] = run.uid
                written.append(run)
            self.done += 1
        pages = list(self._write_dossiers(written))
        return self._report(written, (*paths, *pages), len(pages))

    def _check_wanted(self) -> None:
        if self.context.stop.is_set():
            raise Interrupted("the worker ends")
        if self.context.is_dropped(self.control):
            raise Refused(DROPPED)

    def _find_complete_runs(self) -> Iterator[FinishedRun]:
        """Yield the XAFS scans that were measured to their end; those that were not are left out with the reason."""
        for uid in self.context.catalog.find_uids(self.search):
            self._check_wanted()
            try:
                run = self.context.catalog.find_run(uid)
            except (CatalogUnavailable, Interrupted):
                raise
            except CatalogError as problem:
                self.problems.append(str(problem))
                continue
            if XAFS_PLAN not in as_text(run.start.get("plan_name")):
                continue
            problem = describe_incomplete(run)
            if problem:
                self.problems.append(f"run {uid[:8]}: {problem}")
            else:
                yield run

    def _write_file(self, run: FinishedRun, written: dict[str, str]) -> str:
        """Write the file of a scan; return its path, '' where that cannot be done."""
        context = self.context
        try:
            name = find_file_name(run.run)
            folder = ProposalFolder.from_run(run.start, context.roots, context.settings.storage)
            if f"{folder.path}/{name}" in written:
                raise CannotWrite(f"{name} is the file of run {written[f'{folder.path}/{name}'][:8]} too")
            files = FileContext(run.list_assets(context.stop))
            content = xasxdi.build_content(run.run, context.config, context=files)
            check_readable(name, content, context)
            return publish_content(folder, name, self.control, content, context)
        except (CatalogUnavailable, Interrupted):
            raise
        except (CannotWrite, Refused, CatalogError, MissingColumnError, NoChannelsError) as problem:
            self.problems.append(f"run {run.uid[:8]}: {problem}")
            return ""

    def _write_dossiers(self, runs: list[FinishedRun]) -> Iterator[str]:
        """Write a dossier of each sequence; yield their paths."""
        for sequence in group_sequences(runs):
            self._check_wanted()
            try:
                yield write_dossier(self.control, sequence, self.context)
            except (CatalogUnavailable, Interrupted):
                raise
            except (CannotWrite, Refused, CatalogError) as problem:
                self.problems.append(f"dossier of {find_stub(sequence[0].run)[:40]}: {problem}")

    def _report(self, runs: list[FinishedRun], paths: tuple[str, ...], pages: int) -> Outcome:
        left_out = f"; left out: {'; '.join(self.problems[:MAX_REPORTED])}" if self.problems else ""
        more = len(self.problems) - MAX_REPORTED
        left_out += f"; and {more} more" if more > 0 else ""
        found = f"{len(runs)} data files and {pages} dossiers of proposal {self.search.proposal}"
        outcome = Outcome("done", paths, f"{found}{left_out}")
        if runs:
            folder = ProposalFolder.from_run(runs[0].start, self.context.roots, self.context.settings.storage)
            with finish_with(outcome):
                report_action(f"wrote {found} again", folder, self.control, self.context)
        return outcome


def describe_incomplete(run: FinishedRun) -> str:
    """Describe why a scan was not measured to its end, '' for one that was."""
    if not run.run.has_succeeded:
        return f"it ended as {as_text(run.stop.get('exit_status')) or 'unknown'}"
    planned = run.start.get("num_points")
    if isinstance(planned, int) and len(run.points) != planned:
        return f"it has {len(run.points)} of {planned} points"
    return ""


def group_sequences(runs: list[FinishedRun]) -> list[list[FinishedRun]]:
    """Group scans by their sequence: those of one picture of the web camera, else of one name and one start."""
    groups: dict[tuple[str, str], list[FinishedRun]] = {}
    for run in runs:
        picture = as_text(as_mapping(run.run.xdi.get("_snapshots")).get("webcam_uid"))
        begun = as_text(as_mapping(run.run.xdi.get("_user")).get("startdate"))
        groups.setdefault((picture, "") if picture else (find_stub(run.run), begun), []).append(run)
    return list(groups.values())
