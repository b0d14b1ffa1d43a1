"""The facility's key store: TLS, a password from a file, a database of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from helpers.redis_server import SecuredRedisServer
from xafs_workers.diagnostics.doctor.finding import Case
from xafs_workers.diagnostics.doctor.services import check_redis
from xafs_workers.services.key_store import KeyStoreWriter
from xafs_workers.settings import KeyStore, Settings


def build_settings(server: SecuredRedisServer, file: Path) -> KeyStore:
    return KeyStore(url=server.url, password_file=file, ca_file=server.certificate)


def test_a_new_password_is_read_and_none_is_shown(secured_redis: SecuredRedisServer, tmp_path: Path) -> None:
    file = tmp_path / "redis.secret"
    file.write_text("an-older-word\n")
    settings = build_settings(secured_redis, file)
    store = KeyStoreWriter(settings)
    with capture_logs() as logs:
        assert not store.write({"BMM:x": 1.5})
        file.write_text(f"{secured_redis.password}\n")
        assert store.write({"BMM:x": 1.5})
    assert [entry["event"] for entry in logs] == ["key_store_away", "key_store_back"]
    assert store.read("BMM:x") == "1.5"
    assert store.read("BMM:y") is None
    store.close()
    assert secured_redis.read("BMM:x") == ["1.5"]
    shown = f"{logs} {settings!r} {list(check_redis(Case(Settings(key_store=settings), None, timeout=5.0)))}"
    assert "answers" in shown
    assert "-word" not in shown


@pytest.mark.parametrize("content", [None, " \n", "another-word"])
def test_a_wrong_password_is_a_fault_without_it(
    content: str | None, secured_redis: SecuredRedisServer, tmp_path: Path
) -> None:
    file = tmp_path / "redis.secret"
    if content is not None:
        file.write_text(content)
    settings = Settings(key_store=build_settings(secured_redis, file))
    (finding,) = check_redis(Case(settings, None, timeout=5.0))
    assert finding.level == "fault"
    assert "-word" not in f"{finding}"


def test_the_password_is_given_in_one_place() -> None:
    with pytest.raises(ValidationError, match="use one of them") as caught:
        KeyStore(url="rediss://:hidden@h:6380/3", password_file=Path("/x"))
    assert caught.value.errors()[0]["type"] == "not_shown"
