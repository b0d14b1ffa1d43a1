"""Tiled server for demo and tests, in its own process on the loopback interface, and a writer of runs for it."""

from __future__ import annotations

import json
import secrets
import select
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

START_TIMEOUT = 60.0
STOP_TIMEOUT = 20.0


class TiledServer:
    """Tiled server that can be stopped and started again; its key and data stay the same.

    The server ends with the process that started it, even if that is killed.

    Parameters
    ----------
    folder
        Folder of the server's data, log and key.
    readable
        Another folder of files that runs may refer to.
    """

    def __init__(self, folder: Path, readable: Path | None = None):
        self._folder = folder
        self._readable = readable
        self._process: subprocess.Popen[str] | None = None
        self._port = 0
        self.api_key = secrets.token_hex(16)

    @property
    def uri(self) -> str:
        """Address of the server, without the key."""
        return f"http://127.0.0.1:{self._port}/api/v1"

    @property
    def api_key_file(self) -> Path:
        """File with the API key; only its owner may read it."""
        path = self._folder / "api_key"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(self.api_key + "\n")
        return path

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises
        ------
        RuntimeError
            The server runs already, or did not start.
        """
        if self._process is not None:
            raise RuntimeError("the Tiled server runs already")
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "stderr.txt").open("a") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        readable = [str(self._readable)] if self._readable else []
        options = {"directory": str(self._folder / "tiled"), "port": self._port, "readable_storage": readable}
        options["api_key"] = self.api_key
        self._port = self._read_port(self._process, json.dumps(options))

    def _read_port(self, process: subprocess.Popen[str], options: str) -> int:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the Tiled server has no pipes")
        process.stdin.write(options + "\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], START_TIMEOUT)
        line = process.stdout.readline() if ready else ""
        if not line.strip().isdigit():
            self.kill()
            reason = (self._folder / "stderr.txt").read_text()[-2000:]
            raise RuntimeError(f"the Tiled server did not start: {reason or 'no answer in time'}")
        return int(line)

    def stop(self) -> None:
        """Stop the server in an orderly way; it may be started again."""
        process, self._process = self._process, None
        if process is None:
            return
        with process:  # closes the pipes, which ends the server
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()

    def kill(self) -> None:
        """Kill the server at once; it may be started again."""
        process, self._process = self._process, None
        if process is not None:
            with process:
                process.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def create_tiled_writer(uri: str, api_key: str, *, batch_size: int | None = None) -> Any:
    """Create bluesky-tiled-plugins' TiledWriter, a callback for the RunEngine's documents.

    Parameters
    ----------
    batch_size
        Number of events collected before they are written; by default more than most runs have.
    """
    from bluesky_tiled_plugins import TiledWriter
    from tiled.client import from_uri

    client = from_uri(uri, api_key=api_key, show_progress=False)
    options: dict[str, Any] = {} if batch_size is None else {"batch_size": batch_size}
    return TiledWriter(client, **options)


def serve() -> None:
    """Run a Tiled server until standard input ends; its options are one line of JSON on standard input."""
    from tiled.server.simple import SimpleTiledServer

    _open_connections_for_each_request()
    options = json.loads(sys.stdin.readline())
    with SimpleTiledServer(**options) as server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        sys.stdin.read()


def _open_connections_for_each_request() -> None:
    """Make Tiled take a DuckDB connection for each request from a pool.

    Tiled 0.2.20 uses one connection in all its threads, and DuckDB ends the process when two of them query it at the
    same time (duckdb issues 7183, 8312).
    """
    from sqlalchemy.pool import QueuePool
    from tiled import storage

    storage.sqlalchemy.pool.StaticPool = QueuePool


if __name__ == "__main__":
    serve()
