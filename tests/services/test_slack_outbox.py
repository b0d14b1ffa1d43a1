"""Posts to a local server that answers as Slack does: order, patience, and never the same post twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from helpers.processes import wait_until
from helpers.slack_server import TOKEN, Fault, SlackServer
from xafs_workers.services.slack.channels import Channels, LookupAway, NoChannel
from xafs_workers.services.slack.chat import Chat, escaped
from xafs_workers.services.slack.outbox import Outbox, OutboxUnusable
from xafs_workers.services.slack.outbox_worker import NoPicture, Pace, PictureAway, Ports, Postman
from xafs_workers.services.slack.token import TokenMissing
from xafs_workers.services.slack_posts import Post
from xafs_workers.settings import Slack

QUICK = Pace(pauses=(0.02, 0.05), settles=0.1, idle=0.2)
PICTURE = b"\x89PNG not really"
CHANNELS = {"pass-1": "C1", "pass-2": "C2"}
LOST = Fault(status=0, after=True)
NEVER_CAME = Fault(status=0)
DOWN = Fault(status=503, error="")


class Office:
    """An outbox and the threads that empty it, one after another."""

    def __init__(self, folder: Path, server: SlackServer):
        self.server, self.token, self.timeout = server, TOKEN, 5.0
        self.path = folder / "state" / "outbox.sqlite"
        self.settings = Slack(channels=CHANNELS, lookup_url=server.lookup_url, staff_channel="CSTAFF", timeout=1.0)
        self.pictures = {"/p/a.png": PICTURE, "/p/b.png": PICTURE + b"b"}
        self.away: set[str] = set()
        self.open()

    def open(self) -> None:
        self.outbox = Outbox(self.path)
        self.channels = Channels(self.settings, "bmm")
        self.postman = Postman(self.outbox, Ports(self._chat, self.channels, self._picture), QUICK)

    def restart(self) -> None:
        self.close()
        self.open()
        self.postman.start()

    def close(self) -> None:
        self.postman.close()
        self.outbox.close()

    def put(self, number: int, session: str = "pass-1", picture: str = "") -> None:
        self.postman.put(Post(f"key-{session}-{number}", session, f"text {number}", picture))

    def finished(self, patience: float = 20.0) -> None:
        wait_until(lambda: self.outbox.waiting() == 0, "an empty outbox", patience)

    def _chat(self) -> Chat:
        if not self.token:
            raise TokenMissing("no token")
        return Chat(self.token, self.server.base_url, self.timeout)

    def _picture(self, post: Post) -> bytes:
        if post.picture in self.away:
            raise PictureAway("the folder is away")
        if post.picture not in self.pictures:
            raise NoPicture(f"no {post.picture}")
        return self.pictures[post.picture]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackServer]:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with SlackServer() as made:
        yield made


@pytest.fixture
def office(tmp_path: Path, server: SlackServer) -> Iterator[Office]:
    made = Office(tmp_path, server)
    yield made
    made.close()


def test_texts_and_pictures_arrive_in_order_in_their_own_channels(office: Office, server: SlackServer) -> None:
    office.postman.start()
    for number in range(4):
        office.put(number)
        office.put(number, "pass-2", picture="/p/a.png" if number % 2 else "")
    office.put(9, "")
    office.finished()
    assert server.texts("C1") == [f"text {n}" for n in range(4)]
    assert server.texts("C2") == [f"text {n}" for n in range(4)]
    assert server.pictures("C2") == [PICTURE, PICTURE]
    assert server.texts("CSTAFF") == ["text 9"]


def test_a_key_is_posted_once_however_often_it_is_put_down(office: Office, server: SlackServer) -> None:
    office.postman.start()
    office.put(1)
    office.finished()
    office.put(1)
    office.restart()
    office.put(1)
    office.put(2)
    office.finished()
    assert server.texts("C1") == ["text 1", "text 2"]


TROUBLES: dict[str, tuple[str, list[Fault]]] = {
    "429": ("chat.postMessage", [Fault(status=429, error="ratelimited", retry_after="0")] * 2),
    "503": ("chat.postMessage", [DOWN, DOWN]),
    "refused by Slack's own trouble": ("chat.postMessage", [Fault(error="fatal_error")]),
    "connection broken": ("chat.postMessage", [NEVER_CAME, NEVER_CAME]),
    "answer lost": ("chat.postMessage", [LOST]),
    "answer lost, 500 instead": ("chat.postMessage", [Fault(status=500, after=True)]),
    "history down too": ("chat.postMessage", [LOST]),
    "no room for an upload": ("files.getUploadURLExternal", [DOWN, NEVER_CAME]),
    "upload broken": ("upload", [DOWN, NEVER_CAME, LOST]),
    "sharing broken": ("files.completeUploadExternal", [DOWN, NEVER_CAME]),
    "sharing limited": ("files.completeUploadExternal", [Fault(status=429, error="ratelimited", retry_after="0")]),
    "sharing's answer lost": ("files.completeUploadExternal", [LOST]),
    "sharing's answer lost, 500 instead": ("files.completeUploadExternal", [Fault(status=500, after=True)]),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_nothing_is_lost_doubled_or_out_of_order(trouble: str, office: Office, server: SlackServer) -> None:
    method, faults = TROUBLES[trouble]
    server.fail(method, *faults)
    if "history" in trouble:
        server.fail("conversations.history", DOWN, NEVER_CAME)
    picture = "" if method == "chat.postMessage" else "/p/a.png"
    office.put(1, picture=picture)
    office.put(2, picture="/p/b.png" if picture else "")
    office.put(3)
    office.postman.start()
    office.finished()
    assert server.texts("C1") == ["text 1", "text 2", "text 3"]
    assert server.pictures("C1") == ([PICTURE, PICTURE + b"b"] if picture else [])
    assert not server.faults[method], "the trouble never came"
    assert office.postman.waits_for == ""


@pytest.mark.parametrize("picture", ["", "/p/a.png"])
def test_an_answer_that_never_comes_is_not_waited_for_forever(
    picture: str, office: Office, server: SlackServer
) -> None:
    office.timeout = 1.0
    method = "files.completeUploadExternal" if picture else "chat.postMessage"
    server.fail(method, Fault(after=True, hangs=True))
    office.put(1, picture=picture)
    office.put(2)
    office.postman.start()
    office.finished()
    assert server.texts("C1") == ["text 1", "text 2"]


@pytest.mark.parametrize("picture", ["", "/p/a.png"])
@pytest.mark.parametrize("carried_out", [True, False])
def test_a_worker_that_dies_in_the_middle_of_a_post_posts_once(
    picture: str, carried_out: bool, office: Office, server: SlackServer
) -> None:
    """What a kill leaves behind: an attempt written down, and Slack having carried it out or not."""
    office.put(1, picture=picture)
    office.put(2)
    head = office.outbox.heads()[0]
    chat = office._chat()
    file_id = chat.upload("a.png", PICTURE) if picture else ""
    office.outbox.begin(head.number, file_id)
    if carried_out and picture:
        chat.share("C1", file_id, "text 1")
    elif carried_out:
        chat.post("C1", head.post.key, "text 1")
    for number in range(5):  # meanwhile people talk
        chat.post("C1", f"people {number}", f"talk {number}")
    office.restart()
    office.finished()
    said = [text for text in server.texts("C1") if text.startswith("text")]
    assert said == ["text 1", "text 2"]
    assert server.pictures("C1") == ([PICTURE] if picture else [])


def test_a_full_outbox_survives_a_restart_in_order(office: Office, server: SlackServer) -> None:
    server.fail("chat.postMessage", *[DOWN] * 500)
    for number in range(200):
        office.put(number, f"pass-{number % 2 + 1}")
    office.postman.start()
    wait_until(lambda: server.calls.count("chat.postMessage") > 3, "attempts")
    office.close()
    server.faults.clear()
    office.open()
    assert office.outbox.waiting() == 200
    office.postman.start()
    office.finished()
    assert server.texts("C1") == [f"text {n}" for n in range(0, 200, 2)]
    assert server.texts("C2") == [f"text {n}" for n in range(1, 200, 2)]


def test_an_outage_is_one_line_and_its_end_another(office: Office, server: SlackServer) -> None:
    server.fail("chat.postMessage", *[DOWN] * 6)
    office.put(1)
    with capture_logs() as logs:
        office.postman.start()
        office.finished()
        wait_until(lambda: len(logs) >= 3, "the last line")
    assert [line["event"] for line in logs] == ["posts_wait", "posted", "posts_go_on"]
    assert not server.faults["chat.postMessage"]


def test_one_channel_in_trouble_holds_up_no_other(office: Office, server: SlackServer) -> None:
    office.away.add("/p/a.png")
    office.put(1, "pass-1", picture="/p/a.png")
    office.put(2, "pass-1")
    office.put(1, "pass-2")
    office.postman.start()
    wait_until(lambda: server.texts("C2") == ["text 1"], "the post of the other channel")
    wait_until(lambda: "away" in office.postman.waits_for, "the reason")
    assert server.texts("C1") == []
    office.away.clear()
    office.finished()
    assert server.texts("C1") == ["text 1", "text 2"]


def test_while_slack_hangs_posts_are_taken_at_once(office: Office, server: SlackServer) -> None:
    server.fail("chat.postMessage", Fault(after=True, hangs=True))
    office.put(0)
    office.postman.start()
    wait_until(lambda: "chat.postMessage" in server.calls, "the call that hangs")
    done = threading.Event()

    def work() -> None:
        for number in range(1, 20):
            office.put(number)
        done.set()

    threading.Thread(target=work).start()
    assert done.wait(20)
    assert server.texts("C1") == ["text 0"]
    server.let_go()
    office.finished()
    assert server.texts("C1") == [f"text {n}" for n in range(20)]


def test_an_expired_token_keeps_everything_until_it_is_mended(office: Office, server: SlackServer) -> None:
    office.token = "xoxb-old"
    office.put(1)
    office.put(1, "pass-2")
    office.postman.start()
    wait_until(lambda: "token_expired" in office.postman.waits_for, "the reason")
    assert office.outbox.waiting() == 2
    office.token = ""
    wait_until(lambda: "no token" in office.postman.waits_for, "the other reason")
    assert [head.state for head in office.outbox.heads()] == ["waiting", "waiting"], "nothing was attempted"
    office.token = TOKEN
    office.postman.hurry()
    office.finished()
    assert (server.texts("C1"), server.texts("C2")) == (["text 1"], ["text 1"])


def test_what_slack_refuses_for_good_does_not_hold_up_the_next(office: Office, server: SlackServer) -> None:
    server.fail("chat.postMessage", Fault(error="msg_blocked_by_dlp"))
    office.put(1)
    office.put(2, picture="/p/gone.png")
    office.put(3)
    office.postman.start()
    office.finished()
    assert server.texts("C1") == ["text 3"]


@pytest.mark.parametrize("picture", ["", "/p/a.png"])
def test_what_cannot_be_looked_up_is_not_posted_again(picture: str, office: Office, server: SlackServer) -> None:
    server.scopes = "chat:write,files:write"
    server.fail("files.completeUploadExternal" if picture else "chat.postMessage", LOST)
    office.put(1, picture=picture)
    office.put(2)
    office.postman.start()
    office.finished()
    assert server.texts("C1") == ["text 1", "text 2"]


def test_a_picture_is_found_in_the_history_where_files_may_not_be_asked_for(
    office: Office, server: SlackServer
) -> None:
    server.scopes = "chat:write,files:write,channels:history"
    server.fail("files.completeUploadExternal", NEVER_CAME, LOST)
    office.put(1, picture="/p/a.png")
    office.postman.start()
    office.finished()
    assert server.pictures("C1") == [PICTURE]


def test_k1_the_facility_names_the_channel_of_the_posts_own_proposal(office: Office, server: SlackServer) -> None:
    server.channels["C316886"] = "pass-316886-bmm"
    names = [("pass-316886", "CHAT"), ("pass-316886-bmm", "C316886"), ("broken", None)]
    server.lookups["316886"] = [{"channel_name": name, "channel_id": channel} for name, channel in names]
    office.postman.start()
    office.put(1, "pass-316886")
    office.put(2, "pass-316886")
    office.put(3, "pass-999999")
    office.finished()
    assert server.texts("C316886") == ["text 1", "text 2"]
    assert sum(map(len, server.messages.values())) == 2
    assert server.calls.count("lookup 316886") == 1


def test_k6_a_facility_that_answers_badly_is_waited_for(office: Office, server: SlackServer) -> None:
    server.lookup_status = 500
    server.channels["C3"] = "pass-3-bmm"
    office.put(1, "pass-3")
    office.postman.start()
    wait_until(lambda: "HTTP status 500" in office.postman.waits_for, "the reason")
    server.lookups["3"] = [{"channel_name": "pass-3-bmm", "channel_id": "C3"}]
    server.lookup_status = 200
    office.finished()
    assert server.texts("C3") == ["text 1"]


def test_channels_say_why_there_is_none() -> None:
    bare = Channels(Slack(channels=CHANNELS), "bmm")
    for session, reason in (("", "staff_channel"), ("pass-3", "lookup_url")):
        with pytest.raises(NoChannel, match=reason):
            bare.of(session)
    nobody = Channels(Slack(lookup_url="http://127.0.0.1:9/{number}", timeout=1.0), "bmm")
    with pytest.raises(LookupAway, match=r"127\.0\.0\.1:9/3"):
        nobody.of("pass-3")


def test_text_cannot_mention_everybody_and_keeps_its_emoji_codes() -> None:
    assert escaped("<!channel> a & b :tada:") == "&lt;!channel&gt; a &amp; b :tada:"
    assert len(escaped("x" * 9000)) == 4000


def test_an_outbox_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(b"this is not a data base" * 100)
    with pytest.raises(OutboxUnusable, match=r"outbox\.sqlite"):
        Outbox(path)


def test_old_posts_are_forgotten_and_waiting_ones_are_not(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.sqlite") as outbox:
        for number in range(2):
            outbox.put(Post(f"key {number}", "pass-1", "text"))
        outbox.finish(1, "done")
        outbox.prune(days=-1)
        assert outbox.put(Post("key 0", "pass-1", "text"))
        assert not outbox.put(Post("key 1", "pass-1", "text"))
        assert time.time() - outbox.heads()[0].tried > 1e6
