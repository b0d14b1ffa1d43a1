"""Paths in a control message, compared with the settings: which of them the workers refuse."""

from __future__ import annotations

from xafs_workers.messages.base import ControlMessage
from xafs_workers.settings import Storage
from xafs_workers.storage.confined import Root, Roots
from xafs_workers.storage.errors import Refused
from xafs_workers.storage.proposals import ProposalFolder


def find_path_fault(message: ControlMessage, storage: Storage) -> str:
    """Find the reason why the workers refuse a path of a message; '' where they accept all.

    Paths are compared as text: whether a file exists, and may be read, is not looked at.
    """
    roots = Roots.from_settings(storage)
    try:
        for path in _list_written_paths(message):
            ProposalFolder.from_path(path, roots)
        if message.named_source is not None:
            _check_source(message.named_source, message.named_paths, roots, storage)
    except Refused as error:
        return str(error)
    return ""


def _list_written_paths(message: ControlMessage) -> list[str]:
    """Return the absolute paths that must be in a proposal folder."""
    paths = list(message.named_paths) if message.owner == "file-manager" else []
    name = message.named_file
    return [*paths, *([name] if isinstance(name, str) and name.startswith("/") else [])]


def _check_source(source: str, targets: tuple[str, ...], roots: Roots, storage: Storage) -> None:
    """Raise Refused unless the source is below a folder of `copy_sources`, or in the same proposal."""
    place = Roots(*roots.roots, *(Root(str(path)) for path in storage.copy_sources)).resolve_path(source)
    if place.root is not roots.first:
        return
    owner = ProposalFolder.from_path(source, roots)[0]
    for target in (ProposalFolder.from_path(path, roots)[0] for path in targets):
        if owner.path != target.path:
            raise Refused(f"file {source!r} is of another proposal (expected a file of {target.path})")
