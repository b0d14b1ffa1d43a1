"""Reports of a sample's alignment: any number of passes, pictures that come late or never, missing values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helpers.file_actions import FileManagerHarness, act_on
from helpers.reports import add_pictures, read_report, write_after_patience
from xafs_workers.runtime.outcome import Postponed

PASSES = [
    {"v_uid": f"v{n}", "e_uid": f"e{n}", "samplez": 1.2 + n, "eta_peakpos": 0.01, "eta_com": 0.02, "eta_fwhm_center": n}
    for n in range(1, 8)
]
HEADINGS = ["iteration", "samplez", "eta_peak", "eta_com", "eta_cen"]


def build_message(manager: FileManagerHarness, passes: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"sample_alignment": True, "path": str(manager.folder), "stub": "film-a", "results": passes, **more}


def list_names(count: int) -> list[str]:
    return [f"film-a_{scan}_pass{number}.png" for number in range(1, count + 1) for scan in ("vertical", "eta")]


@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("folder", ["snapshots", "snapshots/pictures"])
def test_each_pass_has_a_row_and_two_pictures(manager: FileManagerHarness, count: int, folder: str) -> None:
    pictures = add_pictures(manager, list_names(count), folder)
    outcome = act_on(manager, **build_message(manager, PASSES[:count]))
    assert (outcome.state, outcome.reason) == ("done", "")
    assert outcome.paths == (str(manager.folder / "reports/film-a_alignment.pptx"),)
    first, *others = read_report(Path(outcome.paths[0]).read_bytes())
    assert first.texts[0] == "Sample alignment: film-a"
    assert first.tables[0][0] == HEADINGS
    assert first.tables[0][1] == ["1", "2.2000", "0.0100", "0.0200", "1.0000"]
    assert len(first.tables[0]) == count + 1
    assert [picture for slide in others for picture in slide.pictures] == pictures
    assert "vertical scan: v1" in others[0].texts
    assert all(slide.is_inside for slide in (first, *others))


def test_pictures_are_waited_for_and_then_done_without(manager: FileManagerHarness) -> None:
    add_pictures(manager, ["film-a_vertical_pass1.png"])
    message = build_message(manager, PASSES[:1])
    with pytest.raises(Postponed, match=r"snapshots/film-a_eta_pass1\.png"):
        act_on(manager, **message)
    assert not (manager.folder / "reports").exists()
    slides, reason = write_after_patience(manager, **message)
    assert reason == "without snapshots/film-a_eta_pass1.png"
    assert "pass 1: eta scan: no picture snapshots/film-a_eta_pass1.png" in slides[1].texts
    assert len(slides[1].pictures) == 1


def test_a_picture_that_cannot_be_read_is_named(manager: FileManagerHarness) -> None:
    add_pictures(manager, list_names(1))
    (manager.folder / "snapshots/film-a_eta_pass1.png").write_bytes(b"no picture")
    outcome = act_on(manager, **build_message(manager, PASSES[:1]))
    slides = read_report(Path(outcome.paths[0]).read_bytes())
    assert "pass 1: eta scan: no readable picture snapshots/film-a_eta_pass1.png" in slides[1].texts


def test_values_that_are_missing_are_dashes(manager: FileManagerHarness) -> None:
    slides, _ = write_after_patience(
        manager, **build_message(manager, [{"samplez": 1.0, "eta_com": None, "eta_peakpos": float("nan")}])
    )
    assert slides[0].tables[0][1] == ["1", "1.0000", "–", "–", "–"]


def test_a_report_without_passes_has_headings_alone(manager: FileManagerHarness) -> None:
    (slide,), _ = write_after_patience(manager, **build_message(manager, []))
    assert slide.tables == [[HEADINGS]]


def test_a_second_report_gets_a_number(manager: FileManagerHarness) -> None:
    for number, passes in enumerate((PASSES[:1], PASSES[1:2], PASSES[2:3])):
        act_on(manager, offset=number, then=100.0, **build_message(manager, passes))
    assert sorted(path.name for path in (manager.folder / "reports").iterdir()) == [
        "film-a_alignment(1).pptx",
        "film-a_alignment(2).pptx",
        "film-a_alignment.pptx",
    ]


def test_without_the_library_the_message_fails_with_advice(
    manager: FileManagerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pptx", None)
    outcome = act_on(manager, then=100.0, **build_message(manager, PASSES[:1]))
    assert outcome.state == "failed"
    assert "python-pptx, which is not installed: pip install 'xafs-workers[reports]'" in outcome.reason
    assert not (manager.folder / "reports").exists()


def test_a_folder_that_is_no_proposal_is_refused(manager: FileManagerHarness) -> None:
    outcome = act_on(manager, then=100.0, **build_message(manager, PASSES[:1], path="/somewhere"))
    assert outcome.state == "failed"
    assert "/somewhere" in outcome.reason
