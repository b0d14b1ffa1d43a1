"""Dossiers of measured and simulated runs: their content, and that every link leads to a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from helpers.dossiers import ParsedPage, build_board_sources, build_sources, find_broken_links, touch_files
from helpers.finished_runs import XAFS, XDI, make_finished_run
from helpers.streams import Entry, fold, read_entries, stamp_entries
from xafs_workers.catalog.finished_run import Asset
from xafs_workers.scans.board import Board
from xafs_workers.scans.dossier import Dossier
from xafs_workers.scans.runs import Run
from xafs_workers.settings import Camera
from xafs_workers.simulation.beamline import Beamline, SimulationSetup
from xafs_workers.simulation.plans import XafsParameters, measure_xafs
from xafs_workers.writers.dossier import build_page_name, render_dossier_page
from xafs_workers.writers.dossier_content import DossierSources, SpectrumCounts
from xafs_workers.writers.dossier_index import (
    DossierSummary,
    format_manifest_line,
    is_listed,
    parse_summary,
    render_index_page,
)
from xafs_workers.writers.dossier_motors import (
    build_motor_groups,
    compute_spinner,
    compute_wheel_slot,
    find_crystal,
    find_delivery_mode,
)
from xafs_workers.writers.message_log import LogEntry, encode_entry, render_log_page
from xafs_workers.writers.registry import CannotWrite

SHORT: dict[str, Any] = {"bounds": "-60 -10 20 6k", "steps": "10 4 0.4k", "times": "0.5 0.5 0.25k"}

SNAPSHOTS = {
    "webcam_file": "s_XASwebcam_t.jpg",
    "webcam_uid": "web-uid",
    "analog_file": "s_analog_t.jpg",
    "usb1_file": "s_usb1_t.jpg",
    "usb2_file": "s_usb2_t.jpg",
    "cam8_file": "s_cam8_t.jpg",
    "cam8_uid": "cam8-uid",
    "cam9_file": "s_cam9_t.jpg",
    "xrf_uid": "xrf-uid",
    "xrf_image": "s_XRF_t.png",
    "ga_filename": "/proposals/2025-1/pass-1/snapshots/spinner3-alignment-t.png",
    "ga_yuid": "y-uid",
    "ga_pitchuid": "pitch-uid",
    "ga_fuid": "fluo-uid",
}
CAMERAS = ("webcam_file", "analog_file", "usb1_file", "usb2_file", "cam8_file", "cam9_file")
PICTURES = [f"snapshots/{SNAPSHOTS[key]}" for key in CAMERAS]


def read_file(folder: Path, name: str) -> bytes | None:
    """Read a file of a folder, None where there is none."""
    return (folder / name).read_bytes() if (folder / name).is_file() else None


def write_page(folder: Path, kind: Any, made: DossierSources) -> Path:
    """Write a page with its neighbours into a folder, and check every link."""
    page = folder / build_page_name(made.dossier.stub, made.number)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_bytes(render_dossier_page(kind, made))
    exists = lambda name: (folder / name).exists()  # noqa: E731
    manifest = format_manifest_line(kind, str(page))
    (folder / "dossier/00INDEX.html").write_bytes(
        render_index_page(manifest, partial(read_file, folder), session="pass-1", date="2025-03-03")
    )
    log = encode_entry(LogEntry("k", 1.7e9, "begun", rid=made.dossier.rid))
    (folder / "dossier/messagelog.html").write_bytes(render_log_page(log, exists, session="pass-1"))
    for neighbour in (page, folder / "dossier/00INDEX.html", folder / "dossier/messagelog.html"):
        assert ParsedPage(neighbour.read_bytes()).problems == []
        assert find_broken_links(neighbour) == []
    return page


def change_metadata(run: Run, **changes: Any) -> Run:
    """Return a run whose start document holds more: families or other parts of XDI, merged."""
    xdi = dict(run.xdi)
    for name, value in changes.items():
        xdi[name] = {**xdi.get(name, {}), **value} if isinstance(value, Mapping) else value
    return replace(run, start={**run.start, "XDI": xdi})


@pytest.mark.first_case_fast
def test_the_page_shows_what_the_reduction_found(measured: Path, tmp_path: Path) -> None:
    board = fold(stamp_entries(read_entries(measured / "ni2o3.jsonl")))
    fields = {"XafsWorkers.e0": "8346.000 eV", "XafsWorkers.edge_step": "0.4497", "XafsWorkers.left_out": "2 (no edge)"}
    made = replace(build_board_sources(board, tmp_path, 7), merge_fields=fields)
    touch_files(tmp_path, f"{made.dossier.stub}.merge_07.xdi")
    page = ParsedPage(write_page(tmp_path, "xafs", made).read_bytes())
    assert f"../{made.dossier.stub}.merge_07.xdi" in page.addresses
    for text in ("E0 of the merge 8346.000 eV", "Edge step 0.4497", "Repetitions left out 2 (no edge)"):
        assert text in page.text
    assert "Noise of the merge" not in page.text


@pytest.mark.parametrize("name", ["ni2o3", "ni2o3-bothways", "cr2o3_fluo", "cr2o3_fluo-realabort"])
def test_measured_sequences_give_complete_pages(measured: Path, name: str, tmp_path: Path) -> None:
    board = fold(stamp_entries(read_entries(measured / f"{name}.jsonl")))
    made = build_board_sources(board, tmp_path, 7)
    stub = made.dossier.stub
    files = [f"{stub}.{n:03d}" for n in range(1, len(made.runs) + 1)]
    touch_files(tmp_path, *files, f"prj/{stub}_07.prj", f"snapshots/{stub}_07.png", f"snapshots/{stub}_liveplot_07.png")
    page = ParsedPage(write_page(tmp_path, "xafs", made).read_bytes())
    for link in [
        *(f"../{file}" for file in files),
        f"../prj/{stub}_07.prj",
        f"../snapshots/{stub}_07.png",
        f"../snapshots/{stub}_liveplot_07.png",
        f"messagelog.html#{made.dossier.rid}",
        "00INDEX.html",
    ]:
        assert link in page.addresses
    element = "Ni" if "ni" in name else "Cr"
    for text in (
        f"XAFS {stub} Sequence #07",
        f"Element {element}",
        "slot 14",
        "M3 (Rh/Pt stripe)",
        "Monochromator Si(111)",
        "Photon delivery mode D",
        "GUP 333333",
        "Experiment: 2025-03-03",
        "x 113.234 mm",
        "INI file [scan] filename",
    ):
        assert text in page.text
    assert "url" not in page.text.lower().split(), "the plans' ... is no address"


@pytest.mark.slow
def test_a_simulated_sequence_gives_a_page_in_each_mode(tmp_path: Path) -> None:
    entries: list[Entry] = []
    surroundings = SimulationSetup(
        lambda message: entries.append(("bmm", dict(message))),
        lambda name, doc: entries.append((name, json.loads(json.dumps(doc, default=float)))),
        "/proposals",
    )
    with Beamline(surroundings, context_managers=[]) as beamline:
        for mode, detector in (("transmission", None), ("fluorescence", "4-element SDD")):
            beamline.mount("Fe2O3", detector)
            beamline.run(measure_xafs(beamline, XafsParameters(f"fe {mode}", mode=mode, repetitions=2, **SHORT)))
            made = build_board_sources(fold(stamp_entries(entries)), tmp_path)
            touch_files(tmp_path, f"fe {mode}.001")
            page = ParsedPage(write_page(tmp_path, "xafs", made).read_bytes())
            assert made.dossier.stub == f"fe {mode}"
            assert f"../fe%20{mode}.001" in page.addresses
            assert f"../fe%20{mode}.002" not in page.addresses, "it is not there"
            assert f"fe {mode}.002" in page.text
            assert f"Mode {mode}" in page.text
            assert "#" + str(made.first_run.start["scan_id"]) in page.text


@pytest.fixture
def run() -> Run:
    user = {"startdate": "2025-03-03", "start": 5, "sample": "Fe2O3", "initext": "[scan]\nmode = fluorescence\n"}
    return make_finished_run(XAFS, hint="xafs xs", xdi={**XDI, "_user": user, "_filename": "s.005"}, scan_id=77)


def build_xafs_sources(folder: Path, *runs: Run, **parts: Any) -> DossierSources:
    return build_sources(Dossier("s", tuple(run.uid for run in runs), rid="1a2b"), folder, runs=runs, **parts)


def test_only_existing_files_are_linked(run: Run, tmp_path: Path) -> None:
    bare = ParsedPage(
        write_page(
            tmp_path, "xafs", build_xafs_sources(tmp_path, change_metadata(run, _snapshots=SNAPSHOTS))
        ).read_bytes()
    )
    assert "img" not in bare.tags
    assert "Athena project" not in bare.text
    assert bare.addresses == ["data:,", "00INDEX.html", "messagelog.html#1a2b"]


def test_pictures_are_linked_in_every_mode(run: Run, tmp_path: Path) -> None:
    """Pictures of XRF and alignment do not depend on the mode."""
    touch_files(tmp_path, *PICTURES, "XRF/s_XRF_t.png", "snapshots/spinner3-alignment-t.png", "XRF/s.xrf", "s.005")
    transmission = change_metadata(run, _snapshots=SNAPSHOTS, _mode=["transmission"], _xrffile="s.xrf")
    counts = SpectrumCounts(("1", "2"), (1234567, 7), (89, 1))
    page = ParsedPage(
        write_page(tmp_path, "xafs", build_xafs_sources(tmp_path, transmission, counts=counts)).read_bytes()
    )
    for link in [*PICTURES, "XRF/s_XRF_t.png", "snapshots/spinner3-alignment-t.png", "XRF/s.xrf", "s.005"]:
        assert f"../{link}" in page.addresses
    assert "web-uid" in page.text
    assert "GigE camera #8" in page.text
    assert "cam8-uid" in page.text
    assert "pitch alignment pitch-uid" in page.text
    assert "1,234,567 7" in page.text


def test_the_cameras_are_those_of_the_settings(run: Run, tmp_path: Path) -> None:
    touch_files(tmp_path, *PICTURES)
    cameras = (Camera(name="bird's eye", files=("none", "cam9_file")),)
    made = build_xafs_sources(tmp_path, change_metadata(run, _snapshots=SNAPSHOTS), cameras=cameras)
    page = ParsedPage(write_page(tmp_path, "xafs", made).read_bytes())
    assert "bird's eye" in page.text
    shown = {address for address in page.addresses if address.endswith(".jpg")}
    assert shown == {"../snapshots/s_cam9_t.jpg"}


@pytest.mark.parametrize("snapshots", [None, "text", [], {"webcam_file": None}])
def test_missing_snapshots_and_anchor_are_left_out(snapshots: Any, run: Run, tmp_path: Path) -> None:
    """Neither is needed, and nothing prints as `None`."""
    made = build_xafs_sources(tmp_path, change_metadata(run, _snapshots=snapshots))
    for kind in ("xafs", "sead", "raster"):
        page = write_page(tmp_path, kind, replace(made, dossier=replace(made.dossier, rid="")))
        assert "None" not in page.read_text()
        assert "messagelog.html" in ParsedPage(page.read_bytes()).addresses


def test_names_come_from_the_recorded_metadata(run: Run, tmp_path: Path) -> None:
    """A dossier of some of the scans links their files, not others."""
    runs = [change_metadata(run, _filename=f"s.{n:03d}") for n in (7, 9)]
    touch_files(tmp_path, "s.001", "s.002", "s.007", "s.009")
    addresses = ParsedPage(write_page(tmp_path, "xafs", build_xafs_sources(tmp_path, *runs)).read_bytes()).addresses
    assert [address for address in addresses if address.startswith("../s.")] == ["../s.007", "../s.009"]


def test_unrecorded_names_are_numbered(run: Run, tmp_path: Path) -> None:
    text = ParsedPage(
        write_page(
            tmp_path, "xafs", build_xafs_sources(tmp_path, *[change_metadata(run, _filename=None)] * 2)
        ).read_bytes()
    ).text
    assert "s.005" in text
    assert "s.006" in text


def test_reflectivity_and_other_instruments_are_shown(run: Run, tmp_path: Path) -> None:
    """Any fragment is shown; that of a message precedes that of the document."""
    fragment = "<ul><li>flat = 0.1</li><li>ROI 2: <b>specular</b></li></ul>"
    made = build_xafs_sources(tmp_path, change_metadata(run, _user={"instrument": fragment}))
    assert fragment in write_page(tmp_path, "xafs", made).read_text()
    other = replace(made, dossier=replace(made.dossier, instrument="<p>Linkam stage, 300 °C</p>"))
    text = write_page(tmp_path, "xafs", other).read_text()
    assert "<p>Linkam stage, 300 °C</p>" in text
    assert fragment not in text


def test_detector_files_are_listed(run: Run, tmp_path: Path) -> None:
    path = "/nsls2/data3/bmm/proposals/2025-1/pass-1/assets/xspress3-1/2025/03/03/x_000.h5"
    made = build_xafs_sources(tmp_path, run, assets={run.uid: [Asset(path, "XSP3_FLY")]})
    assert (
        "XSpress3 HDF5 assets/xspress3-1/2025/03/03/x_000.h5"
        in ParsedPage(write_page(tmp_path, "xafs", made).read_bytes()).text
    )


def test_a_dossier_without_runs_gives_no_page(tmp_path: Path) -> None:
    """Without a finished run there is nothing to report."""
    with pytest.raises(CannotWrite, match="nothing was measured"):
        render_dossier_page("xafs", build_xafs_sources(tmp_path))


def test_a_sead_page_shows_its_parameters(run: Run, tmp_path: Path) -> None:
    user = {"pngfile": "s_sead_t", "shutter": True}
    scan = {"dwell_time": 0.25, "delay": 0.1}
    watched = change_metadata(run, _user=user, Scan=scan, Beamline={"energy": 7122.123456}, _filename="s.003")
    touch_files(tmp_path, "s.003", "snapshots/s_sead_t.png")
    page = ParsedPage(write_page(tmp_path, "sead", build_xafs_sources(tmp_path, watched)).read_bytes())
    assert "../s.003" in page.addresses
    assert "../snapshots/s_sead_t.png" in page.addresses
    for text in ("SEAD s", "Energy 7122.1 eV", "Dwell time 0.25 s", "Delay 0.1 s", "Points 4", "Shutter control yes"):
        assert text in page.text, "D6: one decimal"


def test_a_raster_page_shows_its_parameters(run: Run, tmp_path: Path) -> None:
    """The names begin with `maps/` already."""
    user = {"fast_motor": "xafs_x", "slow_motor": "xafs_y", "fast_init": 12.3456, "slow_init": 118.9, "energy": 7200}
    snapshots = {"pngout": "m.png", "xlsxout": "maps/m-01.xlsx", "matout": "maps/m-01.mat"}
    mapped = change_metadata(run, _user=user, _snapshots=snapshots)
    mapped = replace(mapped, start={**mapped.start, "shape": [11, 21]})
    touch_files(tmp_path, "maps/m.png", "maps/m-01.xlsx", "maps/m-01.mat")
    page = ParsedPage(write_page(tmp_path, "raster", build_xafs_sources(tmp_path, mapped)).read_bytes())
    for link in ("../maps/m.png", "../maps/m-01.xlsx", "../maps/m-01.mat"):
        assert link in page.addresses
    for text in ("Fast motor xafs_x, 21 steps", "Slow motor xafs_y, 11 steps", "xafs_x = 12.346, xafs_y = 118.900"):
        assert text in page.text


@pytest.mark.parametrize(
    ("positions", "mode"),
    [
        ((-1, 4, 0, 0, 0), "XRD"),
        ((-1, 0, 0, 0, 0), "A"),
        ((-1, 0, -3, 0, 0), "B"),
        ((-1, 0, -8, 0, 0), "C"),
        ((6, 0, 0, 3.5, 8), "D"),
        ((6, 0, 0, 3.5, -8), "E"),
        ((6, 0, 0, 2, 8), "F"),
    ],
)
def test_delivery_modes_are_derived_from_positions(positions: tuple[float, ...], mode: str) -> None:
    names = ("m2_vertical", "m2_pitch", "m3_vertical", "m3_pitch", "m3_lateral")
    assert find_delivery_mode(dict(zip(names, positions, strict=True))) == mode


def test_crystal_slot_and_spinner_follow_from_positions() -> None:
    assert [find_crystal({"dcm_x": x}, third_harmonic=h) for x, h in ((60, False), (0, False), (0, True))] == [
        "Si(311)",
        "Si(111)",
        "Si(333)",
    ]
    assert [compute_wheel_slot({"xafs_wheel": angle}) for angle in (-15, -30, -360, 135, 0, 345)] == [
        24,
        1,
        23,
        14,
        23,
        24,
    ]
    assert [compute_spinner({"xafs_garot": angle}) for angle in (0, 45, 315, -45, 360)] == [1, 8, 2, 2, 1]
    assert (
        find_delivery_mode({}),
        find_crystal({}, third_harmonic=False),
        compute_wheel_slot({}),
        compute_spinner({}),
    ) == ("", "", None, None)
    (group,) = build_motor_groups({"m3_xu": -8.0, "m3_pitch": 3.5, "unknown": 1.0})
    assert group.title == "M3 (Si stripe)"
    assert group.motors == (("pitch", "3.500", "mrad"), ("xu", "-8.000", "mm"))
    assert build_motor_groups({}) == ()


def test_the_index_lists_existing_dossiers(tmp_path: Path) -> None:
    touch_files(tmp_path, "dossier/a b-01.html", "dossier/c-01.html", "dossier/secret.txt")
    lines = b"".join(
        [
            format_manifest_line("xafs", "/proposals/x/dossier/a b-01.html"),
            format_manifest_line("sead", "/proposals/x/dossier/gone-01.html"),
            format_manifest_line("raster", "/elsewhere/c-01.html"),
            format_manifest_line("xafs", "/proposals/x/dossier/a b-01.html"),
            b"\xff\xfe nonsense <script>\n",
            "other\N{OPEN BOX}/proposals/x/dossier/c-01.html\n".encode(),
            format_manifest_line("xafs", "/proposals/x/dossier/secret.txt"),
        ]
    )
    page = ParsedPage(render_index_page(lines, partial(read_file, tmp_path), session="pass-1", date=""))
    assert page.problems == []
    assert page.addresses == ["data:,", "messagelog.html", "a%20b-01.html", "c-01.html"]
    assert "1 XAFS a b-01 2 RASTER c-01" in page.text
    assert is_listed(lines, "raster", "/elsewhere/c-01.html")
    assert not is_listed(lines, "raster", "/elsewhere/c-0")


def test_the_index_shows_time_element_and_picture(measured: Path, tmp_path: Path) -> None:
    board = fold(stamp_entries(read_entries(measured / "ni2o3.jsonl")))
    made = build_board_sources(board, tmp_path, 7)
    touch_files(tmp_path, f"snapshots/{made.dossier.stub}_07.png")
    page = write_page(tmp_path, "xafs", replace(made, zone=UTC))
    begun = datetime.fromtimestamp(made.first_run.start["time"], UTC)
    index = ParsedPage((tmp_path / "dossier/00INDEX.html").read_bytes())
    assert f"1 XAFS {page.stem} Ni K {begun:%Y-%m-%d %H:%M:%S}" in index.text
    assert f"../snapshots/{made.dossier.stub}_07.png" in index.addresses


@pytest.mark.parametrize("picture", ["https://example.org/x.png", "javascript:1", "../a:b", "/etc/x.png"])
def test_the_index_shows_no_picture_from_elsewhere(picture: str) -> None:
    assert parse_summary(f'<meta name="dossier-picture" content="{picture}">'.encode()) == DossierSummary()


def test_motor_positions_come_from_the_first_baseline_reading() -> None:
    run = make_finished_run(XAFS)
    assert run.baseline == {"dcm_roll": -1.0, "xafs_x": 99.0}
    assert isinstance(fold([]), Board)
