"""A local server that answers as Slack's Web API does, keeps what was posted, and fails on demand."""

from __future__ import annotations

import json
import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from helpers import patience

TOKEN = "xoxb-not-a-secret"
SCOPES = "chat:write,files:write,files:read,channels:history,channels:read,groups:history,groups:read"


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one call.

    Attributes
    ----------
    status
        HTTP status of the answer, 0 for no answer at all.
    error
        Slack's word in the answer.
    after
        True: the call is carried out, only its answer is not what it should be.
    hangs
        The answer comes only after a call of `let_go`.
    """

    status: int = 200
    error: str = ""
    after: bool = False
    retry_after: str = ""
    hangs: bool = False


@dataclass
class PostedMessage:
    """Content of a channel."""

    ts: str
    text: str
    metadata: dict[str, Any] = field(default_factory=dict)
    files: list[dict[str, Any]] = field(default_factory=list)


class SlackServer:
    """The workspace. `messages[channel]` is what people see, in order."""

    def __init__(self) -> None:
        self.messages: dict[str, list[PostedMessage]] = defaultdict(list)
        self.channels = {"C1": "pass-1-bmm", "C2": "pass-2-bmm", "CSTAFF": "staff"}
        self.files: dict[str, dict[str, Any]] = {}
        self.token, self.scopes = TOKEN, SCOPES
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.calls: list[str] = []
        self.lookups: dict[str, list[dict[str, str]]] = {}
        self.lookup_status = 200
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._stamp = 1_700_000_000
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (SlackRequestHandler,), {"slack": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/api/"

    @property
    def lookup_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/proposal/{{number}}/slack-channels"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def list_texts(self, channel: str) -> list[str]:
        with self._lock:
            return [message.text for message in self.messages[channel]]

    def list_pictures(self, channel: str) -> list[bytes]:
        with self._lock:
            return [self.files[known["id"]]["content"] for message in self.messages[channel] for known in message.files]

    def fail(self, method: str, *faults: Fault) -> None:
        self.faults[method].extend(faults)

    def release(self) -> None:
        self._released.set()

    def answer(self, method: str, fields: dict[str, str], token: str) -> tuple[int, dict[str, Any], dict[str, str]]:
        with self._lock:
            self.calls.append(method)
            fault = self.faults[method].popleft() if self.faults[method] else None
        if fault is not None and not fault.after:
            return self._answer_fault(fault, {})
        if token != self.token:
            return 200, {"ok": False, "error": "token_expired"}, {}
        with self._lock:
            body = _METHODS[method](self, fields)
        headers = {"X-OAuth-Scopes": self.scopes}
        return self._answer_fault(fault, headers) if fault is not None else (200, body, headers)

    def _answer_fault(self, fault: Fault, headers: dict[str, str]) -> tuple[int, dict[str, Any], dict[str, str]]:
        if fault.hangs:
            self._released.wait(patience.SECONDS)
        if fault.retry_after:
            headers = {**headers, "Retry-After": fault.retry_after}
        return fault.status, {"ok": False, "error": fault.error}, headers

    def upload(self, file_id: str, content: bytes) -> int:
        with self._lock:
            self.calls.append("upload")
            fault = self.faults["upload"].popleft() if self.faults["upload"] else None
            if fault is None or fault.after:
                self.files[file_id]["content"] = content
        if fault is None:
            return 200
        return self._answer_fault(fault, {})[0]

    def _check_token(self, fields: dict[str, str]) -> dict[str, Any]:
        return {"ok": True, "team": "beamline", "user": "bot", "user_id": "U1"}

    def _post_message(self, fields: dict[str, str]) -> dict[str, Any]:
        if fields["channel"] not in self.channels:
            return {"ok": False, "error": "channel_not_found"}
        metadata = json.loads(fields["metadata"]) if "metadata" in fields else {}
        message = self._append(fields["channel"], PostedMessage(self._create_timestamp(), fields["text"], metadata))
        return {"ok": True, "channel": fields["channel"], "ts": message.ts}

    def _reserve_upload(self, fields: dict[str, str]) -> dict[str, Any]:
        file_id = f"F{len(self.files) + 1}"
        self.files[file_id] = {"id": file_id, "name": fields["filename"], "size": int(fields["length"]), "shares": {}}
        root = self.base_url.removesuffix("api/")
        return {"ok": True, "file_id": file_id, "upload_url": f"{root}upload/{file_id}"}

    def _complete_upload(self, fields: dict[str, str]) -> dict[str, Any]:
        if fields["channel_id"] not in self.channels:
            return {"ok": False, "error": "channel_not_found"}
        (asked,) = json.loads(fields["files"])
        known = self.files.get(asked["id"])
        if known is None or len(known.get("content", b"")) != known["size"]:
            return {"ok": False, "error": "file_not_found"}
        known["title"] = asked["title"]
        shared = known["shares"].setdefault("public", {}).setdefault(fields["channel_id"], [])
        message = PostedMessage(
            self._create_timestamp(), fields.get("initial_comment", ""), files=[{"id": known["id"]}]
        )
        shared.append({"ts": self._append(fields["channel_id"], message).ts})
        return {"ok": True, "files": [{"id": known["id"], "title": known["title"]}]}

    def _read_file_info(self, fields: dict[str, str]) -> dict[str, Any]:
        known = self.files.get(fields["file"])
        if "files:read" not in self.scopes:
            return {"ok": False, "error": "missing_scope", "needed": "files:read"}
        if known is None or not known["shares"]:
            return {"ok": False, "error": "file_not_found"}
        return {"ok": True, "file": {name: value for name, value in known.items() if name != "content"}}

    def _read_history(self, fields: dict[str, str]) -> dict[str, Any]:
        if "channels:history" not in self.scopes:
            return {"ok": False, "error": "missing_scope", "needed": "channels:history"}
        newest_first = self.messages[fields["channel"]][::-1]
        begin = int(fields.get("cursor") or 0)
        limit = min(int(fields.get("limit", 100)), 2)  # Slack, too, may give fewer than asked for
        page = newest_first[begin : begin + limit]
        more = begin + limit < len(newest_first)
        shown = [
            {"ts": m.ts, "text": m.text, "files": m.files}
            | ({"metadata": m.metadata} if fields.get("include_all_metadata") in ("1", "true", "True") else {})
            for m in page
        ]
        following = {"next_cursor": str(begin + limit)} if more else {"next_cursor": ""}
        return {"ok": True, "messages": shown, "has_more": more, "response_metadata": following}

    def _read_channel_info(self, fields: dict[str, str]) -> dict[str, Any]:
        name = self.channels.get(fields["channel"])
        if name is None:
            return {"ok": False, "error": "channel_not_found"}
        return {"ok": True, "channel": {"id": fields["channel"], "name": name, "is_member": True, "is_archived": False}}

    def _append(self, channel: str, message: PostedMessage) -> PostedMessage:
        self.messages[channel].append(message)
        return message

    def _create_timestamp(self) -> str:
        self._stamp += 1
        return f"{self._stamp}.000100"


_METHODS = {
    "auth.test": SlackServer._check_token,
    "chat.postMessage": SlackServer._post_message,
    "files.getUploadURLExternal": SlackServer._reserve_upload,
    "files.completeUploadExternal": SlackServer._complete_upload,
    "files.info": SlackServer._read_file_info,
    "conversations.history": SlackServer._read_history,
    "conversations.info": SlackServer._read_channel_info,
}


class SlackRequestHandler(BaseHTTPRequestHandler):
    slack: SlackServer

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        number = path.removeprefix("/proposal/").removesuffix("/slack-channels")
        self.slack.calls.append(f"lookup {number}")
        self._send(self.slack.lookup_status, self.slack.lookups.get(number, []), {})

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        if path.startswith("/upload/"):
            status = self.slack.upload(path.removeprefix("/upload/"), content)
            self._send(status, "OK", {})
            return
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self._send(*self.slack.answer(path.removeprefix("/api/"), self._parse_fields(content), token))

    def _parse_fields(self, content: bytes) -> dict[str, str]:
        if self.headers.get_content_type() == "application/json":
            given = json.loads(content or b"{}")
            return {k: v if isinstance(v, str) else json.dumps(v) for k, v in given.items() if v is not None}
        return dict(parse_qsl(content.decode()))

    def _send(self, status: int, body: Any, headers: dict[str, str]) -> None:
        if status == 0:  # the connection breaks before the answer
            self.close_connection = True
            return
        data = json.dumps(body).encode()
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            self.close_connection = True  # who asked has gone
