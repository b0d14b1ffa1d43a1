"""Dossier of a sequence whose messages are long gone: it is made from the runs alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from xafs_workers.catalog.finished_run import FinishedRun
from xafs_workers.filemanager.actions.context import ActionContext
from xafs_workers.filemanager.actions.notify import tolerate_refusal
from xafs_workers.filemanager.dossier_sources import DossierRuns, SourceContext, add_to_index, collect_sources
from xafs_workers.runtime.publish_once import publish_page
from xafs_workers.scans.dossier import Dossier
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.metadata import as_mapping, as_text
from xafs_workers.scans.runs import Run
from xafs_workers.storage.errors import Conflict
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.sequence_number import reserve_sequence_number
from xafs_workers.writers.dossier import build_page_name, find_start_date, render_dossier_page
from xafs_workers.writers.registry import CannotWrite

_NUMBER = re.compile(r"\.[0-9]+\Z")


def find_stub(run: Run) -> str:
    """Find the stub of a scan's data file: that of the INI file, else the file's name without its number."""
    given = as_text(as_mapping(run.xdi.get("_user")).get("filename"))
    return given or _NUMBER.sub("", as_text(run.xdi.get("_filename")))


def _publish(
    folder: ProposalFolder, name: str, control: ReceivedMessage, content: bytes, context: ActionContext
) -> str:
    """Publish a page in place of the program's own; one that was changed by hand is renamed first."""

    def publish() -> str:
        return publish_page(folder, name, control, content, context.ledger, overwrite=False)

    try:
        return publish()
    except Conflict:
        folder.archive_existing(name)
        return publish()


def write_dossier(control: ReceivedMessage, runs: Sequence[FinishedRun], context: ActionContext) -> str:
    """Write the dossier of a sequence under the number that it has or gets; return its path.

    Raises
    ------
    CannotWrite
        The runs do not name a stub.
    Refused, Unavailable
        The page cannot be written.
    """
    first = runs[0]
    stub = find_stub(first.run)
    if not stub or "/" in stub:
        raise CannotWrite(f"stub {stub[:40]!r} (expected a name without '/')")
    folder = ProposalFolder.from_run(first.start, context.roots, context.settings.storage)
    number = reserve_sequence_number(folder, stub, first.uid)
    dossier = Dossier(stub, tuple(run.uid for run in runs), folder.path)
    found = DossierRuns(tuple(runs), ()).limit_to_one_proposal(context.settings.storage)
    means = SourceContext(context.catalog, context.config, context.stop)
    sources = collect_sources(found, dossier, number, folder, means)
    sources = replace(sources, cameras=context.settings.dossiers.cameras)
    content = render_dossier_page("xafs", sources)
    path = _publish(folder, build_page_name(stub, number), control, content, context)
    with tolerate_refusal(folder):
        add_to_index(folder, "xafs", path, find_start_date(sources))
    return path
