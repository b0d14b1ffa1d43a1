"""Hypothesis strategies for anything that a record can hold, and for messages and documents with it at any place."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from helpers import hostile_wire
from helpers.streams import EPOCH
from xafs_workers.messages.base import kinds
from xafs_workers.scans.items import ClockTick

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.complex_numbers()
    | st.text(max_size=12)
    | st.binary(max_size=8)
)
arrays = st.sampled_from(
    [
        np.array([1.5]),
        np.array([]),
        np.array(3.0),
        np.arange(6.0).reshape(2, 3),
        np.array([np.nan, 1.0]),
        np.array([1 + 2j]),
        np.array(["a", "b"]),
        np.array([[True], [False]]),
    ]
)
undecoded = st.sampled_from(
    [
        hostile_wire.make_array_map(kind=b"O", type="|O"),
        hostile_wire.make_array_map(kind=b"V", type=[["a", "<f8"]]),
        hostile_wire.make_array_map(type="<M8[s]"),
    ]
)
keys = st.text(max_size=6) | st.integers(0, 9)
values: st.SearchStrategy[Any] = st.recursive(
    scalars | arrays | undecoded,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | st.integers(0, 9), inner, max_size=3)
    ),
    max_leaves=6,
)

EXTRAS = (
    "uid",
    "uidlist",
    "filename",
    "fname",
    "folder",
    "target",
    "path",
    "img",
    "message_id",
    "overwrite",
    "count",
    "repetitions",
    "element",
    "edge",
    "kind",
    "action",
    "owner",
    "helper",
    "extras",
    "model_fields",
    "model_dump",
    "note",
)

messages = st.builds(
    lambda message, more: {**message, **more},
    st.sampled_from([dict(message.example) for message in kinds.discover().values()]),
    st.dictionaries(st.sampled_from(EXTRAS) | st.text(max_size=6), values, max_size=4),
)
"""Each kind's example, with some fields replaced and others added."""

LATER = ClockTick(EPOCH + 100.0)
"""Time by which all that a message waits for has passed."""
