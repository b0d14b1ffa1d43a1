"""uids of the runs that a worker needs no more, in a file: the position of the Tiled source."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from xafs_workers.logs import get_logger

log = get_logger("sources")

MAX_UIDS = 5000
"""So many finished runs are remembered."""


class FinishedRuns:
    """The uids, in the order in which the runs were finished.

    Parameters
    ----------
    path
        The file; None for a worker that stores nothing.
    """

    def __init__(self, path: Path | None):
        self._path = path
        self.is_new = path is not None and not path.exists()
        self._uids: dict[str, None] = dict.fromkeys(self._read())

    def __contains__(self, uid: object) -> bool:
        return uid in self._uids

    def add(self, uids: Iterable[str]) -> bool:
        """Add uids durably; False, logged, where the file cannot be written. Nothing is kept without a file."""
        new = [uid for uid in uids if uid not in self._uids]
        if self._path is None or not (new or self.is_new):
            return True
        kept = [*self._uids, *new][-MAX_UIDS:]
        try:
            self._write(self._path, kept)
        except OSError as error:
            log.warning("finished_runs_not_stored", reason=str(error))
            return False
        self._uids, self.is_new = dict.fromkeys(kept), False
        return True

    def _read(self) -> list[str]:
        try:
            content = json.loads(self._path.read_text()) if self._path is not None else []
        except (OSError, ValueError):
            return []
        return [uid for uid in content if isinstance(uid, str)] if isinstance(content, list) else []

    def _write(self, path: Path, uids: list[str]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_suffix(".new")
        with draft.open("w") as stream:
            json.dump(uids, stream)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
