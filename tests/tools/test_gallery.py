"""The gallery: every figure can be drawn, under a name of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from helpers.gallery import GALLERY, load_gallery
from helpers.patience import SECONDS as PATIENCE
from xafs_workers.figures.figure_builder import figure_builders, figure_examples


@pytest.fixture(scope="module")
def gallery() -> Any:
    return load_gallery()


@pytest.mark.slow
def test_every_kind_of_figure_has_its_own_name(gallery: Any) -> None:
    found = list(gallery.figures())
    names = [name for name, _ in found]
    assert len(names) == len(set(names))
    examples = {name.removeprefix("example-"): figure.kind for name, figure in found if name.startswith("example-")}
    assert examples == {kind: kind for kind in figure_builders}
    empty = {"xafs-before-first-point", "linescan-no-channels", "linescan-unknown_key", "xrf-no-such-channel"}
    empty |= {"xrf-waiting-for-catalog", "example-xafs_sequence", "fit-awaited"} | {
        name for name in names if name.startswith("sequence-")
    }  # without Larch
    for name, figure in found:
        drawn = any(panel.traces or panel.meshes for panel in figure.panels)
        assert drawn is (name not in empty), name


def test_a_kind_without_an_example_is_an_error(gallery: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = {kind: figure_examples[kind] for kind in figure_examples if kind != "wafer"}
    monkeypatch.setattr(gallery, "figure_examples", examples)
    with pytest.raises(gallery.MissingExampleError, match="wafer"):
        list(gallery.example_figures())


def test_pictures_and_a_page_are_written(tmp_path: Path) -> None:
    command = [sys.executable, str(GALLERY), str(tmp_path), "--only", "wafer"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["example-wafer.png", "index.html", "wafer-edge.png"]
    assert "wafer-edge.png" in (tmp_path / "index.html").read_text()
