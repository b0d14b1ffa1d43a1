import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from helpers.patience import SECONDS as DEADLINE
from xafs_workers.cli.record import record
from xafs_workers.cli.replay import replay
from xafs_workers.recording.session import Session
from xafs_workers.settings import Settings
from xafs_workers.simulation.broker import EmbeddedBroker

app = typer.Typer()
app.command("record")(record)
app.command("replay")(replay)

RUN = """["start", {"uid": "run-1", "time": 5.0}]
["stop", {"uid": "s", "run_start": "run-1", "time": %s, "exit_status": "success"}]
"""
COMMAND = """
import typer
from xafs_workers.cli import record, replay
app = typer.Typer(pretty_exceptions_enable=False)
app.command("record")(record.record)
app.command("replay")(replay.replay)
app()
"""


@pytest.fixture(autouse=True)
def _restore_signals():
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def broker():
    with EmbeddedBroker(Settings()) as running:
        yield running.bootstrap_servers


@pytest.fixture
def session(tmp_path):
    path = tmp_path / "plain.jsonl"
    path.write_text('["bmm", {"close": "all"}]\n' + RUN % 5.1)
    return path


def call(*arguments):
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    return result.exit_code, re.sub(r"\x1b\[\d*m", "", result.output)


def test_a_replay_reports_what_was_delivered(session, broker):
    code, said = call("replay", session, "--speed", "max", "--kafka", broker)
    assert code == 0
    assert "1 control, 2 documents of 3 records delivered" in said


def test_problems_are_listed_by_line_and_errors_end_the_replay(session, broker):
    with session.open("a") as file:
        file.write('["bmm", {"closs": 1}]\n["event", {}]\nrubbish\n')
    code, said = call("replay", session, "--speed", "max", "--kafka", broker)
    assert code == 1
    assert f"{session}:4: warning: " in said
    assert f"{session}:5: error: event" in said
    assert f"{session}:6: error: not a line of JSON" in said
    assert "delivered" not in said
    code, said = call("replay", session, "--speed", "max", "--kafka", broker, "--force")
    assert code == 0
    assert "2 control, 3 documents of 5 records delivered" in said


def test_warnings_end_the_replay_only_when_strict(session, broker):
    with session.open("a") as file:
        file.write('["bmm", {"closs": 1}]\n')
    assert call("replay", session, "--speed", "max", "--kafka", broker)[0] == 0
    code, said = call("replay", session, "--speed", "max", "--kafka", broker, "--strict")
    assert (code, "delivered" in said) == (1, False)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--speed", "fast"), "--speed 'fast': not a speed (expected a positive number or max"),
        (("--speed", "0"), "expected a positive number"),
        (("--speed", "inf"), "expected a positive number"),
        (("--config", "missing.yaml"), "missing.yaml"),
        (("--kafka", " "), "got no server (expected host:port"),
    ],
)
def test_wrong_options_exit_with_code_2(session, arguments, reason):
    code, said = call("replay", session, *arguments)
    assert code == 2
    assert reason in said


def test_a_file_that_is_no_recording_exits_with_code_2(tmp_path):
    assert call("replay", tmp_path / "none.jsonl")[0] == 2
    (tmp_path / "empty.jsonl").touch()
    code, said = call("replay", tmp_path / "empty.jsonl")
    assert code == 2
    assert "file is empty (expected a recording)" in said


def test_a_recording_does_not_overwrite_a_file(session):
    before = session.read_text()
    code, said = call("record", session)
    assert code == 2
    assert "never overwritten" in said
    assert session.read_text() == before


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--since", "soon"), "--since 'soon': not a time (expected a duration"),
        (("--since", "1h", "--from-beginning"), "exclude"),
    ],
)
def test_an_ambiguous_or_missing_begin_is_refused(tmp_path, arguments, reason):
    code, said = call("record", tmp_path / "x.jsonl", *arguments)
    assert code == 2
    assert reason in said


@contextmanager
def started(*arguments):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    command = [sys.executable, "-c", COMMAND, *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(condition):
    waiting, deadline = threading.Event(), time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        waiting.wait(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_recording_ends_cleanly_on_a_signal(tmp_path, session, broker, number):
    path = tmp_path / "recording.jsonl.gz"
    with started("record", path, "--kafka", broker) as process:
        wait_for(path.exists)
        assert call("replay", session, "--speed", "max", "--kafka", broker)[0] == 0
        wait_for(lambda: len(list(Session(path).read_records(on_error=lambda error: None))) == 3)
        process.send_signal(number)
        said, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0
    assert "1 control, 2 documents, 0 of them undecodable" in said
    assert [one.body for one in Session(path).read_records()] == [one.body for one in Session(session).read_records()]


def test_a_replay_ends_at_once_on_a_signal(tmp_path, broker):
    path, recorded = tmp_path / "long.jsonl", tmp_path / "recorded.jsonl"
    path.write_text(RUN % 9999)
    with started("record", recorded, "--kafka", broker) as recorder:
        wait_for(recorded.exists)
        with started("replay", path, "--speed", "1", "--kafka", broker, "--longest-gap", "1000") as process:
            wait_for(lambda: recorded.read_text().count("\n") == 2)
            process.send_signal(signal.SIGINT)
            said, errors = process.communicate(timeout=DEADLINE)
        recorder.terminate()
        recorder.communicate(timeout=DEADLINE)
    assert process.returncode == 130
    assert "0 control, 1 documents of 2 records delivered" in said
    assert "stopped before the end" in errors
