"""A worker without Kafka as a process: settings, folders and the topics of its state folder."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from helpers.patience import SECONDS as PATIENCE
from helpers.processes import wait_until
from xafs_workers.configuration import load
from xafs_workers.settings import Settings
from xafs_workers.sources.local_topics import LocalTopics
from xafs_workers.wire import decode

TOKEN = "a-token-of-the-tests"
FILE_MANAGER = ("file-manager",)
HEADLESS = ("plot-manager", "--headless")
SCREEN = ("plot-manager", "--screen")


class LocalStation:
    """Workers of one state folder that can be killed and started again."""

    def __init__(self, folder: Path, **settings: Any):
        self.folder = folder
        (folder / "proposals" / "2026-3" / "pass-123456").mkdir(parents=True)
        self.token_file = folder / "token"
        self.token_file.touch(mode=0o600)
        self.token_file.write_text(TOKEN + "\n")
        content = {
            "storage": {"proposals_root": str(folder / "proposals"), "root_aliases": {}},
            "state_directory": str(folder / "state"),
            "logging": {"style": "json", "heartbeat_seconds": 0.1},
            "reduction": {"starts_warm": False},
            **settings,
        }
        self.config = folder / "config.yaml"
        self.config.write_text(yaml.safe_dump(content))
        self.settings: Settings = load(self.config)
        self.topics = LocalTopics.open(self.settings)
        self._processes: dict[tuple[str, ...], subprocess.Popen[bytes]] = {}
        self._starts = 0

    def start(self, command: tuple[str, ...]) -> None:
        """Start a worker and wait for its first heartbeat in the state `running`."""
        log = self.folder / f"worker-{self._starts}.log"
        self._starts += 1
        arguments = [sys.executable, "-m", "xafs_workers", *command, "--config", str(self.config)]
        with log.open("wb") as stream:
            process = self._processes[command] = subprocess.Popen(arguments, stderr=stream, stdout=stream)
        self.wait(
            lambda: any(b["pid"] == process.pid and b["state"] == "running" for b in self.read("status")), "running"
        )

    def kill(self, command: tuple[str, ...]) -> None:
        process = self._processes.pop(command)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def terminate(self, command: tuple[str, ...]) -> None:
        process = self._processes.pop(command)
        process.terminate()
        assert process.wait(PATIENCE) == 0, self.read_logs()

    def read(self, topic: str) -> list[dict[str, Any]]:
        """Return the records of a topic."""
        name = self.settings.get_topic(topic)  # type: ignore[arg-type]
        return [decode(record.value)[1] for record in self.topics.read(name, 0, 1_000_000)]

    def read_newest_beat(self, worker: str) -> dict[str, Any]:
        return [beat for beat in self.read("status") if beat["worker"] == worker][-1]

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        def holds() -> bool:
            assert all(one.poll() is None for one in self._processes.values()), self.read_logs()
            return condition()

        wait_until(holds, what)

    def read_files(self) -> dict[str, bytes]:
        root = self.folder / "proposals"
        return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    def read_logs(self) -> str:
        return "".join(path.read_text() for path in sorted(self.folder.glob("worker-*.log")))[-8000:]

    def close(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()
        self.topics.close()
