"""Maps: each pixel where it was measured, colours from measured pixels only, the final form that the hint asks for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.examples import AREASCAN
from helpers.figures import build_last_figure, fold_board, get_only_panel, join_notes, list_shown_figures, make_run
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Figure, Mesh
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Document, RecordPosition

START = {**AREASCAN, "slow_steps": 3, "fast_steps": 4}
MOTORS = ["xafs_y", "xafs_x"]
FAST = [32.2, 34.2 - 2 / 3, 34.2 + 2 / 3, 36.2]
SLOW = [119.5, 120.5, 121.5]


def columns(n: int = 12) -> dict[str, list[float]]:
    rng = np.random.default_rng(1)
    keys = ["I0", "It", "Ir", "Iy", "noisy_det", "specular", "diffuse", *(f"Fe{c}" for c in range(1, 9))]
    return {key: rng.uniform(1.0, 9.0, n).tolist() for key in keys}


def area(detector: str, n: int = 12, hint: str | None = None, **more: Any) -> Figure:
    settled, options = more.pop("settled", True), {"separate_channels": more.pop("separate_channels", False)}
    fluo, start = more.pop("fluo", None), more.pop("start", None)
    run = make_run(more.pop("columns", columns(n)), hint, MOTORS, start=start, finished=settled)
    end = [{"areascan": "stop"}] if settled else []
    return build_last_figure(
        {**START, "detector": detector, "fluo_detector": fluo}, run, *end, settled=settled, **options
    )


def mesh_of(figure: Figure) -> Mesh:
    (mesh,) = get_only_panel(figure).meshes
    return mesh


def quotient(above: list[str], below: str | None = None) -> np.ndarray[Any, Any]:
    data = {key: np.array(values) for key, values in columns().items()}
    total = data[above[0]]
    for key in above[1:]:
        total = total + data[key]
    return (total if below is None else total / data[below]).reshape(3, 4)


def rois(*channels: int) -> list[str]:
    return [f"Fe{channel}" for channel in channels]


@pytest.mark.parametrize(
    ("detector", "fluo", "label", "expected"),
    [
        ("if", "4-element SDD", "fluorescence / I0", quotient(rois(1, 2, 3, 4), "I0")),
        ("Xs", "7-element SDD", "fluorescence / I0", quotient(rois(1, 2, 3, 4, 5, 6, 7), "I0")),
        ("Xs1", None, "fluorescence / I0", quotient(rois(8), "I0")),
        ("Dante", None, "fluorescence / I0", quotient(rois(1, 2, 3, 4, 5, 6, 7), "I0")),
        ("It", None, "It/I0", quotient(["It"], "I0")),
        ("Iy", None, "Iy/I0", quotient(["Iy"], "I0")),
        ("I0", None, "I0 (nA·s)", quotient(["I0"])),
        ("Ir", None, "Ir (nA·s)", quotient(["Ir"])),
        ("noisy_det", None, "noisy_det", quotient(["noisy_det"])),
    ],
)
def test_every_detector_is_mapped_by_its_formula(
    detector: str, fluo: str | None, label: str, expected: np.ndarray[Any, Any]
) -> None:
    """All channels of the detector, in any spelling of its name; the map of I0 shows I0."""
    mesh = mesh_of(area(detector, fluo=fluo))
    np.testing.assert_array_equal(mesh.z, expected)
    assert mesh.label == label
    np.testing.assert_allclose(mesh.x, FAST, rtol=1e-12)
    np.testing.assert_allclose(mesh.y, SLOW, rtol=1e-12)


def test_the_eiger_is_mapped_by_all_its_counts() -> None:
    mesh = mesh_of(area("Eiger", columns={**columns(), "full": columns()["It"]}))
    np.testing.assert_array_equal(mesh.z, quotient(["It"]))
    assert [panel.key for panel in area("Eiger").panels] == ["specular", "diffuse"]


def test_circles_of_the_goniometer_are_in_degrees() -> None:
    circles = {**START, "slow_motor": "phi", "fast_motor": "gonio_chi", "detector": "I0"}
    panel = get_only_panel(build_last_figure(circles))
    assert (panel.x_label, panel.y_label) == ("gonio_chi (deg)", "phi (deg)")


def test_labels_title_and_direction_are_set() -> None:
    figure = area("if", fluo="4-element SDD")
    panel = get_only_panel(figure)
    assert figure.title == "fluorescence   Fe   Energy = 7200.0 eV"
    assert panel.x_label == "xafs_x (mm)"
    assert panel.y_label == "xafs_y (mm)"
    assert panel.y_inverted
    other = {**START, "slow_motor": "xafs_x", "fast_motor": "xafs_y", "detector": "It"}
    assert not get_only_panel(build_last_figure(other)).y_inverted


def test_unmeasured_pixels_are_blank() -> None:
    """Nothing but what was measured takes part in the colours; a map is one mesh, whatever the number of points."""
    z = mesh_of(area("It", 6, settled=False)).z
    assert np.isfinite(z).sum() == 6
    assert np.isfinite(z[0]).all()
    assert np.isnan(z[2]).all()
    empty = mesh_of(build_last_figure({**START, "detector": "It"}))
    assert np.isnan(empty.z).all()
    assert empty.z.shape == (3, 4)


def test_an_unchanged_map_returns_the_same_array() -> None:
    board = fold_board({**START, "detector": "It"}, make_run(columns(5), None, MOTORS, finished=False), settled=False)
    one, other = (mesh_of(build_figure(board, board.scans[0])) for _ in range(2))
    assert one.z is other.z


@pytest.mark.parametrize("how", ["told", "seen"])
def test_every_second_row_of_a_snake_runs_backwards(how: str) -> None:
    data = columns()
    data["It"] = [float(n) for n in range(12)]
    data["I0"] = [1.0] * 12
    start: dict[str, Any] | None = {"snaking": [False, True]}
    if how == "seen":
        start, data["xafs_x"] = None, [*FAST, *FAST[::-1], *FAST]
    z = mesh_of(area("It", columns=data, start=start)).z
    assert z.tolist() == [[0, 1, 2, 3], [7, 6, 5, 4], [8, 9, 10, 11]]


def test_without_a_snake_the_rows_run_the_same_way() -> None:
    data = {**columns(), "xafs_x": FAST * 3}
    np.testing.assert_array_equal(mesh_of(area("It", columns=data)).z, quotient(["It"], "I0"))


def test_points_beyond_the_grid_are_ignored_and_counted() -> None:
    figure = area("It", 14, columns=columns(14))
    assert np.isfinite(mesh_of(figure).z).all()
    assert get_only_panel(figure).title == "2 points beyond the grid of 3 × 4 not shown"


def test_a_missed_point_leaves_its_pixel_blank() -> None:
    run = [e for e in make_run(columns(), None, MOTORS) if not (e[0] == "event" and e[1]["seq_num"] == 5)]
    z = mesh_of(build_last_figure({**START, "detector": "It"}, run, {"areascan": "stop"})).z
    assert np.argwhere(np.isnan(z)).tolist() == [[1, 0]]


@pytest.mark.parametrize(
    ("contour", "log"), [("True", "False"), ("False", "True"), ("True", "True"), ("False", "False")]
)
def test_the_final_form_follows_the_plot_hint(contour: str, log: str) -> None:
    hint = f"areascan It xafs_y xafs_x {contour} {log} 7200"
    live, final = area("It", hint=hint, settled=False), area("It", hint=hint)
    assert not mesh_of(live).is_contour
    np.testing.assert_array_equal(mesh_of(live).z, quotient(["It"], "I0"))
    mesh = mesh_of(final)
    assert mesh.is_contour is (contour == "True")
    expected = np.log(quotient(["It"], "I0")) if log == "True" else quotient(["It"], "I0")
    np.testing.assert_array_equal(mesh.z, expected)
    assert mesh.label == ("ln(It/I0)" if log == "True" else "It/I0")


def test_only_a_complete_map_gets_its_final_form() -> None:
    hint = "areascan It xafs_y xafs_x True False 7200"
    run = make_run(columns(), hint, MOTORS)
    board = fold_board({**START, "detector": "It"}, run, {"areascan": "stop"}, settled=False)
    earlier = fold_board({**START, "detector": "It"}, run[:-1], settled=False)
    final, live = (build_figure(b, b.scans[0]) for b in (board, earlier))
    assert final.id == live.id
    assert (mesh_of(live).is_contour, mesh_of(final).is_contour) == (False, True)
    assert not mesh_of(area("It", 7, hint=hint)).is_contour


def test_a_log_map_leaves_gaps_at_values_not_above_zero() -> None:
    data = {**columns(), "It": [0.0, -1.0, *[2.0] * 10], "I0": [1.0] * 12}
    z = mesh_of(area("It", columns=data, hint="areascan It xafs_y xafs_x False True 7200")).z
    assert np.isnan(z).sum() == 2
    assert np.nanmax(z) == np.log(2.0)


def test_a_fluorescence_map_without_channels_has_a_note() -> None:
    assert join_notes(area("if", columns={"I0": [1.0] * 12})) == "no fluorescence channels in this run"


def test_each_channel_has_a_panel_on_request() -> None:
    figure = area("if", fluo="4-element SDD", separate_channels=True)
    assert [panel.key for panel in figure.panels] == rois(1, 2, 3, 4)
    assert (figure.rows, figure.columns) == (2, 2)


def test_a_new_map_replaces_the_previous_one() -> None:
    start = {**START, "detector": "It"}
    assert len(list_shown_figures(start, {"areascan": "stop"}, start)) == 1


def test_the_axes_name_the_motors() -> None:
    """A click needs no label: the panel knows what moves along its axes."""
    panel = get_only_panel(area("It"))
    assert (panel.x_name, panel.y_name) == ("xafs_x", "xafs_y")


def test_a_late_point_is_added_to_the_map() -> None:
    run = make_run(columns(), None, MOTORS)
    last = next(body for name, body in run if name == "event" and body["seq_num"] == 12)
    kept = [entry for entry in run if entry[1] is not last]
    board: Board = fold_board({**START, "detector": "It"}, kept, {"areascan": "stop"})
    assert np.isnan(mesh_of(build_figure(board, board.scans[0])).z).sum() == 1
    board = board.apply(Document("event", last, 0.0, RecordPosition("d", 0, 999)))
    assert np.isfinite(mesh_of(build_figure(board, board.scans[0])).z).all()
