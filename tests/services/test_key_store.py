"""The key store against a real Redis, and without one."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from structlog.testing import capture_logs

from helpers.redis_server import RedisServer
from xafs_workers.services.key_store import KeyStoreWriter
from xafs_workers.settings import KeyStore

LINE = {"figure": "f", "run": "r", "motor": "xafs_x", "position": 1.25}
MAP = {**LINE, "motor2": "xafs_y", "position2": -0.5}


def keys(*parts: str) -> list[str]:
    return [f"BMM:mouse_event:{part}" for part in parts]


def test_a_click_sets_the_keys_that_plans_poll(redis_server: RedisServer) -> None:
    store = KeyStoreWriter(KeyStore(url=redis_server.url))
    assert store.write_click(MAP)
    assert redis_server.read(*keys("value", "motor", "value2", "motor2")) == ["1.25", "xafs_x", "-0.5", "xafs_y"]
    assert store.write_click({**LINE, "position": 3.0})
    assert redis_server.read(*keys("value", "motor", "value2")) == ["3.0", "xafs_x", "-0.5"]
    store.close()


def test_an_outage_and_its_end_are_each_logged_once(redis_server: RedisServer) -> None:
    store = KeyStoreWriter(KeyStore(url=redis_server.url))
    assert store.write_click(LINE)
    redis_server.stop()
    with capture_logs() as logs:
        assert [store.write_click(LINE) for _ in range(3)] == [False] * 3
        redis_server.start()
        assert store.write_click(LINE)
    assert [entry["event"] for entry in logs] == ["key_store_away", "key_store_back"]
    store.close()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "nonsense", "redis://127.0.0.1:port/0"])
def test_an_unreachable_store_is_logged_once(url: str) -> None:
    store = KeyStoreWriter(KeyStore(url=url))
    with capture_logs() as logs:
        assert not store.write_click(LINE)
        assert not store.write_click(LINE)
    assert [entry["event"] for entry in logs] == ["key_store_away"]


def test_a_missing_driver_is_logged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    store: Any = KeyStoreWriter(KeyStore(url="redis://127.0.0.1:1/0"))
    with capture_logs() as logs:
        assert not store.write_click(LINE)
        assert not store.write_click(LINE)
    assert [entry["event"] for entry in logs] == ["key_store_away"]
    assert "redis" in logs[0]["reason"]


def test_a_reply_is_written_while_a_preset_is_there(redis_server: RedisServer) -> None:
    store = KeyStoreWriter(KeyStore(url=redis_server.url))
    store.write({"new": -10000000000.1, "old": "7.5"})
    assert store.write_where_preset({"new": "1.25", "old": "1.25", "uid": "u"}, ("new", "old")) == "written"
    assert redis_server.read("new", "old", "uid") == ["1.25", "1.25", "u"]
    assert store.write_where_preset({"new": "2.0", "old": "2.0"}, ("new", "old")) == "not preset"
    assert redis_server.read("new", "old") == ["1.25", "1.25"]
    assert store.write_where_preset({"missing": "2.0"}, ("missing",)) == "not preset"
    assert store.write_where_preset({"uid": "v"}, ()) == "written"
    assert redis_server.read("missing", "uid") == [None, "v"]
    store.close()


def test_a_reply_to_a_store_that_is_away_is_not_written() -> None:
    assert KeyStoreWriter(KeyStore(url="redis://127.0.0.1:1/0")).write_where_preset({"key": "1.0"}, ("key",)) == "away"
