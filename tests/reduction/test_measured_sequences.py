"""Messages and documents of measured sequences in, the published numbers out: board, process, figure, project."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.reductions import (
    SETS,
    answer_requests,
    assert_close,
    build_measured_board,
    load_expected,
    load_partial_references,
    read_project,
)
from helpers.streams import digest, fold, list_drawn_scans, read_entries, stamp_entries
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.xafs_sequence import build_interim_figure
from xafs_workers.reduction.process import Reducer
from xafs_workers.scans.board import BoardItem
from xafs_workers.scans.items import ReceivedMessage, ReductionResult
from xafs_workers.scans.reduction_requests import build_reduction_requests, build_scan_requests, find_result
from xafs_workers.scans.xafs_sequence import build_sequence
from xafs_workers.scans.xafs_sequence_pictures import build_project_content


@pytest.mark.parametrize("name", SETS)
def test_results_equal_the_published_numbers(measured: Path, reducer: Reducer, name: str) -> None:
    board = build_measured_board(measured, name, reducer)
    scan = list_drawn_scans(board)[0]
    sequence = build_sequence(board, scan)
    assert len(sequence.merged_spectra) == SETS[name]
    wanted, partial = load_expected(measured, name), load_partial_references(measured, name)
    for n in range(1, SETS[name] + 1):
        result = find_result(board, sequence.build_merge_request(n))
        assert result is not None
        weight = result.values["k"] ** 2
        assert_close(weight * result.values["chi"], weight * partial["chi"][n - 1])
        assert_close(result.values["chir_mag"], partial["chir_mag"][n - 1])
    if "-realabort" not in name:
        final = find_result(board, sequence.build_merge_request(SETS[name]))
        assert final is not None
        assert_equal_to_reference(final.values, wanted)


def assert_equal_to_reference(found: Mapping[str, Any], wanted: Mapping[str, np.ndarray]) -> None:
    """Compare all results of a sequence with its published arrays, within the recipe's tolerances."""
    assert found["e0"] == pytest.approx(float(wanted["e0"]), abs=1e-3)
    assert found["e0_merge"] == pytest.approx(float(wanted["e0_merge"]), abs=1e-3)
    assert found["edge_step"] == pytest.approx(float(wanted["edge_step"]), rel=1e-9)
    assert found["nnorm"] == wanted["nnorm"]
    np.testing.assert_array_equal(found["counts"], wanted["counts"])
    np.testing.assert_array_equal(found["weights"], wanted["weights"])
    for name in ("mu", "mu_std"):
        np.testing.assert_allclose(found[name], wanted[name], rtol=0, atol=1e-12)
    for name in ("norm", "pre_edge", "post_edge", "bkg", "k", "chi", "r", "chir_mag", "chir_re", "chir_im"):
        assert_close(found[name], wanted[name])
    assert found["epsilon_k"] == pytest.approx(float(wanted["eps_k"]), rel=0.02)
    assert found["epsilon_k_larch"] == pytest.approx(float(wanted["eps_larch"]), rel=0.02)
    for name, tolerance in (("shift", 0.005), ("scale", 1e-3), ("shape", 2e-4)):
        np.testing.assert_allclose([one[name] for one in found["members"]], wanted[name], rtol=0, atol=tolerance)
    if "ref_shift" in wanted:
        shifts = [one["ref_shift"] for one in found["members"]]
        np.testing.assert_allclose(shifts, wanted["ref_shift"], rtol=0, atol=0.005)
        # The shifts agree within 0.005 eV, so the aligned merge does not agree to the last bit.
        np.testing.assert_allclose(found["aligned"]["energy"], wanted["aligned_energy"], rtol=0, atol=0.005)
        np.testing.assert_allclose(found["aligned"]["mu"], wanted["aligned_mu"], rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", SETS)
def test_the_figure_shows_the_results(measured: Path, reducer: Reducer, name: str) -> None:
    board = build_measured_board(measured, name, reducer)
    n, wanted, partial = SETS[name], load_expected(measured, name), load_partial_references(measured, name)
    figure = build_figure(board, list_drawn_scans(board)[0])
    sample = "Ni2O3" if "ni" in name else "Cr2O3"
    assert figure.title == f"Sequence ended: {sample}  {n} scans"
    mu, chi, chir = figure.panels
    signal = "transmission" if "ni" in name else "fluorescence"
    assert (mu.column_span, mu.x_label, mu.y_label) == (2, "energy (eV)", f"{signal} µ(E)")
    assert [line.label for line in mu.lines] == [f"E0 = {mu.lines[0].x:.1f} eV"]
    assert mu.lines[0].x == pytest.approx(8344.0 if "ni" in name else 6002.0, abs=8.0)
    assert (chi.x_label, chi.y_label) == ("wavenumber (Å⁻¹)", "k² χ(k)  (Å⁻²)")
    assert (chir.x_label, chir.y_label) == ("radial distance (Å)", "|χ(R)|  (Å⁻³)")
    assert_close(chi.traces[0].y, wanted["k"] ** 2 * partial["chi"][n - 1])
    assert_close(chir.traces[0].y, partial["chir_mag"][n - 1][wanted["r"] <= 6.0])
    assert chir.traces[0].x[-1] <= 6.0
    assert_close(mu.traces[0].y, wanted["mu_scans"][:n].mean(axis=0))
    again = build_figure(board, list_drawn_scans(board)[0])
    assert all(one.traces[0].y is two.traces[0].y for one, two in zip(figure.panels, again.panels, strict=True))


def test_an_aborted_repetition_is_left_out_with_a_note(measured: Path, reducer: Reducer) -> None:
    board = build_measured_board(measured, "cr2o3_fluo-realabort", reducer)
    assert build_figure(board, list_drawn_scans(board)[0]).get_panel("mu").title == "3 left out: aborted"


def test_an_added_aborted_repetition_is_left_out_too(measured: Path, reducer: Reducer) -> None:
    entries = read_entries(measured / "cr2o3_fluo-realabort.jsonl")
    third = [body["uid"] for name, body in entries if name == "start"][2]
    place = next(i for i, (name, body) in enumerate(entries) if name == "bmm" and body.get("xafsscan") == "stop")
    entries.insert(place, ("bmm", {"xafs_sequence": "add", "uid": third}))
    board = answer_requests(fold(stamp_entries(entries)), reducer)
    figure = build_figure(board, list_drawn_scans(board)[0])
    assert figure.title == "Sequence ended: Cr2O3  2 scans"
    assert figure.get_panel("mu").title == "3 left out: aborted"
    wanted = load_partial_references(measured, "cr2o3_fluo")["chir_mag"][1]
    assert_close(figure.get_panel("chir").traces[0].y, wanted[:196])


def test_progress_is_shown_after_each_repetition(measured: Path, reducer: Reducer) -> None:
    entries, wanted = read_entries(measured / "ni2o3.jsonl"), load_partial_references(measured, "ni2o3")
    adds = [i for i, (name, body) in enumerate(entries) if name == "bmm" and body.get("xafs_sequence") == "add"]
    final = build_measured_board(measured, "ni2o3", reducer)
    for n, place in enumerate(adds, start=1):
        board = answer_requests(fold(stamp_entries(entries[: place + 1])), reducer)
        figure = build_figure(board, list_drawn_scans(board)[0])
        assert figure.title == f"Sequence: Ni2O3  {n}/3"
        assert_close(figure.get_panel("chir").traces[0].y, wanted["chir_mag"][n - 1][:196])
        later = build_interim_figure(final, list_drawn_scans(final)[0], n)
        assert later.title == figure.title
        np.testing.assert_array_equal(later.get_panel("chir").traces[0].y, figure.get_panel("chir").traces[0].y)


def test_the_figure_notes_that_it_waits_for_a_repetition(measured: Path) -> None:
    entries = read_entries(measured / "ni2o3.jsonl")
    board = fold(stamp_entries(entries[:100]))
    figure = build_figure(board, list_drawn_scans(board)[0])
    assert figure.title == "Sequence: Ni2O3  0/3"
    assert figure.get_panel("mu").texts[0].text == "waiting for the first repetition"


@pytest.mark.parametrize("name", ["ni2o3-bothways", "cr2o3_fluo-realabort"])
def test_every_order_of_arrival_gives_the_same_results(measured: Path, reducer: Reducer, name: str) -> None:
    items = stamp_entries(read_entries(measured / f"{name}.jsonl"))
    messages = [item for item in items if isinstance(item, ReceivedMessage)]
    documents = [item for item in items if not isinstance(item, ReceivedMessage)]
    reference = answer_requests(fold(items), reducer)
    results = [
        ReductionResult(request.scan_id, request.key, result.values)
        for scan in reference.scans
        for request in build_scan_requests(reference, scan)
        if (result := find_result(reference, request)) is not None
    ]
    rng = random.Random(7)
    orders: list[list[BoardItem]] = [[*messages, *documents], [*documents, *messages]]
    for order in orders:
        rng.shuffle(results)
        board = fold([*order, *results])
        assert not build_reduction_requests(board)
        assert digest(board) == digest(reference)
        assert board.results.entries.keys() == reference.results.entries.keys()
        assert (
            build_figure(board, list_drawn_scans(board)[0]).title
            == build_figure(reference, list_drawn_scans(reference)[0]).title
        )


@pytest.mark.parametrize("name", ["ni2o3", "cr2o3_fluo-realabort"])
def test_the_project_has_scans_references_and_merges(
    measured: Path, reducer: Reducer, name: str, tmp_path: Path
) -> None:
    board = build_measured_board(measured, name, reducer)
    sequence = build_sequence(board, list_drawn_scans(board)[0])
    made = reducer.request_project(build_project_content(sequence, board)).result(60)
    again = reducer.request_project(build_project_content(sequence, board)).result(60)
    assert made["content"] == again["content"]
    path = tmp_path / "read.prj"
    path.write_bytes(made["content"])
    groups, journal = read_project(path)
    drifts = name == "ni2o3"
    stub = "Ni2O3" if drifts else "Cr2O3"
    scans = [f"{stub}.{n:03d}" for n in range(1, SETS[name] + 1)]
    references = [f"{scan} ref" for scan in scans] if drifts else []
    merges = [f"{stub} merge", f"{stub} merge aligned"] if drifts else [f"{stub} merge"]
    assert [group.label for group in groups] == [*scans, *references, *merges]
    merge = groups[len(scans) + len(references)]
    assert_close(merge.chi, load_partial_references(measured, name)["chi"][SETS[name] - 1])
    if drifts:
        np.testing.assert_allclose(groups[-1].chi, load_expected(measured, name)["aligned_chi"], atol=1e-6)
    assert {group.arguments["bkg_z"] for group in groups} == {stub[:2]}
    assert [group.arguments["is_merge"] for group in groups] == [int("merge" in group.label) for group in groups]
    assert {(group.arguments["bkg_nnorm"], group.arguments["bkg_eshift"]) for group in groups} == {(3, 0)}
    assert len({group.arguments["bkg_e0"] for group in groups}) == 1
    assert [group.arrays for group in groups] == [
        ("i0", "stddev") if "merge" in group.label else () if "ref" in group.label else ("i0",) for group in groups
    ]
    assert (merge.arguments["bkg_kw"], merge.arguments["fft_kmin"], merge.arguments["fft_kmax"]) == (2, 3, 12)
    assert merge.arguments["fft_kwindow"] == "hanning"
    assert "repetition 2: merged with weight 1" in merge.arguments["titles"]
    assert ("energy drifts: -0.51 eV in 3 repetitions (reference too)" in journal) == drifts
