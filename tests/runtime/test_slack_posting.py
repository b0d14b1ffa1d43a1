"""A worker's posts, composed: from the outbox in its state folder to the channel, and what may not be posted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from helpers.processes import wait_until
from helpers.slack_server import TOKEN, SlackServer
from helpers.streams import stamp_entries
from xafs_workers.filemanager.actions.context import ActionContext, action_handlers
from xafs_workers.runtime.slack_posting import SlackPosting
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.services.slack_posts import Post
from xafs_workers.settings import Settings, Slack

PICTURE = b"\x89PNG not really"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackServer]:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "SLACK_BOT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with SlackServer() as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path, server: SlackServer) -> Settings:
    for session in ("pass-1", "pass-2"):
        (tmp_path / "proposals/2026-1" / session / "snapshots").mkdir(parents=True)
    (tmp_path / "token").write_text(TOKEN)
    return Settings(
        storage={"proposals_root": tmp_path / "proposals", "root_aliases": {}},
        slack=Slack(
            token_file=tmp_path / "token",
            base_url=server.base_url,
            channels={"pass-1": "C1", "pass-2": "C2"},
            lookup_url=server.lookup_url,
            staff_channel="CSTAFF",
            timeout=5.0,
        ),
        state_directory=tmp_path / "state",
    )


Opened = Callable[[], SlackPosting]


@pytest.fixture
def opened(settings: Settings) -> Iterator[Opened]:
    with ExitStack() as stack:
        yield lambda: SlackPosting.open(settings, "file-manager", stack)


def settled(posting: SlackPosting) -> None:
    wait_until(lambda: posting.describe()["waiting"] == 0, "an empty outbox", 20.0)


def picture(settings: Settings, session: str, name: str = "snapshots/a.png") -> str:
    path = settings.storage.proposals_root / "2026-1" / session / name
    path.write_bytes(PICTURE)
    return str(path)


def test_a_picture_is_posted_to_the_channel_of_its_proposal(
    opened: Opened, settings: Settings, server: SlackServer
) -> None:
    posting = opened()
    posting(Post("key", "pass-1", "a map", picture(settings, "pass-1")))
    settled(posting)
    assert (server.list_texts("C1"), server.list_pictures("C1")) == (["a map"], [PICTURE])
    assert (settings.find_state_folder() / "file-manager" / "outbox.sqlite").exists()


def test_files_outside_the_proposal_are_not_posted(
    opened: Opened, settings: Settings, server: SlackServer, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    link = settings.storage.proposals_root / "2026-1/pass-1/link.png"
    link.symlink_to(secret)
    posting = opened()
    with capture_logs() as logs:
        wrong = [picture(settings, "pass-2"), str(secret), str(link), f"{link.parent}/../pass-2/snapshots/a.png"]
        for number, path in enumerate([*wrong, "/etc/passwd", f"{link.parent}/gone.png"]):
            posting(Post(f"key {number}", "pass-1", "mine?", path))
        posting(Post("last", "pass-1", "the last"))
        settled(posting)
    assert server.list_texts("C1") == ["the last"]
    assert server.files == {}
    assert sum(line["event"] == "not_posted" for line in logs) == 6, "K7: each is told"


def test_without_a_token_only_posts_are_left_out(settings: Settings, server: SlackServer) -> None:
    bare = settings.model_copy(update={"slack": Slack(channels={"pass-1": "C1"})})
    with ExitStack() as stack:
        posting = SlackPosting.open(bare, "headless", stack)
        posting(Post("key", "pass-1", "text"))
        posting.refresh()
        assert (posting.is_enabled, posting.waits_for, posting.describe()) == (False, "", {"posting": False})
    assert not bare.find_state_folder().exists()
    assert server.calls == []


def test_posts_wait_for_a_missing_token_file(
    opened: Opened, settings: Settings, server: SlackServer, tmp_path: Path
) -> None:
    (tmp_path / "token").unlink()
    posting = opened()
    posting(Post("key", "pass-1", "text"))
    wait_until(lambda: "token" in posting.waits_for, "the reason", 20.0)
    (tmp_path / "token").write_text(TOKEN)
    act("refresh_slack", posting)
    settled(posting)
    assert server.list_texts("C1") == ["text"]


def act(kind: str, posting: SlackPosting | None, value: Any = True) -> str:
    """Carry out a message as the file manager does; return the reason in its answer."""
    outcome = action_handlers[kind](
        message(kind, value), cast(Any, None), cast(ActionContext, type("Tools", (), {"posting": posting})())
    )
    assert outcome.state == "done"
    return outcome.reason


def test_describe_slack_reports_the_state_without_the_token(opened: Opened, server: SlackServer) -> None:
    posting = opened()
    with capture_logs() as logs:
        said = act("describe_slack", posting)
        posting.on_message(message("describe_slack"))
    assert said.startswith("posting: True, waiting: 0, channels: ")
    assert [line["event"] for line in logs] == ["slack_described", "slack_described"]
    assert TOKEN not in said + str(logs)
    assert "no Slack token" in act("refresh_slack", None)
    assert act("describe_slack", None) == "posting: False"


def message(kind: str, value: Any = True) -> ReceivedMessage:
    (control,) = stamp_entries([("bmm", {kind: value})])
    assert isinstance(control, ReceivedMessage)
    return control


def test_refresh_slack_clears_the_channel_cache_of_every_worker(opened: Opened, server: SlackServer) -> None:
    posting = opened()
    posting(Post("early", "pass-3", "too early"))
    settled(posting)
    server.lookups["3"] = [{"channel_name": "pass-3-bmm", "channel_id": "C3"}]
    server.channels["C3"] = "pass-3-bmm"
    posting.on_message(message("resting_state"))
    posting(Post("still early", "pass-3", "the facility said no a moment ago"))
    settled(posting)
    assert server.list_texts("C3") == []
    posting.on_message(message("refresh_slack"))
    posting(Post("now", "pass-3", "now"))
    settled(posting)
    assert server.list_texts("C3") == ["now"]


def test_verbose_is_answered() -> None:
    assert (act("verbose", None, True), act("verbose", None, False)) == ("in full", "briefly")
