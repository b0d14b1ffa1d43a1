"""The cache keeps what was used last, within its limit."""

from __future__ import annotations

from threading import Event

import numpy as np
import pytest

from plugins.tiled import Connect
from xafs_workers.catalog.cache import Cache
from xafs_workers.scans.board import Board


def kept(cache: Cache, *names: str) -> list[str]:
    return [name for name in names if name in cache]


def test_the_least_recently_used_goes_first() -> None:
    cache = Cache(100)
    for name in "abc":
        assert cache.get(name, lambda name=name: name, lambda _: 30) == name
    cache.get("a", lambda: pytest.fail("kept"), lambda _: 30)
    cache.get("d", lambda: "d", lambda _: 30)
    assert kept(cache, *"abcd") == ["a", "c", "d"]
    assert cache.bytes == 90


def test_what_is_larger_than_the_limit_is_not_kept_and_displaces_nothing() -> None:
    cache = Cache(100)
    cache.get("a", lambda: 1, lambda _: 50)
    assert cache.get("b", lambda: 2, lambda _: 101) == 2
    assert kept(cache, "a", "b") == ["a"]
    assert cache.bytes == 50


def test_a_failure_is_not_kept() -> None:
    cache = Cache(100)
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: 1 // 0, lambda _: 1)
    assert cache.get("a", lambda: 7, lambda _: 1) == 7


def test_runs_are_read_once_within_the_limit(followed: tuple[str, Board], connect: Connect) -> None:
    uid, _ = followed
    runs, without = connect(), connect(cache_bytes=1000)
    assert runs.look(uid).run is runs.look(uid).run
    first, again = without.look(uid).run, without.look(uid).run
    assert first is not again
    np.testing.assert_array_equal(first.points.column("I0"), again.points.column("I0"))
    stop = Event()
    array = runs.array(uid, "I0", stop)
    assert runs.array(uid, "I0", stop) is array
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 0.0
