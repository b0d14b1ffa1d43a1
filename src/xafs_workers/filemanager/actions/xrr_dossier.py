"""Action that writes the page of a reflectivity measurement."""

from __future__ import annotations

from xafs_workers.catalog.baseline import read_baseline
from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers
from xafs_workers.filemanager.actions.notify import finish_with, report_action
from xafs_workers.filemanager.actions.report_files import wait_for_files
from xafs_workers.messages.xrr_dossier import XrrDossier
from xafs_workers.runtime.publish_once import publish_page
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.services.message_log import has_file
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.writers.registry import CannotWrite
from xafs_workers.writers.xrr_dossier import PageSources, build_page_name, find_picture_name, render_measurement_page
from xafs_workers.writers.xrrxdi import find_stub


@action_handlers.register("xrr_dossier")
def write_page(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Write the page of a reflectivity measurement in `reports/`; its picture is waited for."""
    message = control.get_message(XrrDossier)
    run = context.catalog.wait_for_run(message.uid, context.stop)
    if not run.stop:
        raise CannotWrite(f"run {message.uid[:80]}: it has no stop document yet")
    folder = ProposalFolder.from_run(run.start, context.roots, context.settings.storage)
    stub = find_stub(message.stub, run.run)
    picture = find_picture_name(stub)
    missing = [] if has_file(folder, picture) else [picture]
    wait_for_files(missing, control, context)
    sources = PageSources(
        run.run,
        stub,
        lambda name: has_file(folder, name),
        read_baseline(run, context.stop),
        run.list_assets(context.stop),
        context.config.columns,
    )
    content = render_measurement_page(sources)
    path = publish_page(folder, build_page_name(stub), control, content, context.ledger, message.overwrite)
    outcome = Outcome("done", (path,), f"without {picture}" if missing else "")
    with finish_with(outcome):
        report_action(f"wrote XRR dossier to {path}", folder, control, context, key=path)
    return outcome
