"""A bluesky-queueserver: RE manager and its Redis, as processes of their own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helpers import patience
from helpers.processes import wait_until

PERMISSIONS = """
user_groups:
  root: {allowed_plans: [null], forbidden_plans: [':^_'], allowed_devices: [null], forbidden_devices: [':^_:?.*'],
         allowed_functions: [null], forbidden_functions: [':^_']}
  primary: {allowed_plans: [':.*'], forbidden_plans: [null], allowed_devices: [':?.*:depth=5'],
            forbidden_devices: [null], allowed_functions: [null], forbidden_functions: [null]}
"""


def find_missing_program() -> str:
    """Return what a queueserver lacks here, '' where it can be started."""
    if shutil.which("redis-server") is None:
        return "no redis-server: the Debian package redis-server"
    return "" if _find_manager().exists() else "no start-re-manager: pip install bluesky-queueserver"


class QueueServer:
    """Runs plans of a start-up script."""

    def __init__(self, folder: Path, startup: Path, environment: Mapping[str, str]):
        folder.mkdir()
        (folder / "permissions.yaml").write_text(PERMISSIONS)
        ports = _find_free_ports(3)
        self.log = folder / "manager.log"
        self._processes = [self._start_redis(folder, ports[0])]
        address = f"tcp://127.0.0.1:{ports[1]}"
        command = [str(_find_manager()), "--startup-script", str(startup), "--redis-addr", f"127.0.0.1:{ports[0]}"]
        command += ["--zmq-control-addr", address, "--zmq-info-addr", f"tcp://127.0.0.1:{ports[2]}"]
        command += ["--user-group-permissions", str(folder / "permissions.yaml")]
        command += ["--existing-plans-devices", str(folder / "existing.yaml"), "--console-output", "ON"]
        with self.log.open("wb") as stream:
            started = subprocess.Popen(command, stdout=stream, stderr=stream, env=dict(environment), cwd=folder)
        self._processes.append(started)
        from bluesky_queueserver import ZMQCommSendThreads

        self._client = ZMQCommSendThreads(zmq_server_address=address, raise_exceptions=False)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        return self._client.send_message(method=method, params=params)

    def _start_redis(self, folder: Path, port: int) -> subprocess.Popen[bytes]:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def answers() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        wait_until(answers, "Redis to answer", 20.0)
        return process

    def open(self) -> None:
        """Load the start-up script in the worker."""
        wait_until(lambda: self.call("ping").get("manager_state") == "idle", f"the RE manager: {self.log}")
        assert self.call("environment_open")["success"]
        wait_until(self._is_idle, f"the environment: {self.log.read_text()[-3000:]}")
        assert self.call("status")["worker_environment_exists"], self.log.read_text()[-3000:]

    def run(self, *plans: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Run plans, and return what became of each."""
        for plan in plans:
            item = {"item_type": "plan", **plan}
            added = self.call("queue_item_add", item=item, user="test", user_group="primary")
            assert added["success"], added
        assert self.call("queue_start")["success"]

        def results() -> list[dict[str, Any]]:
            return [item["result"] for item in self.call("history_get")["items"]]

        def over() -> bool:
            ended = results()
            return len(ended) == len(plans) or any(result["exit_status"] != "completed" for result in ended)

        wait_until(over, "the plans to end")
        wait_until(self._is_idle, "the RE manager to be idle")
        return results()

    def close(self) -> None:
        self._client.send_message(method="environment_destroy", params={})
        self._client.close()
        self._client._ctx.term()
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(patience.SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _is_idle(self) -> bool:
        return self.call("status").get("manager_state") == "idle"


def _find_manager() -> Path:
    return Path(sys.executable).with_name("start-re-manager")


def _find_free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
