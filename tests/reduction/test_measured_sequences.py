"""Messages and documents of measured sequences in, the published numbers out: board, process, figure, project."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from helpers.reductions import SETS, answered, expected, measured_board, near, read_project
from helpers.streams import digest, drawn, fold, items_of, read_entries
from xafs_workers.figures.figure_builder import figure_of
from xafs_workers.figures.xafs_sequence import figure_after
from xafs_workers.plots.athena_projects import asked
from xafs_workers.reduction.process import Reducer
from xafs_workers.scans.items import Control, Item, Reduced
from xafs_workers.scans.reduction_requests import answer_to, requests, requests_of
from xafs_workers.scans.xafs_sequence import sequence_of


@pytest.mark.parametrize("name", SETS)
def test_the_numbers_are_those_that_were_published(measured: Path, reducer: Reducer, name: str) -> None:
    board = measured_board(measured, name, reducer)
    scan = drawn(board)[0]
    sequence = sequence_of(board, scan)
    assert len(sequence.merged) == SETS[name]
    wanted = expected(measured, name)
    for n in range(1, SETS[name] + 1):
        result = answer_to(board, sequence.merge(n))
        assert result is not None
        weight = result.values["k"] ** 2
        near(weight * result.values["chi"], weight * wanted["chi_partial"][n - 1])
        near(result.values["chir_mag"], wanted["chir_mag_partial"][n - 1])
    if "-realabort" not in name:
        assert result.values["e0"] == pytest.approx(float(wanted["e0"]), rel=1e-9)
        assert result.values["edge_step"] == pytest.approx(float(wanted["edge_step"]), rel=1e-9)
        near(result.values["mu"], wanted["mu"])
        near(result.values["norm"], wanted["norm"])


@pytest.mark.parametrize("name", SETS)
def test_the_figure_shows_them(measured: Path, reducer: Reducer, name: str) -> None:
    board = measured_board(measured, name, reducer)
    n, wanted = SETS[name], expected(measured, name)
    figure = figure_of(board, drawn(board)[0])
    sample = "Ni2O3" if "ni" in name else "Cr2O3"
    assert figure.title == f"Sequence ended: {sample}  {n} scans"
    mu, chi, chir = figure.panels
    assert (mu.column_span, mu.x_label, mu.y_label) == (2, "energy (eV)", "µ(E)")
    assert (chi.x_label, chi.y_label) == ("wavenumber (Å⁻¹)", "k² χ(k)  (Å⁻²)")
    assert (chir.x_label, chir.y_label) == ("radial distance (Å)", "|χ(R)|  (Å⁻³)")
    near(chi.traces[0].y, wanted["k"] ** 2 * wanted["chi_partial"][n - 1])
    near(chir.traces[0].y, wanted["chir_mag_partial"][n - 1][wanted["r"] <= 6.0])
    assert chir.traces[0].x[-1] <= 6.0
    near(mu.traces[0].y, wanted["mu_scans"][:n].mean(axis=0))
    again = figure_of(board, drawn(board)[0])
    assert all(one.traces[0].y is two.traces[0].y for one, two in zip(figure.panels, again.panels, strict=True))


def test_an_aborted_repetition_is_left_out_with_a_note(measured: Path, reducer: Reducer) -> None:
    board = measured_board(measured, "cr2o3_fluo-realabort", reducer)
    (note,) = figure_of(board, drawn(board)[0]).panel("mu").texts
    assert note.text == "scan 3 left out: aborted"


def test_an_aborted_repetition_that_was_added_is_left_out_too(measured: Path, reducer: Reducer) -> None:
    entries = read_entries(measured / "cr2o3_fluo-realabort.jsonl")
    third = [body["uid"] for name, body in entries if name == "start"][2]
    place = next(i for i, (name, body) in enumerate(entries) if name == "bmm" and body.get("xafsscan") == "stop")
    entries.insert(place, ("bmm", {"xafs_sequence": "add", "uid": third}))
    board = answered(fold(items_of(entries)), reducer)
    figure = figure_of(board, drawn(board)[0])
    assert figure.title == "Sequence ended: Cr2O3  2 scans"
    assert figure.panel("mu").texts[0].text == "scan 3 left out: aborted"
    near(figure.panel("chir").traces[0].y, expected(measured, "cr2o3_fluo")["chir_mag_partial"][1][:196])


def test_the_progress_is_seen_after_each_repetition(measured: Path, reducer: Reducer) -> None:
    entries, wanted = read_entries(measured / "ni2o3.jsonl"), expected(measured, "ni2o3")
    adds = [i for i, (name, body) in enumerate(entries) if name == "bmm" and body.get("xafs_sequence") == "add"]
    final = measured_board(measured, "ni2o3", reducer)
    for n, place in enumerate(adds, start=1):
        board = answered(fold(items_of(entries[: place + 1])), reducer)
        figure = figure_of(board, drawn(board)[0])
        assert figure.title == f"Sequence: Ni2O3  {n}/3"
        near(figure.panel("chir").traces[0].y, wanted["chir_mag_partial"][n - 1][:196])
        later = figure_after(final, drawn(final)[0], n)
        assert later.title == figure.title
        np.testing.assert_array_equal(later.panel("chir").traces[0].y, figure.panel("chir").traces[0].y)


def test_before_the_first_repetition_the_figure_says_what_it_waits_for(measured: Path) -> None:
    entries = read_entries(measured / "ni2o3.jsonl")
    board = fold(items_of(entries[:100]))
    figure = figure_of(board, drawn(board)[0])
    assert figure.title == "Sequence: Ni2O3  0/3"
    assert figure.panel("mu").texts[0].text == "waiting for the first repetition"


@pytest.mark.parametrize("name", ["ni2o3-bothways", "cr2o3_fluo-realabort"])
def test_every_order_of_arrival_ends_in_the_same_results(measured: Path, reducer: Reducer, name: str) -> None:
    items = items_of(read_entries(measured / f"{name}.jsonl"))
    messages = [item for item in items if isinstance(item, Control)]
    documents = [item for item in items if not isinstance(item, Control)]
    reference = answered(fold(items), reducer)
    results = [
        Reduced(request.scan, request.key, result.values)
        for scan in reference.scans
        for request in requests_of(reference, scan)
        if (result := answer_to(reference, request)) is not None
    ]
    rng = random.Random(7)
    orders: list[list[Item]] = [[*messages, *documents], [*documents, *messages]]
    for order in orders:
        rng.shuffle(results)
        board = fold([*order, *results])
        assert not requests(board)
        assert digest(board) == digest(reference)
        assert board.results.kept.keys() == reference.results.kept.keys()
        assert figure_of(board, drawn(board)[0]).title == figure_of(reference, drawn(reference)[0]).title


@pytest.mark.parametrize("name", ["ni2o3", "cr2o3_fluo-realabort"])
def test_the_project_holds_every_scan_and_the_merge(
    measured: Path, reducer: Reducer, name: str, tmp_path: Path
) -> None:
    board = measured_board(measured, name, reducer)
    sequence = sequence_of(board, drawn(board)[0])
    made = reducer.project(asked(sequence, board)).result(60)
    again = reducer.project(asked(sequence, board)).result(60)
    assert made["content"] == again["content"]
    path = tmp_path / "read.prj"
    path.write_bytes(made["content"])
    labels, chi, arguments = read_project(path)
    stub = "Ni2O3" if "ni" in name else "Cr2O3"
    assert labels == [*(f"{stub}.{n:03d}" for n in range(1, SETS[name] + 1)), f"{stub} merge"]
    near(chi[-1], expected(measured, name)["chi_partial"][SETS[name] - 1])
    assert arguments["bkg_z"] == stub[:2]
    assert arguments["bkg_kw"] == 2
    assert (arguments["fft_kmin"], arguments["fft_kmax"], arguments["fft_kwindow"]) == (3, 12, "hanning")
