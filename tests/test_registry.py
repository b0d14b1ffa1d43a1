"""Registries: wrong keys and keys that are claimed twice are errors at start."""

from __future__ import annotations

import subprocess
import sys

import pytest

from helpers.patience import SECONDS as PATIENCE
from xafs_workers.figures.figure_builder import figure_builders
from xafs_workers.messages.base import kinds
from xafs_workers.registry import Registry, UnknownKeyError
from xafs_workers.scans.scan import scan_kinds

PACKAGE = "xafs_workers.messages"


@pytest.mark.parametrize(
    ("key", "hint"), [("linescna", "did you mean 'linescan'?"), ("qq", "expected one of linescan")]
)
def test_a_misspelt_key_names_module_registry_and_remedy(key: str, hint: str) -> None:
    registry: Registry[int] = Registry(PACKAGE, "picture_rules", lambda: {"linescan"})
    registry.register("linescan")(1)
    registry.register(key)(2)
    for _ in range(2):
        with pytest.raises(UnknownKeyError) as caught:
            registry.discover()
        text = str(caught.value)
        assert text.startswith(f"{__name__}: unknown key '{key}' in picture_rules (")
        assert hint in text


def test_a_key_registered_twice_is_an_error() -> None:
    registry: Registry[int] = Registry(PACKAGE)
    registry.register("linescan")(1)
    with pytest.raises(ValueError, match="claimed by 1 and 2"):
        registry.register("linescan")(2)


def test_a_figure_of_no_scan_kind_is_unknown() -> None:
    assert set(figure_builders) <= set(scan_kinds)
    assert "touch" in kinds
    assert "touch" not in scan_kinds


WRONG_KEYS = {
    "scans.scan.scan_kinds": "linescn",
    "scans.picture_requests.picture_rules": "touch",
    "scans.run_requests.run_request_builders": "xfr",
    "scans.reduction_requests.request_builders": "xafscan",
    "figures.figure_builder.figure_builders": "timescn",
    "figures.figure_builder.picture_figure_builders": "linescan.stop",
    "figures.figure_builder.answer_value_builders": "xafs-sequence",
    "figures.figure_builder.figure_examples": "waffer",
    "filemanager.actions.context.action_handlers": "dossier.writ",
    "filemanager.actions.context.question_handlers": "file_exist",
    "filemanager.actions.context.readiness_checks": "dossier",
    "filemanager.actions.context.reserved_names": "tuch",
    "writers.registry.writers": "xrf.plt",
}

START = """
import importlib
from xafs_workers.{worker} import run
from xafs_workers.settings import Settings
module, _, name = "xafs_workers.{registry}".rpartition(".")
getattr(importlib.import_module(module), name).register({key!r})(object())
run(Settings())
"""


@pytest.mark.parametrize("registry", WRONG_KEYS)
def test_a_worker_does_not_start_with_a_wrong_key(registry: str) -> None:
    key = WRONG_KEYS[registry]
    worker = "filemanager.worker" if registry.startswith(("filemanager", "writers")) else "plots.worker"
    script = START.format(worker=worker, registry=registry, key=key)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 1
    assert f"unknown key {key!r} in {registry.rpartition('.')[2]}" in done.stderr
