"""The doctor on a healthy set-up, and on broken ones: the fault and what mends it are named each time."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from confluent_kafka import Producer

from helpers.browsing import Show
from helpers.processes import wait_until
from helpers.slack_server import SCOPES, TOKEN, SlackServer
from plugins.brokers import ApacheAdmin, Broker, _broker
from xafs_workers.diagnostics.doctor.examine import examine
from xafs_workers.diagnostics.doctor.finding import Case, Check, Finding
from xafs_workers.diagnostics.doctor.pages import browser_view
from xafs_workers.diagnostics.doctor.services import display, redis, tiled
from xafs_workers.diagnostics.doctor.services import slack as slack_check
from xafs_workers.settings import load
from xafs_workers.simulation.tiled_server import TiledServer
from xafs_workers.wire import encode

NOBODY = 65534
SESSION = "pass-1"
TOPICS = ("control", "documents", "answers", "status", "dead_letters")


AS_NOBODY = f"""
import contextlib, io, os
from xafs_workers.cli.main import app
if os.geteuid() == 0:
    # Python itself may lie where only root reads: all that is needed is loaded first
    with contextlib.redirect_stdout(io.StringIO()):
        app(standalone_mode=False)
    os.setgroups([])
    os.setresgid({NOBODY}, {NOBODY}, {NOBODY})
    os.setresuid({NOBODY}, {NOBODY}, {NOBODY})
