"""Frames read from files that stream documents name: in a thread, by a process that may be killed, or by Tiled."""

from __future__ import annotations

import heapq
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import IO, Any, cast
from urllib.parse import unquote, urlsplit

import numpy as np

from xafs_workers.catalog.tiled_frames import TiledFrames
from xafs_workers.logs import get_logger
from xafs_workers.scans.frames import FrameRequest, Frames
from xafs_workers.settings import Assets, Settings

log = get_logger("workers")

HDF5_FORMS = ("application/x-hdf5", "application/x-hdf5;type=xia", "application/hdf5")

PAUSE = 0.2
"""First pause before frames that are not there are looked for again, seconds; each next one is twice as long."""


class FrameReader:
    """Reader of frames; none of its methods waits for anything.

    A file that is not there, or is short, is read again for as long as the worker runs; after `assets.appears_within`
    the problem is reported, too.

    Parameters
    ----------
    tiled
        Reader of the frames that a Tiled source brings; None without that source.
    """

    def __init__(self, settings: Assets, tiled: TiledFrames | None = None):
        self._settings, self._tiled = settings, tiled
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, FrameRequest, float, float]] = []
        self._asked: set[FrameRequest] = set()
        self._results: list[Frames] = []
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0
        self._is_closed = False

    @classmethod
    def from_settings(cls, settings: Settings) -> FrameReader:
        """Build the reader of a worker."""
        tiled = settings.sources.tiled
        return cls(settings.assets, None if tiled is None else TiledFrames(tiled))

    def ask(self, request: FrameRequest) -> None:
        """Read frames in the thread, unless they were asked for before."""
        problem = self._find_problem(request)
        with self._changed:
            if request in self._asked or self._is_closed:
                return
            self._asked.add(request)
            if problem:
                self._results.append(Frames(request, problem=problem))
                return
            now = time.monotonic()
            self._put(now, request, now, PAUSE)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="frames", daemon=True)
                self._thread.start()

    def take(self) -> tuple[Frames, ...]:
        """Return what was read, each once."""
        with self._changed:
            came, self._results = tuple(self._results), []
        return came

    def wait_for_results(self, timeout: float) -> bool:
        """Wait until `take` has something to return, at most for a time in seconds; return whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self._results), timeout)

    def close(self) -> None:
        """Stop the thread and its process."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._kill()
        if self._tiled is not None:
            self._tiled.close()

    def _find_problem(self, request: FrameRequest) -> str:
        """Find why frames are not read at all, '' for no reason."""
        if request.node and self._tiled is not None:
            return ""
        if request.form not in HDF5_FORMS:
            return f"{request.key} is in a file of form {request.form}, which cannot be read here"
        if not self._settings.roots:
            return f"{request.key} is in a file, and assets.roots names no folder from which files are read"
        if urlsplit(request.uri).scheme != "file":
            return f"{request.key} is at {request.uri[:80]} (expected a file)"
        return ""

    def find_path(self, request: FrameRequest) -> str:
        """Find the local path of a request's file, by the prefixes of `assets.paths`."""
        path = unquote(urlsplit(request.uri).path)
        for prefix, local in sorted(self._settings.paths.items(), key=lambda entry: -len(entry[0])):
            if path == prefix or path.startswith(prefix.rstrip("/") + "/"):
                return local.rstrip("/") + path[len(prefix.rstrip("/")) :]
        return path

    def _put(self, due: float, request: FrameRequest, since: float, pause: float) -> None:
        self._count += 1
        heapq.heappush(self._due, (due, self._count, request, since, pause))
        self._changed.notify_all()

    def _run(self) -> None:
        while (entry := self._wait_for_entry()) is not None:
            _, _, request, since, pause = entry
            item = self._tiled.read(request) if request.node and self._tiled is not None else self._read(request)
            if item.is_final:
                self._add_result(item)
                continue
            if time.monotonic() - since >= self._settings.appears_within:
                self._add_result(item)
            with self._changed:
                longest = max(self._settings.appears_within, PAUSE)
                self._put(time.monotonic() + pause, request, since, min(2 * pause, longest))

    def _wait_for_entry(self) -> tuple[float, int, FrameRequest, float, float] | None:
        with self._changed:
            while not self._is_closed:
                now = time.monotonic()
                if self._due and self._due[0][0] <= now:
                    return heapq.heappop(self._due)
                self._changed.wait(self._due[0][0] - now if self._due else None)
        return None

    def _add_result(self, item: Frames) -> None:
        with self._changed:
            self._results.append(item)
            self._changed.notify_all()

    def _read(self, request: FrameRequest) -> Frames:
        """Have the process read frames; one that hangs or crashes is killed, and the next request starts another."""
        wanted = {
            "path": self.find_path(request),
            "roots": [str(root) for root in self._settings.roots],
            "dataset": request.dataset,
            "start": request.start,
            "stop": request.stop,
        }
        process = self._start()
        timer = threading.Timer(self._settings.read_seconds, process.kill)
        timer.start()
        try:
            header, content = _exchange(process, wanted)
        except (OSError, ValueError, EOFError) as error:
            log.warning("frames_not_read", path=wanted["path"], reason=str(error))
            self._kill()
            return Frames(request, problem=f"{wanted['path']} ended the process that reads it")
        finally:
            timer.cancel()
        if header["problem"]:
            return Frames(request, problem=str(header["problem"]), is_final=bool(header["final"]))
        return Frames(request, np.frombuffer(content, dtype="<f8"))

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self._kill()
        if self._process is None:
            command = [sys.executable, "-m", "xafs_workers.catalog.frame_process"]
            # without locks, since another process writes the file; without plugins, which are foreign code
            environment = {**os.environ, "HDF5_USE_FILE_LOCKING": "FALSE", "HDF5_PLUGIN_PRELOAD": "::"}
            self._process = subprocess.Popen(  # noqa: S603 - the command is fixed
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True
            )
        return self._process

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


def _exchange(process: subprocess.Popen[bytes], wanted: Mapping[str, Any]) -> tuple[Mapping[str, Any], bytes]:
    """Send a request and return the answer: header and numbers.

    Raises
    ------
    OSError, ValueError, EOFError
        The process has ended, or answers nonsense.
    """
    source, sink = cast("IO[bytes]", process.stdout), cast("IO[bytes]", process.stdin)
    sink.write(json.dumps(wanted).encode() + b"\n")
    sink.flush()
    line = source.readline()
    if not line:
        raise EOFError("the process has ended")
    header = json.loads(line)
    content = source.read(header["bytes"])
    if len(content) != header["bytes"]:
        raise EOFError("the process has ended")
    return header, content
