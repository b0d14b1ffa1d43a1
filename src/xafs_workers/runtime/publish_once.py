"""Publication of a file at most once: the ledger has its entry before the file gets its name.

A page may be replaced later, as long as the file is the program's own: its checksum is in the ledger.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from xafs_workers.logs import get_logger
from xafs_workers.runtime.effect_ledger import EffectLedger
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.storage.errors import Conflict, Refused
from xafs_workers.storage.ledger import is_already_published
from xafs_workers.storage.names import add_copy_number
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.publishing import FileContent

log = get_logger("workers")

MAX_NUMBER = 1000
"""Number of files of one name, the first included."""


def publish_once(
    folder: ProposalFolder,
    name: str,
    control: ReceivedMessage,
    made: Callable[[], FileContent],
    records: EffectLedger,
    overwrite: bool,
) -> str:
    """Publish the file that a message asks for, unless this worker did so before; return its path.

    Raises
    ------
    CatalogRefused, Conflict, CatalogUnavailable
        As `ProposalFolder.publish`.
    """
    own = records.find_file_entry(control, name)
    if own and (own.state == "done" or is_already_published(own, folder)):
        records.finish_publishing(control, name, own.path)
        return own.path
    published = folder.publish(
        name,
        made(),
        overwrite=overwrite,
        before_publish=lambda to, sha256: records.begin_publishing(control, name, to, sha256),
    )
    if published.state == "same":
        records.begin_publishing(control, name, published.path, published.sha256)
    records.finish_publishing(control, name, published.path)
    return published.path


def publish_numbered(
    folder: ProposalFolder,
    name: str,
    control: ReceivedMessage,
    made: Callable[[], FileContent],
    records: EffectLedger,
    numbered_names: Iterable[str] | None = None,
) -> str:
    """Publish the file that a message asks for; where the name exists with other content, it gets the next number.

    Parameters
    ----------
    name
        Name of the file among those of the message.
    numbered_names
        Names that are tried in turn; None: `name`, and then copies with numbers.

    Raises
    ------
    Conflict
        All numbers are taken.
    Refused, Unavailable
        As `ProposalFolder.publish`.
    """
    own = records.find_file_entry(control, name)
    if own and (own.state == "done" or is_already_published(own, folder)):
        records.finish_publishing(control, name, own.path)
        return own.path
    names = numbered_names or (add_copy_number(name, number) for number in range(MAX_NUMBER))
    for numbered in names:
        try:
            published = folder.publish(
                numbered,
                made(),
                overwrite=False,
                before_publish=lambda to, sha256: records.begin_publishing(control, name, to, sha256),
            )
        except Conflict:
            continue
        if published.state == "same":
            records.begin_publishing(control, name, published.path, published.sha256)
        records.finish_publishing(control, name, published.path)
        return published.path
    raise Conflict(f"{name}: the numbers to {MAX_NUMBER - 1} are taken")


def publish_page(
    folder: ProposalFolder, name: str, control: ReceivedMessage, content: bytes, records: EffectLedger, overwrite: bool
) -> str:
    """Publish a page as `publish_once` does, also in place of an earlier page that is still the program's own.

    Raises
    ------
    Conflict, Refused, Unavailable
        As `ProposalFolder.publish`; the file was changed by hand or belongs to a user (without `overwrite`).
    """
    path = f"{folder.path}/{name}"
    found = folder.digest(name)
    overwrite = overwrite or (found is not None and records.is_own_page(path, found))
    records.add_page(path, hashlib.sha256(content).hexdigest())
    return publish_once(folder, name, control, lambda: content, records, overwrite)


def replace_own(
    folder: ProposalFolder, name: str, control: ReceivedMessage, content: bytes, records: EffectLedger
) -> bool:
    """Replace a file that was published for a message; return False where it is no longer the program's own.

    Raises
    ------
    Unavailable
        As `ProposalFolder.publish`.
    """
    try:
        found = folder.digest(name)
        if found == hashlib.sha256(content).hexdigest():
            return True
        if found is None or not records.is_own_version(control, name, found):
            log.warning("changed_file_left", message=control.id, file=name, is_removed=found is None)
            return False
        folder.publish(
            name,
            content,
            overwrite=True,
            before_publish=lambda to, sha256: records.add_version(control, name, to, sha256),
        )
    except Refused as refusal:
        log.warning("file_not_replaced", message=control.id, file=name, reason=refusal.reason)
        return False
    return True
