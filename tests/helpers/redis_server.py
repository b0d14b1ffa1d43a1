"""A real Redis on a free port."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

from helpers.patience import SECONDS as PATIENCE
from helpers.processes import wait_until


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class RedisServer:
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

    def write(self, values: Mapping[str, str]) -> None:
        import redis

        with redis.Redis.from_url(self.url) as client:
            client.mset(dict(values))

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
