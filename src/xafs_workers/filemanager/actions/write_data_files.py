"""Action that writes data files into the proposal folder of the run that a message names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from itertools import islice
from typing import Any

from xafs_workers.catalog.finished_run import FinishedRun
from xafs_workers.filemanager.actions.context import ActionContext, Outcome
from xafs_workers.filemanager.actions.mythen_image import add_image
from xafs_workers.filemanager.actions.notify import finish_with, report_action
from xafs_workers.filemanager.actions.xrf_spectra import read_spectra
from xafs_workers.logs import get_logger
from xafs_workers.runtime.outcome import TryLater
from xafs_workers.runtime.publish_once import publish_numbered, publish_once
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.storage.errors import Conflict, Refused
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.writers.headers import find_plain_reason
from xafs_workers.writers.registry import (
    CannotWrite,
    FileContents,
    FileContext,
    WriterInput,
    build_message_files,
    build_writer_key,
    writers,
)

log = get_logger("workers")

XDI_HEADER = b"# XDI/"
MIN_LARCH_ROWS = 3
"""Number of rows below which Larch's reader refuses any file: such a run gets its file all the same."""

MAX_PATHS = 100
"""Number of files of a run of many passes that an outcome and the logs name; the others have the numbers after."""

READ_TIMEOUT = 60.0
"""Longest time that Larch may take to read a file, seconds; then it is tried again."""


def write_files(control: ReceivedMessage, board: Board, context: ActionContext) -> Outcome:
    """Write the data files that a message requests."""
    message: Any = control.message
    writer = writers[build_writer_key(message)]
    run = context.catalog.wait_for_run(message.uid, context.stop)
    spectra = read_spectra(run, 0, context) if writer.needs_spectra else {}
    material = WriterInput(run.run, context.config, FileContext(run.list_assets(context.stop)), spectra)
    if writer.needs_image:
        material = add_image(material, run, context)
    contents = build_message_files(message, material)
    return publish_files(control, run, contents, context, writer.label, is_numbered=writer.is_numbered)


def publish_files(
    control: ReceivedMessage,
    run: FinishedRun,
    contents: FileContents,
    context: ActionContext,
    label: str,
    *,
    is_numbered: bool = False,
) -> Outcome:
    """Check that files are readable, write them into the folder of a run, and report them under a label.

    A file whose name exists gets a number if `is_numbered`, unless the message asks for overwriting. The outcome is a
    failure where one of several files cannot be made; the others are written all the same. Its reason also states
    which files are not XDI, and why.
    """
    folder = ProposalFolder.from_run(run.start, context.roots, context.settings.storage)
    is_numbered = is_numbered and not control.message.may_overwrite
    paths: list[str] = []
    problems: list[str] = []
    notes: list[str] = []
    for name, content in contents.items():
        if isinstance(content, CannotWrite):
            problems.append(f"{name}: {content}")
            continue
        check_readable(name, content, context)
        if is_numbered:
            paths.append(publish_numbered(folder, name, control, lambda made=content: made, context.ledger))
        else:
            paths.append(publish_content(folder, name, control, content, context))
        notes += [f"{name}: {reason}"] if (reason := find_plain_reason(content)) else []
    outcome = build_outcome(paths, problems, notes)
    with finish_with(outcome):
        for path in paths[:MAX_PATHS]:
            report_action(f"wrote {label} to {path}", folder, control, context, key=path)
    return outcome


def build_outcome(paths: Sequence[str], problems: Sequence[str], notes: Iterable[str]) -> Outcome:
    """Build the outcome of a message for which files were made, with what could not be made and what is to be noted."""
    more = [f"{len(paths)} files, to {paths[-1]}"] if len(paths) > MAX_PATHS else []
    reason = "; ".join((*more, *problems[:MAX_PATHS], *islice(notes, MAX_PATHS)))
    return Outcome("failed" if problems else "done", tuple(paths[:MAX_PATHS]), reason)


def publish_content(
    folder: ProposalFolder,
    name: str,
    control: ReceivedMessage,
    content: bytes,
    context: ActionContext,
) -> str:
    """Publish a file once; return its path.

    For a message with `archives_older`, an existing file with other content is first renamed to
    `<name>.<UTC time of its last change>`.
    """

    def publish() -> str:
        return publish_once(folder, name, control, lambda: content, context.ledger, control.message.may_overwrite)

    try:
        return publish()
    except Conflict:
        if not control.message.archives_older:
            raise
        archived = folder.archive_existing(name)
        log.info("older_file_renamed", file=name, now=archived)
        return publish()


def check_readable(name: str, content: bytes, context: ActionContext) -> None:
    """Let Larch read an XDI file before it gets its name, unless it has too few rows for Larch.

    Raises
    ------
    Refused
        Larch does not read it as intended.
    TryLater
        The reduction process does not answer.
    """
    if context.read_xdi is None or not content.startswith(XDI_HEADER):
        return
    columns, rows = _measure_shape(content)
    if rows < MIN_LARCH_ROWS:
        return
    answer = _wait_for_answer(context.read_xdi(content))
    if "problem" in answer:
        raise Refused(f"{name}: Larch cannot read the new file: {answer['problem']}")
    if (len(answer["labels"]), answer["rows"]) != (columns, rows):
        got = f"{answer['rows']} rows of {', '.join(answer['labels'])}"
        raise Refused(f"{name}: Larch reads {got} (expected {rows} rows of {columns} columns)")


def _wait_for_answer(answer: Future[Mapping[str, Any]]) -> Mapping[str, Any]:
    try:
        return answer.result(READ_TIMEOUT)
    except TimeoutError as error:
        answer.cancel()
        raise TryLater(f"Larch did not read the file within {READ_TIMEOUT:.0f} s") from error
    except CancelledError as error:  # the worker ends; the message is done after the next start
        raise TryLater("Larch was stopped before it read the file") from error


def _measure_shape(content: bytes) -> tuple[int, int]:
    """Count the columns and rows of an XDI file; labels are not compared, for Larch renames some."""
    lines = content.decode().splitlines()
    header = max(number for number, line in enumerate(lines) if line.startswith("#"))
    return len(lines[header].split()) - 1, len(lines) - header - 1
