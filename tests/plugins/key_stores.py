"""Fixture: a real Redis."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.redis_server import RedisServer, SecuredRedisServer


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """Start a Redis; skip where there is none, but fail in CI."""
    _require_redis()
    made = RedisServer(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def secured_redis(tmp_path: Path) -> Iterator[SecuredRedisServer]:
    """Start a Redis with TLS and a password."""
    _require_redis()
    if shutil.which("openssl") is None and not os.environ.get("CI"):
        pytest.skip("no openssl")
    made = SecuredRedisServer(tmp_path, "a-secret-word")
    made.start()
    yield made
    made.stop()


def _require_redis() -> None:
    if shutil.which("redis-server") is None and not os.environ.get("CI"):
        pytest.skip("no redis-server (Debian package redis-server)")
