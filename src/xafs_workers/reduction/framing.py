"""Frames of the pipe to the reduction's process: a length, then msgpack; no pickle."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

from xafs_workers.wire import decode, encode

LENGTH_PREFIX = struct.Struct(">Q")

MAX_FRAME_BYTES = 256 * 1024 * 1024
"""Largest size of a frame, bytes: enough for thousands of spectra."""


class PipeClosed(OSError):
    """The other process closed the pipe."""


def encode_frame(name: str, body: Mapping[str, Any]) -> bytes:
    """Encode a message with its length in front."""
    content = encode(name, body)
    return LENGTH_PREFIX.pack(len(content)) + content


def decode_frame(content: bytes) -> tuple[str, dict[str, Any]]:
    """Decode a frame without its length into name and body."""
    return decode(content, MAX_FRAME_BYTES)


def read_frame(stream: BinaryIO) -> tuple[str, dict[str, Any]]:
    """Read the next message of a stream.

    Raises
    ------
    PipeClosed
        The stream has ended.
    """
    (length,) = LENGTH_PREFIX.unpack(_read_exactly(stream, LENGTH_PREFIX.size))
    return decode_frame(_read_exactly(stream, length))


def _read_exactly(stream: BinaryIO, count: int) -> bytes:
    content = stream.read(count)
    if len(content) != count:
        raise PipeClosed("the pipe was closed")
    return content
