"""What goes through the pipe to the reduction's process: a length, then msgpack. Nothing that unpickles."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

from xafs_workers.wire import decode, encode

LENGTH_PREFIX = struct.Struct(">Q")

MAX_FRAME_BYTES = 256 * 1024 * 1024
"""Of a frame, bytes: thousands of spectra."""


class PipeClosed(OSError):
    """The other side is gone."""


def encode_frame(name: str, body: Mapping[str, Any]) -> bytes:
    """Return a message with its length before it."""
    content = encode(name, body)
    return LENGTH_PREFIX.pack(len(content)) + content


def decode_frame(content: bytes) -> tuple[str, dict[str, Any]]:
    """Return what a frame, without its length, says."""
    return decode(content, MAX_FRAME_BYTES)


def read_frame(stream: BinaryIO) -> tuple[str, dict[str, Any]]:
    """Return the next message of a stream.

    Raises
    ------
    PipeClosed
        At its end.
    """
    (length,) = LENGTH_PREFIX.unpack(_read_exactly(stream, LENGTH_PREFIX.size))
    return decode_frame(_read_exactly(stream, length))


def _read_exactly(stream: BinaryIO, count: int) -> bytes:
    content = stream.read(count)
    if len(content) != count:
        raise PipeClosed("the pipe was closed")
    return content
