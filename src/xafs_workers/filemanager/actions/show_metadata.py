"""Question for the metadata of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xafs_workers.filemanager.actions.context import ActionContext, question_handlers
from xafs_workers.logs import get_logger
from xafs_workers.messages.show_metadata import ShowMetadata
from xafs_workers.scans.items import ReceivedMessage

log = get_logger("workers")


@question_handlers.register("show_metadata")
def show_metadata(control: ReceivedMessage, reserved: frozenset[str], context: ActionContext) -> Mapping[str, Any]:
    """Return the start document of a run, which need not have ended if its documents were received."""
    uid = control.get_message(ShowMetadata).uid
    run = context.get_board().runs.get(uid)
    start = run.start if run is not None else context.catalog.wait_for_run(uid, context.stop).start
    log.info("metadata_shown", run=uid, start=dict(start))
    return dict(start)
