"""Records of the ledger topic: leases, entries of the effect ledger and changes of the outbox, as JSON.

The keys make compaction keep the newest lease, the newest state of each effect, and of each post its text and its
newest state.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass
from typing import Any

from xafs_workers.consumer.publisher import EncodedRecord
from xafs_workers.services.slack.outbox import PostChange
from xafs_workers.services.slack_posts import Post
from xafs_workers.storage.ledger import EffectEntry, EffectKey

APPLY_RETRY_SECONDS = 1.0
"""Pause between attempts to store changes in a state folder that cannot be written, seconds."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Sign of life of the instance that acts.

    Attributes
    ----------
    instance
        Identity of its state folder.
    is_released
        Whether it has stopped acting, so that another instance need not wait.
    """

    instance: str
    host: str
    pid: int
    is_released: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What is committed in one transaction: entries of the ledger, changes of posts, and records for other topics."""

    entries: tuple[EffectEntry, ...] = ()
    posts: tuple[PostChange, ...] = ()
    records: tuple[EncodedRecord, ...] = ()


SharedItem = Lease | EffectEntry | PostChange


def encode_item(topic: str, item: SharedItem) -> EncodedRecord:
    """Return an item as a record of the ledger topic.

    Raises
    ------
    UnicodeEncodeError
        A text holds what is no character; no copy could store it either.
    """
    if isinstance(item, Lease):
        return _build_record(topic, ["lease"], asdict(item))
    if isinstance(item, EffectEntry):
        body = {name: value for name, value in asdict(item).items() if name != "key"}
        return _build_record(topic, ["effect", *astuple(item.key)], body)
    return _build_record(topic, ["post" if item.post is not None else "post state", item.key], asdict(item))


def parse_item(key: bytes | None, value: bytes | None) -> SharedItem | None:
    """Return the item of a record of the ledger topic; None for one of a kind that this version does not know.

    Raises
    ------
    ValueError
        The record cannot be read.
    """
    try:
        kind, *rest = json.loads(key or b"")
        body: Mapping[str, Any] = json.loads(value or b"")
        if kind == "lease":
            return Lease(**body)
        if kind == "effect":
            return EffectEntry(EffectKey(*rest), **{**body, "paths": tuple(body["paths"])})
        if kind in ("post", "post state"):
            post = body["post"]
            return PostChange(**{**body, "post": None if post is None else Post(**post)})
    except (TypeError, KeyError) as error:
        raise ValueError(f"{error} (expected a record that xafs-workers wrote)") from error
    return None


def _build_record(topic: str, key: list[Any], body: Mapping[str, Any]) -> EncodedRecord:
    return EncodedRecord(topic, _encode(key), _encode(body))


def _encode(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
