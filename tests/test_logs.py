"""Logs: their detail is changed while a worker runs, and the newest trouble is remembered."""

from __future__ import annotations

import json

import pytest

from xafs_workers import logs


def test_detail_is_switched_for_existing_loggers(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure_logging("info", "json", worker="headless")
    log = logs.get_logger("package")
    log.debug("before")
    logs.set_detail(True)
    assert logs.is_detailed()
    log.debug("meanwhile")
    logs.set_detail(False)
    assert not logs.is_detailed()
    log.debug("after")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["worker"]) for line in lines] == [("meanwhile", "headless")]


def test_switching_detail_off_restores_the_configured_level(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure_logging("debug", "json")
    logs.set_detail(False)
    assert logs.is_detailed()


def test_the_newest_warning_is_stored() -> None:
    logs.configure_logging("error", "json")
    log = logs.get_logger("package")
    log.error("disk_full", reason="no space left")
    log.warning("not_shown_thus_not_remembered")
    log.info("fine")
    trouble = logs.get_last_problem()
    assert (trouble["level"], trouble["event"], trouble["reason"]) == ("error", "disk_full", "no space left")


SECRET = "hunter2/x:y@z"

URLS = [
    f"redis://:{SECRET}@host:6379/0",
    f"redis://user:{SECRET}@host",
    f"rediss://user:{SECRET}@host:6380/1?db=3",
    "https://host/api?api_key=hunter2&x=1",
    "https://host/api?x=1&access_token=hunter2",
    "postgresql+psycopg://me:hunter2@db/tiled",
]


@pytest.mark.parametrize("url", URLS)
def test_passwords_in_urls_are_masked(url: str) -> None:
    for text in (url, f"cannot reach {url}: refused", repr({"url": url}), f"url: '{url}'"):
        masked = logs.mask_passwords(text)
        assert "hunter2" not in masked
        assert "***" in masked
        assert "host" in masked or "db" in masked


@pytest.mark.parametrize("text", ["http://host:8000/a@b", "http://host/~me@x", "mail me@host", "a=b", "kafka:9092"])
def test_text_without_a_password_is_left(text: str) -> None:
    assert logs.mask_passwords(text) == text


@pytest.mark.parametrize("style", ["text", "json"])
def test_no_password_or_escape_reaches_a_log(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure_logging("info", style)
    try:
        raise ValueError(f"no {URLS[0]}")
    except ValueError:
        logs.get_logger("test").exception("failed", reason=f"at {URLS[1]}\x1b[2J\u202e", fields={"url": URLS[2]})
    shown = capsys.readouterr().err
    assert "hunter2" not in shown
    assert "\x1b[2J" not in shown
    assert "hunter2" not in str(logs.get_last_problem())
