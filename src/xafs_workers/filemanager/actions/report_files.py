"""Reports made of slides: their pictures are waited for, then the file is published in `reports/`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from xafs_workers.filemanager.actions.context import ActionContext, Outcome
from xafs_workers.filemanager.actions.notify import finish_with, report_action
from xafs_workers.runtime.outcome import Postponed
from xafs_workers.runtime.publish_once import publish_numbered, publish_once
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.storage.errors import Absent, Refused
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.writers.slides import Slide, SlidePicture, build_pptx

PICTURE_PATIENCE = 60.0
"""How long after its message a report waits for its pictures, seconds of record time; then it is written without."""

BuildSlides = Callable[[Sequence[SlidePicture]], Iterable[Slide]]


def find_report_folder(path: str, context: ActionContext) -> ProposalFolder:
    """Find the proposal folder that a message names.

    Raises
    ------
    Refused
        The path is no proposal folder.
    """
    return ProposalFolder.from_path(path, context.roots)[0]


def read_pictures(
    folder: ProposalFolder,
    inside: str,
    wanted: Iterable[tuple[str, tuple[str, ...]]],
    control: ReceivedMessage,
    context: ActionContext,
) -> list[SlidePicture]:
    """Read the pictures of a report, which the headless plot manager draws.

    Parameters
    ----------
    inside
        Folder of the pictures in the proposal folder; a folder `pictures` in it is looked into too.
    wanted
        Caption and possible names of each picture.

    Raises
    ------
    Postponed
        A picture does not exist yet.
    """
    found = [_find_picture(folder, inside, caption, names) for caption, names in wanted]
    wait_for_files([picture.name for picture in found if picture.content is None], control, context)
    return found


def wait_for_files(missing: Sequence[str], control: ReceivedMessage, context: ActionContext) -> None:
    """Wait for files that do not exist, for a limited time after a message.

    Raises
    ------
    Postponed
        There are some, and the time is not over.
    """
    if missing and context.get_board().now - control.time < PICTURE_PATIENCE:
        raise Postponed(f"report: waiting for {', '.join(missing)}")


def _find_picture(folder: ProposalFolder, inside: str, caption: str, names: tuple[str, ...]) -> SlidePicture:
    places = [f"{place}/{name}" for place in (inside, f"{inside}/pictures") for name in names]
    for place in places:
        try:
            return SlidePicture(caption, place, folder.read(place))
        except (Absent, Refused):
            continue  # what is no regular file is no picture
    return SlidePicture(caption, places[0], None)


def publish_report(
    folder: ProposalFolder, name: str, slides: Iterable[Slide], control: ReceivedMessage, context: ActionContext
) -> Outcome:
    """Publish a report in `reports/`, and report it; pictures that are missing are in the outcome's reason.

    Raises
    ------
    CannotWrite
        The library that makes reports is not installed.
    """
    shown = list(slides)
    content = build_pptx(shown, control.time)
    target = f"reports/{name}"
    if control.message.may_overwrite:
        path = publish_once(folder, target, control, lambda: content, context.ledger, overwrite=True)
    else:
        path = publish_numbered(folder, target, control, lambda: content, context.ledger)
    missing = [picture.name for slide in shown for picture in slide.pictures if picture.content is None]
    outcome = Outcome("done", (path,), f"without {', '.join(missing)}" if missing else "")
    with finish_with(outcome):
        report_action(f"wrote report to {path}", folder, control, context, key=path)
    return outcome
