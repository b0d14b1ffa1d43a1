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

from helpers.browser import BrowserHarness
from helpers.patience import SECONDS as PATIENCE
from helpers.processes import wait_until
from helpers.redis_server import SecuredRedisServer
from helpers.slack_server import SCOPES, TOKEN, SlackServer
from plugins.brokers import ApacheAdmin, Broker, _build_broker
from xafs_workers.configuration import load
from xafs_workers.diagnostics.doctor.broker import check_broker
from xafs_workers.diagnostics.doctor.examine import examine
from xafs_workers.diagnostics.doctor.finding import Case, Check, Finding
from xafs_workers.diagnostics.doctor.pages import check_browser_view
from xafs_workers.diagnostics.doctor.services import check_display, check_redis, check_tiled
from xafs_workers.diagnostics.doctor.services import check_slack as slack_check
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


class DoctorSetup:
    """Everything that a worker depends on, each part real; a test breaks one."""

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
                self.broker.create_topic(settings.get_topic(name), 4)  # type: ignore[arg-type]

    def write(self, topic: Any, age: float) -> None:
        producer = Producer({"bootstrap.servers": self.broker.bootstrap_servers, "log_level": 0})
        stamp = int((time.time() - age) * 1000)
        settings = load(self.config)
        producer.produce(settings.get_topic(topic), value=encode("bmm", {"resting_state": True}), timestamp=stamp)
        assert producer.flush(20) == 0

    def run_examination(self, role: Any = "file-manager", **case: Any) -> list[Finding]:
        return list(examine(Case(load(self.config), role, timeout=3.0, listen_seconds=0.3, **case)))

    def run_check(self, check: Check, role: Any = "file-manager") -> list[Finding]:
        """Make one check alone."""
        return list(check(Case(load(self.config), role, timeout=3.0, listen_seconds=0.3)))

    def examine_in_another_account(self, role: str, *options: str) -> list[Finding]:
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
) -> Iterator[DoctorSetup]:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "SLACK_BOT_TOKEN", "TILED_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with tempfile.TemporaryDirectory() as name:  # of pytest's own folder other accounts see nothing
        folder = Path(name)
        folder.chmod(0o755)
        yield DoctorSetup(folder, _build_broker("embedded", request), tiled_server, slack)


def find_faults(findings: list[Finding]) -> dict[str, Finding]:
    found = {finding.check: finding for finding in findings if finding.level == "fault"}
    assert all(finding.remedy for finding in found.values())
    return found


def get_only_fault_text(check: str, findings: list[Finding]) -> str:
    """Return the words of the one fault, of which nothing else is infected."""
    found = find_faults(findings)
    assert list(found) == [check], findings
    return f"{found[check].text} → {found[check].remedy}"


def change_owner(path: Path) -> None:
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
    process.wait(PATIENCE)


def test_a_healthy_setup_is_all_ok(setup: DoctorSetup, redis_url: str) -> None:
    setup.create_topics()
    setup.content["key_store"] = {"url": redis_url}
    findings = setup.run_examination()
    assert find_faults(findings) == {}
    by = {finding.check for finding in findings if finding.level == "ok"}
    assert by >= {"configuration", "broker", "topics", "rights", "tiled", "state", "disk", "redis", "slack"}
    words = "\n".join(finding.text for finding in findings)
    assert "pass-1: channel pass-1-bmm" in words
    assert TOKEN not in words


@pytest.mark.kafka
def test_a_real_kafka_is_ok_and_its_clock_is_compared(
    setup: DoctorSetup, request: pytest.FixtureRequest, apache_admin: ApacheAdmin
) -> None:
    setup.broker = _build_broker("apache", request)
    setup.content["kafka"]["bootstrap_servers"] = setup.broker.bootstrap_servers
    settings = load(setup.config)
    for name in TOPICS:
        apache_admin.create_topic(settings.get_topic(name), 2, message_timestamp_type="LogAppendTime")  # type: ignore[arg-type]
    findings = setup.run_examination()
    assert find_faults(findings) == {}
    assert [finding.level for finding in findings if finding.check == "clock"] == ["ok"]


@pytest.mark.kafka
def test_compaction_and_mixed_stamps_are_reported(
    setup: DoctorSetup, request: pytest.FixtureRequest, apache_admin: ApacheAdmin
) -> None:
    setup.broker = _build_broker("apache", request)
    setup.content["kafka"]["bootstrap_servers"] = setup.broker.bootstrap_servers
    settings = load(setup.config)
    apache_admin.create_topic(settings.get_topic("control"), 1, message_timestamp_type="LogAppendTime")
    apache_admin.create_topic(settings.get_topic("documents"), 1, cleanup_policy="compact")
    setup.create_topics("control", "documents")
    found = [finding for finding in setup.run_check(check_broker) if finding.check == "topic settings"]
    assert [finding.level for finding in found] == ["warning", "warning"]
    assert f"{settings.get_topic('documents')} is compacted" in found[0].text
    assert settings.get_topic("control") in found[1].text


