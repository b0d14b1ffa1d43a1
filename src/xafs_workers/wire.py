"""Encoding and decoding of Kafka records (msgpack with our own numpy hook); answers and dead letters."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

# The names of the submodules are taken because bluesky-kafka replaces `msgpack.unpackb` for the whole process
# by one that unpickles object arrays.
try:
    from msgpack._cmsgpack import Packer, unpackb
except ImportError:  # pragma: no cover - a Python without the compiled module
    from msgpack.fallback import Packer, unpackb  # type: ignore[assignment]
import numpy as np

SAFE_DTYPE_KINDS = frozenset("biufcSU")
"""numpy's dtype kinds that are accepted: bool, (unsigned) integer, float, complex, bytes, text."""

DTYPE_PATTERN = re.compile(r"[<>=|]?(\?|[a-zA-Z]\d{0,9}|[Mm]8\[\d{0,9}[a-zA-Z]{1,2}\])")
"""Form of accepted dtypes; numpy's own parser takes seconds for a long list of fields."""

MAX_DIMENSIONS = 32
"""Largest number of dimensions of an array; the product of a million counts takes an hour."""

MAX_CODE_POINT = 0x10FFFF

REPLAY_HEADER = ("xafs-workers", b"replay")
"""Header of the records of a replay: the times in their values are those of the recording."""

SURROGATES = (0xD800, 0xDFFF)
"""First and last code point that is no character: text with one cannot be encoded."""

NUMPY_MARKS = (b"\x02nd", b"\x07complex")
"""The keys of numpy's maps as msgpack writes them, after their length; without them no map is looked at."""

MAX_RECORD_BYTES = 8 * 1024 * 1024

MAX_NAME_BYTES = 31
"""Longest name that msgpack writes behind one byte; no document has a longer one."""

MAX_DEPTH = 100
"""Largest nesting of maps and lists. msgpack decodes 1,024 levels but encodes only 511, and pydantic fewer."""

_TEXT = frozenset({str})

UNNESTED_NAMES = frozenset({"event", "event_page"})
"""Documents whose nesting is not checked: they come often, and are never encoded again."""


class DecodeError(ValueError):
    """Record whose bytes are not a usable message; the text gives the problem and what is expected."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """Substitute for a value that is not decoded, such as an object array; the rest of its record is used.

    It is neither text nor a number, so no field accepts it. It is encoded as its description.
    """

    description: str

    def __str__(self) -> str:
        return f"{self.description} (not decoded)"


def _parse_dtype(description: Any) -> np.dtype[Any]:
    if not isinstance(description, str | bytes):
        raise DecodeError(f"numpy map of type {description!r:.80} (expected a plain dtype such as '<f8')")
    text = description.decode("ascii", "replace") if isinstance(description, bytes) else description
    if not DTYPE_PATTERN.fullmatch(text):
        raise DecodeError(f"numpy map of dtype {text!r:.80} (expected a plain dtype such as '<f8')")
    try:
        dtype = np.dtype(text)
    except (TypeError, ValueError, SyntaxError) as error:
        raise DecodeError(f"numpy map with unknown dtype {text!r:.80}") from error
    if dtype.itemsize == 0:
        raise DecodeError(f"numpy map of dtype {dtype.str}, whose elements have no size")
    return dtype


def _rebuild_array(obj: Mapping[Any, Any], data: bytes, dtype: np.dtype[Any]) -> np.ndarray:
    shape = obj.get(b"shape", ())
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        raise DecodeError(f"numpy map with shape {shape!r:.80} (expected a list of counts)")
    if len(shape) > MAX_DIMENSIONS:
        raise DecodeError(f"numpy map of {len(shape)} dimensions: at most {MAX_DIMENSIONS} are accepted")
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise DecodeError(f"numpy map of {len(data)} bytes: shape {shape!r:.80} of {dtype.str} needs another length")
    return _read_elements(data, dtype).reshape(shape)


def _read_elements(data: bytes, dtype: np.dtype[Any]) -> np.ndarray:
    """Return the buffer as an array. Code points are checked here, because numpy checks them only on later access."""
    if dtype.kind == "U":
        points = np.frombuffer(data, dtype=f"{dtype.byteorder}u4")
        if points.size and points.max() > MAX_CODE_POINT:
            raise DecodeError(f"numpy text with code point {points.max()}: the largest is {MAX_CODE_POINT}")
        if ((points >= SURROGATES[0]) & (points <= SURROGATES[1])).any():
            raise DecodeError("numpy text with a surrogate (expected characters)")
    return np.frombuffer(data, dtype=dtype)


def rebuild_numpy(obj: dict[Any, Any]) -> Any:
    """Rebuild a number or an array from a map written by msgpack-numpy; return any other map unchanged.

    Only dtype kinds b i u f c S U are rebuilt, and the buffer's length is checked. pickle is never used: an object
    or structured array, a date and a time span become a placeholder.

    Raises
    ------
    DecodeError
        The map has numpy's keys, but its parts do not fit together.
    """
    if b"nd" not in obj:
        if b"complex" in obj:
            return _parse_complex(obj.get(b"data"))
        return obj
    kind = obj.get(b"kind", b"")
    if kind not in (b"", ""):
        return _build_placeholder(kind, obj)
    data = obj.get(b"data")
    if not isinstance(data, bytes):
        raise DecodeError(f"numpy map whose data is a {type(data).__name__} (expected bytes)")
    dtype = _parse_dtype(obj.get(b"type"))
    if dtype.kind not in SAFE_DTYPE_KINDS:
        return Placeholder(f"array of dtype {dtype.str}")
    if obj[b"nd"]:
        return _rebuild_array(obj, data, dtype)
    if len(data) != dtype.itemsize:
        raise DecodeError(f"numpy number of {len(data)} bytes: {dtype.str} needs {dtype.itemsize}")
    return _to_python_number(_read_elements(data, dtype)[0])


def _build_placeholder(kind: Any, obj: Mapping[Any, Any]) -> Placeholder:
    name = {"O": "object array", "V": "structured array"}.get(
        kind.decode("latin-1") if isinstance(kind, bytes) else kind
    )
    if name is None:
        raise DecodeError(f"numpy map of unknown kind {kind!r:.20}")
    return Placeholder(f"{name} of shape {obj.get(b'shape')!r:.40}")


def _to_python_number(value: np.generic) -> Any:
    """Convert a numpy scalar to Python's; those longer than 64 bits have no `item` of another type."""
    if isinstance(value, np.floating):
        return float(value)
    return complex(value) if isinstance(value, np.complexfloating) else value.item()


