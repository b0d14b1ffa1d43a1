"""Logs: their detail is changed while a worker runs, and the newest trouble is remembered."""

from __future__ import annotations

import json

import pytest

from xafs_workers import logs


def test_detail_is_switched_for_existing_loggers(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure_logging("info", "json", worker="headless")
    log = logs.get_logger("room")
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
    log = logs.get_logger("room")
    log.error("disk_full", reason="no space left")
    log.warning("not_shown_thus_not_remembered")
    log.info("fine")
    trouble = logs.get_last_problem()
    assert (trouble["level"], trouble["event"], trouble["reason"]) == ("error", "disk_full", "no space left")
