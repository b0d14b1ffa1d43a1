"""Access to the folders of a proposal, and the distinction between one path that is refused and the whole proposal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from xafs_workers.storage.confined import RootedPath, open_folder
from xafs_workers.storage.errors import PATH_ERRORS, PathUnavailable, StorageError, Unavailable


@contextmanager
def open_in_session(session: RootedPath, place: RootedPath, *, make_from: int | None = None) -> Iterator[int]:
    """Open a folder as `open_folder` does; raise PathUnavailable where the path alone is refused.

    Parameters
    ----------
    session
        The proposal folder.
    place, make_from
        As for `open_folder`.

    Raises
    ------
    PathUnavailable
        No permission for this path, while the proposal folder can be used.
    """
    try:
        with open_folder(place, make_from=make_from) as folder:
            yield folder
    except PathUnavailable:
        raise
    except Unavailable as error:
        if error.errno in PATH_ERRORS and _is_usable(session, place):
            raise PathUnavailable(error.reason, error.errno) from error
        raise


def _is_usable(session: RootedPath, place: RootedPath) -> bool:
    """Check whether the proposal folder is not itself what is refused: it may be written, or is only passed through."""
    depth = len(session.parts)
    try:
        with open_folder(session) as folder:
            if os.access(".", os.W_OK | os.X_OK, dir_fd=folder, effective_ids=True):
                return True
            if len(place.parts) <= depth:
                return False
            os.stat(place.parts[depth], dir_fd=folder, follow_symlinks=False)
            return True
    except (StorageError, OSError):
        return False
