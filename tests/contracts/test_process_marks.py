"""The classes that start processes exist under the names by which their tests are marked."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from plugins.process_marks import STARTING_CLASSES


@pytest.mark.parametrize("path", sorted(STARTING_CLASSES))
def test_a_starting_class_exists(path: str) -> None:
    module, _, name = path.rpartition(".")
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    assert f"\nclass {name}" in Path(spec.origin).read_text(encoding="utf-8")
