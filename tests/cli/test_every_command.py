"""Every command with input that is right: exit code, standard output and standard error, beside running workers.

Wrong input is in `test_first_contact.py`. A new command without a row fails here.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from helpers.patience import SECONDS as PATIENCE
from helpers.processes import wait_until
from xafs_workers.cli.main import app
from xafs_workers.configuration import load
from xafs_workers.simulation.broker import EmbeddedBroker

TOPICS = ("control", "documents", "answers", "status", "dead_letters")
WORKERS: dict[str, tuple[str, ...]] = {
    "file-manager": ("file-manager",),
    "headless": ("plot-manager", "--headless"),
    "screen": ("plot-manager",),
    "web": ("plot-manager", "--web"),
}
TOUCH = '{"touch": "PROPOSAL/dossier/MANIFEST"}'
WAITING = '{"touch": "PROPOSAL/later"}'


@dataclass(frozen=True)
class Row:
    """A command line with right input, and what is expected of it.

    CONFIG, PROPOSAL, FOLDER and LETTER stand for the configuration, a proposal's folder, a folder of the test and the
    record of a dead letter.
    """

    line: tuple[str, ...]
    output: str
    """Pattern that is found in the standard output."""
    code: int = 0
    errors: str = r"\A\Z"
    """Pattern that is found in the standard error; as a rule it is empty."""
    until: str = ""
    """Pattern in the standard output, or in FOLDER/new.jsonl, after which the command gets SIGINT; '' for none."""


CONFIG = ("--config", "CONFIG")
ROWS = (
    Row(("--version",), r"\Axafs-workers \d+\.\d+\.\d+\n\Z"),
    Row(("config", "show", *CONFIG), r"\A# FOLDER/.*\nprofile: (.*\n)+.*bootstrap_servers: '?127\.0\.0\.1"),
    Row(("config", "schema"), r'\A\{\n  "\$defs"'),
    Row(("config", "manual"), r"\A# Configuration\n"),
    Row(("messages",), r"\Akind +value +owner +meaning\n(.*\n)*linescan "),
    Row(("messages", "linescan"), r"\Alinescan: start    \(headless\)\n"),
    Row(("schema",), r"\A\{\n"),
    Row(("lint", "FOLDER/session.jsonl"), r"\A3 lines, 0 refused\n\Z", errors=r"\Apaths were not checked"),
    Row(("lint", "FOLDER/session.jsonl", *CONFIG), r"\A3 lines, 0 refused\n\Z"),
    Row(("install", "--topics", *CONFIG), r"(is there .*\n){5}\nAll topics exist\.\n\Z"),
    Row(("install", *CONFIG), r"\Anew  .*\n(.*\n)*\nNothing was written: --apply writes\.\n\Z"),
    Row(
        ("install", "--apply", "--target", "FOLDER/root", *CONFIG),
        r"\Anew .*FOLDER/root/.*\n(.*\n)*\nThe units may write below .* alone: .*\nNext, as root",
    ),
    Row(("status", "--once", *CONFIG), r"file-manager .*running(.*\n)*.*headless (.*\n)*.*screen (.*\n)*.*web "),
    Row(("status", "--json", *CONFIG), r'\A\[\n  \{\n    "worker": "file-manager"'),
    Row(("send", '{"close": "all"}', *CONFIG), r"\Aheadless: done\n\Z"),
    Row(("send", "{'close': 'all'}", "--json", *CONFIG), r'\A\{"message_id": "[^"]+", .*"state": "done".*\}\n\Z'),
    Row(("send", '{"close": "last"}', "--no-wait", *CONFIG), r"\Asent\n\Z"),
    Row(("replay", "FOLDER/session.jsonl", "--speed", "max", *CONFIG), r": 1 control, 2 documents of 3 records"),
    Row(("watch", "--since", "1h", *CONFIG), r"\A(.*\n)*\S+ documents +start .*\n", until="documents +stop"),
    Row(("record", "FOLDER/new.jsonl", "--since", "1h", *CONFIG), r"\A\S*new\.jsonl: \d+ control, 2 documents, 0",
        errors="recording", until='"stop"'),
    Row(("send", TOUCH, *CONFIG), r"\Afile-manager: failed: ", code=1),
    Row(("dead-letters", "list", *CONFIG), r"LETTER  file-manager  failed  touch: .*\n1 dead letters since "),
    Row(("dead-letters", "list", "--json", *CONFIG), r'\A\{"record": "LETTER", .*\}\n\Z'),
    Row(("dead-letters", "show", "LETTER", *CONFIG), r"\Arecord +LETTER\n(.*\n)*content +\{.*\"touch\": "),
    Row(("dead-letters", "retry", "LETTER", *CONFIG), r"\Afile-manager: done\n  PROPOSAL/dossier/MANIFEST\n\Z"),
    Row(("send", WAITING, "--no-wait", *CONFIG), r"\Asent\n\Z"),
    Row(("waiting", "list", *CONFIG), r"\A.*file-manager on .*touch.*is it mounted.*\n1 messages wait\n\Z"),
    Row(("waiting", "list", "--json", *CONFIG), r'\A\{.*"worker": "file-manager".*\}\n\Z'),
    Row(("waiting", "drop", "WAITS", *CONFIG), r"\Adropped\n\Z"),
)  # fmt: skip
"""In this order; the workers run beside, from before their topics exist."""

ELSEWHERE = {
    ("adopt",): "tests/cli/test_adopt.py::test_recording_is_adopted",
    ("demo",): "tests/demo/test_supervisor.py::test_a_signal_ends_a_running_demo_and_its_workers",
    ("doctor",): "tests/diagnostics/test_doctor.py::test_a_healthy_setup_is_all_ok",
    ("regenerate",): "tests/cli/test_send_commands.py::test_the_data_file_of_a_run_in_tiled_is_requested",
}
"""Commands whose right input takes more than this module's set-up, with the test that has it."""


