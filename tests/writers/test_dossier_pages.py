"""Dossiers made of measured and simulated runs: what stands on them, and that every link leads somewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helpers.dossiers import Page, broken_links, sources, sources_of, touch
from helpers.finished import XAFS, XDI, finished
from helpers.streams import Entry, fold, items_of, read_entries
from xafs_workers.catalog.finished_run import Asset
from xafs_workers.scans.board import Board
from xafs_workers.scans.dossier import Dossier
from xafs_workers.scans.runs import Run
from xafs_workers.simulation.beamline import Beamline, Surroundings
from xafs_workers.simulation.plans import Xafs, xafs
from xafs_workers.writers.dossier import Counts, Sources, dossier_page, page_name
from xafs_workers.writers.dossier_index import index_page, is_listed, manifest_line
from xafs_workers.writers.dossier_motors import crystal, delivery_mode, motor_groups, spinner, wheel_slot
from xafs_workers.writers.message_log import LogEntry, log_page, record
from xafs_workers.writers.registry import CannotWrite

SHORT: dict[str, Any] = {"bounds": "-60 -10 20 6k", "steps": "10 4 0.4k", "times": "0.5 0.5 0.25k"}

SNAPSHOTS = {
    "webcam_file": "s_XASwebcam_t.jpg",
    "webcam_uid": "web-uid",
    "analog_file": "s_analog_t.jpg",
    "usb1_file": "s_usb1_t.jpg",
    "usb2_file": "s_usb2_t.jpg",
    "xrf_uid": "xrf-uid",
    "xrf_image": "s_XRF_t.png",
    "ga_filename": "/proposals/2025-1/pass-1/snapshots/spinner3-alignment-t.png",
    "ga_yuid": "y-uid",
    "ga_pitchuid": "pitch-uid",
    "ga_fuid": "fluo-uid",
}
PICTURES = [f"snapshots/{SNAPSHOTS[key]}" for key in ("webcam_file", "analog_file", "usb1_file", "usb2_file")]


def written(folder: Path, kind: Any, made: Sources) -> Path:
    """Write a page with its neighbours into a folder, and check every link."""
    page = folder / page_name(made.dossier.stub, made.number)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_bytes(dossier_page(kind, made))
    exists = lambda name: (folder / name).exists()  # noqa: E731
    manifest = manifest_line(kind, str(page))
    (folder / "dossier/00INDEX.html").write_bytes(index_page(manifest, exists, session="pass-1", date="2025-03-03"))
    log = record(LogEntry("k", 1.7e9, "begun", rid=made.dossier.rid))
    (folder / "dossier/messagelog.html").write_bytes(log_page(log, exists, session="pass-1"))
    for neighbour in (page, folder / "dossier/00INDEX.html", folder / "dossier/messagelog.html"):
        assert Page(neighbour.read_bytes()).problems == []
        assert broken_links(neighbour) == []
    return page


def told(run: Run, **changes: Any) -> Run:
    """Return a run whose start document tells more: families or other parts of XDI, merged."""
    xdi = dict(run.xdi)
    for name, value in changes.items():
        xdi[name] = {**xdi.get(name, {}), **value} if isinstance(value, Mapping) else value
    return replace(run, start={**run.start, "XDI": xdi})


@pytest.mark.parametrize("name", ["ni2o3", "ni2o3-bothways", "cr2o3_fluo", "cr2o3_fluo-realabort"])
def test_measured_sequences(measured: Path, name: str, tmp_path: Path) -> None:
    board = fold(items_of(read_entries(measured / f"{name}.jsonl")))
    made = sources_of(board, tmp_path, 7)
    stub = made.dossier.stub
    files = [f"{stub}.{n:03d}" for n in range(1, len(made.runs) + 1)]
    touch(tmp_path, *files, f"prj/{stub}_07.prj", f"snapshots/{stub}_07.png", f"snapshots/{stub}_liveplot_07.png")
    page = Page(written(tmp_path, "xafs", made).read_bytes())
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


def test_simulated_sequence_in_each_mode(tmp_path: Path) -> None:
    entries: list[Entry] = []
    surroundings = Surroundings(
        lambda message: entries.append(("bmm", dict(message))),
        lambda name, doc: entries.append((name, json.loads(json.dumps(doc, default=float)))),
        "/proposals",
    )
    with Beamline(surroundings, context_managers=[]) as beamline:
        for mode, detector in (("transmission", None), ("fluorescence", "4-element SDD")):
            beamline.mount("Fe2O3", detector)
            beamline.run(xafs(beamline, Xafs(f"fe {mode}", mode=mode, repetitions=2, **SHORT)))
            made = sources_of(fold(items_of(entries)), tmp_path)
            touch(tmp_path, f"fe {mode}.001")
            page = Page(written(tmp_path, "xafs", made).read_bytes())
            assert made.dossier.stub == f"fe {mode}"
            assert f"../fe%20{mode}.001" in page.addresses
            assert f"../fe%20{mode}.002" not in page.addresses, "it is not there"
            assert f"fe {mode}.002" in page.text
            assert f"Mode {mode}" in page.text
            assert "#" + str(made.first.start["scan_id"]) in page.text


@pytest.fixture
def run() -> Run:
    user = {"startdate": "2025-03-03", "start": 5, "sample": "Fe2O3", "initext": "[scan]\nmode = fluorescence\n"}
    return finished(XAFS, hint="xafs xs", xdi={**XDI, "_user": user, "_filename": "s.005"}, scan_id=77)


def xafs_of(folder: Path, *runs: Run, **parts: Any) -> Sources:
    return sources(Dossier("s", tuple(run.uid for run in runs), rid="1a2b"), folder, runs=runs, **parts)


def test_only_what_exists_is_linked(run: Run, tmp_path: Path) -> None:
    bare = Page(written(tmp_path, "xafs", xafs_of(tmp_path, told(run, _snapshots=SNAPSHOTS))).read_bytes())
    assert "img" not in bare.tags
    assert "Athena project" not in bare.text
    assert bare.addresses == ["data:,", "00INDEX.html", "messagelog.html#1a2b"]


def test_pictures_in_every_mode(run: Run, tmp_path: Path) -> None:
    """D8: pictures of XRF and alignment are not a matter of the mode."""
    touch(tmp_path, *PICTURES, "XRF/s_XRF_t.png", "snapshots/spinner3-alignment-t.png", "XRF/s.xrf", "s.005")
    transmission = told(run, _snapshots=SNAPSHOTS, _mode=["transmission"], _xrffile="s.xrf")
    counts = Counts(("1", "2"), (1234567, 7), (89, 1))
    page = Page(written(tmp_path, "xafs", xafs_of(tmp_path, transmission, counts=counts)).read_bytes())
    for link in [*PICTURES, "XRF/s_XRF_t.png", "snapshots/spinner3-alignment-t.png", "XRF/s.xrf", "s.005"]:
        assert f"../{link}" in page.addresses
    assert "web-uid" in page.text
    assert "pitch alignment pitch-uid" in page.text
    assert "1,234,567 7" in page.text


@pytest.mark.parametrize("snapshots", [None, "text", [], {"webcam_file": None}])
def test_missing_snapshots_and_anchor(snapshots: Any, run: Run, tmp_path: Path) -> None:
    """D8: neither is needed, and nothing prints as `None`."""
    made = xafs_of(tmp_path, told(run, _snapshots=snapshots))
    for kind in ("xafs", "sead", "raster"):
        page = written(tmp_path, kind, replace(made, dossier=replace(made.dossier, rid="")))
        assert "None" not in page.read_text()
        assert "messagelog.html" in Page(page.read_bytes()).addresses


def test_names_are_those_recorded(run: Run, tmp_path: Path) -> None:
    """D9: a dossier of some of the scans links their files, not others."""
    runs = [told(run, _filename=f"s.{n:03d}") for n in (7, 9)]
    touch(tmp_path, "s.001", "s.002", "s.007", "s.009")
    addresses = Page(written(tmp_path, "xafs", xafs_of(tmp_path, *runs)).read_bytes()).addresses
    assert [address for address in addresses if address.startswith("../s.")] == ["../s.007", "../s.009"]


def test_names_that_nobody_recorded_are_counted(run: Run, tmp_path: Path) -> None:
    text = Page(written(tmp_path, "xafs", xafs_of(tmp_path, *[told(run, _filename=None)] * 2)).read_bytes()).text
    assert "s.005" in text
    assert "s.006" in text


def test_reflectivity_and_other_instruments_are_shown(run: Run, tmp_path: Path) -> None:
    """D10: whatever fragment comes is shown; that of a message goes before that of the document."""
    fragment = "<ul><li>flat = 0.1</li><li>ROI 2: <b>specular</b></li></ul>"
    made = xafs_of(tmp_path, told(run, _user={"instrument": fragment}))
    assert fragment in written(tmp_path, "xafs", made).read_text()
    other = replace(made, dossier=replace(made.dossier, instrument="<p>Linkam stage, 300 °C</p>"))
    text = written(tmp_path, "xafs", other).read_text()
    assert "<p>Linkam stage, 300 °C</p>" in text
    assert fragment not in text


def test_detector_files_are_told(run: Run, tmp_path: Path) -> None:
    path = "/nsls2/data3/bmm/proposals/2025-1/pass-1/assets/xspress3-1/2025/03/03/x_000.h5"
    made = xafs_of(tmp_path, run, assets={run.uid: [Asset(path, "XSP3_FLY")]})
    assert (
        "XSpress3 HDF5 assets/xspress3-1/2025/03/03/x_000.h5" in Page(written(tmp_path, "xafs", made).read_bytes()).text
    )


def test_nothing_measured_is_no_page(tmp_path: Path) -> None:
    """D1: without a finished run there is nothing to report."""
    with pytest.raises(CannotWrite, match="nothing was measured"):
        dossier_page("xafs", xafs_of(tmp_path))


def test_sead(run: Run, tmp_path: Path) -> None:
    user = {"pngfile": "s_sead_t", "shutter": True}
    scan = {"dwell_time": 0.25, "delay": 0.1}
    watched = told(run, _user=user, Scan=scan, Beamline={"energy": 7122.123456}, _filename="s.003")
    touch(tmp_path, "s.003", "snapshots/s_sead_t.png")
    page = Page(written(tmp_path, "sead", xafs_of(tmp_path, watched)).read_bytes())
    assert "../s.003" in page.addresses
    assert "../snapshots/s_sead_t.png" in page.addresses
    for text in ("SEAD s", "Energy 7122.1 eV", "Dwell time 0.25 s", "Delay 0.1 s", "Points 4", "Shutter control yes"):
        assert text in page.text, "D6: one decimal"


def test_raster(run: Run, tmp_path: Path) -> None:
    """D7: the names begin with `maps/` already."""
    user = {"fast_motor": "xafs_x", "slow_motor": "xafs_y", "fast_init": 12.3456, "slow_init": 118.9, "energy": 7200}
    snapshots = {"pngout": "m.png", "xlsxout": "maps/m-01.xlsx", "matout": "maps/m-01.mat"}
    mapped = told(run, _user=user, _snapshots=snapshots)
    mapped = replace(mapped, start={**mapped.start, "shape": [11, 21]})
    touch(tmp_path, "maps/m.png", "maps/m-01.xlsx", "maps/m-01.mat")
    page = Page(written(tmp_path, "raster", xafs_of(tmp_path, mapped)).read_bytes())
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
def test_delivery_modes(positions: tuple[float, ...], mode: str) -> None:
    names = ("m2_vertical", "m2_pitch", "m3_vertical", "m3_pitch", "m3_lateral")
    assert delivery_mode(dict(zip(names, positions, strict=True))) == mode


def test_what_positions_say() -> None:
    assert [crystal({"dcm_x": x}, third_harmonic=h) for x, h in ((60, False), (0, False), (0, True))] == [
        "Si(311)",
        "Si(111)",
        "Si(333)",
    ]
    assert [wheel_slot({"xafs_wheel": angle}) for angle in (-15, -30, -360, 135, 0, 345)] == [24, 1, 23, 14, 23, 24]
    assert [spinner({"xafs_garot": angle}) for angle in (0, 45, 315, -45, 360)] == [1, 8, 2, 2, 1]
    assert (delivery_mode({}), crystal({}, third_harmonic=False), wheel_slot({}), spinner({})) == ("", "", None, None)
    (group,) = motor_groups({"m3_xu": -8.0, "m3_pitch": 3.5, "unknown": 1.0})
    assert group.title == "M3 (Si stripe)"
    assert group.motors == (("pitch", "3.500", "mrad"), ("xu", "-8.000", "mm"))
    assert motor_groups({}) == ()


def test_the_list_of_dossiers(tmp_path: Path) -> None:
    touch(tmp_path, "dossier/a b-01.html", "dossier/c-01.html", "dossier/secret.txt")
    lines = b"".join(
        [
            manifest_line("xafs", "/proposals/x/dossier/a b-01.html"),
            manifest_line("sead", "/proposals/x/dossier/gone-01.html"),
            manifest_line("raster", "/elsewhere/c-01.html"),
            manifest_line("xafs", "/proposals/x/dossier/a b-01.html"),
            b"\xff\xfe nonsense <script>\n",
            "other\N{OPEN BOX}/proposals/x/dossier/c-01.html\n".encode(),
            manifest_line("xafs", "/proposals/x/dossier/secret.txt"),
        ]
    )
    page = Page(index_page(lines, lambda name: (tmp_path / name).exists(), session="pass-1", date=""))
    assert page.problems == []
    assert page.addresses == ["data:,", "messagelog.html", "a%20b-01.html", "c-01.html"]
    assert "1 XAFS a b-01 2 RASTER c-01" in page.text
    assert is_listed(lines, "raster", "/elsewhere/c-01.html")
    assert not is_listed(lines, "raster", "/elsewhere/c-0")


def test_where_everything_stood_comes_from_the_first_reading() -> None:
    run = finished(XAFS)
    assert run.baseline == {"dcm_roll": -1.0, "xafs_x": 99.0}
    assert isinstance(fold([]), Board)
