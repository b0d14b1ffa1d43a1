"""What systemd receives from a worker, on a real notify socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.browser import find_free_port
from helpers.patience import SECONDS as PATIENCE
from helpers.processes import Station, wait_until
from plugins.brokers import Broker
from xafs_workers.runtime.lifecycle import run_loop
from xafs_workers.services.systemd_notify import Notifier


class NotifySocket:
    """A notify socket, as systemd gives a service."""

    def __init__(self, address: str):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(0.02)
        self.received: list[str] = []

    def listen(self) -> list[str]:
        try:
            while True:
                self.received.extend(self.socket.recv(4096).decode().splitlines())
        except TimeoutError:
            return self.received

    def count(self, state: str) -> int:
        return self.listen().count(state)


@pytest.fixture
def ear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NotifySocket]:
    address = str(tmp_path / "notify")
    made = NotifySocket(address)
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    monkeypatch.setenv("WATCHDOG_USEC", "60000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    yield made
    made.socket.close()


class HangingLoop:
    """A loop that can be made to hang."""

    def __init__(self) -> None:
        self.hang, self.go_on = threading.Event(), threading.Event()
        self.hangs = threading.Event()

    def step(self, timeout: float = 0.2) -> int:
        if self.hang.is_set():
            self.hangs.set()
            self.go_on.wait()
        return 0


def test_the_watchdog_is_notified_only_while_the_loop_runs(ear: NotifySocket) -> None:
    turns, stop = HangingLoop(), threading.Event()
    pause = threading.Event()
    worker = threading.Thread(target=run_loop, args=(turns, stop, lambda: pause.wait(0.005), lambda: None))
    worker.start()
    wait_until(lambda: ear.count("WATCHDOG=1") >= 3, "signs of life")
    assert ear.received[0] == "READY=1"
    turns.hang.set()
    assert turns.hangs.wait(PATIENCE)
    seen = ear.count("WATCHDOG=1")
    pause.wait(0.3)  # five times as long as systemd would wait
    assert ear.count("WATCHDOG=1") == seen
    turns.hang.clear()
    turns.go_on.set()
    wait_until(lambda: ear.count("WATCHDOG=1") > seen, "a sign of life after all")
    stop.set()
    worker.join(20)
    assert ear.count("STOPPING=1") == 1


@pytest.mark.parametrize("option", ["--headless", "--web"])
def test_a_worker_notifies_ready_watchdog_and_stopping(
    option: str, ear: NotifySocket, tmp_path: Path, embedded_broker: object, request: pytest.FixtureRequest
) -> None:
    broker: Broker = _embedded(request)
    web = {"port": find_free_port()}
    station = Station(tmp_path, broker.bootstrap_servers, broker.create_topic, f"b{uuid.uuid4().hex[:8]}", web=web)
    station.command = ("plot-manager", option)
    try:
        station.start()
        wait_until(lambda: ear.count("READY=1") == 1 and ear.count("WATCHDOG=1") >= 2, "its signs")
        assert station.process is not None
        assert f"MAINPID={station.process.pid}" in ear.received
        station.process.send_signal(signal.SIGSTOP)  # looks as if it hangs
        wait_until(lambda: _is_stopped(station.process.pid), "the worker to hang")  # type: ignore[union-attr]
        seen = ear.count("WATCHDOG=1")
        threading.Event().wait(0.3)
        assert ear.count("WATCHDOG=1") == seen
        station.process.send_signal(signal.SIGCONT)
        wait_until(lambda: ear.count("WATCHDOG=1") > seen, "a sign of life after all")
        station.terminate()
        assert ear.count("STOPPING=1") == 1
    finally:
        station.close()


def _is_stopped(pid: int) -> bool:
    return "State:\tT" in Path(f"/proc/{pid}/status").read_text()


def _embedded(request: pytest.FixtureRequest) -> Broker:
    from plugins.brokers import _build_broker

    return _build_broker("embedded", request)


def test_no_notification_is_sent_without_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notifier = Notifier.from_environment()
    notifier.send_ready()
    notifier.send_watchdog()


def test_an_abstract_or_lost_socket_is_handled() -> None:
    name = f"xafs-{uuid.uuid4().hex}"
    ear = NotifySocket("\0" + name)
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": "@" + name, "WATCHDOG_USEC": "3000000"})
    notifier.send_status("waiting for the broker")
    assert ear.listen() == ["STATUS=waiting for the broker"]
    ear.socket.close()
    notifier.send_ready()


def test_the_watchdog_of_another_process_is_not_notified(tmp_path: Path) -> None:
    """A child inherits the environment, but must not speak for its parent."""
    address = str(tmp_path / "notify")
    ear = NotifySocket(address)
    code = "from xafs_workers.services.systemd_notify import Notifier; Notifier.from_environment().send_watchdog()"
    environment = {**os.environ, "NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": str(os.getpid())}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert ear.listen() == []
    ear.socket.close()
