"""Page of a dossier: its first publication, and the updates when files come that it looks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from xafs_workers.catalog.errors import CatalogError, CatalogUnavailable, Interrupted
from xafs_workers.filemanager.actions.context import ActionContext, Outcome
from xafs_workers.filemanager.actions.notify import Notice, log_notice, tolerate_refusal
from xafs_workers.filemanager.dossier_sources import (
    DossierRuns,
    SourceContext,
    add_to_index,
    can_write_page,
    collect_sources,
    find_runs,
    list_awaited_pictures,
    list_captioned_pictures,
)
from xafs_workers.filemanager.reference_materials import KEY as REFERENCES_KEY
from xafs_workers.filemanager.reference_materials import parse_reference_materials
from xafs_workers.logs import get_logger
from xafs_workers.runtime.publish_once import publish_page, replace_own
from xafs_workers.scans.dossier import Dossier, build_dossier
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.metadata import as_mapping
from xafs_workers.scans.scan import Scan
from xafs_workers.services.message_log import has_anchor, has_file
from xafs_workers.storage.errors import Refused
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.sequence_number import reserve_sequence_number
from xafs_workers.writers.dossier import build_page_name, find_start_date, list_pictures, render_dossier_page
from xafs_workers.writers.dossier_content import DossierKind, DossierSources
from xafs_workers.writers.registry import CannotWrite

log = get_logger("workers")

PAGE_KINDS: dict[str, DossierKind] = {"write": "xafs", "sead": "sead", "raster": "raster"}

AWAITED_SUFFIXES = (".png", ".jpg", ".prj")
"""Suffixes of the files that a page is updated for, even where no message on the board asks for them."""


@dataclass(frozen=True, slots=True)
class PageState:
    """What a page looked for when it was rendered: whether each file and the anchor existed, and the captions."""

    files: dict[str, bool]
    is_anchored: bool
    captions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class DossierPage:
    """Page of one dossier in its proposal folder."""

    control: ReceivedMessage
    scan: Scan
    dossier: Dossier
    found: DossierRuns
    folder: ProposalFolder
    number: int
    context: ActionContext

    @classmethod
    def from_runs(
        cls, control: ReceivedMessage, scan: Scan, dossier: Dossier, found: DossierRuns, context: ActionContext
    ) -> DossierPage:
        """Find the folder and the number of a page: the number in the message, or that of the sequence's pictures."""
        folder = ProposalFolder.from_run(found.reference_run.start, context.roots, context.settings.storage)
        found = found.limit_to_one_proposal(context.settings.storage)
        number = dossier.force_seqnumber
        if number is None:
            number = reserve_sequence_number(folder, dossier.stub, found.reference_run.uid)
        return cls(control, scan, dossier, found, folder, number, context)

    @property
    def kind(self) -> DossierKind:
        """The kind of page that the message asks for."""
        return PAGE_KINDS[self.control.message.action]

    @property
    def name(self) -> str:
        """The name of the page, relative to the proposal folder."""
        return build_page_name(self.dossier.stub, self.number)

    def list_awaited_files(self) -> tuple[str, ...]:
        """List the files that the headless worker was asked to write."""
        return list_awaited_pictures(self.context.get_board(), self.scan, self.number)

    def list_missing_files(self) -> list[str]:
        """List the awaited files that do not exist."""
        return [name for name in self.list_awaited_files() if not has_file(self.folder, name)]

    def list_captions(self) -> tuple[tuple[str, str], ...]:
        """List the captions and names of the pictures of other scans."""
        return list_captioned_pictures(self.context.get_board(), self.scan, self.number)

    def is_anchored(self) -> bool:
        """Check whether the message log has the line that the page leads to."""
        return bool(self.dossier.rid) and has_anchor(self.folder, self.dossier.rid)

    def publish(self) -> tuple[str, DossierSources]:
        """Publish the page once; return its path and its sources."""
        context, overwrite = self.context, self.control.message.may_overwrite
        sources = self._collect_sources(_FileLookup(self.folder))
        content = self._render(sources)
        return publish_page(self.folder, self.name, self.control, content, context.ledger, overwrite), sources

    def update(self) -> PageState | None:
        """Render the page again; return what it looked for, None where the file is no longer the program's own."""
        lookup = _FileLookup(self.folder)
        sources = self._collect_sources(lookup)
        content = self._render(sources)
        if not replace_own(self.folder, self.name, self.control, content, self.context.ledger):
            return None
        self.add_to_logs(sources)
        return PageState(lookup.found, bool(sources.dossier.rid), tuple(sources.scan_pictures))

    def _collect_sources(self, lookup: _FileLookup) -> DossierSources:
        context = self.context
        means = SourceContext(context.catalog, context.config, context.stop)
        sources = collect_sources(self.found, self.dossier, self.number, self.folder, means)
        return replace(
            sources,
            exists=lookup,
            scan_pictures=self.list_captions(),
            cameras=context.settings.dossiers.cameras,
            reference_materials=self._read_reference_materials(sources),
        )

    def _read_reference_materials(self, sources: DossierSources) -> Mapping[str, str]:
        """Read the materials of the reference foils where the runs do not name theirs."""
        store = self.context.key_store
        if store is None or as_mapping(sources.first_run.xdi.get("Element")).get("reference_material"):
            return {}
        return parse_reference_materials(store.read(REFERENCES_KEY))

    def _render(self, sources: DossierSources) -> bytes:
        return render_dossier_page(self.kind, sources)

    def add_to_logs(self, sources: DossierSources) -> None:
        """Add the page to the index, and its pictures to the message log, each once."""
        path = f"{self.folder.path}/{self.name}"
        with tolerate_refusal(self.folder):
            add_to_index(self.folder, self.kind, path, find_start_date(sources))
        for caption, picture in list_pictures(self.kind, sources):
            log_notice(Notice(caption, f"picture {picture}", picture), self.folder, self.control, self.context)


