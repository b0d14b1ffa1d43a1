"""A file put in its place once: the ledger knows it before it has its name."""

from __future__ import annotations

from collections.abc import Callable

from xafs_workers.runtime.effect_ledger import Records
from xafs_workers.scans.items import Control
from xafs_workers.storage.ledger import already_published
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.publishing import Content


def publish_once(
    folder: ProposalFolder, name: str, control: Control, made: Callable[[], Content], records: Records, overwrite: bool
) -> str:
    """Publish the file that a message asks for, unless this worker did so before; return its path.

    Raises
    ------
    Refused, Conflict, Unavailable
        As `ProposalFolder.publish`.
    """
    own = records.file_entry(control, name)
    if own and (own.state == "done" or already_published(own, folder)):
        records.published(control, name, own.path)
        return own.path
    path = folder.publish(
        name,
        made(),
        overwrite=overwrite,
        before_publish=lambda to, sha256: records.about_to_publish(control, name, to, sha256),
    ).path
    records.published(control, name, path)
    return path
