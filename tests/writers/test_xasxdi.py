"""XDI files of XAFS scans: what they say, and that they say it of the right columns."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import numpy as np
import pytest

from helpers.finished_runs import (
    AREA_DETECTOR,
    CHAMBERS,
    ENERGY,
    IY,
    XAFS,
    XDI,
    compute_plot_hint,
    make_channels,
    make_finished_run,
    merge_xdi,
)
from helpers.streams import EPOCH
from xafs_workers import __version__
from xafs_workers.catalog.finished_run import Asset
from xafs_workers.messages.parsing import parse
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.runs import Run
from xafs_workers.writers import xasxdi
from xafs_workers.writers.registry import CannotWrite, FileContext, WriterInput, build_message_files
from xafs_workers.writers.xdi_reader import XdiFile, read

RULES = BoardConfig()
SDD = make_channels("Fe", 1, 2, 3, 4)


def made(run: Run, **options: Any) -> XdiFile:
    return read(xasxdi.build_content(run, RULES, **options))


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
    ("xafs xs1", make_channels("Fe", 8), array(make_channels("Fe", 8), "Fe8") / I0, "Fe8/I0  --  $8/$5"),
    ("xafs yield", {**SDD, **IY}, Y / I0, "Iy/I0  --  $8/$5"),
    ("xafs fluo+pilatus", {**SDD, **AREA_DETECTOR}, SUM / I0, "(Fe1+Fe2+Fe3+Fe4)/I0  --  ($8+$9+$10+$11)/$5"),
    ("xafs test", {}, I0, "I0  --  $5"),
    ("xafs pips", {"Pips": IY["Iy"]}, Y / I0, "Pips/I0  --  $8/$5"),
]

MU = {mode[0]: "mufluor" for mode in MODES} | {
    "xafs transmission": "mutrans",
    "xafs reference": "murefer",
    "xafs yield": "muyield",
    "xafs test": "xmu",
}
"""Label of the absorption: XDI's word where it has one."""


@pytest.mark.parametrize(("hint", "more", "xmu", "words"), MODES, ids=[mode[0] for mode in MODES])
def test_xmu_has_the_sign_of_the_plot_hint(
    hint: str, more: dict[str, list[float]], xmu: np.ndarray, words: str
) -> None:
    file = made(make_finished_run({**XAFS, **more}, hint))
    np.testing.assert_allclose(file.get_column(MU[hint]), xmu, rtol=1e-9)
    assert file.fields["Scan.plot_hint"] == words
    np.testing.assert_allclose(compute_plot_hint(file), xmu, rtol=2e-9)


def test_ion_chambers_are_labelled_with_their_charge_unit() -> None:
    run = make_finished_run({**XAFS, **IY}, "xafs transmission")
    headings = made(run, include_yield=True).headings
    assert [h for h in headings if h.startswith("i")] == ["i0 nC", "itrans nC", "irefer nC", "iy nC"]


@pytest.mark.parametrize("told", ["ref", "Ir", "reference", "REF"])
def test_the_short_mode_of_reference_is_not_transmission(told: str) -> None:
    file = made(make_finished_run(XAFS, xdi=merge_xdi(_mode=[told]), plan_name=f"scan_nd xafs {told}"))
    np.testing.assert_allclose(file.get_column("murefer"), np.log(IT / IR), rtol=1e-9)


def test_yield_with_fluorescence_is_divided_by_i0() -> None:
    run = make_finished_run(
        {**XAFS, **IY, **SDD}, plan_name="scan_nd xafs yield + fluorescence", detectors=["4-element SDD"]
    )
    file = made(run)
    np.testing.assert_allclose(file.get_column("muyield"), Y / I0, rtol=1e-9)
    assert file.fields["Scan.plot_hint"].startswith("Iy/I0")


def test_a_single_channel_is_numbered_once() -> None:
    file = made(make_finished_run({**XAFS, **make_channels("Fe", 8)}, "xafs xs", detectors=["1-element SDD"]))
    assert file.headings[7:] == ("fe8 counts",)
    np.testing.assert_array_equal(file.get_column("fe8"), make_channels("Fe", 8)["Fe8"])


def test_area_detector_columns_follow_the_yield_column() -> None:
    file = made(make_finished_run({**XAFS, **AREA_DETECTOR, **IY, **SDD}, "xafs fluo+pilatus"), include_yield=True)
    assert file.headings[7:] == (
        *("iy nC", "fe1 counts", "fe2 counts", "fe3 counts", "fe4 counts"),
        *("diffuse counts", "specular counts"),
    )
    for key, values in {**IY, **SDD, **AREA_DETECTOR}.items():
        np.testing.assert_array_equal(file.get_column(key.lower()), values)


