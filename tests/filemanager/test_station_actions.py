"""The small messages of later sessions: folder, metadata, a test of Slack, flags; each end station has its proposal."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.figures import make_run
from helpers.file_actions import FileManagerHarness
from helpers.streams import Entry, stamp_entries
from xafs_workers.catalog.errors import CatalogError
from xafs_workers.filemanager.random_flag import COUNTRIES, replace_flags


def make_station_run(session: str, endstation: str) -> list[Entry]:
    start = {"data_session": session, "cycle": "2025-1"}
    more: dict[str, Any] = {"XDI": {"Beamline": {"endstation": endstation}}} if endstation else {}
    return make_run({"I0": [1.0]}, start={**start, **more})


def test_each_end_station_has_its_own_proposal(manager: FileManagerHarness) -> None:
    runs = [*make_station_run("pass-1", ""), *make_station_run("pass-2", "6BM goniometer, XRR")]
    manager.fold(stamp_entries(runs))
    root = manager.proposals / "2025-1"
    assert manager.ask(show_experimental_folder=True) == str(root / "pass-2")
    assert manager.ask(show_experimental_folder=True, _end_station="xas") == str(root / "pass-1")
    assert manager.ask(show_experimental_folder=True, _end_station="xrd") == str(root / "pass-2")


def test_an_unknown_folder_is_null(manager: FileManagerHarness) -> None:
    assert manager.ask(show_experimental_folder=True) is None


def test_metadata_are_those_of_the_start_document(manager: FileManagerHarness) -> None:
    run = make_station_run("pass-1", "")
    manager.fold(stamp_entries(run[:-1]))  # it has not ended
    assert manager.ask(show_metadata=True, uid=run[0][1]["uid"])["data_session"] == "pass-1"
    with pytest.raises(CatalogError):
        manager.ask(show_metadata=True, uid="unknown")


def test_a_test_of_slack_is_posted_once(manager: FileManagerHarness, entries: list[Entry]) -> None:
    manager.fold(stamp_entries(entries))
    outcome = manager.send(test_slack=True)
    assert "no Slack token" in outcome.reason
    (post,) = manager.posts
    assert post.session == "pass-333333"
    assert ":flag:" not in post.text
    assert manager.log.text.count("test of posting") == 1


def test_each_mark_becomes_the_same_flag_again() -> None:
    assert replace_flags("begun", "key") == "begun"
    once = replace_flags("a :flag: b :flag:", "key")
    assert once == replace_flags("a :flag: b :flag:", "key")
    assert ":flag:" not in once
    assert len({replace_flags(":flag:", f"key {n}") for n in range(400)}) == len(COUNTRIES)