def list_commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of each command that does something itself."""
    below = getattr(command, "commands", {})
    if not below:
        yield path
    for name, one in below.items():
        yield from list_commands(one, (*path, name))


def test_each_command_has_a_row() -> None:
    lines = [*(row.line for row in ROWS), *WORKERS.values(), *ELSEWHERE]
    commands = set(list_commands(typer.main.get_command(app)))
    missing = {path for path in commands if not any(line[: len(path)] == path for line in lines)}
    assert not missing, "commands without a row in this module"


@pytest.mark.parametrize("name", ELSEWHERE.values())
def test_tests_named_elsewhere_exist(name: str) -> None:
    path, _, function = name.partition("::")
    assert f"\ndef {function}(" in (Path(__file__).parents[2] / path).read_text()


class Place:
    """A broker without topics, folders, a configuration, and processes."""

    def __init__(self, folder: Path, servers: str, port: int):
        self.folder, self.proposal = folder, folder / "proposals" / "2026-3" / "pass-1"
        self.proposal.mkdir(parents=True)
        (self.proposal / "dossier").touch()  # a file where a message wants a folder
        self.config = folder / "config.yaml"
        content = {
            "kafka": {"bootstrap_servers": servers},
            "storage": {"proposals_root": str(folder / "proposals")},
            "state_directory": str(folder / "state"),
            "logging": {"heartbeat_seconds": 0.2},
            "web": {"port": port},
        }
        self.config.write_text(yaml.safe_dump(content))
        (folder / "session.jsonl").write_text(
            '["bmm", {"close": "all"}]\n["start", {"uid": "run-1", "time": 5.0}]\n'
            '["stop", {"uid": "s", "run_start": "run-1", "time": 6.0, "exit_status": "success"}]\n'
        )
        self.letter = ""

    def fill(self, text: str) -> str:
        """Replace the words that stand for something of this place."""
        values: dict[str, Any] = {"CONFIG": self.config, "PROPOSAL": self.proposal, "FOLDER": self.folder}
        values["LETTER"] = self.letter
        if "WAITS" in text:
            values["WAITS"] = json.loads(self.invoke("waiting", "list", "--json").stdout)["record"]
        return re.sub("|".join(values), lambda found: str(values[found[0]]), text)

    def invoke(self, *line: str) -> Any:
        return CliRunner().invoke(app, [*line, "--config", str(self.config)])

    def prepare(self, row: Row) -> None:
        """Bring about what a row needs: a dead letter and its path free, a disk that is away, a message that waits."""
        if row.line[:2] == ("dead-letters", "list") and not self.letter:

            def has_letter() -> bool:
                shown = self.invoke("dead-letters", "list", "--json").stdout
                self.letter = json.loads(shown.splitlines()[0])["record"] if shown else ""
                return bool(self.letter)

            wait_until(has_letter, "the dead letter")
            (self.proposal / "dossier").unlink()
        if WAITING in row.line:
            (self.folder / "proposals").rename(self.folder / "not mounted")
        if row.line[0] == "waiting":
            wait_until(lambda: bool(self.invoke("waiting", "list", "--json").stdout), "a message that waits")


class Running:
    """A command as a process, with its output in files."""

    def __init__(self, folder: Path, name: str, line: Sequence[str]):
        self._out, self._err = folder / f"{name}.out", folder / f"{name}.err"
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONUNBUFFERED": "1"}
        with self._out.open("w") as out, self._err.open("w") as err:
            command = [sys.executable, "-m", "xafs_workers", *line]
            self.process = subprocess.Popen(command, stdout=out, stderr=err, env=environment)

    @property
    def output(self) -> str:
        return self._out.read_text()

    @property
    def errors(self) -> str:
        return self._err.read_text()

    def stop(self, number: signal.Signals) -> int:
        """Send a signal, and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def running() -> Iterator[Callable[..., Running]]:
    """Start commands that are killed at the end."""
    made: list[Running] = []

    def start(folder: Path, name: str, *line: str) -> Running:
        made.append(Running(folder, name, line))
        return made[-1]

    yield start
    for one in made:
        one.kill()


