"""The cache keeps what was used last, within its limit."""

from __future__ import annotations

from threading import Event

import numpy as np
import pytest

from plugins.tiled import Connect
from xafs_workers.catalog.cache import Cache
from xafs_workers.scans.board import Board


def list_cached(cache: Cache, *names: str) -> list[str]:
    return [name for name in names if name in cache]


def test_the_least_recently_used_run_is_dropped_first() -> None:
    cache = Cache(100)
    for name in "abc":
        assert cache.get(name, lambda name=name: name, lambda _: 30) == name
    cache.get("a", lambda: pytest.fail("kept"), lambda _: 30)
    cache.get("d", lambda: "d", lambda _: 30)
    assert list_cached(cache, *"abcd") == ["a", "c", "d"]
    assert cache._bytes == 90


def test_a_run_over_the_limit_is_not_cached_and_drops_no_other() -> None:
    cache = Cache(100)
    cache.get("a", lambda: 1, lambda _: 50)
    assert cache.get("b", lambda: 2, lambda _: 101) == 2
    assert list_cached(cache, "a", "b") == ["a"]
    assert cache._bytes == 50


def test_a_failure_is_not_cached() -> None:
    cache = Cache(100)
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: 1 // 0, lambda _: 1)
    assert cache.get("a", lambda: 7, lambda _: 1) == 7


def test_runs_within_the_limit_are_read_once(followed: tuple[str, Board], connect: Connect) -> None:
    uid, _ = followed
    runs, without = connect(), connect(cache_bytes=1000)
    assert runs.find_run(uid).run is runs.find_run(uid).run
    first, again = without.find_run(uid).run, without.find_run(uid).run
    assert first is not again
    np.testing.assert_array_equal(first.points.get_column("I0"), again.points.get_column("I0"))
    stop = Event()
    array = runs.read_array(uid, "I0", stop)
    assert runs.read_array(uid, "I0", stop) is array
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 0.0
