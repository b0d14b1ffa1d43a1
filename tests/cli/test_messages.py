"""The commands `messages`, `schema` and `lint`."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from helpers.examples import EVERY
from helpers.patience import SECONDS as PATIENCE
from xafs_workers.cli.messages import lint, print_schema, show_messages
from xafs_workers.messages.base import kinds
from xafs_workers.messages.schema import build_json_schema, list_kind_names
from xafs_workers.recording.record import Header, Record
from xafs_workers.recording.session import SessionWriter

app = typer.Typer()
for name, command in {"messages": show_messages, "schema": print_schema, "lint": lint}.items():
    app.command(name)(command)
runner = CliRunner()


def test_each_kind_is_listed_on_its_own_line() -> None:
    result = runner.invoke(app, ["messages"])
    assert result.exit_code == 0
    first = [line.split()[0] for line in result.output.splitlines()]
    assert first == ["kind", *list_kind_names()]
    assert "file-manager" in result.output


@pytest.mark.parametrize("kind", list_kind_names())
def test_a_kind_is_shown_with_its_fields_and_examples(kind: str) -> None:
    result = runner.invoke(app, ["messages", kind])
    assert result.exit_code == 0
    for message in (entry for entry in kinds.discover().values() if entry.kind == kind):
        assert json.dumps(dict(message.example), ensure_ascii=False) in result.output
        for name, field in message.model_fields.items():
            assert name == "message_id" or f"{field.alias or name} " in result.output


def test_units_and_types_are_shown() -> None:
    output = runner.invoke(app, ["messages", "mono_calibration"]).output
    assert "[finite number, finite number or null]" in output
    assert "Å" in output


def test_a_terminal_shows_markup_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    output = runner.invoke(app, ["messages", "mono_calibration"]).output
    assert "│" in output
    assert "[finite number, finite number or null]" in output
    assert ":emoji:" in runner.invoke(app, ["messages", "echoslack"]).output


def test_an_unknown_kind_is_a_usage_error() -> None:
    result = runner.invoke(app, ["messages", "sing"])
    assert result.exit_code == 2
    assert "expected one of align_wheel" in result.output


def test_the_schema_is_printed() -> None:
    result = runner.invoke(app, ["schema"])
    assert result.exit_code == 0
    assert json.loads(result.output) == build_json_schema()


def test_a_valid_file_passes(tmp_path: Path) -> None:
    lines = [json.dumps(["bmm", body]) for _, body in EVERY]
    lines += [json.dumps(body) for _, body in EVERY]
    lines += [json.dumps(["start", {"uid": "u", "time": 1.0}])]
    path = tmp_path / "session.jsonl"
    path.write_text("\n".join(lines) + "\n")
    result = runner.invoke(app, ["lint", str(path)])
    assert result.exit_code == 0
    assert result.stdout == f"{len(lines)} lines, 0 refused\n"
    assert result.stderr == "paths were not checked: there is no configuration file (--config)\n"


ROOT, OTHER = "/data/proposals", "/data/proposals/2026-3/pass-2"
PATHS = [
    ({"touch": f"{ROOT}/2026-3/pass-1/a"}, ""),
    ({"touch": "/data3/proposals/2026-3/pass-1/a"}, ""),
    ({"touch": "/tmp/a"}, "touch: path '/tmp/a' (expected a path below '/data/proposals' or '/data3/proposals')"),
    ({"mkdir": ROOT}, "mkdir: path '/data/proposals' (expected a path in a proposal folder, "),
    ({"copy": True, "file": "/templates/b/c.xlsx", "target": f"{ROOT}/2026-3/pass-1"}, ""),
    ({"copy": True, "file": f"{ROOT}/2026-3/pass-1/a", "target": f"{ROOT}/2026-3/pass-1/b"}, ""),
    ({"copy": True, "file": "/home/c.xlsx", "target": f"{ROOT}/2026-3/pass-1"}, "copy: path '/home/c.xlsx' (expected"),
    ({"copy": True, "file": f"{OTHER}/a", "target": f"{ROOT}/2026-3/pass-1/a"}, "is of another proposal"),
    ({"linescan": "stop", "fname": "a.png"}, ""),
    ({"linescan": "stop", "fname": "/tmp/a.png"}, "linescan: path '/tmp/a.png' (expected"),
]


@pytest.mark.parametrize(("body", "reason"), PATHS)
def test_paths_are_compared_with_the_configuration(body: dict[str, Any], reason: str, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    storage = {"proposals_root": ROOT, "root_aliases": {"/data3/proposals": ROOT}, "copy_sources": ["/templates"]}
    config.write_text(json.dumps({"storage": storage}))
    result = runner.invoke(app, ["lint", "-", "--config", str(config)], input=json.dumps(body))
    assert (result.exit_code, result.stderr) == (1 if reason else 0, "")
    assert reason in result.stdout


FAULTY = [
    (b'["bmm", {"xafsscan": "next", "count": "2"}]', "xafsscan: count: ", "got '2' (expected whole number"),
    (b'{"linescan": "start"}', "linescan: detector: ", "missing field 'detector'"),
    (b'{"sing": 1}', "", "no known kind among the keys sing"),
    (b"", "", "blank line"),
    (b"   \t", "", "blank line"),
    (b"{", "", "not JSON"),
    (b"\xff\xfe", "", "not JSON"),
    (b"[" * 100_000, "", "not JSON"),
    (b"1" * 10_000, "", "not JSON"),
    (b"3", "", "got 3 (expected [name, mapping]"),
    (b'["bmm", 3]', "", "got 3 (expected a mapping"),
    (b'["bmm", {}, 1]', "", "got a list of 3"),
    (b'["event", {"uid": "u"}]', "event: descriptor: ", "missing field 'descriptor'"),
    (b'["sing\\u001b[31m\\ud800", {}]', "'sing\\x1b[31m\\ud800': ", "expected one of start"),
]


@pytest.mark.parametrize(("line", "where", "reason"), FAULTY)
def test_an_error_names_file_line_kind_field_and_reason(tmp_path: Path, line: bytes, where: str, reason: str) -> None:
    path = tmp_path / "session.jsonl"
    path.write_bytes(b'{"close": "all"}\n' + line + b'\n{"close": "all"}\n')
    result = runner.invoke(app, ["lint", str(path)])
    assert result.exit_code == 1
    fault, count = result.stdout.splitlines()
    assert fault.startswith(f"{path}:2: {where}")
    assert reason in fault
    assert count == "3 lines, 1 refused"


def test_control_messages_with_another_tag_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    path.write_text('["xas", {"close": "all"}]\n')
    assert runner.invoke(app, ["lint", str(path)]).exit_code == 1
    assert runner.invoke(app, ["lint", "--tag", "xas", str(path)]).exit_code == 0


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_a_recording_is_checked(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"morning{suffix}"
    with SessionWriter(path, Header(tag="xas")) as recording:
        recording.write(Record(1.0, "control", "xas", {"close": "all"}))
        recording.write(Record(2.0, "control", "xas", {"linescan": "start"}))
        recording.write(
            Record(3.0, "documents", "start", {"uid": "u", "time": 2.0, "offset": float("nan"), "data": b"x"})
        )
        recording.write(Record(4.0, "documents", raw=b"\xc1", partition=0, offset=7))
    result = runner.invoke(app, ["lint", str(path)])
    assert result.exit_code == 1
    first, second, count = result.stdout.splitlines()
    assert first.startswith(f"{path}:3: linescan: detector: ")
    assert second == f"{path}:5: undecodable record documents/0/7"
    assert count == "5 lines, 2 refused"


def test_a_damaged_recording_is_a_usage_error(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"close": "all"}\n' * 1000)[:-12])
    result = runner.invoke(app, ["lint", str(path)])
    assert result.exit_code == 2
    assert f"{path}: " in result.stderr


def test_standard_input_is_read() -> None:
    result = runner.invoke(app, ["lint", "-"], input='{"close": "all"}\n{"close": "none"}\n')
    assert result.exit_code == 1
    assert result.stdout.startswith("-:2: close: close: ")


def test_an_unreadable_file_is_a_usage_error(tmp_path: Path) -> None:
    result = runner.invoke(app, ["lint", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert "expected a readable file" in result.output


@pytest.mark.slow
def test_measured_sessions_pass(measured: Path) -> None:
    for path in measured.glob("*.jsonl"):
        assert runner.invoke(app, ["lint", str(path)]).exit_code == 0


def test_importing_the_commands_loads_no_heavy_modules() -> None:
    code = "import sys, xafs_workers.cli.messages; print('pydantic' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert done.stdout.split() == ["False", "False"]
