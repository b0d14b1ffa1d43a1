"""A measurement is added by three files: the code blocks of the how-to page, run as they are printed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from helpers.patience import SECONDS as PATIENCE

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "contributing" / "add-a-measurement.md"
CHECKS = Path(__file__).with_name("new_kind_checks.py")
FILES = [
    "src/xafs_workers/messages/flyscan.py",
    "src/xafs_workers/scans/flyscan.py",
    "src/xafs_workers/figures/flyscan.py",
    "tests/scans/test_flyscan_state.py",
    "tests/figures/test_flyscan_figure.py",
]


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run the page's modules in a process of its own; return what each front end made of the new kind."""
    place = tmp_path_factory.mktemp("kind")
    blocks = re.findall(r"```python\n# (\S+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert [name for name, _ in blocks] == FILES
    for name, code in blocks:
        (place / name).parent.mkdir(parents=True)
        (place / name).write_text(code, encoding="utf-8")
    done = subprocess.run([sys.executable, str(CHECKS), str(place)], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        ("live figure", [["flyscan", "xafs_x fly scan", 3]]),
        ("click", ["xafs_x", 1.5]),
        ("status line", "60 %"),
        ("closed by line", True),
        ("ended by resting_state", "resting_state"),
        ("pictures", ["snapshots/fly.png"]),
        ("opened", ["PNG", True]),
        ("answers", [["accepted", 0], ["done", 1], ["done", 1]]),
        ("given up", []),
        ("posts", ["fly.png"]),
        ("dossier waits", ["dossier of fly: waiting for snapshots/fly.png", ""]),
        ("dossier shows", [True, True]),
        ("dossier's line in the log", [True, True]),
        ("manual", True),
        ("lint", [0, 1]),
        ("parsed", "FlyscanStart"),
        ("send", [0, 2, 2]),
        ("sent", [{"flyscan": "start", "motor": "xafs_x", "detector": "It", "speed": 0.5}]),
        ("answered", "headless: done"),
        ("gallery", ["flyscan", [3, 2], "PNG"]),
        ("missing column", "no It in this run"),
        ("drawn once", [True, True]),
        ("tests", 0),
    ],
)
def test_a_new_kind_has_every_feature(findings: dict[str, Any], feature: str, expected: Any) -> None:
    assert findings[feature] == expected
