"""Control messages without Kafka: by HTTP with a token, by ZMQ."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import zmq
import zmq.auth
from pydantic import ValidationError

from helpers.zmq_proxy import find_free_port
from xafs_workers import wire
from xafs_workers.producer.answers import NoAnswer
from xafs_workers.producer.control_requests import RequestError, open_channel, read_token
from xafs_workers.producer.requests import RequestClient
from xafs_workers.settings import Control, Settings
from xafs_workers.sources.control_inbox import ControlInbox
from xafs_workers.sources.control_server import ControlUnusable, start_control
from xafs_workers.sources.local_topics import LocalTopics

TOKEN = "a-token-of-the-tests"


class Office:
    """A server of control messages, and the topics behind it."""

    def __init__(self, folder: Path, control: dict[str, Any], stack: ExitStack):
        self.settings = Settings(
            state_directory=folder / "state",
            sources={"zmq": {"address": "tcp://127.0.0.1:1"}},  # type: ignore[arg-type]
            control=control,  # type: ignore[arg-type]
            kafka={"max_record_bytes": 20_000},  # type: ignore[arg-type]
        )
        self.topics = stack.enter_context(LocalTopics.open(self.settings))
        found = start_control(self.settings, stack)
        assert found is not None
        self.inbox: ControlInbox = found

    @property
    def messages(self) -> list[dict[str, Any]]:
        records = self.topics.read(self.settings.get_topic("control"), 0, 100)
        return [wire.decode(record.value)[1] for record in records]

    def answer(self, message_id: str, state: str = "done") -> None:
        answer = wire.Answer(message_id, "file-manager", "touch", "", state, value=7)
        self.topics.append(self.settings.get_topic("answers"), wire.encode("answer", answer.to_dict()))


def build_http(folder: Path) -> dict[str, Any]:
    token_file = folder / "token"
    token_file.touch(mode=0o600)
    token_file.write_text(TOKEN + "\n")
    return {"http": {"port": find_free_port(), "token_file": str(token_file)}}


def build_ipc(folder: Path) -> dict[str, Any]:
    return {"zmq": {"address": f"ipc://{folder}/c.sock"}}


def build_curve(folder: Path) -> dict[str, Any]:
    keys, clients = folder / "keys", folder / "clients"
    keys.mkdir()
    clients.mkdir()
    zmq.auth.create_certificates(keys, "one")
    (clients / "one.key").write_text((keys / "one.key").read_text())
    curve = {"secret": str(keys / "one.key_secret"), "server": str(keys / "one.key")}
    return {"zmq": {"address": f"tcp://127.0.0.1:{find_free_port()}", "curve": curve, "clients": str(clients)}}


@pytest.fixture(params=[build_http, build_ipc, build_curve], ids=["http", "ipc", "curve"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    with ExitStack() as stack:
        yield Office(tmp_path, request.param(tmp_path), stack)


@pytest.fixture
def http_office(tmp_path: Path) -> Iterator[Office]:
    with ExitStack() as stack:
        yield Office(tmp_path, build_http(tmp_path), stack)


def test_message_is_kept_and_its_answer_comes_back(office: Office) -> None:
    client = RequestClient(office.settings)
    answering = threading.Thread(target=answer_when_asked, args=(office,))
    answering.start()
    answer = client.ask({"touch": "x"}, 10.0)
    answering.join()
    client.close()
    assert (answer.state, answer.value, answer.worker) == ("done", 7, "file-manager")
    assert office.inbox.summarize() == {"accepted": 1, "refused": {}}


def answer_when_asked(office: Office) -> None:
    pause = threading.Event()
    while not office.messages:
        pause.wait(0.01)
    message_id = office.messages[0]["message_id"]
    office.answer(message_id, "accepted")
    office.answer("another")
    office.answer(message_id)


def test_missing_answer_is_told(office: Office) -> None:
    client = RequestClient(office.settings)
    with pytest.raises(NoAnswer, match="no worker answered"):
        client.ask({"touch": "x"}, 0.2)
    client.close()
    assert [message["touch"] for message in office.messages] == ["x"]


def test_large_and_malformed_messages_are_refused_and_counted(office: Office) -> None:
    channel = open_channel(office.settings.control)
    with pytest.raises(RequestError, match="limit"):
        channel.request("send", {"message": wire.encode("bmm", {"touch": "x" * 21_000})})
    with pytest.raises(RequestError, match="not msgpack"):
        channel.request("send", {"message": b"\xc1"})
    with pytest.raises(RequestError, match="expected 'bmm'"):
        channel.request("send", {"message": wire.encode("other", {})})
    with pytest.raises(RequestError, match="expected msgpack of"):
        channel.request("send", {"message": "text"})
    with pytest.raises(RequestError, match="message_id"):
        channel.request("answers", {"message_id": 3})
    channel.close()
    assert office.messages == []
    assert office.inbox.summarize() == {"accepted": 0, "refused": {"too_large": 1, "malformed": 4}}


def post(office: Office, path: str, body: bytes, **headers: str) -> tuple[int, Any]:
    http_settings = office.settings.control.http
    assert http_settings is not None
    connection = http.client.HTTPConnection("127.0.0.1", http_settings.port, timeout=10)
    connection.request("POST", path, body, {"Authorization": f"Bearer {TOKEN}", **headers})
    response = connection.getresponse()
    content = json.loads(response.read())
    connection.close()
    return response.status, content


def test_json_is_accepted_too(http_office: Office) -> None:
    status, reply = post(http_office, "/messages", b'{"touch": "x", "message_id": "m"}')
    assert (status, reply["position"]) == (202, "bmm.test/0/0")
    http_office.answer("m")
    status, reply = post(http_office, "/answers", b'{"message_id": "m"}')
    assert (status, reply["answers"][0]["value"]) == (200, 7)


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "reason"),
    [
        ("/messages", b"{}", {"Authorization": "Bearer wrong"}, 401, "token"),
        ("/messages", b"{}", {"Authorization": ""}, 401, "token"),
        ("/other", b"{}", {}, 400, "unknown path"),
        ("/messages", b"[1]", {}, 400, "expected an object"),
        ("/messages", b"{", {}, 400, "JSON"),
        ("/messages", b"x" * 30_000, {}, 413, "limit"),
        ("/messages", b"{}", {"Content-Length": "9" * 30}, 413, "limit"),
        ("/messages", b"{}", {"Content-Length": "-1"}, 400, "Content-Length"),
    ],
)
def test_http_refuses_with_the_reason(
    http_office: Office, path: str, body: bytes, headers: dict[str, str], status: int, reason: str
) -> None:
    got, reply = post(http_office, path, body, **headers)
    assert (got, reason in reply["reason"]) == (status, True)
    assert http_office.messages == []
    assert sum(http_office.inbox.summarize()["refused"].values()) == 1


def test_socket_file_belongs_to_its_account_alone(tmp_path: Path) -> None:
    with ExitStack() as stack:
        Office(tmp_path, build_ipc(tmp_path), stack)
        assert (tmp_path / "c.sock").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "c.sock").exists()


def test_stranger_without_a_key_gets_no_reply(tmp_path: Path) -> None:
    with ExitStack() as stack:
        office = Office(tmp_path, build_curve(tmp_path), stack)
        stranger = tmp_path / "stranger"
        stranger.mkdir()
        zmq.auth.create_certificates(stranger, "other")
        curve = {"secret": stranger / "other.key_secret", "server": tmp_path / "keys" / "one.key"}
        known = office.settings.control.zmq
        assert known is not None
        context = zmq.Context()
        with context.socket(zmq.REQ) as socket:
            public, secret = zmq.auth.load_certificate(curve["secret"])
            socket.curve_publickey, socket.curve_secretkey = public, secret
            socket.curve_serverkey = zmq.auth.load_certificate(curve["server"])[0]
            socket.set(zmq.LINGER, 0)
            socket.connect(known.address)
            events = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
            socket.send(wire.encode("send", {"message": wire.encode("bmm", {"touch": "x"})}))
            assert events.poll(10_000), "the handshake was not refused"
            socket.disable_monitor()
            events.close()
        context.term()
        assert office.messages == []


@pytest.mark.parametrize(
    ("control", "reason"),
    [
        ({"zmq": {"address": "tcp://127.0.0.1:5"}}, "plain tcp is refused"),
        ({"zmq": {"address": "tcp://127.0.0.1:5", "curve": {"secret": "/a", "server": "/b"}}}, "without clients"),
        ({"zmq": {"address": "inproc://x"}}, "expected tcp://"),
        ({"http": {"host": "0.0.0.0", "port": 5, "token_file": "/a"}}, "loopback"),
        ({"http": {"host": "beamline", "port": 5, "token_file": "/a"}}, "loopback"),
        ({"http": {"port": 5, "token_file": "/a"}, "zmq": {"address": "ipc:///a"}}, "expected one of them"),
    ],
)
def test_settings_refuse_what_is_open_to_others(control: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Control.model_validate(control)


@pytest.mark.parametrize(("mode", "text", "reason"), [(0o644, TOKEN, "others can read"), (0o600, "short", "one word")])
def test_unsafe_token_files_are_refused(tmp_path: Path, mode: int, text: str, reason: str) -> None:
    path = tmp_path / "token"
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(RequestError, match=reason):
        read_token(path)


def test_taken_port_is_told(tmp_path: Path) -> None:
    with ExitStack() as stack:
        office = Office(tmp_path, build_http(tmp_path), stack)
        with pytest.raises(ControlUnusable, match="control messages: "):
            start_control(office.settings, stack)