@dataclass(frozen=True, slots=True, eq=False)
class _FileLookup:
    """Check whether files exist, once each, so that page and log agree; `found` holds the results."""

    folder: ProposalFolder
    found: dict[str, bool] = field(default_factory=dict[str, bool])

    def __call__(self, name: str) -> bool:
        if name not in self.found:
            self.found[name] = has_file(self.folder, name)
        return self.found[name]


class PageUpdate:
    """Updates of a page that is written: as long as it is the program's own and a file that it looks for is missing."""

    def __init__(self, control: ReceivedMessage, scan: Scan, outcome: Outcome, context: ActionContext):
        self._control, self._scan, self._outcome, self._context = control, scan, outcome, context
        self._page: DossierPage | None = None
        self._state: PageState | None = None
        self._awaited: frozenset[str] = frozenset()

    def attempt(self) -> bool:
        """Update the page if what it looks for has changed; return whether nothing is left to come."""
        ledger = self._context.ledger
        if ledger.is_follow_up_finished(self._control):
            return True
        if not can_write_page(self._context.get_board(), self._scan):
            return False
        page = self._page = self._page or self._find_page()
        if page is None:
            return False
        if self._has_changed(page):
            self._state = page.update()
        if self._state is not None and self._is_awaiting(page, self._state):
            return False
        ledger.finish_follow_up(self._control)
        return True

    def _find_page(self) -> DossierPage | None:
        """Find the page again; None while runs are missing that it shows."""
        scan, context = self._scan, self._context
        dossier = build_dossier(scan)
        try:
            found = find_runs(dossier, context.catalog, context.stop)
            page = DossierPage.from_runs(self._control, scan, dossier, found, context)
        except (CatalogUnavailable, Interrupted):
            raise
        except (CatalogError, CannotWrite, Refused) as problem:
            log.info("page_not_updated", message=self._control.id, reason=str(problem))
            return None
        shown = {run.uid for run in page.found.runs}
        left_out = [uid for uid in dossier.uids if uid not in shown and uid[:80] not in self._outcome.reason]
        return None if left_out else page

    def _has_changed(self, page: DossierPage) -> bool:
        state = self._state
        return (
            state is None
            or any(has_file(page.folder, name) != known for name, known in state.files.items())
            or (not state.is_anchored and page.is_anchored())
            or state.captions != page.list_captions()
        )

    def _is_awaiting(self, page: DossierPage, state: PageState) -> bool:
        """Check whether something may still come that changes the page."""
        self._awaited |= frozenset(page.list_awaited_files())
        looked_for = {name for name in state.files if name.endswith(AWAITED_SUFFIXES)}
        return (bool(page.dossier.rid) and not state.is_anchored) or any(
            not has_file(page.folder, name) or not state.files.get(name, True) for name in self._awaited | looked_for
        )
