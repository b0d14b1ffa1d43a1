"""A document proxy of Bluesky as a process, and what is needed to publish through it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bluesky.callbacks.zmq import Publisher

from helpers.processes import wait_until
from xafs_workers import wire

PREFIX = b"any"


def find_free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pack(document: dict[str, Any]) -> bytes:
    """Encode a document as msgpack-numpy does, without loading it."""
    return wire.encode("", document)[2:]


def pack_json(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


class ZmqProxy:
    """`bluesky-0MQ-proxy` on two ports of its own; it can be killed and started again."""

    def __init__(self) -> None:
        self.ports = (find_free_port(), find_free_port())
        self._process: subprocess.Popen[bytes] | None = None
        self._publishers: list[Publisher] = []

    @property
    def address(self) -> str:
        """Address to which readers connect."""
        return f"tcp://127.0.0.1:{self.ports[1]}"

    def start(self) -> None:
        command = Path(sys.executable).parent / "bluesky-0MQ-proxy"
        ins = [f"--in-address=127.0.0.1:{self.ports[0]}", f"--out-address=127.0.0.1:{self.ports[1]}"]
        self._process = subprocess.Popen([str(command), *ins], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: all(_is_open(port) for port in self.ports), "the proxy listens")

    def kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def create_publisher(self, serializer: Callable[[Any], bytes] | None = pack) -> Publisher:
        """Return a publisher with our prefix; without a serializer it pickles."""
        more = {} if serializer is None else {"serializer": serializer}
        made = Publisher(f"127.0.0.1:{self.ports[0]}", prefix=PREFIX, **more)
        self._publishers.append(made)
        return made

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        for publisher in self._publishers:
            publisher.close()


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
