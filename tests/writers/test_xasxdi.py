"""XDI files of XAFS scans: what they say, and that they say it of the right columns."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import numpy as np
import pytest

from helpers.finished import AREA_DETECTOR, CHAMBERS, ENERGY, IY, XAFS, XDI, channels, finished, hinted, xdi_with
from helpers.streams import EPOCH
from xafs_workers import __version__
from xafs_workers.catalog.finished_run import Asset
from xafs_workers.messages.parsing import parse
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.runs import Run
from xafs_workers.writers import xasxdi
from xafs_workers.writers.registry import CannotWrite, Material, Surroundings, files_of
from xafs_workers.writers.xdi_reader import Xdi, read

RULES = Rules()
SDD = channels("Fe", 1, 2, 3, 4)


def made(run: Run, **options: Any) -> Xdi:
    return read(xasxdi.content(run, RULES, **options))


def exact(*values: float) -> np.ndarray:
    return np.array(values)


def array(columns: dict[str, list[float]], key: str) -> np.ndarray:
    return np.array(columns[key])


I0, IT, IR, Y = (array({**XAFS, **IY}, key) for key in ("I0", "It", "Ir", "Iy"))
SUM = sum(array(SDD, key) for key in SDD)

MODES = [
    ("xafs transmission", {}, np.log(I0 / IT), "ln(I0/It)  --  ln($5/$6)"),
    ("xafs reference", {}, np.log(IT / IR), "ln(It/Ir)  --  ln($6/$7)"),
    ("xafs xs", SDD, SUM / I0, "(Fe1+Fe2+Fe3+Fe4)/I0  --  ($8+$9+$10+$11)/$5"),
    ("xafs xs1", channels("Fe", 8), array(channels("Fe", 8), "Fe8") / I0, "Fe8/I0  --  $8/$5"),
    ("xafs yield", {**SDD, **IY}, Y / I0, "Iy/I0  --  $8/$5"),
    ("xafs fluo+pilatus", {**SDD, **AREA_DETECTOR}, SUM / I0, "(Fe1+Fe2+Fe3+Fe4)/I0  --  ($8+$9+$10+$11)/$5"),
    ("xafs test", {}, I0, "I0  --  $5"),
]


@pytest.mark.parametrize(("hint", "more", "xmu", "words"), MODES, ids=[mode[0] for mode in MODES])
def test_f1_xmu_has_the_sign_that_the_plot_hint_says(
    hint: str, more: dict[str, list[float]], xmu: np.ndarray, words: str
) -> None:
    file = made(finished({**XAFS, **more}, hint))
    np.testing.assert_allclose(file.column("xmu"), xmu, rtol=1e-9)
    assert file.fields["Scan.plot_hint"] == words
    np.testing.assert_allclose(hinted(file), xmu, rtol=2e-9)


def test_f5_the_chambers_are_labelled_as_the_charge_they_hold() -> None:
    run = finished({**XAFS, **IY}, "xafs transmission")
    headings = made(run, include_yield=True).headings
    assert [h for h in headings if h.startswith("I")] == ["I0 nA*s", "Itrans nA*s", "Irefer nA*s", "Iy nA*s"]


@pytest.mark.parametrize("told", ["ref", "Ir", "reference", "REF"])
def test_f6_the_short_mode_of_the_reference_is_not_transmission(told: str) -> None:
    file = made(finished(XAFS, xdi=xdi_with(_mode=[told]), plan_name=f"scan_nd xafs {told}"))
    np.testing.assert_allclose(file.column("xmu"), np.log(IT / IR), rtol=1e-9)


def test_f6_yield_is_reached_with_a_fluorescence_detector_and_divides_by_i0() -> None:
    run = finished({**XAFS, **IY, **SDD}, plan_name="scan_nd xafs yield + fluorescence", detectors=["4-element SDD"])
    file = made(run)
    np.testing.assert_allclose(file.column("xmu"), Y / I0, rtol=1e-9)
    assert file.fields["Scan.plot_hint"].startswith("Iy/I0")


def test_f7_one_channel_is_numbered_once_and_named_for_what_it_is() -> None:
    file = made(finished({**XAFS, **channels("Fe", 8)}, "xafs xs", detectors=["1-element SDD"]))
    assert file.headings[7:] == ("Fe8 counts",)
    np.testing.assert_array_equal(file.column("Fe8"), channels("Fe", 8)["Fe8"])


def test_f7_the_area_detectors_columns_count_a_yield_before_them() -> None:
    file = made(finished({**XAFS, **AREA_DETECTOR, **IY, **SDD}, "xafs fluo+pilatus"), include_yield=True)
    assert file.headings[7:] == (
        *("Iy nA*s", "Fe1 counts", "Fe2 counts", "Fe3 counts", "Fe4 counts"),
        *("diffuse counts", "specular counts"),
    )
    for key, values in {**IY, **SDD, **AREA_DETECTOR}.items():
        np.testing.assert_array_equal(file.column(key), values)


def test_f10_a_comment_with_line_breaks_stays_in_the_header() -> None:
    comment = "first\nsecond\r\n# Element.symbol: Cu\n---\n//// x\n\n1 2 3"
    file = made(finished(XAFS, "xafs transmission", xdi=xdi_with(_comment=[comment, "last"])))
    assert file.comments == ("first", "second", "# Element.symbol: Cu", "| ---", "| //// x", "1 2 3", "last")
    assert file.fields["Element.symbol"] == "Fe"
    assert file.data.shape == (7, 4)


def test_f10_a_value_with_line_breaks_stays_on_its_line() -> None:
    name = "a\nb\r# Element.symbol: Cu\x00\x0b\x0c\x1c\x85\u2028\u2029\ud800 c"
    file = made(finished(XAFS, "xafs transmission", xdi=xdi_with(Sample={"name": name})))
    assert file.fields["Sample.name"] == "a b # Element.symbol: Cu c"


def test_f11_nothing_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError(f"opened {args}")

    run = finished(XAFS, "xafs transmission")
    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr("os.open", refuse)
    assert xasxdi.content(run, RULES).startswith(b"# XDI/1.0")


@pytest.mark.parametrize(
    ("hint", "wanted", "there"),
    [
        ("xafs transmission", False, False),
        ("xafs transmission", True, True),
        ("xafs xs", False, False),
        ("xafs yield", False, True),
    ],
)
def test_f18_the_yields_column_follows_the_value(hint: str, wanted: bool, there: bool) -> None:
    run = finished({**XAFS, **IY, **SDD}, hint)
    message = parse({"xasxdi": True, "uid": run.uid, "filename": "a.001", "include_yield": wanted})
    (content,) = files_of(message, Material(run, RULES)).values()
    assert ("Iy" in read(content).labels) is there


def test_a_yield_that_was_asked_for_in_vain_is_noted() -> None:
    file = made(finished(XAFS, "xafs transmission"), include_yield=True)
    assert "Iy" not in file.labels
    assert file.comments == ("the electron yield was asked for; this scan has none",)


def test_the_header_is_complete_and_in_order() -> None:
    shuffled = dict(reversed(xdi_with(Sample={"comment": "x", "extra_metadata": {"a": 1}}, Column={"a": 1}).items()))
    run = finished(XAFS, "xafs transmission", xdi=shuffled, scan_id=42)
    file = made(run, surroundings=Surroundings(zone=UTC))
    assert file.version == f"XDI/1.0 BlueSky/1.13.1 xafs-workers/{__version__}"
    assert list(file.fields.items()) == [
        ("Beamline.name", "BMM"),
        ("Element.symbol", "Fe"),
        ("Element.edge", "K"),
        ("Facility.name", "NSLS-II"),
        ("Facility.energy", "3.0 GeV"),
        ("Facility.GUP", "1"),
        ("Mono.name", "Si(111)"),
        ("Mono.d_spacing", "3.1354173"),
        ("Sample.name", "rust"),
        ("Sample.prep", "powder"),
        ("Scan.edge_energy", "7112.0 eV"),
        ("Scan.experimenters", "A, B"),
        ("Scan.start_time", "2026-09-21T14:13:20"),
        ("Scan.end_time", "2026-09-21T14:13:21"),
        ("Scan.uid", run.uid),
        ("Scan.transient_id", "42"),
        ("Scan.plot_hint", "ln(I0/It)  --  ln($5/$6)"),
    ]
    assert file.headings[:4] == ("energy eV", "requested_energy eV", "measurement_time seconds", "xmu")
    assert file.labels == ("energy", "requested_energy", "measurement_time", "xmu", "I0", "It", "Ir")
    keys = [*ENERGY, None, *CHAMBERS]
    for label, key in zip(file.labels, keys, strict=True):
        if key:
            np.testing.assert_array_equal(file.column(label), XAFS[key])


def test_times_and_ids_cannot_be_told_by_metadata() -> None:
    lie = {"uid": "x", "start_time": "1999-01-01T00:00:00", "plot_hint": "$1", "xspress3_hdf5_file": "/etc/shadow"}
    run = finished(XAFS, "xafs transmission", xdi=xdi_with(Scan=lie))
    file = made(run, surroundings=Surroundings([Asset("/a/xspress3-1/b.h5", "")], UTC))
    assert file.fields["Scan.uid"] == run.uid
    assert file.fields["Scan.start_time"] == "2026-09-21T14:13:20"
    assert file.fields["Scan.plot_hint"].endswith("ln($5/$6)")
    assert file.fields["Scan.xspress3_hdf5_file"] == "a/xspress3-1/b.h5"


def test_assets_are_named_by_detector_with_the_end_of_their_path() -> None:
    assets = [
        Asset("/nsls2/data3/bmm/proposals/2025-1/pass-1/assets/xspress3-1/2025/03/03/a.h5", "BMM_XSP3"),
        Asset("/nsls2/data3/bmm/pass-1/assets/xspress3-1/2025/03/03/b.h5", "application/x-hdf5"),
        Asset("/nsls2/data3/bmm/pass-1/assets/pilatus100k-1/2025/03/03/c.hdf5", ""),
        Asset("/nsls2/data3/bmm/pass-1/assets/camera/snap.jpg", "image/jpeg"),
        Asset("short\nname.h5", ""),
    ]
    fields = made(finished(XAFS, "xafs transmission"), surroundings=Surroundings(assets)).fields
    assert {name: value for name, value in fields.items() if "hdf5" in name} == {
        "Scan.xspress3_hdf5_file": "assets/xspress3-1/2025/03/03/a.h5",
        "Scan.xspress3_hdf5_file_2": "assets/xspress3-1/2025/03/03/b.h5",
        "Scan.pilatus100k_hdf5_file": "assets/pilatus100k-1/2025/03/03/c.hdf5",
        "Scan.hdf5_file": "short name.h5",
    }


@pytest.mark.parametrize(
    ("xdi", "said"),
    [
        ({}, r"XDI.Element.symbol .* came nothing"),
        (xdi_with(Element={"symbol": "rust"}), r"XDI.Element.symbol .* came 'rust': expected the symbol"),
        (xdi_with(Element={"edge": "Q9"}), r"XDI.Element.edge .* came 'Q9': expected an edge"),
        (xdi_with(Element={"edge": None}), r"XDI.Element.edge .* came nothing"),
        (xdi_with(Mono={"d_spacing": "wide"}), r"XDI.Mono.d_spacing .* came 'wide'"),
        (xdi_with(Mono={"d_spacing": float("nan")}), r"XDI.Mono.d_spacing .* came 'nan'"),
        ({name: family for name, family in XDI.items() if name != "Mono"}, r"XDI.Mono.d_spacing .* came nothing"),
        ("metadata", r"XDI.Element.symbol .* came nothing"),
    ],
)
def test_without_what_the_format_needs_the_reason_is_given(xdi: Any, said: str) -> None:
    run = finished(XAFS, "xafs transmission", xdi=xdi)
    message = parse({"xasxdi": True, "uid": run.uid, "filename": "a.001"})
    with pytest.raises(CannotWrite, match=f"xasxdi: run {run.uid}: {said}"):
        files_of(message, Material(run, RULES))


def test_the_plans_own_words_name_the_absorber_where_the_metadata_do_not() -> None:
    xdi = {"Mono": XDI["Mono"]}
    run = finished(XAFS, "xafs transmission", xdi=xdi, BMM_kafka={"element": "Ni", "edge": "L3"})
    assert list(made(run).fields)[:4] == ["Element.symbol", "Element.edge", "Mono.name", "Mono.d_spacing"]
    assert made(run).fields["Element.edge"] == "L3"


@pytest.mark.parametrize(
    ("hint", "gone", "said"),
    [
        ("xafs transmission", ["dcm_energy"], "no dcm_energy in this run"),
        ("xafs transmission", ["It"], "no It in this run"),
        ("xafs reference", ["Ir"], "no Ir in this run"),
        ("xafs yield", [], "no Iy in this run"),
        ("xafs xs", [], "no fluorescence channels in this run"),
    ],
)
def test_without_a_column_of_the_spectrum_the_reason_is_given(hint: str, gone: list[str], said: str) -> None:
    run = finished({key: values for key, values in XAFS.items() if key not in gone}, hint)
    message = parse({"xasxdi": True, "uid": run.uid, "filename": "a.001"})
    with pytest.raises(CannotWrite, match=said):
        files_of(message, Material(run, RULES))


@pytest.mark.parametrize("gone", ["dcm_energy_setpoint", "dwti_dwell_time", "Ir"])
def test_other_columns_are_left_out_and_the_hint_counts_without_them(gone: str) -> None:
    file = made(finished({key: values for key, values in XAFS.items() if key != gone}, "xafs transmission"))
    assert len(file.labels) == 6
    np.testing.assert_allclose(hinted(file), np.log(I0 / IT), rtol=2e-9)


def test_a_run_that_did_not_end_or_measured_nothing_is_refused() -> None:
    with pytest.raises(CannotWrite, match="no stop document"):
        xasxdi.content(finished(XAFS, "xafs transmission", stopped=False), RULES)
    empty = finished({key: [] for key in XAFS}, "xafs transmission")
    with pytest.raises(CannotWrite, match="nothing was measured"):
        xasxdi.content(empty, RULES)


def test_a_gap_is_a_zero_of_which_a_comment_tells() -> None:
    """Larch's reader refuses a file with nan."""
    dark = {**XAFS, "It": [5.0, 0.0, -1.0, 10.0], "Ir": [float("nan"), 2.0, float("inf"), 3.0]}
    file = made(finished(dark, "xafs transmission"))
    np.testing.assert_array_equal(file.column("xmu") == 0, [False, True, True, False])
    np.testing.assert_array_equal(file.column("It"), dark["It"])
    np.testing.assert_array_equal(file.column("Ir"), [0, 2, 0, 3])
    assert file.comments == (
        "0 stands for no value in column xmu, row 2-3",
        "0 stands for no value in column Ir, row 1, 3",
    )


