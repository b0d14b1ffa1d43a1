"""Two instances of a durable worker on the same topics and proposals, each with a state folder of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from helpers.patience import SECONDS as PATIENCE
from helpers.processes import Station, wait_until

FENCED_CODE = 1
"""Exit code of an instance that lost its leadership."""


class Instance:
    """One process of a pair, started again under the same state folder."""

    def __init__(self, folder: Path, name: str, command: tuple[str, ...], settings: dict[str, object]):
        self.name, self._command, self._log = name, command, folder / f"worker-{name}.log"
        self.config = folder / f"{name}.yaml"
        self.config.write_text(yaml.safe_dump({**settings, "state_directory": str(folder / f"state-{name}")}))
        self.process: subprocess.Popen[bytes] | None = None
        self.is_stopped = False
        self.is_killed = False

    @property
    def pid(self) -> int:
        return -1 if self.process is None else self.process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process lives and is not stopped."""
        return not self.is_stopped and self.process is not None and self.process.poll() is None

    def start(self) -> None:
        command = [sys.executable, "-m", "xafs_workers", *self._command, "--config", str(self.config)]
        self.is_killed = False
        with self._log.open("ab") as stream:
            self.process = subprocess.Popen(command, stdout=stream, stderr=stream)

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        self.is_stopped = number == signal.SIGSTOP
        if number == signal.SIGKILL:
            self.is_killed = True
            self.process.wait()

    def wait(self) -> int:
        """Wait until the process ends by itself; return its exit code."""
        assert self.process is not None
        return self.process.wait(PATIENCE)

    def describe(self) -> str:
        """Return the exit code and the last lines of the log, heartbeats excepted."""
        code = None if self.process is None else self.process.poll()
        lines = [line for line in self._log.read_text().splitlines() if '"heartbeat"' not in line]
        return "\n".join([f"{self.name}: process {self.pid}, exit code {code}", *lines[-15:]])

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class FailoverPair:
    """Two instances of one worker; a station sends for them and listens to them.

    Parameters
    ----------
    station
        Topics, folders and settings, among them `failover.enabled`; its own worker is not started.
    worker
        Name of the worker.

    Attributes
    ----------
    restarts
        How often an instance ended by itself and was started again.
    """

    def __init__(
        self, station: Station, worker: str, command: tuple[str, ...], create_topic: Callable[[str, int], None]
    ):
        self._station, self.worker, self.restarts = station, worker, 0
        create_topic(station.settings.get_ledger_topic(worker), 1)
        settings = yaml.safe_load(station.config.read_text())
        self.instances = [Instance(station.folder, f"{worker}-{number}", command, settings) for number in range(1, 3)]

    def start(self) -> None:
        """Start both and wait until one acts and the other is a standby."""
        for instance in self.instances:
            instance.start()
        self.wait(self.is_complete, f"a leader and a standby of {self.worker}")

    def find_beat(self, instance: Instance) -> dict[str, object]:
        """Return the newest heartbeat of the running process of an instance, {} before the first."""
        beats = (beat for beat in reversed(self._station.received["status"]) if beat["pid"] == instance.pid)
        return next(beats, {})

    def find_leader(self) -> Instance | None:
        """Return the running instance that acts."""
        leaders = [one for one in self.instances if one.is_running and is_acting(self.find_beat(one))]
        return leaders[0] if len(leaders) == 1 else None

    def find_other(self, instance: Instance) -> Instance:
        return next(one for one in self.instances if one is not instance)

    def is_complete(self) -> bool:
        """Check whether one instance acts and the other is a standby."""
        leader = self.find_leader()
        return leader is not None and self.find_beat(self.find_other(leader)).get("state") == "standby"

    def wait(self, condition: Callable[[], bool], what: str) -> float:
        """Wait for a condition; return how long it took, seconds."""
        began = time.monotonic()

        def poll() -> bool:
            self._station.poll_topics()
            self.revive()
            return condition()

        try:
            wait_until(poll, what)
        except AssertionError as error:
            raise AssertionError("\n".join([str(error), *(one.describe() for one in self.instances)])) from error
        return time.monotonic() - began

    def wait_for_takeover(self, lost: Instance) -> float:
        """Wait until the other instance acts; return how long it took, seconds."""
        other = self.find_other(lost)
        return self.wait(lambda: is_acting(self.find_beat(other)), f"a takeover by {other.name}")

    def revive(self) -> None:
        """Start again what ended by itself, as systemd does: on a busy machine a leader may lose its lease."""
        for instance in self.instances:
            if instance.process is not None and not instance.is_killed and instance.process.poll() is not None:
                self.restarts += 1
                instance.start()

    def close(self) -> None:
        for instance in self.instances:
            instance.close()


def is_acting(beat: dict[str, object]) -> bool:
    """Check whether a heartbeat is a leader's that runs or catches up."""
    return beat.get("failover") == "leader" and beat.get("state") in ("running", "recovering")
