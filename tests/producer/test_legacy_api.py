"""Commands under today's names: what each of them sends."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from xafs_workers import producer
from xafs_workers.messages.parsing import parse
from xafs_workers.producer.legacy_api import build_regeneration_message

UID = "8a6f7c1a-2b43-4b0e-b4d1-3c2f6a90c7e5"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    messages: list[Any] = []

    def send(message: Any) -> None:
        parse(message)
        messages.append(message)

    monkeypatch.setattr("xafs_workers.producer.legacy_api.kafka_message", send)
    return messages


def test_each_command_sends_its_message(sent: list[Any]) -> None:
    producer.close_plots()
    producer.close_line_plots()
    producer.close_last_plot()
    producer.kafka_verbose(True)
    producer.preserve(Path("/home/operator/x.ini"), "/p/2026-3/pass-1/")
    assert sent == [
        {"close": "all"},
        {"close": "line"},
        {"close": "last"},
        {"verbose": True},
        {"copy": True, "file": "/home/operator/x.ini", "target": "/p/2026-3/pass-1/"},
    ]


def run(**start: Any) -> Any:
    return SimpleNamespace(metadata={"start": {"uid": UID, **start}})


def test_a_file_is_regenerated_under_the_name_of_its_run(sent: list[Any]) -> None:
    catalog = {UID: run(BMM_kafka={"hint": "xafs transmission"}, XDI={"_filename": "foil.001"})}
    producer.regenerate_file(UID, catalog=catalog)
    producer.regenerate_file(UID, "other.001", overwrite=True)
    assert sent == [
        {"xasxdi": True, "uid": UID, "filename": "foil.001", "overwrite": False},
        {"xasxdi": True, "uid": UID, "filename": "other.001", "overwrite": True},
    ]


def test_a_missing_name_and_catalog_are_reported(sent: list[Any]) -> None:
    with pytest.raises(ValueError, match="missing filename and catalog"):
        producer.regenerate_file(UID)
    assert sent == []


@pytest.mark.parametrize(
    ("hint", "kind"),
    [("timescan It", "seadxdi"), ("linescan It x", "lsxdi"), ("rectanglescan It x", "lsxdi"), ("xafs xs", "xasxdi")],
)
def test_the_kind_of_file_follows_the_run(hint: str, kind: str) -> None:
    message = build_regeneration_message(run(BMM_kafka={"hint": hint}).metadata["start"], filename="a.001")
    assert message == {kind: True, "uid": UID, "filename": "a.001", "overwrite": False}
    parse(message)


def test_a_map_is_named_by_its_start_document() -> None:
    message = build_regeneration_message(run(BMM_kafka={"hint": "areascan It y x"}).metadata["start"], overwrite=True)
    assert message == {"raster": True, "uid": UID, "overwrite": True}
    parse(message)


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        ({}, "no data file: BMM_kafka.hint and XDI._kind begin with none of xafs, timescan"),
        ({"XDI": {"_kind": "xafs"}}, "has no XDI._filename: give the data file's name"),
    ],
)
def test_a_run_with_missing_metadata_is_named(start: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=f"run {UID}: .*{reason}"):
        build_regeneration_message(run(**start).metadata["start"])