def test_a_comment_with_line_breaks_stays_in_the_header() -> None:
    comment = "first\nsecond\r\n# Element.symbol: Cu\n---\n//// x\n\n1 2 3"
    file = made(make_finished_run(XAFS, "xafs transmission", xdi=merge_xdi(_comment=[comment, "last"])))
    assert file.comments == ("first", "second", "# Element.symbol: Cu", "| ---", "| //// x", "", "1 2 3", "last")
    assert file.fields["Element.symbol"] == "Fe"
    assert file.data.shape == (7, 4)


def test_a_value_with_line_breaks_stays_on_its_line() -> None:
    name = "a\nb\r# Element.symbol: Cu\x00\x0b\x0c\x1c\x85\u2028\u2029\ud800 c"
    file = made(make_finished_run(XAFS, "xafs transmission", xdi=merge_xdi(Sample={"name": name})))
    assert file.fields["Sample.name"] == "a b # Element.symbol: Cu c"


def test_writing_content_opens_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError(f"opened {args}")

    run = make_finished_run(XAFS, "xafs transmission")
    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr("os.open", refuse)
    assert xasxdi.build_content(run, RULES).startswith(b"# XDI/1.0")


@pytest.mark.parametrize(
    ("hint", "wanted", "there"),
    [
        ("xafs transmission", False, False),
        ("xafs transmission", True, True),
        ("xafs xs", False, False),
        ("xafs yield", False, True),
    ],
)
def test_the_yield_column_follows_the_message_field(hint: str, wanted: bool, there: bool) -> None:
    run = make_finished_run({**XAFS, **IY, **SDD}, hint)
    message = parse({"xasxdi": True, "uid": run.uid, "filename": "a.001", "include_yield": wanted})
    (content,) = build_message_files(message, WriterInput(run, RULES)).values()
    assert isinstance(content, bytes)
    assert ("iy" in read(content).labels) is there


def test_a_missing_yield_is_noted() -> None:
    file = made(make_finished_run(XAFS, "xafs transmission"), include_yield=True)
    assert "iy" not in file.labels
    assert file.fields["XafsWorkers.electron_yield"] == "asked for; this scan has none"
    assert file.comments == ()


def test_the_header_is_complete_and_in_order() -> None:
    shuffled = dict(reversed(merge_xdi(Sample={"comment": "x", "extra_metadata": {"a": 1}}, Column={"a": 1}).items()))
    run = make_finished_run(XAFS, "xafs transmission", xdi=shuffled, scan_id=42)
    file = made(run, context=FileContext(zone=UTC))
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
    assert file.headings[:4] == ("energy eV", "requested_energy eV", "measurement_time seconds", "mutrans")
    assert file.labels == ("energy", "requested_energy", "measurement_time", "mutrans", "i0", "itrans", "irefer")
    keys = [*ENERGY, None, *CHAMBERS]
    for label, key in zip(file.labels, keys, strict=True):
        if key:
            np.testing.assert_array_equal(file.get_column(label), XAFS[key])


def test_metadata_cannot_override_times_and_ids() -> None:
    lie = {"uid": "x", "start_time": "1999-01-01T00:00:00", "plot_hint": "$1", "xspress3_hdf5_file": "/etc/shadow"}
    run = make_finished_run(XAFS, "xafs transmission", xdi=merge_xdi(Scan=lie))
    file = made(run, context=FileContext([Asset("/a/xspress3-1/b.h5", "")], UTC))
    assert file.fields["Scan.uid"] == run.uid
    assert file.fields["Scan.start_time"] == "2026-09-21T14:13:20"
    assert file.fields["Scan.plot_hint"].endswith("ln($5/$6)")
    assert file.fields["Scan.xspress3_hdf5_file"] == "a/xspress3-1/b.h5"


def test_assets_are_named_by_detector_and_end_of_path() -> None:
    assets = [
        Asset("/nsls2/data3/bmm/proposals/2025-1/pass-1/assets/xspress3-1/2025/03/03/a.h5", "BMM_XSP3"),
        Asset("/nsls2/data3/bmm/pass-1/assets/xspress3-1/2025/03/03/b.h5", "application/x-hdf5"),
        Asset("/nsls2/data3/bmm/pass-1/assets/pilatus100k-1/2025/03/03/c.hdf5", ""),
        Asset("/nsls2/data3/bmm/pass-1/assets/camera/snap.jpg", "image/jpeg"),
        Asset("short\nname.h5", ""),
    ]
    fields = made(make_finished_run(XAFS, "xafs transmission"), context=FileContext(assets)).fields
    assert {name: value for name, value in fields.items() if "hdf5" in name} == {
        "Scan.xspress3_hdf5_file": "assets/xspress3-1/2025/03/03/a.h5",
        "Scan.xspress3_hdf5_file_2": "assets/xspress3-1/2025/03/03/b.h5",
        "Scan.pilatus100k_hdf5_file": "assets/pilatus100k-1/2025/03/03/c.hdf5",
        "Scan.hdf5_file": "short name.h5",
    }


