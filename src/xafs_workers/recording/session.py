"""File of a recorded session: one line of JSON for each record, read and written as a stream.

Two forms are read: our own (a header line, then what `record.to_line` writes) and the plain form
(``[name, document]``, where ``"bmm"`` marks a control message). Either may be gzipped.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from xafs_workers.recording.json_codec import from_json
from xafs_workers.recording.record import (
    FORMAT_MARK,
    FORMAT_VERSION,
    PLAIN_TAG,
    Header,
    Record,
    find_document_time,
    parse_own_form,
    parse_plain_form,
    to_line,
)


class SessionError(ValueError):
    """Error for a file, or a line of it, that is not a valid recording; the text begins with ``file:line``."""

    def __init__(self, path: Path, line: int | None, reason: str):
        super().__init__(f"{path}:{line}: {reason}" if line else f"{path}: {reason}")
        self.line = line or 0


class SessionWriter:
    """Writes a new recording and flushes each line. The file must not exist."""

    def __init__(self, path: Path, header: Header):
        try:
            raw: Any = gzip.open(path, "xb") if path.suffix == ".gz" else path.open("xb")
        except FileExistsError as error:
            raise SessionError(path, None, "file exists already: a recording is never overwritten") from error
        except OSError as error:
            raise SessionError(path, None, f"file cannot be written: {error.strerror}") from error
        self._file = io.TextIOWrapper(raw, encoding="utf-8", newline="\n", line_buffering=True)
        self._file.write(header.to_line() + "\n")

    def write(self, record: Record) -> None:
        """Append one record."""
        self._file.write(to_line(record) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> SessionWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Session:
    """Recording on disk. Each reading opens the file again and holds one line at a time.

    Parameters
    ----------
    path
        Path of the file, gzipped or not, in our own or in the plain form.

    Raises
    ------
    SessionError
        The file cannot be read or is empty, or its first line has neither form.
    """

    def __init__(self, path: Path):
        self.path = path
        first = next(self._read_lines(), None)
        if first is None:
            raise SessionError(path, None, "file is empty (expected a recording)")
        line, text = first
        content = self._parse_line(line, text)
        self.is_plain = isinstance(content, list)
        self.header = Header() if self.is_plain else self._parse_header(line, content)

    def _parse_header(self, line: int, content: Any) -> Header:
        if not isinstance(content, dict) or content.get(FORMAT_MARK) != "recording":
            raise SessionError(
                self.path, line, f"not a recording (expected a header with {FORMAT_MARK!r}, or [name, document])"
            )
        if content.get("version") != FORMAT_VERSION:
            reason = f"unknown version {content.get('version')!r:.40} of the format (expected version {FORMAT_VERSION})"
            raise SessionError(self.path, line, reason)
        started, topics, tag = content.get("started", 0.0), content.get("topics", {}), content.get("tag", PLAIN_TAG)
        if not isinstance(started, int | float) or not isinstance(topics, dict) or not isinstance(tag, str):
            reason = "header: invalid 'started', 'topics' or 'tag' (expected seconds, an object and text)"
            raise SessionError(self.path, line, reason)
        return Header(float(started), topics, tag)

    def read_records(self, on_error: Callable[[SessionError], None] | None = None) -> Iterator[Record]:
        """Read the records in the order of the file.

        Parameters
        ----------
        on_error
            Function that is called with the error of each invalid line, which is then left out; without it the first
            error is raised.
        """
        found = self._read_entries(on_error)
        return _assign_times(found) if self.is_plain else found

    def _read_entries(self, on_error: Callable[[SessionError], None] | None) -> Iterator[Record]:
        lines = self._read_lines()
        if not self.is_plain:
            next(lines)
        build = parse_plain_form if self.is_plain else parse_own_form
        hook = None if self.is_plain else from_json
        while True:
            try:
                for line, text in lines:
                    yield self._build_record(line, self._parse_line(line, text, hook), build)
            except SessionError as error:
                if on_error is None:
                    raise
                on_error(error)
                continue
            return

    def _build_record(self, line: int, content: Any, build: Callable[[Any], Record]) -> Record:
        try:
            return replace(build(content), line=line)
        except ValueError as error:
            raise SessionError(self.path, line, str(error)) from error

    def _parse_line(self, line: int, text: bytes, hook: Callable[[dict[str, Any]], Any] | None = None) -> Any:
        try:
            return json.loads(text.decode("utf-8"), object_hook=hook)
        except RecursionError as error:
            raise SessionError(self.path, line, "JSON is nested too deeply") from error
        except ValueError as error:
            raise SessionError(self.path, line, f"not a line of JSON: {text[:60]!r}: {error!s:.200}") from error

    def _read_lines(self) -> Iterator[tuple[int, bytes]]:
        line = 0
        try:
            with _open_file(self.path) as file:
                for line, text in enumerate(file, start=1):
                    if text.strip():
                        yield line, text
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise SessionError(self.path, line + 1, f"gzip stream is damaged: {error}") from error
        except OSError as error:
            raise SessionError(self.path, None, f"file cannot be read: {error.strerror or error}") from error


def _open_file(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if zipped else path.open("rb")  # type: ignore[return-value]


def _assign_times(records: Iterator[Record]) -> Iterator[Record]:
    """Assign a time to each record of the plain form: the document's own or its neighbour's; times never decrease."""
    waiting: list[Record] = []
    last: float | None = None
    for record in records:
        own = find_document_time(record.name, record.body or {}) if record.topic == "documents" else None
        if own is None and last is None:
            waiting.append(record)
            continue
        last = max(own if own is not None else -math.inf, last if last is not None else -math.inf)
        yield from (replace(early, time=last) for early in waiting)
        waiting.clear()
        yield replace(record, time=last)
    yield from (replace(early, time=0.0) for early in waiting)
