"""Change records during a replay: new uids, so that a recording can be replayed twice, and another proposal folder."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from xafs_workers.recording.record import Record


def map_text(value: Any, change: Callable[[str], str]) -> Any:
    """Apply a change to each text in a value, at any depth; keys of maps do not change."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: map_text(part, change) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [map_text(part, change) for part in value]
    if isinstance(value, np.ndarray) and value.dtype.kind == "U":
        return np.array([change(part) for part in value.flat]).reshape(value.shape)
    return value


class FreshUids:
    """Replaces the uids of a recording by new ones, each the same everywhere in one replay.

    Parameters
    ----------
    known
        Uids of the documents in the recording. Other uids (of runs before the recording) do not change.
    """

    def __init__(self, known: Collection[str]):
        self._known = known
        # The new uid is computed from the old one: that needs no table of millions of events.
        self._namespace = uuid.uuid4()

    def __call__(self, record: Record) -> Record:
        """Return the record with new uids, also in its key."""
        return replace(_apply_change(record, self.replace_uid), key=self._replace_key(record.key))

    def _replace_key(self, key: bytes | None) -> bytes | None:
        try:
            return None if key is None else self.replace_uid(key.decode("utf-8")).encode("utf-8")
        except UnicodeDecodeError:
            return key

    def replace_uid(self, text: str) -> str:
        """Replace a known uid, also in a datum's name (``<uid of its resource>/<n>``); other text does not change."""
        if text in self._known:
            return str(uuid.uuid5(self._namespace, text))
        owner, slash, rest = text.partition("/")
        if slash and owner in self._known:
            return f"{uuid.uuid5(self._namespace, owner)}/{rest}"
        return text


class FolderRedirect:
    """Redirects the files of a replay to another proposal folder, in run metadata and in paths of control messages.

    Parameters
    ----------
    folders
        Pairs (cycle, data session) of the recorded runs.
    root
        Proposals root of this beamline; paths below a recorded proposal folder are moved below it.
    data_session, cycle
        New data session and cycle; None keeps the recorded one.
    """

    def __init__(
        self,
        folders: Iterable[tuple[str, str]],
        root: Path,
        *,
        data_session: str | None = None,
        cycle: str | None = None,
    ):
        self._session, self._cycle, self._root = data_session, cycle, root
        pairs = "|".join(f"{re.escape(one)}/{re.escape(group)}" for one, group in folders)
        self._path_pattern = re.compile(rf"/(?:[^\0]*?/)?({pairs})(?=/|$)") if pairs else None

    def __call__(self, record: Record) -> Record:
        """Return the record with its folders changed."""
        moved = _apply_change(record, self.move_path)
        if record.topic == "documents" and record.name == "start" and moved.body is not None:
            return replace(moved, body=self._update_start(moved.body), raw=None)
        return moved

    def move_path(self, text: str) -> str:
        """Move a path from a recorded proposal folder to the new folder; other text does not change."""
        found = self._path_pattern.match(text) if self._path_pattern else None
        if found is None:
            return text
        cycle, _, group = found.group(1).rpartition("/")
        return f"{self._root}/{self._cycle or cycle}/{self._session or group}{text[found.end() :]}"

    def _update_start(self, start: Mapping[str, Any]) -> dict[str, Any]:
        changed = dict(start)
        if self._session:
            changed["data_session"] = self._session
        if self._cycle:
            changed["cycle"] = self._cycle
            xdi = changed.get("XDI")
            if isinstance(xdi, Mapping) and isinstance(xdi.get("Facility"), Mapping):
                changed["XDI"] = {**xdi, "Facility": {**xdi["Facility"], "cycle": self._cycle}}
        return changed


def _apply_change(record: Record, change: Callable[[str], str]) -> Record:
    if record.body is None:
        return record
    changed = replace(record, body=map_text(record.body, change), raw=None)
    if record.raw is None:
        return changed
    try:  # a value that JSON cannot hold can often not be packed either: then the record does not change
        changed.encode_value()
    except TypeError:
        return record
    return changed
