"""Environment of a demo: its folders, its configuration, and the workers it starts as processes of their own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from xafs_workers.configuration import load
from xafs_workers.settings import Settings

STOP_TIMEOUT = 8.0
WEB_PORT = 5006

WORKER_COMMANDS = {
    "headless": ("plot-manager", "--headless"),
    "file-manager": ("file-manager",),
    "web": ("plot-manager", "--web"),
}
"""Commands by the workers' names."""


class DemoError(RuntimeError):
    """The demo did not show what it should; the text names what is missing."""


@dataclass(frozen=True, slots=True)
class DemoEnvironment:
    """The folders of one demo.

    Attributes
    ----------
    folder
        Holds the proposals, the state directory, the configuration and the logs.
    """

    folder: Path
    config: Path
    settings: Settings

    @property
    def proposals_root(self) -> Path:
        """Root of the proposal folders."""
        return self.settings.storage.proposals_root

    def create_session_folder(self, cycle: str, session: str) -> Path:
        """Make a session's folder, as the facility would, and return it."""
        path = self.proposals_root / cycle / session
        path.mkdir(parents=True, exist_ok=True)
        return path


def prepare(output: Path, bootstrap_servers: str, beamline: str) -> DemoEnvironment:
    """Make the folders of a new demo, and its configuration file."""
    stamp = datetime.now().astimezone().strftime("%Y-%m-%dT%H-%M-%S")
    folder = output.absolute() / stamp
    (folder / "proposals").mkdir(parents=True)
    return configure(folder, bootstrap_servers, beamline, {}, web_port=find_free_port(WEB_PORT))


def configure(
    folder: Path, bootstrap_servers: str, beamline: str, catalog: Mapping[str, Any], *, web_port: int
) -> DemoEnvironment:
    """Write the configuration file of a demo; again, where a part of it came later."""
    config = folder / "config.yaml"
    content: Mapping[str, Any] = {
        "beamline": beamline,
        "kafka": {"bootstrap_servers": bootstrap_servers},
        "scans": {"from_documents": ["line"]},  # one scan of the session sends no message
        "storage": {"proposals_root": str(folder / "proposals"), "root_aliases": {}},
        "state_directory": str(folder / "state"),
        "logging": {"style": "json", "heartbeat_seconds": 2.0},
        "catalog": dict(catalog),
        "doctor": {"one_account": True},
        "web": {"port": web_port, "pluck": True},
    }
    config.write_text(yaml.safe_dump(content, sort_keys=False))
    return DemoEnvironment(folder, config, load(config))


def find_free_port(preferred: int) -> int:
    """Return a port of loopback that no program listens on: this one if possible."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoError("no free port on 127.0.0.1")


@contextmanager
def run_worker(place: DemoEnvironment, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker as a process of its own; it is stopped by SIGTERM and must end well."""
    log = place.folder / f"{name}.log"
    command = [sys.executable, "-m", "xafs_workers", *WORKER_COMMANDS[name], "--config", str(place.config)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XAFS_WORKERS_")}
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stderr=stream, stdout=stream, env=kept)  # noqa: S603 - our own program
        try:
            yield process
        finally:
            code = _stop_process(process)
        if code != 0:
            raise DemoError(f"the worker {name} ended with exit code {code}: see {log}")


def _stop_process(process: subprocess.Popen[bytes]) -> int:
    process.terminate()
    try:
        return process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return -9


def read_logged_errors(place: DemoEnvironment) -> list[str]:
    """Collect the errors in the logs of the workers, and lines that are not log lines."""
    found: list[str] = []
    for log in sorted(place.folder.glob("*.log")):
        for line in log.read_text(errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                found.append(f"{log.name}: {line}")
                continue
            if entry.get("level") in ("error", "critical"):
                found.append(f"{log.name}: {line}")
    return found
