"""`xafs-workers adopt`: table, file and figures of a recording; nothing is overwritten, and what is missing, named."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from helpers.any_beamline import find_stream
from helpers.stock_runs import make_stock_run
from xafs_workers.cli.main import app
from xafs_workers.configuration import load


@pytest.fixture(autouse=True)
def _restore_signals() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def call(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["adopt", *map(str, arguments)])
    return result.exit_code, re.sub(r"\x1b\[\d*m", "", result.output)


def test_recording_is_adopted(tmp_path: Path) -> None:
    columns = {"x": [1.0, 2.0, 3.0], "diode": [5.0, 6.0, 5.0]}
    path = tmp_path / "session.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in make_stock_run(columns, dimensions=[["x"]])))
    code, shown = call("--recording", path, "-o", tmp_path / "new.yaml")
    assert code == 0, shown
    assert load(tmp_path / "new.yaml").sources.recording is not None
    (figure,) = (tmp_path / "new-figures").iterdir()
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert "new-figures: 1 figure\n" in shown
    assert max(map(len, shown.splitlines()[1:])) <= 200


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    file, folder = tmp_path / "new.yaml", tmp_path / "new-figures"
    file.write_text("mine")
    code, shown = call("--recording", find_stream("stock_scan"), "-o", file)
    assert (code, file.read_text()) == (2, "mine")
    assert "exists already; nothing is overwritten" in shown
    file.unlink()
    folder.mkdir()
    assert call("--recording", find_stream("stock_scan"), "-o", file)[0] == 2
    assert not file.exists()


def test_missing_energies_are_named(tmp_path: Path) -> None:
    code, shown = call("--recording", find_stream("panda_like"), "-o", tmp_path / "new.yaml")
    assert code == 1
    assert "no energy axis was found: run aef46869 (energy_fly): its data are in files that were not read" in shown
    assert "--files" in shown
    content = yaml.safe_load((tmp_path / "new.yaml").read_text())
    assert content["profile"] == "plain"


def test_unusable_folder_is_refused_before_reading(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for folder in ("none", "file"):
        code, shown = call("--recording", tmp_path / "none.jsonl", "-o", tmp_path / folder / "new.yaml")
        assert (code, "no such folder" in shown, "reading" in shown) == (2, True, False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_without_write_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    code, shown = call("--recording", tmp_path / "none.jsonl", "-o", tmp_path / "new.yaml")
    tmp_path.chmod(0o700)
    assert (code, "no right to write" in shown) == (2, True)


def test_documents_that_cannot_be_used_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    path.write_text('["start", {"uid": "run-1", "time": "now"}]\nno JSON\n')
    code, shown = call("--recording", path, "-o", tmp_path / "new.yaml")
    assert code == 1
    assert "no run has finished in it (expected one or more); 2 of the documents cannot be used" in shown
    assert "session.jsonl:2: not a line of JSON" in shown


def test_recording_without_a_finished_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "open.jsonl"
    path.write_text('["start", {"uid": "run-1", "time": 5.0}]\n')
    code, shown = call("--recording", path, "-o", tmp_path / "new.yaml")
    assert code == 1
    assert "no run has finished" in shown
    assert not (tmp_path / "new.yaml").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "none of them given (expected one of --recording, --kafka, --tiled, --zmq)"),
        (("--recording", "a.jsonl", "--zmq", "tcp://127.0.0.1:1"), "--recording and --zmq given"),
        (("--recording", "missing.jsonl"), "missing.jsonl"),
        (("--kafka", "127.0.0.1:1"), "--kafka without a topic"),
        (("--zmq", "nonsense"), "expected tcp://host:port"),
    ],
)
def test_wrong_options_are_refused(
    arguments: tuple[str, ...], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, shown = call(*arguments)
    assert code == 2
    assert reason in " ".join(shown.split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.process
def test_reduced_figures_are_drawn(larch: None, tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    shutil.copy(find_stream("step_two_movers"), path)
    code, shown = call("--recording", path, "-o", tmp_path / "new.yaml", "--figures", tmp_path / "drawn")
    assert code == 0, shown
    assert sorted(file.name for file in (tmp_path / "drawn").iterdir()) == [
        "01-xafsscan-Ni-K-Ni-foil-scan-1.png",
        "02-xafs_sequence-Sequence-Ni-foil-1-1.png",
    ]
    text = (tmp_path / "new.yaml").read_text()
    assert "also possible: undulator-energy" in text
    assert load(tmp_path / "new.yaml").columns.energy == "monochromator-energy"
