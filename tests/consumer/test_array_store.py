"""Arrays that exceed the memory: moved to a file, read back as they were, gone with the worker."""

from __future__ import annotations

import gc
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xafs_workers.consumer.array_store import FolderArrayStore
from xafs_workers.scans.arrays import KEPT_POINTS, EventArrays

LIMIT = 100_000


def make_point(number: int) -> dict[str, Any]:
    return {"a": (np.arange(1000.0) + number).tolist(), "b": [number, number + 1]}


def add(count: int, store: FolderArrayStore | None) -> EventArrays:
    arrays = EventArrays.create(("a", "b"))
    for number in range(1, count + 1):
        arrays = arrays.add_point(number, make_point(number), KEPT_POINTS * LIMIT, store)
    return arrays


def test_arrays_above_the_limit_are_read_back_as_they_were(tmp_path: Path) -> None:
    arrays = add(1200, FolderArrayStore(tmp_path / "state"))
    assert not arrays.dropped
    assert arrays.size <= KEPT_POINTS * LIMIT
    assert arrays.sequence_numbers == tuple(range(1, 1201))
    for number in (1, 2, 600, 1200):
        point = arrays.get_point(number)
        np.testing.assert_array_equal(point["a"], np.arange(1000.0) + number)
        assert (point["b"].tolist(), point["b"].dtype) == ([number, number + 1], np.int32)
        assert not point["a"].flags.writeable


def test_file_has_no_name_and_is_closed_with_its_run(tmp_path: Path) -> None:
    arrays = add(1200, FolderArrayStore(tmp_path))
    assert list(tmp_path.iterdir()) == []
    assert len(list_open_files(tmp_path)) == 1
    del arrays
    gc.collect()
    assert list_open_files(tmp_path) == []


def list_open_files(folder: Path) -> list[str]:
    """List the files of a folder that this process has open; other threads open and close files of their own."""
    found: list[str] = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.append(os.readlink(descriptor))
    return [name for name in found if name.startswith(f"{folder}/")]


def test_without_a_store_or_a_folder_arrays_are_dropped(tmp_path: Path) -> None:
    assert add(1200, None).dropped
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    assert add(1200, FolderArrayStore(blocked)).dropped


def test_memory_of_an_old_run_is_freed(tmp_path: Path) -> None:
    arrays = add(700, FolderArrayStore(tmp_path))
    freed = arrays.free_memory(FolderArrayStore(tmp_path))
    assert freed.size < arrays.size
    assert freed.size <= (KEPT_POINTS + 1) * 8200
    np.testing.assert_array_equal(freed.get_point(300)["a"], np.arange(1000.0) + 300)


@pytest.mark.parametrize("replaced", [1, 5, 700])
def test_point_that_comes_again_replaces_the_stored_one(tmp_path: Path, replaced: int) -> None:
    store = FolderArrayStore(tmp_path)
    arrays = add(1200, store)
    again = arrays.add_point(replaced, make_point(9000), KEPT_POINTS * LIMIT, store)
    assert again.get_point(replaced)["a"][0] == 9000
    assert arrays.get_point(replaced)["a"][0] == replaced
