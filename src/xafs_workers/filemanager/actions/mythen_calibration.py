"""Action that writes the report of a calibration of the Mythen detector."""

from __future__ import annotations

from xafs_workers.filemanager.actions.context import ActionContext, Outcome, action_handlers
from xafs_workers.filemanager.actions.report_files import find_report_folder, publish_report, read_pictures
from xafs_workers.messages.mythen_calibration import MythenCalibration
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.writers.mythen_calibration import build_slides, list_picture_names


@action_handlers.register("mythen_calibration")
def write_report(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Write the report of a calibration of the Mythen detector."""
    message = control.get_message(MythenCalibration)
    folder = find_report_folder(message.path, context)
    pictures = read_pictures(folder, "snapshots", list_picture_names(message), control, context)
    slides = build_slides(message, pictures, context.settings.goniometer)
    return publish_report(folder, f"{message.stub}_{message.stamp}.pptx", slides, control, context)