def test_long_text_is_bounded_where_readers_would_break() -> None:
    xdi = xdi_with(Sample={"name": "試" * 5000, "x" * 300: "1"}, _comment=["word " * 300, "-" * 300])
    file = made(finished(XAFS, "xafs transmission", xdi=xdi))
    assert file.fields["Sample.name"].endswith("試…")
    assert file.fields["Sample." + "x" * 64] == "1"
    assert all(len(f"# {name}: {value}".encode()) <= 6000 for name, value in file.fields.items())
    assert " ".join(file.comments).split()[:300] == ["word"] * 300
    assert max(map(len, file.comments)) == 100
    assert sum(line.count("-") for line in file.comments) == 300


def test_numbers_have_ten_significant_digits_and_small_ones_survive() -> None:
    tiny = {**XAFS, "It": [1.23456789012e-9, 2e-15, 3.0, 4.0]}
    content = xasxdi.content(finished(tiny, "xafs transmission"), RULES)
    assert b"  1.23456789e-09  " in content
    np.testing.assert_allclose(read(content).column("It"), tiny["It"], rtol=1e-9)


def test_the_bytes_depend_on_the_run_alone() -> None:
    run = finished({**XAFS, **SDD}, "xafs xs")
    assert xasxdi.content(run, RULES) == xasxdi.content(run, RULES)
    assert run.start["time"] == EPOCH


def test_where_two_elements_were_seen_transmission_keeps_all_channels_and_fluorescence_says_why_not() -> None:
    both = {**XAFS, **channels("Mn", 1, 2), **channels("Co", 1, 2)}
    xdi = xdi_with(Element={"symbol": "Ni"})
    assert made(finished(both, "xafs transmission", xdi=xdi)).labels[7:] == ("Mn1", "Mn2", "Co1", "Co2")
    run = finished(both, "xafs xs", xdi=xdi)
    message = parse({"xasxdi": True, "uid": run.uid, "filename": "a.001"})
    with pytest.raises(CannotWrite, match=r"Co or Mn|no fluorescence"):
        files_of(message, Material(run, RULES))
