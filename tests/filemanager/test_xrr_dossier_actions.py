"""Pages of reflectivity measurements: what the run has, what it lacks, any number of results, replaced if own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.dossiers import ParsedPage
from helpers.figures import get_run_uid
from helpers.file_actions import FileManagerHarness, act_on
from helpers.goniometer import REFLECTIVITY, make_goniometer_run
from helpers.reports import add_pictures
from helpers.streams import EntryStamper
from xafs_workers.runtime.outcome import Postponed

HOME = {"data_session": "pass-333333", "cycle": "2025-1"}
PASS = {"samplez": 1.25, "eta_peakpos": 0.01, "eta_com": 0.02, "eta_fwhm_center": float("nan")}
STEP = {"eta_nominal": 0.5, "delta": 1.0, "attenuator": 3, "eta_found": 0.502, "diff": 0.002}
XDI: dict[str, Any] = {
    "Beamline": {
        "name": "BMM", "xray_source": "3PW", "endstation": "XRD", "sample_alignment": [PASS] * 2,
        "eta_refinement": [STEP, {**STEP, "eta_nominal": 1.0, "diff": 0.004}],
    },
    "Detector": {"XRR": "Mythen 2", "mythen_pixel_zero": 641.5, "mythen_dir_roi": "638-645", "mythen_gap": 0.5},
    "Sample": {"name": "a <b>film</b>"},
    "_pccenergy": 17000.0,
}  # fmt: skip
BASELINE = {"delta": 1.5, "nu": 0.25, "samplez": 1.2, "table_vertical": 3.0, "m2_pitch": 2.5, "dcm_energy": 16999.9}

Measure = Callable[..., str]


@pytest.fixture
def measure(manager: FileManagerHarness) -> Measure:
    stamper = EntryStamper()

    def fold_run(**changed: Any) -> str:
        entries = make_goniometer_run(REFLECTIVITY, **{"baseline": BASELINE, "XDI": XDI, **HOME, **changed})
        manager.fold(stamper.stamp(entries))
        return get_run_uid(entries)

    return fold_run


def write(manager: FileManagerHarness, uid: str, **more: Any) -> ParsedPage:
    outcome = act_on(manager, **{"then": 100.0, "xrr_dossier": True, "uid": uid, "stub": "film-a", **more})
    assert outcome.state == "done", outcome.reason
    assert outcome.paths == (str(manager.folder / "reports/film-a.html"),)
    return ParsedPage(Path(outcome.paths[0]).read_bytes())


def test_the_page_shows_what_the_run_has(manager: FileManagerHarness, measure: Measure) -> None:
    uid = measure()
    add_pictures(manager, ["film-a.png"], "pictures")
    add_pictures(manager, ["film-a_eta_pass2.png", "film-a_eta_1.png"])
    act_on(manager, xrrout=True, uid=uid, stub="film-a", style="short")
    page = write(manager, uid)
    assert page.problems == []
    assert "../pictures/film-a.png" in page.addresses
    assert {"../film-a.xdi", "../film-a_short.txt", "../snapshots/film-a_eta_pass2.png"} <= set(page.addresses)
    assert "../film-a_XRR_MAT" not in page.addresses, "it does not exist"
    assert "a <b>film</b>" in page.text
    for text in ("Energy 16999.9 eV", "Pixel zero 641.5", "Direct region 638-645", "Source 3PW", "Mythen 2"):
        assert text in page.text
    assert "1 1.2500 0.0100 0.0200 –" in page.text
    assert "0.5000 1.0000 3 0.5020 0.0020" in page.text
    assert "mean difference: 0.0030°" in page.text
    assert "8600" not in page.text
    for text in ("delta 1.500 °", "eta (missing)", "table_vertical 3.000 mm", "pitch 2.500 mrad"):
        assert text in page.text


@pytest.mark.parametrize("xdi", [{}, {"Beamline": "text", "Detector": [1]}, {"Beamline": {"eta_refinement": ["x"]}}])
def test_a_run_without_metadata_has_a_page(manager: FileManagerHarness, measure: Measure, xdi: dict[str, Any]) -> None:
    page = write(manager, measure(XDI=xdi, baseline={}))
    assert page.problems == []
    assert "Pixel zero (missing)" in page.text
    assert "Sample alignment (missing)" in page.text
    assert "There is no picture of this measurement." in page.text


def test_the_picture_is_waited_for(manager: FileManagerHarness, measure: Measure) -> None:
    uid = measure()
    with pytest.raises(Postponed, match=r"pictures/film-a\.png"):
        act_on(manager, xrr_dossier=True, uid=uid, stub="film-a")
    add_pictures(manager, ["film-a.png"], "pictures")
    assert "../pictures/film-a.png" in write(manager, uid, then=0.0).addresses


def test_a_later_page_replaces_only_the_programs_own(manager: FileManagerHarness, measure: Measure) -> None:
    first, second, third = (measure(scan_id=number) for number in (1, 2, 3))
    write(manager, first, offset=1)
    assert "Scan 2" in write(manager, second, offset=2).text
    page = manager.folder / "reports/film-a.html"
    page.write_text("changed by a user")
    outcome = act_on(manager, offset=3, then=100.0, xrr_dossier=True, uid=third, stub="film-a")
    assert outcome.state == "failed"
    assert page.read_text() == "changed by a user"
