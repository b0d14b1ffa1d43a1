"""Action that writes the report of a refinement of eta."""

from __future__ import annotations

from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers
from xafs_workers.filemanager.actions.report_files import find_report_folder, publish_report, read_pictures
from xafs_workers.messages.eta_refinement import EtaRefinement
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.writers.eta_refinement import build_slides, list_picture_names


@action_handlers.register("eta_refinement")
def write_report(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Write the report of a refinement of eta."""
    message = control.get_message(EtaRefinement)
    folder = find_report_folder(message.path, context)
    pictures = read_pictures(folder, message.folder, list_picture_names(message), control, context)
    slides = build_slides(message, pictures)
    return publish_report(folder, f"{message.stub}_eta_refinement.pptx", slides, control, context)
