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
        where = ["--bind", "127.0.0.1", "--save", "", "--dir", self._folder]
        command = ["redis-server", *self._list_options(), *where]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers, "Redis to answer", 20.0)

    def _list_options(self) -> list[str]:
        return ["--port", str(self.port)]

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


class SecuredRedisServer(RedisServer):
    """A Redis that speaks TLS alone and wants a password, as the facility's."""

    def __init__(self, folder: Path, password: str):
        super().__init__(folder)
        self.password, self.certificate, self._key = password, folder / "server.crt", folder / "server.key"
        self.url = f"rediss://127.0.0.1:{self.port}/3"
        names = ["-subj", "/CN=redis", "-addext", "subjectAltName=IP:127.0.0.1"]
        files = ["-keyout", self._key, "-out", self.certificate]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files]
        subprocess.run(command, check=True, capture_output=True)

    def read(self, *keys: str) -> list[str | None]:
        import redis

        options = {"password": self.password, "ssl_ca_certs": str(self.certificate), "decode_responses": True}
        with redis.Redis.from_url(self.url, **options) as client:
            return list(client.mget(keys))  # type: ignore[arg-type]

    def _list_options(self) -> list[str]:
        port = ["--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no"]
        files = ["--tls-cert-file", str(self.certificate), "--tls-key-file", str(self._key)]
        return [*port, *files, "--tls-ca-cert-file", str(self.certificate), "--requirepass", self.password]
