"""Effect ledger of a leader: each change is committed to Kafka first, with the answers that belong to it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from xafs_workers.consumer.publisher import EncodedRecord
from xafs_workers.runtime.failover.changes import Change
from xafs_workers.runtime.failover.shared_writer import SharedWriter
from xafs_workers.storage.ledger import AlreadyFinished, EffectEntry, EffectKey, Ledger


class SharedLedger:
    """Effect ledger that is shared with another instance; looked up in the copy of the state folder.

    Any thread may use it; the same effect is changed by one thread at a time.
    """

    def __init__(self, copy: Ledger, writer: SharedWriter):
        self._copy, self._writer = copy, writer

    def find_entry(self, key: EffectKey) -> EffectEntry | None:
        """Return the entry of an effect, None if the effect was never begun."""
        return self._copy.find_entry(key)

    def look_up(self, key: EffectKey) -> EffectEntry | None:
        """Find the entry of an effect without waiting, as `Ledger.look_up`."""
        return self._copy.look_up(key)

    def begin(self, key: EffectKey, path: str = "", sha256: str = "") -> None:
        """Commit that an effect is about to happen; when it returns, this instance leads.

        Raises
        ------
        AlreadyFinished
            The effect is done or failed.
        """
        known = self._copy.find_entry(key)
        if known is not None and known.state != "pending":
            raise AlreadyFinished(f"{key}: begun again after it was finished (call find_entry before begin)")
        self._writer.commit(Change(entries=(EffectEntry(key, "pending", path, sha256, "", (), time.time()),)))

    def finish(
        self, key: EffectKey, state: Literal["done", "failed"], reason: str = "", paths: Iterable[str] = ()
    ) -> None:
        """Commit how an effect ended.

        Raises
        ------
        AlreadyFinished
            The effect ended before with another state.
        """
        self.finish_and_send(key, state, reason, paths)

    def finish_and_send(
        self,
        key: EffectKey,
        state: Literal["done", "failed"],
        reason: str = "",
        paths: Iterable[str] = (),
        records: tuple[EncodedRecord, ...] = (),
    ) -> None:
        """Commit how an effect ended, and the records of other topics that report it, all or none.

        An effect that ended before is left as it is, and nothing is sent.

        Raises
        ------
        AlreadyFinished
            The effect ended before with another state.
        """
        known = self._copy.find_entry(key)
        if known is not None and known.state != "pending":
            if known.state != state:
                raise AlreadyFinished(f"{key}: cannot be {state!r}, it is {known.state} already")
            return
        self._writer.commit(Change(entries=(_build_finished(known, key, state, reason, paths),), records=records))

    def send_once(self, key: EffectKey, records: tuple[EncodedRecord, ...]) -> None:
        """Queue records of other topics with the entry that they were sent, unless it exists; nothing is waited for."""
        if self._copy.look_up(key) is None:
            self._writer.submit(Change(entries=(_build_finished(None, key, "done"),), records=records))


def _build_finished(
    known: EffectEntry | None,
    key: EffectKey,
    state: Literal["done", "failed"],
    reason: str = "",
    paths: Iterable[str] = (),
) -> EffectEntry:
    begun = known or EffectEntry(key, "pending", "", "", "", (), 0.0)
    return replace(begun, state=state, reason=reason, paths=tuple(paths), changed_at=time.time())