@pytest.mark.parametrize(
    ("xdi", "reason"),
    [
        ({}, "Element.symbol is not told; Element.edge is not told; Mono.d_spacing is not told"),
        (merge_xdi(Element={"symbol": "rust"}), "Element.symbol: got 'rust' (expected the symbol of an element)"),
        (merge_xdi(Element={"edge": "Q9"}), "Element.edge: got 'Q9' (expected an edge, such as K or L3)"),
        (merge_xdi(Element={"edge": None}), "Element.edge is not told"),
        (merge_xdi(Mono={"d_spacing": "wide"}), "Mono.d_spacing: got 'wide' (expected a number of Angstrom greater"),
        (merge_xdi(Mono={"d_spacing": float("nan")}), "Mono.d_spacing: got 'nan' (expected"),
        ({name: family for name, family in XDI.items() if name != "Mono"}, "Mono.d_spacing is not told"),
        ("metadata", "Element.symbol is not told; "),
    ],
)
def test_file_without_required_fields_is_plain_text(xdi: Any, reason: str) -> None:
    run = make_finished_run(XAFS, "xafs transmission", xdi=xdi)
    message = parse({"xasxdi": True, "uid": run.uid, "filename": "a.001"})
    content = build_message_files(message, WriterInput(run, RULES))["a.001"]
    assert isinstance(content, bytes)
    first, _, rest = content.partition(b"\n")
    assert first.decode().startswith(f"# xafs-workers {__version__}, not XDI: {reason}")
    file, whole = read(b"# XDI/1.0\n" + rest), made(make_finished_run(XAFS, "xafs transmission"))
    assert file.headings == whole.headings
    np.testing.assert_array_equal(file.data, whole.data)


def test_the_plan_names_the_absorber_if_metadata_do_not() -> None:
    xdi = {"Mono": XDI["Mono"]}
    run = make_finished_run(XAFS, "xafs transmission", xdi=xdi, BMM_kafka={"element": "Ni", "edge": "L3"})
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
def test_a_missing_column_is_reported(hint: str, gone: list[str], said: str) -> None:
    run = make_finished_run({key: values for key, values in XAFS.items() if key not in gone}, hint)
    message = parse({"xasxdi": True, "uid": run.uid, "filename": "a.001"})
    with pytest.raises(CannotWrite, match=said):
        build_message_files(message, WriterInput(run, RULES))


@pytest.mark.parametrize("gone", ["dcm_energy_setpoint", "dwti_dwell_time", "Ir"])
def test_the_plot_hint_does_not_count_left_out_columns(gone: str) -> None:
    file = made(make_finished_run({key: values for key, values in XAFS.items() if key != gone}, "xafs transmission"))
    assert len(file.labels) == 6
    np.testing.assert_allclose(compute_plot_hint(file), np.log(I0 / IT), rtol=2e-9)


def test_an_unfinished_or_empty_run_is_refused() -> None:
    with pytest.raises(CannotWrite, match="no stop document"):
        xasxdi.build_content(make_finished_run(XAFS, "xafs transmission", stopped=False), RULES)
    empty = make_finished_run({key: [] for key in XAFS}, "xafs transmission")
    with pytest.raises(CannotWrite, match="nothing was measured"):
        xasxdi.build_content(empty, RULES)


def test_a_point_with_a_gap_is_in_the_header() -> None:
    """XDI has no sign for a gap, and a reader would take a 0 for data."""
    dark = {**XAFS, "It": [5.0, 0.0, 8.0, 10.0], "Ir": [1.0, 2.0, 3.0, 3.0]}
    file = made(make_finished_run(dark, "xafs transmission"))
    np.testing.assert_array_equal(file.get_column("itrans"), [5.0, 8.0, 10.0])
    np.testing.assert_allclose(compute_plot_hint(file), file.get_column("mutrans"), rtol=2e-9)
    assert file.fields["XafsWorkers.point_2"] == (
        "energy=7110.5 requested_energy=7110 measurement_time=0.5 i0=20 itrans=0 irefer=2"
        " (no value of mutrans; not in the table)"
    )
    assert file.comments == ()


def test_a_column_of_gaps_is_left_out() -> None:
    nothing = float("nan")
    file = made(make_finished_run({**XAFS, "Ir": [nothing, 2.0, nothing, nothing]}, "xafs transmission"))
    assert file.labels[-2:] == ("i0", "itrans")
    assert file.data.shape == (6, 4)
    assert file.fields["XafsWorkers.left_out_irefer"] == "1 of 4 points have a value; the column is left out"