app()
"""
"""Runs the command in an account without rights, in a process that has no way back."""


class Setup:
    """Everything that a worker leans on, each part real; a test breaks one."""

    def __init__(self, folder: Path, broker: Broker, tiled: TiledServer, slack: SlackServer):
        self.folder, self.broker, self.slack = folder, broker, slack
        self.session = folder / "proposals" / "2026-3" / SESSION
        self.session.mkdir(parents=True)
        (folder / "token").write_text(TOKEN)
        self.content: dict[str, Any] = {
            "beamline": f"b{uuid.uuid4().hex[:8]}",
            "kafka": {"bootstrap_servers": broker.bootstrap_servers},
            "storage": {"proposals_root": str(folder / "proposals"), "root_aliases": {}},
            "catalog": {"uri": tiled.uri, "api_key_file": str(tiled.api_key_file), "timeout": 10},
            "slack": {
                "token_file": str(folder / "token"),
                "base_url": slack.base_url,
                "channels": {SESSION: "C1"},
                "staff_channel": "CSTAFF",
                "timeout": 2,
            },
            "state_directory": str(folder / "state"),
            "doctor": {"least_free_bytes": 1},
        }

    @property
    def config(self) -> Path:
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(self.content))
        path.chmod(0o644)
        return path

    def create_topics(self, *without: str) -> None:
        settings = load(self.config)
        for name in TOPICS:
            if name not in without:
                self.broker.create_topic(settings.topic(name), 4)  # type: ignore[arg-type]

    def write(self, topic: Any, age: float) -> None:
        producer = Producer({"bootstrap.servers": self.broker.bootstrap_servers, "log_level": 0})
        stamp = int((time.time() - age) * 1000)
        settings = load(self.config)
        producer.produce(settings.topic(topic), value=encode("bmm", {"resting_state": True}), timestamp=stamp)
        assert producer.flush(20) == 0

    def examined(self, role: Any = "file-manager", **case: Any) -> list[Finding]:
        return list(examine(Case(load(self.config), role, patience=3.0, listens=0.3, **case)))

    def checked(self, check: Check, role: Any = "file-manager") -> list[Finding]:
        """Make one check alone."""
        return list(check(Case(load(self.config), role, patience=3.0, listens=0.3)))

    def in_another_account(self, role: str, *options: str) -> list[Finding]:
        """Run the command in an account without rights, where this one could make such."""
        arguments = ["doctor", "--json", "--role", role, "--config", str(self.config), *options]
        command = [sys.executable, "-c", AS_NOBODY, *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode in (0, 1), done.stderr
        assert done.stdout, done.stderr
        findings = [Finding(**finding) for finding in json.loads(done.stdout)]
        assert (done.returncode == 1) == any(finding.level == "fault" for finding in findings)
        return findings


@pytest.fixture(scope="module")
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.fixture
def setup(
    request: pytest.FixtureRequest, tiled_server: TiledServer, slack: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Setup]:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "SLACK_BOT_TOKEN", "TILED_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with tempfile.TemporaryDirectory() as name:  # of pytest's own folder other accounts see nothing
        folder = Path(name)
        folder.chmod(0o755)
        yield Setup(folder, _broker("embedded", request), tiled_server, slack)


def faults(findings: list[Finding]) -> dict[str, Finding]:
    found = {finding.check: finding for finding in findings if finding.level == "fault"}
    assert all(finding.remedy for finding in found.values())
    return found


def only(check: str, findings: list[Finding]) -> str:
    """Return the words of the one fault, of which nothing else is infected."""
    found = faults(findings)
    assert list(found) == [check], findings
    return f"{found[check].text} → {found[check].remedy}"


def give_away(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    if shutil.which("redis-server") is None and not os.environ.get("CI"):
        pytest.skip("no redis-server")
    socket = tmp_path / "redis.sock"
    command = ["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", tmp_path]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(socket.exists, "Redis")
    yield f"unix://{socket}"
    process.terminate()
    process.wait(10)


def test_a_healthy_set_up_is_all_ok(setup: Setup, redis_url: str) -> None:
    setup.create_topics()
    setup.content["key_store"] = {"url": redis_url}
    findings = setup.examined()
    assert faults(findings) == {}
    by = {finding.check for finding in findings if finding.level == "ok"}
    assert by >= {"configuration", "broker", "topics", "rights", "tiled", "state", "disk", "redis", "slack"}
    words = "\n".join(finding.text for finding in findings)
    assert "pass-1: channel pass-1-bmm" in words
    assert TOKEN not in words


@pytest.mark.kafka
def test_a_real_kafka_is_all_ok_and_its_clock_is_compared(
    setup: Setup, request: pytest.FixtureRequest, apache_admin: ApacheAdmin
) -> None:
    setup.broker = _broker("apache", request)
    setup.content["kafka"]["bootstrap_servers"] = setup.broker.bootstrap_servers
    settings = load(setup.config)
    for name in TOPICS:
        apache_admin.create_topic(settings.topic(name), 2, message_timestamp_type="LogAppendTime")  # type: ignore[arg-type]
    findings = setup.examined()
    assert faults(findings) == {}
    assert [finding.level for finding in findings if finding.check == "clock"] == ["ok"]


def test_wrong_broker(setup: Setup, unused_port: int) -> None:
    setup.content["kafka"]["bootstrap_servers"] = f"127.0.0.1:{unused_port}"
    words = only("broker", setup.examined())
    assert f"127.0.0.1:{unused_port} does not answer" in words
    assert "kafka.bootstrap_servers" in words


def test_no_kafka_file(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    setup.content["kafka"] = {"config_file": "/nowhere/kafka.yml"}
    assert "/nowhere/kafka.yml: no such file" in only("broker", setup.examined())


def test_missing_topic(setup: Setup) -> None:
    setup.create_topics("dead_letters")
    words = only("topics", setup.examined())
    assert f"missing: {setup.content['beamline']}.workers.dead-letters" in words
    assert "create them" in words


def test_no_tiled(setup: Setup, unused_port: int, key_of_nobody: Path) -> None:
    setup.create_topics()
    right = dict(setup.content["catalog"])
    setup.content["catalog"] = {**right, "uri": f"http://127.0.0.1:{unused_port}/api/v1"}
    assert "start the Tiled server" in only("tiled", setup.examined())
    setup.content["catalog"] = {**right, "api_key_file": str(key_of_nobody)}
    assert "check catalog.uri, catalog.path, and the key" in only("tiled", setup.checked(tiled))
    setup.content["catalog"] = {}
    assert "set catalog.profile" in only("tiled", setup.checked(tiled))
    assert faults(setup.checked(tiled, "headless")) == {}, "only the file manager needs one"


def test_read_only_folder(setup: Setup) -> None:
    setup.create_topics()
    setup.session.chmod(0o555)
    give_away(setup.session)
    setup.content |= {"catalog": {}, "slack": {}, "state_directory": str(setup.folder / "state")}
    (setup.folder / "state").mkdir()
    give_away(setup.folder / "state")
    words = only("proposals", setup.in_another_account("headless"))
    assert f"cannot write in {setup.session}: Permission denied: its own, but read-only (dr-xr-xr-x)" in words
    assert f"chmod u+rwx {setup.session}" in words


def test_wrong_owner_of_proposals_and_of_the_workers_own_state(setup: Setup) -> None:
    setup.create_topics()
    setup.content |= {"catalog": {}, "slack": {}, "state_directory": "/usr/share"}
    setup.content["storage"]["proposals_root"] = "/"
    found = faults(setup.in_another_account("headless", "--session", "share"))
    assert set(found) == {"proposals", "state"}
    assert "cannot write in /usr/share: Permission denied: owned by root" in found["proposals"].text
    assert "setfacl" in found["proposals"].remedy
    assert "owned by root" in found["state"].text
    assert "set state_directory" in found["state"].remedy


@pytest.mark.parametrize(("mode", "level"), [(0o777, "fault"), (0o555, "ok")])
def test_the_screens_account_must_have_no_right_on_the_proposals(mode: int, level: str, setup: Setup) -> None:
    setup.create_topics()
    setup.session.chmod(mode)
    findings = setup.in_another_account("web")
    (finding,) = [finding for finding in findings if finding.check == "proposals"]
    assert finding.level == level
    if level == "fault":
        assert "the web worker's account must not" in finding.text
        assert "beamline operator" in finding.remedy


def test_where_all_workers_share_an_account_nobody_is_told_apart(setup: Setup) -> None:
    setup.create_topics()
    setup.session.chmod(0o777)
    setup.content["doctor"]["one_account"] = True
    for role in ("web", "headless"):
        findings = setup.in_another_account(role)
        (finding,) = [finding for finding in findings if finding.check == "proposals"]
        assert (finding.level, "may write in" in finding.text) == ("ok", True)


def test_no_proposals_at_all(setup: Setup) -> None:
    setup.create_topics()
    setup.content["storage"]["proposals_root"] = str(setup.folder / "not mounted")
    assert "mount it, or set storage.proposals_root" in only("proposals", setup.examined())


def test_expired_slack_token(setup: Setup) -> None:
    setup.create_topics()
    (setup.folder / "token").write_text("xoxb-old")
    words = only("slack", setup.examined())
    assert "token_expired" in words
    assert "valid bot token" in words
    assert "xoxb-old" not in words
    (setup.folder / "token").unlink()
    assert "put the bot token there" in only("slack", setup.checked(slack_check))


def test_slack_that_is_away_a_wrong_channel_and_missing_scopes(setup: Setup, unused_port: int) -> None:
    setup.content["slack"]["channels"] = {SESSION: "C404"}
    assert "C404 of pass-1: channel_not_found → correct its id" in only("slack", setup.checked(slack_check))
    setup.content["slack"]["channels"] = {}
    findings = [f for f in setup.checked(slack_check) if f.level == "warning" and f.check == "slack"]
    assert "pass-1 has no channel" in findings[0].text
    setup.slack.scopes = "chat:write,files:write,channels:read"
    try:
        findings = [f for f in setup.checked(slack_check) if f.level == "warning" and "lacks" in f.text]
    finally:
        setup.slack.scopes = SCOPES
    assert "files:read" in findings[0].text
    assert "channels:history" in findings[0].text
    setup.content["slack"]["base_url"] = f"http://127.0.0.1:{unused_port}/"
    assert "check slack.base_url" in only("slack", setup.checked(slack_check))


def test_no_display(setup: Setup, monkeypatch: pytest.MonkeyPatch, qt: None) -> None:
    setup.create_topics()
    setup.content["storage"]["proposals_root"] = "/proc/self/no"  # its own fault, expected here
    assert faults(setup.checked(display, "screen")) == {}
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    finding = faults(setup.examined("screen"))["display"]
    assert "neither DISPLAY nor WAYLAND_DISPLAY is set" in finding.text
    assert "in the session of whoever sits at the screen" in finding.remedy


@pytest.mark.parametrize("ahead", [5.0, 7200.0])
def test_skewed_clock(ahead: float, setup: Setup) -> None:
    setup.create_topics()
    setup.write("control", -ahead)
    words = only("clock", setup.examined())
    assert "s behind that of those who write to the topics" in words
    assert "chronyd" in words


def test_a_clock_that_is_ahead_is_seen_while_others_write(setup: Setup) -> None:
    import threading

    setup.create_topics()
    setup.write("control", 60.0)
    stop = threading.Event()

    def write() -> None:
        while not stop.wait(0.1):
            setup.write("control", 60.0)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        case = Case(load(setup.config), "headless", patience=3.0, listens=20.0)
        words = only("clock", list(examine(case)))
    finally:
        stop.set()
        writer.join()
    assert "60 s ahead of that of those who write" in words


def test_the_browser_view_and_who_may_look(setup: Setup, unused_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    setup.content["web"] = {"port": unused_port}
    assert [finding.level for finding in setup.checked(browser_view, "web")] == ["ok"]
    assert setup.checked(browser_view, "headless") == []
    with socket.create_server(("127.0.0.1", unused_port)):
        (taken,) = setup.checked(browser_view, "web")
    assert (taken.level, "in use" in taken.text) == ("warning", True)
    show = Show(prefix="/some/where/")
    try:
        setup.content["web"] = {"port": urlsplit(show.address).port, "prefix": "some/where"}
        (running,) = setup.checked(browser_view, "web")
    finally:
        show.close()
    assert (running.level, "the browser view answers there" in running.text) == ("ok", True)
    setup.content["web"] = {"port": unused_port}
    setup.content["web"] |= {"host": "0.0.0.0"}
    assert [finding.level for finding in setup.checked(browser_view, "web")] == ["ok", "warning", "warning"]
    setup.content["web"] |= {"origins": ["plots.example.org"], "token_file": str(setup.folder / "nothing")}
    assert "token_file" in only("pages", setup.checked(browser_view, "web"))
    (setup.folder / "nothing").write_text("no guessing\n")
    assert [finding.level for finding in setup.checked(browser_view, "web")] == ["ok"]


def test_full_disk(setup: Setup) -> None:
    setup.create_topics()
    setup.content["doctor"]["least_free_bytes"] = 10**18
    words = only("disk", setup.examined())
    assert "free, expected at least 1000000.0 TB → make room" in words


def test_a_disk_that_is_really_full(setup: Setup) -> None:
    """What a write to a full file system says, on one of one page."""
    small = setup.folder / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "none", small], capture_output=True).returncode:
        pytest.skip("this account may not mount")
    try:
        (small / "fills").write_bytes(b"\0" * 4096)
        setup.create_topics()
        setup.content["state_directory"] = str(small)
        found = faults(setup.examined("headless"))
        assert set(found) == {"state", "disk"}
        assert "No space left on device" in found["state"].text
        assert found["state"].remedy == "make room on it"
    finally:
        subprocess.run(["umount", small], check=True)


def test_bad_configuration(setup: Setup) -> None:
    setup.content["storage"]["proposal_root"] = "/typo"
    (finding,) = setup.in_another_account("headless")
    assert (finding.check, finding.level) == ("configuration", "fault")
    assert "storage.proposal_root" in finding.text
    assert "config schema" in finding.remedy


def test_a_check_that_fails_itself_does_not_end_the_others(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    from xafs_workers.diagnostics.doctor import examine as module

    def broken(case: Case) -> Iterator[Finding]:
        raise ZeroDivisionError("oh")
        yield

    monkeypatch.setattr(module, "CHECKS", (broken, *module.CHECKS[3:4]))
    findings = setup.examined()
    assert "ZeroDivisionError: oh" in only("broken", findings)
    assert [finding.check for finding in findings] == ["configuration", "broken", "state"]


def test_redis_that_is_away(setup: Setup, unused_port: int) -> None:
    case = Case(load(setup.config), patience=1.0)
    settings = case.settings.model_copy(
        update={
            "key_store": case.settings.key_store.model_copy(update={"url": f"redis://:secret@127.0.0.1:{unused_port}"})
        }
    )
    (finding,) = redis(replace(case, settings=settings))
    assert (finding.level, "secret" in finding.text) == ("fault", False)
    assert "key_store.url" in finding.remedy
