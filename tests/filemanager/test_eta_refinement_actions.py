"""Reports of a refinement of eta: any number of steps, their mean difference, pictures named by the angle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helpers.file_actions import FileManagerHarness, act_on
from helpers.reports import add_pictures, read_report, write_after_patience


def make_steps(*angles: float) -> list[dict[str, Any]]:
    return [
        {"uid": "u", "eta_nominal": a, "delta": 2 * a, "attenuator": 3, "eta_found": a + 0.001 * n, "diff": 0.001 * n}
        for n, a in enumerate(angles, start=1)
    ]


def build_message(manager: FileManagerHarness, steps: list[dict[str, Any]]) -> dict[str, Any]:
    return {"eta_refinement": True, "path": str(manager.folder), "stub": "film-a", "results": steps}


@pytest.mark.parametrize("angles", [(0.5,), (0.5, 1.0, 1.5, 2.0), (0.25, 0.5, 1.0, 1.5, 2.0, 2.5)])
def test_each_step_has_a_row_and_a_picture(manager: FileManagerHarness, angles: tuple[float, ...]) -> None:
    pictures = add_pictures(manager, [f"film-a_eta_{angle}.png" for angle in angles])
    outcome = act_on(manager, **build_message(manager, make_steps(*angles)))
    assert (outcome.state, outcome.reason) == ("done", "")
    assert outcome.paths == (str(manager.folder / "reports/film-a_eta_refinement.pptx"),)
    first, *others = read_report(Path(outcome.paths[0]).read_bytes())
    assert first.tables[0][0] == ["nominal", "delta", "attenuator", "found", "difference"]
    a = angles[0]
    assert first.tables[0][1] == [f"{a:.4f}", f"{2 * a:.4f}", "3", f"{a + 0.001:.4f}", "0.0010"]
    assert len(first.tables[0]) == len(angles) + 1
    mean = sum(0.001 * n for n in range(1, len(angles) + 1)) / len(angles)
    assert f"mean difference: {mean:.4f}°" in first.texts
    assert [picture for slide in others for picture in slide.pictures] == pictures
    assert all(slide.is_inside for slide in (first, *others))


def test_a_whole_angle_may_be_written_in_two_ways(manager: FileManagerHarness) -> None:
    (picture,) = add_pictures(manager, ["film-a_eta_1.png"])
    outcome = act_on(manager, **build_message(manager, make_steps(1.0)))
    slides = read_report(Path(outcome.paths[0]).read_bytes())
    assert slides[1].pictures == [picture]


def test_the_mean_is_that_of_the_known_differences(manager: FileManagerHarness) -> None:
    steps = make_steps(0.5, 1.0, 1.5)
    steps[1]["diff"] = float("nan")
    del steps[2]["eta_nominal"]
    slides, reason = write_after_patience(manager, **build_message(manager, steps))
    assert "mean difference: 0.0020°" in slides[0].texts
    assert [row[4] for row in slides[0].tables[0][1:]] == ["0.0010", "–", "0.0030"]
    assert "eta = step 3: no picture snapshots/film-a_eta_unknown.png" in slides[1].texts
    assert reason.count(".png") == 3