def test_a_scan_in_the_dark_keeps_its_counts() -> None:
    file = made(make_finished_run({**XAFS, "It": [0.0] * 4}, "xafs transmission"))
    assert "mutrans" not in file.labels
    assert "Scan.plot_hint" not in file.fields or "mutrans" not in file.fields["Scan.plot_hint"]
    np.testing.assert_array_equal(file.get_column("i0"), XAFS["I0"])


def test_long_text_is_cut_to_what_readers_accept() -> None:
    xdi = merge_xdi(Sample={"name": "試" * 5000, "x" * 300: "1"}, _comment=["word " * 300, "-" * 300])
    file = made(make_finished_run(XAFS, "xafs transmission", xdi=xdi))
    assert file.fields["Sample.name"].endswith("試...")
    assert file.fields["Sample." + "x" * 64] == "1"
    assert all(len(f"# {name}: {value}".encode()) <= 6000 for name, value in file.fields.items())
    assert " ".join(file.comments).split()[:300] == ["word"] * 300
    assert max(map(len, file.comments)) <= 500
    assert sum(line.count("-") for line in file.comments) == 300


def test_blanks_within_comments_stay() -> None:
    file = made(make_finished_run(XAFS, "xafs transmission", xdi=merge_xdi(_comment="a   b\tc  \n\n  d")))
    assert file.comments == ("a   b\tc", "", "  d")


@pytest.mark.parametrize(
    ("family", "key", "given", "name", "value"),
    [
        ("Element", "SYMBOL", "fe", "Element.symbol", "Fe"),
        ("Element", "edge", "LIII", "Element.edge", "L3"),
        ("Element", "edge", "k", "Element.edge", "K"),
        ("Element", "reference", "cu", "Element.reference", "Cu"),
        ("Element", "ref_edge", "m V", "Element.ref_edge", "M5"),
        ("Mono", "d_spacing", "3.1354173 Å", "Mono.d_spacing", "3.1354173"),
        ("Facility", "energy", "3.0GeV", "Facility.energy", "3.0 GeV"),
        ("Facility", "current", 401.5, "Facility.current", "401.5 mA"),
        ("Facility", "current", "about 400 mA", "XafsWorkers.facility_current", "about 400 mA"),
        ("Facility", "name", "SESAME سيسامي", "XafsWorkers.facility_name", "SESAME سيسامي"),
        ("Sample", "temperature", "25 °C", "Sample.temperature", "25 C"),
        ("Sample", "temperature", "room", "XafsWorkers.sample_temperature", "room"),
        ("Sample", "stoichiometry", "Fe2O3", "Sample.stoichiometry", "Fe2O3"),
        ("Sample", "stoichiometry", "some rust", "XafsWorkers.sample_stoichiometry", "some rust"),
        ("Scan", "edge_energy", "7.112 keV", "Scan.edge_energy", "7.112 keV"),
    ],
)
def test_values_have_the_form_of_the_dictionary(family: str, key: str, given: object, name: str, value: str) -> None:
    file = made(make_finished_run(XAFS, "xafs transmission", xdi=merge_xdi(**{family: {key: given}})))
    assert file.fields[name] == value
    assert (f"{family}.{key}" in file.fields) is (name == f"{family}.{key}")


def test_numbers_have_ten_significant_digits() -> None:
    tiny = {**XAFS, "It": [1.23456789012e-9, 2e-15, 3.0, 4.0]}
    content = xasxdi.build_content(make_finished_run(tiny, "xafs transmission"), RULES)
    assert b"  1.23456789e-09  " in content
    np.testing.assert_allclose(read(content).get_column("itrans"), tiny["It"], rtol=1e-9)


def test_the_bytes_depend_on_the_run_alone() -> None:
    run = make_finished_run({**XAFS, **SDD}, "xafs xs")
    assert xasxdi.build_content(run, RULES) == xasxdi.build_content(run, RULES)
    assert run.start["time"] == EPOCH


def test_two_elements_are_kept_in_transmission_and_refused_else() -> None:
    both = {**XAFS, **make_channels("Mn", 1, 2), **make_channels("Co", 1, 2)}
    xdi = merge_xdi(Element={"symbol": "Ni"})
    assert made(make_finished_run(both, "xafs transmission", xdi=xdi)).labels[7:] == ("mn1", "mn2", "co1", "co2")
    run = make_finished_run(both, "xafs xs", xdi=xdi)
    message = parse({"xasxdi": True, "uid": run.uid, "filename": "a.001"})
    with pytest.raises(CannotWrite, match=r"Co or Mn|no fluorescence"):
        build_message_files(message, WriterInput(run, RULES))
