"""Publication of a file at most once: the ledger has its entry before the file gets its name."""

from __future__ import annotations

from collections.abc import Callable

from xafs_workers.runtime.effect_ledger import EffectLedger
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.storage.ledger import is_already_published
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.publishing import FileContent


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
    path = folder.publish(
        name,
        made(),
        overwrite=overwrite,
        before_publish=lambda to, sha256: records.begin_publishing(control, name, to, sha256),
    ).path
    records.finish_publishing(control, name, path)
    return path
