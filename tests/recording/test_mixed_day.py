"""A recorded day in which both sessions of the beamline send by turns, played to both workers: no dead letter."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from helpers.mixed_day import list_later_entries, list_older_entries
from helpers.processes import Station, TwoWorkerStation
from helpers.streams import Entry
from plugins.brokers import Broker
from xafs_workers.cli.main import app
from xafs_workers.messages.base import list_kind_names

NEEDS_MORE = set(
    "align_wheel areascan copy file_exists glancing_angle logger lsxdi mkdir mono_calibration next_index raster seadxdi"
    " touch verbose wafer eta_refinement mythen_calibration sample_alignment xrr_calibration_file xrr_linescan_file"
    " xrrout xrrtxt xrrxdi xrr_alignment xrr_calibration_plot xrr_dossier".split()
)
"""Kinds that the later part of the day need not hold: the older session or tests of their own send them."""


def list_kinds(entries: list[Entry]) -> set[str]:
    return {key for name, body in entries if name == "bmm" for key in body if key in list_kind_names()}


def test_a_kind_is_part_of_the_day_or_tested_elsewhere(tmp_path: Path) -> None:
    """A new kind belongs into the day: add it to `helpers/mixed_day.py`."""
    assert list_kind_names() - list_kinds(list(list_later_entries(tmp_path))) <= NEEDS_MORE


@pytest.fixture
def station(tmp_path: Path, broker: Broker, larch: None) -> Iterator[Station]:
    made = TwoWorkerStation(tmp_path, broker.bootstrap_servers, broker.create_topic, f"mixed{uuid.uuid4().hex[:8]}")
    made.start_drawing()
    made.start()
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_day_in_both_dialects_ends_without_a_dead_letter(station: TwoWorkerStation, tmp_path: Path) -> None:
    proposals = station.folder / "proposals"
    folder = proposals / "2026-3/pass-123456"
    older, later = list_older_entries(proposals), list(list_later_entries(folder))
    noon = next(place for place, (_, body) in enumerate(later) if body.get("dossier") == "start")
    day = [*later[:noon], *older, *later[noon:]]
    recording = tmp_path / "day.jsonl"
    recording.write_text("".join(json.dumps([name, body], default=float) + "\n" for name, body in day))
    arguments = [str(recording), "--speed", "max", "--force", "--config", str(station.config)]
    done = CliRunner().invoke(app, ["replay", *arguments])
    assert done.exit_code == 0, done.output

    def count_answers() -> int:
        return len({a["message_id"] for a in station.received["answer"] if a["state"] != "accepted"})

    asked = [body for name, body in day if name == "bmm"]
    station.wait(lambda: count_answers() >= len(asked), f"an answer to each of {len(asked)} messages")
    assert [f"{letter['kind']}: {letter['reason']}" for letter in station.received["dead-letter"]] == []