def run_row(row: Row, place: Place, running: Callable[..., Running], number: int) -> str:
    """Run a row, and return what differs from it, '' for nothing."""
    place.prepare(row)
    line = [place.fill(word) for word in row.line]
    if row.until:
        code, output, errors = run_until_seen(running(place.folder, f"row-{number}", *line), row.until, place)
    else:
        done = CliRunner().invoke(app, line)
        code, output, errors = done.exit_code, done.stdout, done.stderr
    if code == row.code and re.search(place.fill(row.output), output) and re.search(row.errors, errors):
        return ""
    return f"{' '.join(line)}: exit code {code} for {row.code}\n  stdout {output!r:.600}\n  stderr {errors!r:.600}"


def run_until_seen(process: Running, pattern: str, place: Place) -> tuple[int, str, str]:
    """Interrupt a process once a pattern is in its output or its recording; return exit code, output and errors."""
    recording = place.folder / "new.jsonl"

    def has_pattern() -> bool:
        return bool(re.search(pattern, process.output + (recording.read_text() if recording.exists() else "")))

    wait_until(has_pattern, f"{pattern} from {process.process.args}: {process.errors}")
    return process.stop(signal.SIGINT), process.output, process.errors


@pytest.mark.slow
def test_each_row_gives_its_exit_code_and_output(
    tmp_path: Path, running: Callable[..., Running], unused_port: int
) -> None:
    """Also: workers whose topics are missing wait for them, and end with 0 and nothing on standard output."""
    with EmbeddedBroker() as broker:
        place = Place(tmp_path, broker.bootstrap_servers, unused_port)
        settings = load(place.config)
        workers = {
            name: running(tmp_path, name, *line, "--config", str(place.config)) for name, line in WORKERS.items()
        }
        for name, worker in workers.items():
            wait_until(lambda worker=worker: "waiting_for" in worker.errors, f"{name} to wait for its topics")
        for name in TOPICS:
            broker.create_topic(settings.get_topic(name))  # type: ignore[arg-type]
        wait_until(
            lambda: len(re.findall(r'"well": true', place.invoke("status", "--json").stdout)) == 4, "all workers"
        )
        faults = [run_row(row, place, running, number) for number, row in enumerate(ROWS)]
        for name, worker in workers.items():
            code = worker.stop(signal.SIGTERM)
            if (code, worker.output) != (0, ""):
                faults.append(f"{name}: exit code {code}\n  stdout {worker.output!r:.600}")
    assert not any(faults), "\n".join(filter(None, faults))