def _parse_complex(text: Any) -> complex:
    try:
        return complex(text if isinstance(text, str) else text.decode("ascii"))
    except (AttributeError, TypeError, ValueError) as error:
        raise DecodeError(f"complex number written as {text!r:.40}") from error


def decode(value: bytes | None, limit: int = MAX_RECORD_BYTES) -> tuple[str, dict[str, Any]]:
    """Decode the value of a Kafka record.

    Parameters
    ----------
    value
        msgpack of ``[name, mapping]``, or of a bare mapping.
    limit
        Largest value accepted, bytes.

    Returns
    -------
    name, body
        The tag or document name ('' for a bare mapping), and the mapping with text keys.

    Raises
    ------
    DecodeError
        The record cannot be decoded. No other exception is raised.
    """
    if value is None:
        raise DecodeError("record without a value (expected msgpack of [name, mapping])")
    if len(value) > limit:
        raise DecodeError(f"record of {len(value)} bytes: the limit is {limit}")
    try:
        hook = rebuild_numpy if NUMPY_MARKS[0] in value or NUMPY_MARKS[1] in value else None
        content = unpackb(value, raw=False, strict_map_key=False, object_hook=hook)
    except DecodeError:
        raise
    except RecursionError as error:
        raise DecodeError("record nested too deeply") from error
    except Exception as error:  # hostile bytes: msgpack raises many kinds, each is one bad record
        raise DecodeError(f"not msgpack: {type(error).__name__}: {error!s:.200}") from error
    name, body = _unpack_envelope(content)
    if name not in UNNESTED_NAMES:
        _check_depth(body)
    return name, body


def _check_depth(body: dict[str, Any]) -> None:
    level: list[Any] = [body]
    for _ in range(MAX_DEPTH):
        members = chain.from_iterable(holder.values() if type(holder) is dict else holder for holder in level)
        level = [member for member in members if type(member) is dict or type(member) is list]
        if not level:
            return
    raise DecodeError(f"record nested too deeply: at most {MAX_DEPTH} levels are accepted")


