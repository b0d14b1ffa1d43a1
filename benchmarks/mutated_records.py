"""Records of whole sessions, good and mutated: bytes changed, values replaced, keys lost, records doubled and moved."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from helpers import hostile_wire
from helpers.streams import CONTROL, DOCUMENTS, Entry, generate_session
from xafs_workers.messages.base import kinds
from xafs_workers.wire import encode

ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**63,
    1e300,
    float("nan"),
    float("inf"),
    1 + 2j,
    "",
    "a/b",
    "../../x",
    "\x1b[31m\u202e\x9b",
    "x" * 5000,
    b"\xff\xfe",
    [],
    [[1.0], "a", None],
    {},
    {"uid": ["a"]},
    np.array([1.5]),
    np.array([np.nan, 1.0]),
    np.arange(6.0).reshape(2, 3),
    np.array(["a", "b"]),
    hostile_wire.make_array_map(kind=b"O", type="|O"),
    hostile_wire.make_array_map(kind=b"V", type=[["a", "<f8"]]),
)


def generate_records(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yield topics and values without end: sessions of which some, or many, of the records are mutated."""
    examples = [dict(message.example) for message in kinds.discover().values()]
    while True:
        entries: list[Entry] = generate_session(rng, 200)
        entries += [("bmm", dict(rng.choice(examples))) for _ in range(20)]
        if rng.random() < 0.3:
            rng.shuffle(entries)
        mutated = rng.choice((0.01, 0.1, 0.5))
        for name, body in entries:
            topic = CONTROL if name == "bmm" else DOCUMENTS
            if rng.random() >= mutated:
                yield topic, encode(name, body)
                continue
            value = _mutate(rng, name, body)
            yield topic if rng.random() < 0.98 else rng.choice((CONTROL, DOCUMENTS)), value
            if rng.random() < 0.05:
                yield topic, value


def _mutate(rng: random.Random, name: str, body: dict[str, Any]) -> bytes:
    """Return the record with one to three mutations of its content, and sometimes of its bytes."""
    changed = dict(body)
    for _ in range(rng.randint(1, 3)):
        _mutate_mapping(rng, changed)
    value = encode(name if rng.random() < 0.97 else rng.choice(("event", "start", "", "bmm")), changed)
    return _mutate_bytes(rng, value) if rng.random() < 0.2 else value


def _mutate_mapping(rng: random.Random, body: dict[str, Any]) -> None:
    """Change one entry of a mapping, or of a mapping below it."""
    key = rng.choice(list(body)) if body else "extra"
    inner = body.get(key)
    if isinstance(inner, dict) and rng.random() < 0.7:
        body[key] = changed = dict(inner)
        _mutate_mapping(rng, changed)
        return
    kind = rng.random()
    if kind < 0.2:
        body.pop(key, None)
    elif kind < 0.3:
        body[rng.choice(("uid", "time", "data", "motors", "hints", "shape", "filename", "extra"))] = rng.choice(
            ODD_VALUES
        )
    elif kind < 0.4 and isinstance(inner, list) and inner:
        body[key] = [*inner[:-1], rng.choice(ODD_VALUES)]
    else:
        body[key] = rng.choice(ODD_VALUES)


def _mutate_bytes(rng: random.Random, value: bytes) -> bytes:
    """Change, remove or add a few bytes."""
    changed = bytearray(value)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(changed)) if changed else 0
        kind = rng.random()
        if kind < 0.6 and changed:
            changed[place] = rng.randrange(256)
        elif kind < 0.8:
            del changed[place : place + rng.randint(1, 8)]
        else:
            changed[place:place] = rng.randbytes(rng.randint(1, 4))
    return bytes(changed)
