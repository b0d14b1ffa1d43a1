"""The commands of the tutorial on another beamline, run in the order in which they are printed."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from typer.testing import CliRunner

from helpers.code_blocks import ROOT, list_code_blocks, split_commands
from xafs_workers.cli.main import app
from xafs_workers.configuration import load

PAGE = ROOT / "docs" / "tutorials" / "another-beamline.md"
COMMANDS = [words for block in list_code_blocks(PAGE) for words in split_commands(block)]


@pytest.mark.slow
@pytest.mark.process
def test_commands_of_the_tutorial_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record, adopt, doctor, show = COMMANDS
    monkeypatch.chdir(tmp_path)
    script, *arguments = record[1:]
    runpy.run_path(str(ROOT / script))["main"](*map(Path, arguments))
    shown = run_command(adopt)
    assert "mono_energy" in shown
    assert len(list((tmp_path / "laptop-figures").iterdir())) == 3
    text = (tmp_path / "laptop.yaml").read_text()
    assert "d_spacing" in text
    (tmp_path / "laptop.yaml").write_text(re.sub(r"\bit: It\b", "it: Itt", text))
    assert "has no Itt" in (found := run_command(doctor))
    assert "did you mean It?" in found
    (tmp_path / "laptop.yaml").write_text(text)
    assert "has no Itt" not in run_command(doctor)
    assert show[:3] == ["xafs-workers", "plot-manager", "--web"]
    assert load(tmp_path / show[-1]).sources.names == ("recording",)


def run_command(words: list[str]) -> str:
    """Run `xafs-workers` and return its output in one line. The doctor may find other faults of a laptop."""
    result = CliRunner().invoke(app, words[1:])
    assert result.exit_code in ((0, 1) if words[1] == "doctor" else (0,)), result.output
    return " ".join(re.sub(r"\x1b\[[\d;]*m", "", result.output).split())