def _unpack_envelope(content: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(content, dict):
        name, body = "", content
    elif isinstance(content, list) and len(content) == 2:
        name, body = content
    else:
        raise DecodeError(f"a {_describe_shape(content)} (expected [name, mapping] or a bare mapping)")
    if not isinstance(name, str):
        raise DecodeError(f"a name of type {type(name).__name__} (expected text)")
    if not isinstance(body, dict):
        raise DecodeError(f"{name or 'message'!r:.40} with a body of type {type(body).__name__} (expected a mapping)")
    if not set(map(type, body)) <= _TEXT:
        key = next(key for key in body if not isinstance(key, str))
        raise DecodeError(f"key {key!r:.40} of type {type(key).__name__} (expected text)")
    return name, body


def _describe_shape(content: Any) -> str:
    return f"list of {len(content)}" if isinstance(content, list) else type(content).__name__


def _to_plain(obj: Any) -> Any:
    if isinstance(obj, np.ndarray):
        if obj.dtype.kind not in SAFE_DTYPE_KINDS:
            raise TypeError(f"array of dtype {obj.dtype} cannot be sent")
        array = np.ascontiguousarray(obj)
        return {b"nd": True, b"type": array.dtype.str, b"kind": b"", b"shape": obj.shape, b"data": array.tobytes()}
    if isinstance(obj, np.generic):
        obj = _to_python_number(obj)
        if not isinstance(obj, complex):
            return obj
    if isinstance(obj, complex):
        return {b"complex": True, b"data": repr(obj)}
    if isinstance(obj, Placeholder):
        return str(obj)
    if isinstance(obj, set | frozenset):
        return sorted(obj)
    raise TypeError(f"{type(obj).__name__} cannot be sent")


def encode(name: str, body: Mapping[str, Any]) -> bytes:
    """Encode ``[name, body]`` as bluesky-kafka does (arrays as msgpack-numpy writes them).

    Everything that `decode` returns can be encoded again. Bytes of a file name that are no text are escaped.
    """
    packer = Packer(default=_to_plain, use_bin_type=True, unicode_errors="backslashreplace")
    packed = packer.pack([name, dict(body)])
    if packed is None:  # pragma: no cover - only with autoreset=False
        raise TypeError("nothing was packed")
    return bytes(packed)


def join_envelope(name: bytes, packed: bytes) -> bytes:
    """Return the value of a record whose body is msgpack already; `decode` checks both parts.

    Raises
    ------
    ValueError
        The name is longer than any document's.
    """
    if len(name) > MAX_NAME_BYTES:
        raise ValueError(f"a name of {len(name)} bytes (expected the name of a document)")
    return b"\x92" + bytes((0xA0 | len(name),)) + name + packed


_ANSWER_WORDS = ("message_id", "worker", "kind", "action", "state", "reason", "origin")


@dataclass(frozen=True, slots=True)
class Answer:
    """Report of a worker about one control message, on the answers topic.

    Attributes
    ----------
    message_id
        Id given by the sender, else ``<topic>/<partition>/<offset>``.
    state
        ``accepted``, ``done``, ``failed`` or ``value``.
    seconds
        Time from reading the message to this answer.
    origin
        Record of the message, ``<topic>/<partition>/<offset>@<stamp in ms>``, '' if unknown.
    """

    message_id: str
    worker: str
    kind: str
    action: str
    state: str
    value: Any = None
    paths: tuple[str, ...] = ()
    reason: str = ""
    seconds: float = 0.0
    origin: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as a mapping to be encoded."""
        return {**asdict(self), "paths": list(self.paths)}

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Answer:
        """Build an answer from a decoded mapping; unknown keys are ignored.

        Raises
        ------
        DecodeError
            A key is missing or has the wrong type.
        """
        words = {name: body.get(name, "") for name in _ANSWER_WORDS}
        for name, word in words.items():
            if not isinstance(word, str):
                raise DecodeError(f"an answer whose {name} is a {type(word).__name__} (expected text)")
        paths, seconds = body.get("paths", []), body.get("seconds", 0.0)
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            raise DecodeError(f"an answer whose paths are {paths!r:.80} (expected a list of text)")
        if not isinstance(seconds, int | float):
            raise DecodeError(f"an answer whose seconds are {seconds!r:.80} (expected a number)")
        return cls(**words, value=body.get("value"), paths=tuple(paths), seconds=float(seconds))


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Record that could not be used, with the reason.

    Attributes
    ----------
    outcome
        ``undecodable``, ``unknown``, ``invalid`` or ``failed``.
    excerpt
        First bytes of the record, for diagnosis.
    """

    worker: str
    topic: str
    partition: int
    offset: int
    time: float
    outcome: str
    reason: str
    kind: str = ""
    field: str = ""
    excerpt: bytes = dataclasses.field(default=b"", repr=False)

    @property
    def record_id(self) -> str:
        """Position of the record: ``<topic>/<partition>/<offset>``."""
        return f"{self.topic}/{self.partition}/{self.offset}"

    def to_dict(self) -> dict[str, Any]:
        """Return the dead letter as a mapping to be encoded."""
        return asdict(self)

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> DeadLetter:
        """Build a dead letter from a decoded mapping; unknown keys are ignored.

        Raises
        ------
        DecodeError
            A key is missing or has the wrong type.
        """
        types = {"partition": int, "offset": int, "time": int | float, "excerpt": bytes}
        known = {field.name for field in dataclasses.fields(cls)} & body.keys()
        for name in known:
            if not isinstance(body[name], types.get(name, str)):
                raise DecodeError(f"a dead letter whose {name} is a {type(body[name]).__name__}")
        try:
            return cls(**{name: body[name] for name in known})
        except TypeError as error:
            raise DecodeError(f"a dead letter that lacks a part: {error}") from None
