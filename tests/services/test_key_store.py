"""The key store against a real Redis, and without one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from helpers.patience import SECONDS as PATIENCE
from helpers.processes import wait_until
from xafs_workers.services.key_store import KeyStoreWriter

LINE = {"figure": "f", "run": "r", "motor": "xafs_x", "position": 1.25}
MAP = {**LINE, "motor2": "xafs_y", "position2": -0.5}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Server:
    """A Redis on a free port."""

    def __init__(self, folder: Path):
        self._folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/1"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self._folder]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers, "Redis to answer", 20.0)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)

    def read(self, *keys: str) -> list[str | None]:
        import redis

        with redis.Redis.from_url(self.url, decode_responses=True) as client:
            return list(client.mget(keys))  # type: ignore[arg-type]

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    if shutil.which("redis-server") is None and not os.environ.get("CI"):
        pytest.skip("no redis-server (Debian package redis-server)")
    made = Server(tmp_path)
    made.start()
    yield made
    made.stop()


def keys(*parts: str) -> list[str]:
    return [f"BMM:mouse_event:{part}" for part in parts]


def test_a_click_sets_the_keys_that_plans_poll(server: Server) -> None:
    store = KeyStoreWriter(server.url)
    assert store.write_click(MAP)
    assert server.read(*keys("value", "motor", "value2", "motor2")) == ["1.25", "xafs_x", "-0.5", "xafs_y"]
    assert store.write_click({**LINE, "position": 3.0})
    assert server.read(*keys("value", "motor", "value2")) == ["3.0", "xafs_x", "-0.5"]
    store.close()


def test_an_outage_and_its_end_are_each_logged_once(server: Server) -> None:
    store = KeyStoreWriter(server.url)
    assert store.write_click(LINE)
    server.stop()
    with capture_logs() as logs:
        assert [store.write_click(LINE) for _ in range(3)] == [False] * 3
        server.start()
        assert store.write_click(LINE)
    assert [entry["event"] for entry in logs] == ["key_store_away", "key_store_back"]
    store.close()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "nonsense", "redis://127.0.0.1:port/0"])
def test_an_unreachable_store_is_logged_once(url: str) -> None:
    store = KeyStoreWriter(url)
    with capture_logs() as logs:
        assert not store.write_click(LINE)
        assert not store.write_click(LINE)
    assert [entry["event"] for entry in logs] == ["key_store_away"]


def test_a_missing_driver_is_logged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    store: Any = KeyStoreWriter("redis://127.0.0.1:1/0")
    with capture_logs() as logs:
        assert not store.write_click(LINE)
        assert not store.write_click(LINE)
    assert [entry["event"] for entry in logs] == ["key_store_away"]
    assert "redis" in logs[0]["reason"]