def test_an_unreachable_broker_is_reported(setup: DoctorSetup, unused_port: int) -> None:
    setup.content["kafka"]["bootstrap_servers"] = f"127.0.0.1:{unused_port}"
    words = get_only_fault_text("broker", setup.run_examination())
    assert f"127.0.0.1:{unused_port} does not answer" in words
    assert "kafka.bootstrap_servers" in words


def test_a_missing_kafka_file_is_reported(setup: DoctorSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    setup.content["kafka"] = {"config_file": "/nowhere/kafka.yml"}
    assert "/nowhere/kafka.yml: no such file" in get_only_fault_text("broker", setup.run_examination())


def test_a_missing_topic_is_reported(setup: DoctorSetup) -> None:
    setup.create_topics("documents")
    words = get_only_fault_text("topics", setup.run_check(check_broker))
    assert f"missing: {setup.content['beamline']}.bluesky.runengine.documents" in words
    assert "xafs-workers install --topics" in words


def test_the_topics_of_the_facility_alone_are_enough(setup: DoctorSetup) -> None:
    setup.create_topics("answers", "status", "dead_letters")
    findings = setup.run_check(check_broker)
    assert find_faults(findings) == {}
    words = [finding.text for finding in findings if finding.level == "warning"]
    for part in ("plans that `ask` get no answer", "`status` and `watch` show no worker", "in the worker's log alone"):
        assert any(part in text and "files, pictures, posts and the key store work" in text for text in words), part


@pytest.mark.slow
def test_the_example_of_bmm_is_all_ok(
    setup: DoctorSetup, request: pytest.FixtureRequest, secured_redis: SecuredRedisServer, tmp_path: Path
) -> None:
    """On a simulated facility: a real Kafka by its file, Redis with TLS and password, Tiled, Slack's channel list."""
    broker, given = _build_broker("apache", request), setup.content
    content = yaml.safe_load((Path(__file__).parents[2] / "docs/examples/bmm.yaml").read_text())
    facility = {"abort_run_on_kafka_exception": False, "bootstrap_servers": [broker.bootstrap_servers]}
    kafka, secret = setup.folder / "kafka.yml", tmp_path / "redis.secret"
    kafka.write_text(yaml.safe_dump({**facility, "runengine_producer_config": {"acks": 1}}))
    secret.write_text(secured_redis.password)
    setup.slack.lookups["1"] = [{"name": f"{SESSION}-{given['beamline']}", "conversation_id": "C1"}]
    # What every facility has of its own: addresses, folders, secrets, and here the prefix of the topics.
    content["beamline"], content["kafka"]["config_file"] = given["beamline"], str(kafka)
    content["storage"]["proposals_root"] = given["storage"]["proposals_root"]
    content["storage"]["root_aliases"] = {"/nsls2/data3/bmm/proposals": given["storage"]["proposals_root"]}
    content["key_store"] |= {"url": secured_redis.url, "password_file": str(secret)}
    content["key_store"]["ca_file"] = str(secured_redis.certificate)
    content["catalog"] = given["catalog"]
    content["slack"] |= {name: given["slack"][name] for name in ("token_file", "base_url", "staff_channel")}
    content["slack"]["lookup_url"] = setup.slack.lookup_url
    setup.content, setup.broker = (
        {**content, "state_directory": given["state_directory"], "doctor": given["doctor"]},
        broker,
    )
    setup.create_topics()
    findings = setup.run_examination()
    assert find_faults(findings) == {}
    words = "\n".join(finding.text for finding in findings)
    assert f"{SESSION}: channel" in words
    for hidden in (TOKEN, secured_redis.password):
        assert hidden not in words


def test_an_unreachable_tiled_server_is_reported(setup: DoctorSetup, unused_port: int, wrong_key_file: Path) -> None:
    setup.create_topics()
    right = dict(setup.content["catalog"])
    setup.content["catalog"] = {**right, "uri": f"http://127.0.0.1:{unused_port}/api/v1"}
    assert "start the Tiled server" in get_only_fault_text("tiled", setup.run_examination())
    setup.content["catalog"] = {**right, "api_key_file": str(wrong_key_file)}
    assert "check catalog.uri, catalog.path, and the key" in get_only_fault_text("tiled", setup.run_check(check_tiled))
    setup.content["catalog"] = {}
    assert "set catalog.profile" in get_only_fault_text("tiled", setup.run_check(check_tiled))
    assert find_faults(setup.run_check(check_tiled, "headless")) == {}, "only the file manager needs one"


def test_a_read_only_folder_is_reported(setup: DoctorSetup) -> None:
    setup.create_topics()
    setup.session.chmod(0o555)
    change_owner(setup.session)
    setup.content |= {"catalog": {}, "slack": {}, "state_directory": str(setup.folder / "state")}
    (setup.folder / "state").mkdir()
    change_owner(setup.folder / "state")
    words = get_only_fault_text("proposals", setup.examine_in_another_account("headless"))
    assert f"cannot write in {setup.session}: Permission denied: its own, but read-only (dr-xr-xr-x)" in words
    assert f"chmod u+rwx {setup.session}" in words


def test_wrong_owners_of_proposal_or_state_are_reported(setup: DoctorSetup) -> None:
    setup.create_topics()
    setup.content |= {"catalog": {}, "slack": {}, "state_directory": "/usr/share"}
    setup.content["storage"]["proposals_root"] = "/"
    found = find_faults(setup.examine_in_another_account("headless", "--session", "share"))
    assert set(found) == {"proposals", "state"}
    assert "cannot write in /usr/share: Permission denied: owned by root" in found["proposals"].text
    assert "setfacl" in found["proposals"].remedy
    assert "owned by root" in found["state"].text
    assert "set state_directory" in found["state"].remedy


@pytest.mark.parametrize(("mode", "level"), [(0o777, "fault"), (0o555, "ok")])
def test_a_screen_account_with_write_access_is_reported(mode: int, level: str, setup: DoctorSetup) -> None:
    setup.create_topics()
    setup.session.chmod(mode)
    findings = setup.examine_in_another_account("web")
    (finding,) = [finding for finding in findings if finding.check == "proposals"]
    assert finding.level == level
    if level == "fault":
        assert "the web worker's account must not" in finding.text
        assert "beamline operator" in finding.remedy


def test_a_shared_account_may_write_in_the_proposals(setup: DoctorSetup) -> None:
    setup.create_topics()
    setup.session.chmod(0o777)
    setup.content["doctor"]["one_account"] = True
    for role in ("web", "headless"):
        findings = setup.examine_in_another_account(role)
        (finding,) = [finding for finding in findings if finding.check == "proposals"]
        assert (finding.level, "may write in" in finding.text) == ("ok", True)


def test_a_missing_proposals_root_is_reported(setup: DoctorSetup) -> None:
    setup.create_topics()
    setup.content["storage"]["proposals_root"] = str(setup.folder / "not mounted")
    assert "mount it, or set storage.proposals_root" in get_only_fault_text("proposals", setup.run_examination())


def test_an_expired_slack_token_is_reported(setup: DoctorSetup) -> None:
    setup.create_topics()
    (setup.folder / "token").write_text("xoxb-old")
    words = get_only_fault_text("slack", setup.run_examination())
    assert "token_expired" in words
    assert "valid bot token" in words
    assert "xoxb-old" not in words
    (setup.folder / "token").unlink()
    assert "put the bot token there" in get_only_fault_text("slack", setup.run_check(slack_check))


def test_slack_outage_wrong_channel_and_scopes_are_reported(setup: DoctorSetup, unused_port: int) -> None:
    setup.content["slack"]["channels"] = {SESSION: "C404"}
    assert "C404 of pass-1: channel_not_found → correct its id" in get_only_fault_text(
        "slack", setup.run_check(slack_check)
    )
    setup.content["slack"]["channels"] = {}
    findings = [f for f in setup.run_check(slack_check) if f.level == "warning" and f.check == "slack"]
    assert "pass-1 has no channel" in findings[0].text
    setup.slack.scopes = "chat:write,files:write,channels:read"
    try:
        findings = [f for f in setup.run_check(slack_check) if f.level == "warning" and "lacks" in f.text]
    finally:
        setup.slack.scopes = SCOPES
    assert "files:read" in findings[0].text
    assert "channels:history" in findings[0].text
    setup.content["slack"]["base_url"] = f"http://127.0.0.1:{unused_port}/"
    assert "check slack.base_url" in get_only_fault_text("slack", setup.run_check(slack_check))


def test_a_missing_display_is_reported(setup: DoctorSetup, monkeypatch: pytest.MonkeyPatch, qt: None) -> None:
    setup.create_topics()
    setup.content["storage"]["proposals_root"] = "/proc/self/no"  # its own fault, expected here
    assert find_faults(setup.run_check(check_display, "screen")) == {}
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    finding = find_faults(setup.run_examination("screen"))["display"]
    assert "neither DISPLAY nor WAYLAND_DISPLAY is set" in finding.text
    assert "in the session of whoever sits at the screen" in finding.remedy


@pytest.mark.parametrize("ahead", [5.0, 7200.0])
def test_a_skewed_clock_is_reported(ahead: float, setup: DoctorSetup) -> None:
    setup.create_topics()
    setup.write("control", -ahead)
    words = get_only_fault_text("clock", setup.run_examination())
    assert "s behind that of those who write to the topics" in words
    assert "chronyd" in words


def test_a_clock_ahead_is_found_while_others_write(setup: DoctorSetup) -> None:
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
        case = Case(load(setup.config), "headless", timeout=3.0, listen_seconds=20.0)
        words = get_only_fault_text("clock", list(examine(case)))
    finally:
        stop.set()
        writer.join()
    assert "60 s ahead of that of those who write" in words


def test_access_to_the_browser_view_is_reported(
    setup: DoctorSetup, unused_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup.content["web"] = {"port": unused_port}
    assert [finding.level for finding in setup.run_check(check_browser_view, "web")] == ["ok"]
    assert setup.run_check(check_browser_view, "headless") == []
    with socket.create_server(("127.0.0.1", unused_port)):
        (taken,) = setup.run_check(check_browser_view, "web")
    assert (taken.level, "in use" in taken.text) == ("warning", True)
    show = BrowserHarness(prefix="/some/where/")
    try:
        setup.content["web"] = {"port": urlsplit(show.address).port, "prefix": "some/where"}
        (running,) = setup.run_check(check_browser_view, "web")
    finally:
        show.close()
    assert (running.level, "the browser view answers there" in running.text) == ("ok", True)
    setup.content["web"] = {"port": unused_port}
    setup.content["web"] |= {"host": "0.0.0.0"}
    assert [finding.level for finding in setup.run_check(check_browser_view, "web")] == ["ok", "warning", "warning"]
    setup.content["web"] |= {"origins": ["plots.example.org"], "token_file": str(setup.folder / "nothing")}
    assert "token_file" in get_only_fault_text("pages", setup.run_check(check_browser_view, "web"))
    (setup.folder / "nothing").write_text("no guessing\n")
    assert [finding.level for finding in setup.run_check(check_browser_view, "web")] == ["ok"]


def test_a_nearly_full_disk_is_reported(setup: DoctorSetup) -> None:
    setup.create_topics()
    setup.content["doctor"]["least_free_bytes"] = 10**18
    words = get_only_fault_text("disk", setup.run_examination())
    assert "free (expected at least 1000000.0 TB) → make room" in words


def test_a_full_disk_is_reported(setup: DoctorSetup) -> None:
    """Return the error of a write to a full file system of one page."""
    small = setup.folder / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "none", small], capture_output=True).returncode:
        pytest.skip("this account may not mount")
    try:
        (small / "fills").write_bytes(b"\0" * 4096)
        setup.create_topics()
        setup.content["state_directory"] = str(small)
        found = find_faults(setup.run_examination("headless"))
        assert set(found) == {"state", "disk"}
        assert "No space left on device" in found["state"].text
        assert found["state"].remedy == "make room on it"
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_bad_configuration_is_reported(setup: DoctorSetup) -> None:
    setup.content["storage"]["proposal_root"] = "/typo"
    (finding,) = setup.examine_in_another_account("headless")
    assert (finding.check, finding.level) == ("configuration", "fault")
    assert "storage.proposal_root" in finding.text
    assert "config schema" in finding.remedy


def test_a_failing_check_does_not_stop_the_others(setup: DoctorSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    from xafs_workers.diagnostics.doctor import examine as module

    def broken(case: Case) -> Iterator[Finding]:
        raise ZeroDivisionError("oh")
        yield

    monkeypatch.setattr(module, "CHECKS", (broken, module.check_state))
    findings = setup.run_examination()
    assert "ZeroDivisionError: oh" in get_only_fault_text("broken", findings)
    assert [finding.check for finding in findings] == ["configuration", "broken", "state"]


def test_an_unreachable_redis_is_reported(setup: DoctorSetup, unused_port: int) -> None:
    case = Case(load(setup.config), timeout=1.0)
    settings = case.settings.model_copy(
        update={
            "key_store": case.settings.key_store.model_copy(update={"url": f"redis://:secret@127.0.0.1:{unused_port}"})
        }
    )
    (finding,) = check_redis(replace(case, settings=settings))
    assert (finding.level, "secret" in finding.text) == ("fault", False)
    assert "correct key_store" in finding.remedy
