"""Viewers without a browser: they speak Bokeh's protocol, say that they have drawn each frame at once, and count."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import WebSocketClientConnection, websocket_connect

TOKEN = re.compile(r'"token":\s*"([^"]+)"')
FRAME = re.compile(r'\\"frame\\": (\d+)')


class ProtocolViewer:
    """One viewer.

    Attributes
    ----------
    frames
        How many it has drawn.
    received
        Characters and bytes that the server sent.
    first
        Seconds from the first request to the first frame, None before it.
    """

    def __init__(self, address: str):
        self._address = address
        self._socket: WebSocketClientConnection | None = None
        self._up = ""
        self._count = 0
        self.frames, self.received = 0, 0
        self.first: float | None = None

    async def open(self) -> None:
        """Ask for the page and its document, and say hello."""
        self._began = time.perf_counter()
        page = (await AsyncHTTPClient().fetch(self._address)).body.decode()
        token = TOKEN.search(page)
        assert token is not None, page[:2000]
        where = self._address.replace("http", "ws", 1) + "ws"
        self._socket = await websocket_connect(where, subprotocols=["bokeh", token[1]])
        while (await self._read_message())[0] != "ACK":
            pass
        await self._send("PULL-DOC-REQ", {})
        kind, content = await self._read_message()
        while kind != "PULL-DOC-REPLY":
            kind, content = await self._read_message()
        self._up = str(_find_model_id(json.loads(content), "up"))
        await self.send_page_message(look={"height": 600})

    async def send_page_message(self, **said: Any) -> None:
        """Send a message to the server, as the page does."""
        columns = {"type": "map", "entries": [["json", [json.dumps(said)]]]}
        event = {"kind": "ModelChanged", "model": {"id": self._up}, "attr": "data", "new": columns}
        await self._send("PATCH-DOC", {"events": [event]})

    async def draw_until(self, until: Callable[[ProtocolViewer], bool]) -> None:
        """Draw what comes until a condition holds, asked after each frame."""
        while not until(self):
            _, content = await self._read_message()
            frame = FRAME.search(content)
            if frame is not None:
                self.frames += 1
                self.first = self.first or time.perf_counter() - self._began
                await self.send_page_message(drawn=int(frame[1]))

    async def count_pending_frames(self) -> int:
        """Return how many frames come while none is drawn."""
        count = 0
        while True:
            try:
                _, content = await asyncio.wait_for(self._read_message(), 1.0)
            except TimeoutError:
                return count
            count += FRAME.search(content) is not None

    async def close(self) -> None:
        """Leave, and receive the server's last message."""
        assert self._socket is not None
        self._socket.close()
        while await self._socket.read_message() is not None:
            pass

    async def _read_message(self) -> tuple[str, str]:
        header = json.loads(await self._read_part())
        await self._read_part()
        content = await self._read_part()
        for _ in range(2 * header.get("num_buffers", 0)):
            await self._read_part()
        return header["msgtype"], str(content)

    async def _read_part(self) -> str | bytes:
        assert self._socket is not None
        part = await self._socket.read_message()
        assert part is not None, "the server closed the connection"
        self.received += len(part)
        return part

    async def _send(self, kind: str, content: object) -> None:
        assert self._socket is not None
        self._count += 1
        for part in ({"msgid": str(self._count), "msgtype": kind}, {}, content):
            await self._socket.write_message(json.dumps(part))


def _find_model_id(document: Any, name: str) -> str | None:
    """Return the id that a document gives the model of this name in the arguments of a callback."""
    if isinstance(document, dict):
        found = (_find_model_id(value, name) for value in document.values())
        return next(filter(None, found), None)
    if isinstance(document, list):
        if len(document) == 2 and document[0] == name and isinstance(document[1], dict) and "id" in document[1]:
            return str(document[1]["id"])
        return next(filter(None, (_find_model_id(value, name) for value in document)), None)
    return None


def run_coroutines(*coroutines: Awaitable[Any]) -> list[Any]:
    """Run coroutines together to their ends, in a thread: that of the tests may have a loop that runs."""

    async def _all() -> list[Any]:
        return list(await asyncio.gather(*coroutines))

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(_all())).result()
