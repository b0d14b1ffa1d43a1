"""Posts to a local server that answers as Slack does: order, patience, and never the same post twice."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from helpers.patience import SECONDS as PATIENCE
from helpers.processes import wait_until
from helpers.slack_server import TOKEN, Fault, SlackServer
from helpers.small_disk import SmallDisk
from xafs_workers.services.slack.channels import ChannelDirectory, ChannelNotFound, LookupUnavailable
from xafs_workers.services.slack.chat import SlackClient, escape_text
from xafs_workers.services.slack.outbox import (
    _COUNT_QUERY,
    _OLDEST_QUERY,
    _PRUNE,
    Outbox,
    OutboxUnavailable,
    OutboxUnusable,
)
from xafs_workers.services.slack.outbox_worker import (
    InvalidPicture,
    OutboxCallbacks,
    OutboxWorker,
    PictureUnavailable,
    RetryTiming,
)
from xafs_workers.services.slack.token import TokenMissing
from xafs_workers.services.slack_posts import Post
from xafs_workers.settings import Slack

QUICK = RetryTiming(pauses=(0.02, 0.05), settle_seconds=0.1, idle_seconds=0.2)
PICTURE = b"\x89PNG not really"
CHANNELS = {"pass-1": "C1", "pass-2": "C2"}
LOST = Fault(status=0, after=True)
NEVER_CAME = Fault(status=0)
DOWN = Fault(status=503, error="")


class OutboxHarness:
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
        self.channels = ChannelDirectory(self.settings, "bmm")
        self.worker = OutboxWorker(self.outbox, OutboxCallbacks(self._chat, self.channels, self._picture), QUICK)

    def restart(self) -> None:
        self.close()
        self.open()
        self.worker.start()

    def close(self) -> None:
        self.worker.close()
        self.outbox.close()

    def put(self, number: int, session: str = "pass-1", picture: str = "") -> None:
        self.worker.put(Post(f"key-{session}-{number}", session, f"text {number}", picture))

    def wait_until_empty(self, patience: float = PATIENCE) -> None:
        wait_until(lambda: self.outbox.count_waiting() == 0, "an empty outbox", patience)

    def _chat(self) -> SlackClient:
        if not self.token:
            raise TokenMissing("no token")
        return SlackClient(self.token, self.server.base_url, self.timeout)

    def _picture(self, post: Post) -> bytes:
        if post.picture in self.away:
            raise PictureUnavailable("the folder is away")
        if post.picture not in self.pictures:
            raise InvalidPicture(f"no {post.picture}")
        return self.pictures[post.picture]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackServer]:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with SlackServer() as made:
        yield made


@pytest.fixture
def office(tmp_path: Path, server: SlackServer) -> Iterator[OutboxHarness]:
    made = OutboxHarness(tmp_path, server)
    yield made
    made.close()


def test_posts_arrive_in_order_in_their_channels(office: OutboxHarness, server: SlackServer) -> None:
    office.worker.start()
    for number in range(4):
        office.put(number)
        office.put(number, "pass-2", picture="/p/a.png" if number % 2 else "")
    office.put(9, "")
    office.wait_until_empty()
    assert server.list_texts("C1") == [f"text {n}" for n in range(4)]
    assert server.list_texts("C2") == [f"text {n}" for n in range(4)]
    assert server.list_pictures("C2") == [PICTURE, PICTURE]
    assert server.list_texts("CSTAFF") == ["text 9"]


def test_a_key_is_posted_once_even_if_added_again(office: OutboxHarness, server: SlackServer) -> None:
    office.worker.start()
    office.put(1)
    office.wait_until_empty()
    office.put(1)
    office.restart()
    office.put(1)
    office.put(2)
    office.wait_until_empty()
    assert server.list_texts("C1") == ["text 1", "text 2"]


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


@pytest.mark.first_case_fast
@pytest.mark.parametrize("trouble", TROUBLES)
def test_nothing_is_lost_doubled_or_out_of_order(trouble: str, office: OutboxHarness, server: SlackServer) -> None:
    method, faults = TROUBLES[trouble]
    server.fail(method, *faults)
    if "history" in trouble:
        server.fail("conversations.history", DOWN, NEVER_CAME)
    picture = "" if method == "chat.postMessage" else "/p/a.png"
    office.put(1, picture=picture)
    office.put(2, picture="/p/b.png" if picture else "")
    office.put(3)
    office.worker.start()
    office.wait_until_empty()
    assert server.list_texts("C1") == ["text 1", "text 2", "text 3"]
    assert server.list_pictures("C1") == ([PICTURE, PICTURE + b"b"] if picture else [])
    assert not server.faults[method], "the trouble never came"
    assert office.worker.waits_for == ""


@pytest.mark.slow
@pytest.mark.parametrize("picture", ["", "/p/a.png"])
def test_a_missing_answer_is_not_waited_for_forever(picture: str, office: OutboxHarness, server: SlackServer) -> None:
    office.timeout = 1.0
    method = "files.completeUploadExternal" if picture else "chat.postMessage"
    server.fail(method, Fault(after=True, hangs=True))
    office.put(1, picture=picture)
    office.put(2)
    office.worker.start()
    office.wait_until_empty()
    assert server.list_texts("C1") == ["text 1", "text 2"]


@pytest.mark.parametrize("picture", ["", "/p/a.png"])
@pytest.mark.parametrize("carried_out", [True, False])
def test_a_worker_killed_during_a_post_posts_once(
    picture: str, carried_out: bool, office: OutboxHarness, server: SlackServer
) -> None:
    """What a kill leaves behind: an attempt written down, and Slack having carried it out or not."""
    office.put(1, picture=picture)
    office.put(2)
    head = office.outbox.list_oldest()[0]
    chat = office._chat()
    file_id = chat.send_file("a.png", PICTURE) if picture else ""
    office.outbox.begin_attempt(head.number, file_id)
    if carried_out and picture:
        chat.post_file("C1", file_id, "text 1")
    elif carried_out:
        chat.post_text("C1", head.post.key, "text 1")
    for number in range(5):  # meanwhile people talk
        chat.post_text("C1", f"people {number}", f"talk {number}")
    office.restart()
    office.wait_until_empty()
    said = [text for text in server.list_texts("C1") if text.startswith("text")]
    assert said == ["text 1", "text 2"]
    assert server.list_pictures("C1") == ([PICTURE] if picture else [])


@pytest.mark.slow
def test_a_full_outbox_survives_a_restart_in_order(office: OutboxHarness, server: SlackServer) -> None:
    server.fail("chat.postMessage", *[DOWN] * 500)
    for number in range(200):
        office.put(number, f"pass-{number % 2 + 1}")
    office.worker.start()
    wait_until(lambda: server.calls.count("chat.postMessage") > 3, "attempts")
    office.close()
    server.faults.clear()
    office.open()
    assert office.outbox.count_waiting() == 200
    office.worker.start()
    office.wait_until_empty()
    assert server.list_texts("C1") == [f"text {n}" for n in range(0, 200, 2)]
    assert server.list_texts("C2") == [f"text {n}" for n in range(1, 200, 2)]


def test_an_outage_and_its_end_are_each_logged_once(office: OutboxHarness, server: SlackServer) -> None:
    server.fail("chat.postMessage", *[DOWN] * 6)
    office.put(1)
    with capture_logs() as logs:
        office.worker.start()
        office.wait_until_empty()
        wait_until(lambda: len(logs) >= 3, "the last line")
    assert [line["event"] for line in logs] == ["posting_paused", "posted", "posting_resumed"]
    assert not server.faults["chat.postMessage"]


def test_a_failing_channel_delays_no_other(office: OutboxHarness, server: SlackServer) -> None:
    office.away.add("/p/a.png")
    office.put(1, "pass-1", picture="/p/a.png")
    office.put(2, "pass-1")
    office.put(1, "pass-2")
    office.worker.start()
    wait_until(lambda: server.list_texts("C2") == ["text 1"], "the post of the other channel")
    wait_until(lambda: "away" in office.worker.waits_for, "the reason")
    assert server.list_texts("C1") == []
    office.away.clear()
    office.wait_until_empty()
    assert server.list_texts("C1") == ["text 1", "text 2"]


def test_posts_are_accepted_at_once_while_slack_hangs(office: OutboxHarness, server: SlackServer) -> None:
    server.fail("chat.postMessage", Fault(after=True, hangs=True))
    office.put(0)
    office.worker.start()
    wait_until(lambda: "chat.postMessage" in server.calls, "the call that hangs")
    done = threading.Event()

    def work() -> None:
        for number in range(1, 20):
            office.put(number)
        done.set()

    threading.Thread(target=work).start()
    assert done.wait(PATIENCE)
    assert server.list_texts("C1") == ["text 0"]
    server.release()
    office.wait_until_empty()
    assert server.list_texts("C1") == [f"text {n}" for n in range(20)]


def test_posts_wait_until_an_expired_token_is_replaced(office: OutboxHarness, server: SlackServer) -> None:
    office.token = "xoxb-old"
    office.put(1)
    office.put(1, "pass-2")
    office.worker.start()
    wait_until(lambda: "token_expired" in office.worker.waits_for, "the reason")
    assert office.outbox.count_waiting() == 2
    office.token = ""
    wait_until(lambda: "no token" in office.worker.waits_for, "the other reason")
    assert [head.state for head in office.outbox.list_oldest()] == ["waiting", "waiting"], "nothing was attempted"
    office.token = TOKEN
    office.worker.retry_now()
    office.wait_until_empty()
    assert (server.list_texts("C1"), server.list_texts("C2")) == (["text 1"], ["text 1"])


def test_a_rejected_post_does_not_delay_the_next(office: OutboxHarness, server: SlackServer) -> None:
    server.fail("chat.postMessage", Fault(error="msg_blocked_by_dlp"))
    office.put(1)
    office.put(2, picture="/p/gone.png")
    office.put(3)
    office.worker.start()
    office.wait_until_empty()
    assert server.list_texts("C1") == ["text 3"]


@pytest.mark.parametrize("picture", ["", "/p/a.png"])
def test_an_unverifiable_post_is_not_repeated(picture: str, office: OutboxHarness, server: SlackServer) -> None:
    server.scopes = "chat:write,files:write"
    server.fail("files.completeUploadExternal" if picture else "chat.postMessage", LOST)
    office.put(1, picture=picture)
    office.put(2)
    office.worker.start()
    office.wait_until_empty()
    assert server.list_texts("C1") == ["text 1", "text 2"]


def test_a_picture_is_found_in_history_without_the_files_scope(office: OutboxHarness, server: SlackServer) -> None:
    server.scopes = "chat:write,files:write,channels:history"
    server.fail("files.completeUploadExternal", NEVER_CAME, LOST)
    office.put(1, picture="/p/a.png")
    office.worker.start()
    office.wait_until_empty()
    assert server.list_pictures("C1") == [PICTURE]


def test_the_channel_is_looked_up_by_the_proposal_of_the_post(office: OutboxHarness, server: SlackServer) -> None:
    server.channels["C316886"] = "pass-316886-bmm"
    names = [("pass-316886", "CHAT"), ("pass-316886-bmm", "C316886"), ("broken", None)]
    server.lookups["316886"] = [{"channel_name": name, "channel_id": channel} for name, channel in names]
    office.worker.start()
    office.put(1, "pass-316886")
    office.put(2, "pass-316886")
    office.put(3, "pass-999999")
    office.wait_until_empty()
    assert server.list_texts("C316886") == ["text 1", "text 2"]
    assert sum(map(len, server.messages.values())) == 2
    assert server.calls.count("lookup 316886") == 1


@pytest.mark.parametrize(("name", "channel"), [("name", "conversation_id"), ("channel_name", "channel_id")])
def test_both_forms_of_the_channel_list_are_read(name: str, channel: str, server: SlackServer) -> None:
    server.lookups["7"] = [{"other": "x"}, {name: "pass-7", channel: "CHAT"}, {name: "pass-7-bmm", channel: "C7"}]
    directory = ChannelDirectory(Slack(lookup_url=server.lookup_url, timeout=1.0), "bmm")
    assert directory.find_channel("pass-7") == "C7"


def test_a_failing_channel_lookup_is_retried(office: OutboxHarness, server: SlackServer) -> None:
    server.lookup_status = 500
    server.channels["C3"] = "pass-3-bmm"
    office.put(1, "pass-3")
    office.worker.start()
    wait_until(lambda: "HTTP status 500" in office.worker.waits_for, "the reason")
    server.lookups["3"] = [{"channel_name": "pass-3-bmm", "channel_id": "C3"}]
    server.lookup_status = 200
    office.wait_until_empty()
    assert server.list_texts("C3") == ["text 1"]


def test_a_missing_channel_is_reported_with_the_reason() -> None:
    bare = ChannelDirectory(Slack(channels=CHANNELS), "bmm")
    for session, reason in (("", "staff_channel"), ("pass-3", "lookup_url")):
        with pytest.raises(ChannelNotFound, match=reason):
            bare.find_channel(session)
    nobody = ChannelDirectory(Slack(lookup_url="http://127.0.0.1:9/{number}", timeout=1.0), "bmm")
    with pytest.raises(LookupUnavailable, match=r"127\.0\.0\.1:9/3"):
        nobody.find_channel("pass-3")


def test_text_mentions_are_escaped_and_emoji_codes_are_not() -> None:
    assert escape_text("<!channel> a & b :tada:") == "&lt;!channel&gt; a &amp; b :tada:"
    assert len(escape_text("x" * 9000)) == 4000


def test_an_invalid_outbox_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(b"this is not a data base" * 100)
    with pytest.raises(OutboxUnusable, match=r"outbox\.sqlite"):
        Outbox(path)


def test_only_old_finished_posts_are_deleted(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.sqlite") as outbox:
        for number in range(2):
            outbox.put(Post(f"key {number}", "pass-1", "text"))
        outbox.finish(1, "done")
        outbox.prune(days=-1)
        assert outbox.put(Post("key 0", "pass-1", "text"))
        assert not outbox.put(Post("key 1", "pass-1", "text"))
        assert time.time() - outbox.list_oldest()[0].tried_at > 1e6


def test_no_query_of_the_outbox_reads_finished_posts(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.sqlite") as outbox:
        plans = [
            outbox._connection.execute(f"EXPLAIN QUERY PLAN {query}", values).fetchall()
            for query, values in ((_PRUNE, (0.0,)), (_OLDEST_QUERY, ()), (_COUNT_QUERY, ()))
        ]
    assert not [row[-1] for plan in plans for row in plan if row[-1] == "SCAN posts"]


def test_a_full_disk_refuses_posts_and_loses_none(tmp_path: Path) -> None:
    """A post is stored or refused; those that were stored are there after a restart, each once."""
    disk = SmallDisk(tmp_path / "disk")
    try:
        with Outbox(disk.folder / "outbox.sqlite") as outbox:
            disk.fill(4)
            stored: list[str] = []

            def put_many() -> None:
                for number in range(1000):
                    assert outbox.put(Post(f"key {number}", f"session {number}", "x" * 500))
                    stored.append(f"key {number}")

            with pytest.raises(OutboxUnavailable) as refused:
                put_many()
            assert refused.value.errno == errno.ENOSPC
            assert outbox.count_waiting() == len(stored)
            disk.make_room()
            assert outbox.put(Post("key 1000", "session 1000", "later"))
        with Outbox(disk.folder / "outbox.sqlite") as outbox:
            assert [pending.post.key for pending in outbox.list_oldest()] == [*stored, "key 1000"]
    finally:
        disk.unmount()
