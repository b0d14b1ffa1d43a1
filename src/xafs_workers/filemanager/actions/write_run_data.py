"""Action that writes the data files of a run that no message claims."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from xafs_workers.filemanager.actions.context import ActionContext
from xafs_workers.filemanager.actions.notify import finish_with, report_action
from xafs_workers.filemanager.actions.write_data_files import build_outcome, check_readable
from xafs_workers.filemanager.data_requests import RunData
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.runtime.publish_once import MAX_NUMBER, publish_numbered
from xafs_workers.scans.implied_names import build_stub
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.storage.names import compute_next_index
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.writers.headers import find_plain_reason
from xafs_workers.writers.registry import CannotWrite, FileContext
from xafs_workers.writers.run_data import list_file_builders


def write_run_data(control: ReceivedMessage, context: ActionContext) -> Outcome:
    """Write the data files of a run, one for each pass, as `<stub>.NNN` with the next free numbers.

    They are built and written one after another: a run may have thousands of passes.
    """
    run = context.catalog.wait_for_run(control.get_message(RunData).uid, context.stop)
    folder = ProposalFolder.from_run(run.start, context.roots, context.settings.storage)
    stub = build_stub(run.run, context.config)
    number = compute_next_index(folder.list_names_of(stub), stub)
    paths: list[str] = []
    notes: dict[str, None] = {}
    problems: list[str] = []

    def make(build: Callable[[], bytes]) -> bytes:
        content = build()
        check_readable(stub, content, context)
        notes[find_plain_reason(content)] = None
        return content

    builders = list_file_builders(run.run, context.config, FileContext(run.list_assets(context.stop)))
    for place, build in enumerate(builders, start=1):
        names = (f"{stub}.{tried:03d}" for tried in range(number, number + MAX_NUMBER))
        try:
            path = publish_numbered(folder, f"data {place}", control, partial(make, build), context.ledger, names)
        except CannotWrite as problem:
            problems.append(f"file {place} of {len(builders)}: {problem}")
            continue
        paths.append(path)
        number = max(number, 1 + int(path.rpartition(".")[2]))
    outcome = build_outcome(paths, problems, filter(None, notes))
    if paths:
        last = f", and the next to {paths[-1]}" if len(paths) > 1 else ""
        with finish_with(outcome):
            report_action(f"wrote data to {paths[0]}{last}", folder, control, context, key=paths[0])
    return outcome
