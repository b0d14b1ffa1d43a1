"""Runs that were written by TiledWriter come back as they were followed, number by number."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from conftest_types import Connect
from helpers.streams import Entry, fold, items_of, read_entries
from xafs_workers.catalog.errors import Missing
from xafs_workers.catalog.followed import FollowedRuns
from xafs_workers.figures.views import figure_of
from xafs_workers.scans.board import Board
from xafs_workers.scans.runs import Run


def assert_same(came: Run, expected: Run) -> None:
    assert came.uid == expected.uid
    assert came.start == _json(expected.start)
    assert {**came.stop, **_json(expected.stop)} == came.stop  # the writer may add notes
    assert came.data_keys.keys() == expected.data_keys.keys()
    assert came.points.keys == expected.points.keys
    assert came.points.sequence == expected.points.sequence
    np.testing.assert_array_equal(came.points.time, expected.points.time)
    for key in expected.points.keys:
        np.testing.assert_array_equal(came.points.column(key), expected.points.column(key), key)
