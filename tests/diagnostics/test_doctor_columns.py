"""The doctor compares the configured columns with the newest energy scan, and names what may be meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helpers.any_beamline import STREAMS, find_stream
from xafs_workers.diagnostics.doctor.columns import check_columns
from xafs_workers.diagnostics.doctor.finding import Case, Finding
from xafs_workers.settings import Settings


def examine(path: Path, columns: dict[str, Any], tables: dict[str, Any]) -> list[Finding]:
    settings = Settings(
        profile="plain",
        sources={"recording": {"file": path}},  # type: ignore[arg-type]
        columns=columns,  # type: ignore[arg-type]
        detectors={"table": tables},  # type: ignore[arg-type]
    )
    return list(check_columns(Case(settings)))


def examine_stream(stream: str, **changes: Any) -> list[Finding]:
    columns, tables = STREAMS[stream]
    return examine(find_stream(stream), {**columns, **changes}, tables)


@pytest.mark.parametrize("stream", ["step_two_movers", "step_kev", "step_linear_drive", "fly_array_events"])
def test_right_columns_are_found(stream: str) -> None:
    (finding,) = examine_stream(stream)
    assert (finding.level, finding.check) == ("ok", "columns")
    assert "has every column that is set" in finding.text


def test_columns_that_a_run_lacks_are_named() -> None:
    findings = examine_stream("step_two_movers", i0="I0", energy="mono_energy", ir="Iref_count_rate")
    assert [(finding.level, finding.text.partition(":")[0], finding.remedy) for finding in findings] == [
        ("warning", "columns.energy", "did you mean monochromator-energy?"),
        ("warning", "columns.i0", "did you mean I0-count_rate?"),
        ("warning", "columns.ir", "did you mean Iref-count_rate?"),
    ]
    assert findings[1].text == "columns.i0: run 4fdbd344 (xafs_scan) has no I0"


def test_detector_that_is_not_configured_is_named() -> None:
    columns, _ = STREAMS["step_two_movers"]
    (finding,) = examine(find_stream("step_two_movers"), columns, {})
    assert finding.level == "warning"
    assert "vortex-element{channel}-roi0-count" in finding.text
    assert "did you mean detectors.table.vortex" in finding.remedy


def test_energy_without_a_unit_is_named() -> None:
    (finding,) = examine_stream("step_two_movers", units={"monochromator-energy": "counts"})
    assert "its unit is 'counts' (expected an energy" in finding.text


def test_session_without_energy_scans_is_not_compared() -> None:
    (finding,) = examine(find_stream("stock_scan"), {"i0": "none"}, {})
    assert finding.level == "ok"
    assert "not compared" in finding.text


def test_source_that_cannot_be_read_is_no_fault_of_columns(tmp_path: Path) -> None:
    (finding,) = examine(tmp_path / "missing.jsonl", {}, {})
    assert finding.level == "ok"
    assert "missing.jsonl" in finding.text


def test_zmq_is_not_compared() -> None:
    settings = Settings(profile="plain", sources={"zmq": {"address": "tcp://127.0.0.1:9"}})  # type: ignore[arg-type]
    (finding,) = check_columns(Case(settings))
    assert "ZMQ keeps no run" in finding.text
