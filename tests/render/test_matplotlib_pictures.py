"""Test picture files: equal bytes for equal figures, any text, legible legends."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure as Drawn
from PIL import Image

from helpers.patience import SECONDS as PATIENCE
from helpers.text_faults import list_text_faults
from xafs_workers.figures.model import Figure, Line, Mark, Mesh, Panel, Text, Trace
from xafs_workers.render.matplotlib.pictures import render_picture
from xafs_workers.render.matplotlib.scene import Scene
from xafs_workers.render.matplotlib.style import Style

FORMS = ("png", "pdf", "svg")

EXAMPLE = """
import numpy as np
from xafs_workers.figures.model import *

def example():
    x = np.linspace(0.0, 9.0, 40)
    curves = tuple(Trace(f"t{n}", x, np.sin(x + n), f"scan {n + 1}", n) for n in range(3))
    grid = np.arange(12.0).reshape(3, 4)
    grid[2, 2:] = np.nan
    panels = (
        Panel("p", "data: Fe", "energy (eV)", "µ(E)", traces=curves, legend="full", marks=(Mark("m", 3.0, 0.0, "c"),),
              lines=(Line("l", 4.0, "Fe Kα"),), texts=(Text("n", "from +60 eV"),)),
        Panel("q", "map", "x (mm)", "y (mm)", column=1,
              meshes=(Mesh("z", np.arange(4.0), np.arange(3.0), grid, "It/I0"),)),
    )
    return Figure("f", "xafsscan", "Fe: scan 3 of 3", panels, 1, 2, 6.0, 3.0)
"""
_names: dict = {}
exec(EXAMPLE, _names)  # the subprocesses below run the same source
example = _names["example"]


def curve(n=30) -> Trace:
    x = np.linspace(0.0, 1.0, n)
    return Trace("a", x, x**2)


def words_of(scene: Scene) -> list[str]:
    return [text.get_text() for text in scene.figure.findobj(mpl.text.Text) if text.get_text()]


def composed(figure: Figure, style: Style | None = None) -> Scene:
    scene = Scene(Drawn(figsize=(figure.width, figure.height), dpi=100), style or Style(), live=False)
    scene.update(figure)
    scene.arrange()
    return scene


@pytest.mark.first_case_fast
@pytest.mark.parametrize("form", FORMS)
def test_equal_figures_give_equal_bytes(form):
    first = render_picture(example(), form, 60)
    assert first == render_picture(example(), form, 60)
    assert first.startswith({"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[form])
    assert mpl.__version__.encode() not in first
    assert b"Date" not in first


def test_two_processes_draw_equal_bytes():
    code = EXAMPLE + "\nimport hashlib\nfrom xafs_workers.render.matplotlib.pictures import render_picture\n" + (
        f"print(*(hashlib.sha256(render_picture(example(), form, 60)).hexdigest() for form in {FORMS}))"
    )  # fmt: skip
    here = [hashlib.sha256(render_picture(example(), form, 60)).hexdigest() for form in FORMS]
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        assert done.stdout.split() == here, done.stderr


def test_importing_the_package_does_not_import_matplotlib():
    code = "import sys, xafs_workers.render, xafs_workers.render.matplotlib; print('matplotlib.figure' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.slow
def test_threads_do_not_disturb_each_other():
    expected = {form: render_picture(example(), form, 50) for form in FORMS}
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda form: (form, render_picture(example(), form, 50)), FORMS * 4))
    assert all(content == expected[form] for form, content in made)


@pytest.mark.slow
def test_user_settings_have_no_effect_and_are_not_changed():
    expected = {form: render_picture(example(), form, 60) for form in FORMS}
    theirs = {
        "font.size": 30.0, "axes.facecolor": "red", "axes.grid": False, "lines.linewidth": 9.0, "xtick.direction": "in",
        "axes.spines.top": False, "figure.autolayout": True, "savefig.bbox": "tight", "font.family": ["monospace"],
        "xtick.minor.visible": True, "axes.labelsize": 40, "lines.marker": "s", "savefig.transparent": True,
        "text.parse_math": True, "axes.linewidth": 5, "image.interpolation": "bicubic", "xtick.top": True,
    }  # fmt: skip
    with mpl.rc_context(theirs):
        before = dict(mpl.rcParams)
        made = {form: render_picture(example(), form, 60) for form in FORMS}
        after = dict(mpl.rcParams)
    assert made == expected
    assert {name for name in before if before[name] != after[name]} <= {"svg.hashsalt"}


def test_the_picture_has_the_size_of_the_figure():
    image = Image.open(io.BytesIO(render_picture(example(), dots_per_inch=50)))
    assert image.size == (300, 150)
    assert image.info.get("Software") is None


def test_an_unknown_form_is_refused():
    with pytest.raises(ValueError, match="unknown file format 'gif'"):
        render_picture(example(), "gif")


HOSTILE = ["a$b$", r"$\bad", "$$", r"\frac{", "$" * 9, "中文样品", "😀🧪👩‍🔬",
           "ab\x00\x07\ud800c", "שלום عربى", "a\nb\tc", "%s{0}\\",
           "_hidden", "x" * 5000, "Z̸̛̖a̶l̷g̵o̴" * 9, "\u202egnp.exe", "<b>&amp;</b>", " "]  # fmt: skip


@pytest.mark.first_case_fast
@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("form", FORMS)
def test_any_text_is_drawn_without_mathtext(text, form):
    panel = Panel(
        text, text, text, text, traces=(Trace("a", np.arange(3.0), np.arange(3.0), text),), legend="full",
        marks=(Mark("m", 1.0, 1.0, text),), lines=(Line("l", 1.0, text),), texts=(Text("t", text),),
        meshes=(Mesh("z", np.arange(3.0), np.arange(3.0), np.eye(3), text),),
    )  # fmt: skip
    made = render_picture(Figure("f", "k", text, (panel,), width=3.0, height=2.5), form, 40)
    assert len(made) > 1000
    if form == "png":
        Image.open(io.BytesIO(made)).load()


def test_dollar_signs_are_shown_as_typed():
    shown = words_of(composed(Figure("f", "k", "a$b$", (Panel("p", r"$\bad", traces=(curve(),)),))))
    assert "a$b$" in shown
    assert r"$\bad" in shown


def boxes(scene: Scene) -> list:
    """Return the boxes of all texts and of all axes, in pixels."""
    renderer = mpl.backends.backend_agg.FigureCanvasAgg(scene.figure).get_renderer()
    scene.figure.draw(renderer)
    texts = [text for text in scene.figure.findobj(mpl.text.Text) if text.get_text() and text.get_visible()]
    return [text.get_window_extent(renderer) for text in texts] + [axes.bbox for axes in scene.figure.axes]


def overlaps(one, other) -> bool:
    slack = 1.0
    return (min(one.x1, other.x1) - max(one.x0, other.x0) > slack) and (
        min(one.y1, other.y1) - max(one.y0, other.y0) > slack
    )


def repetitions(count: int, legend="full", shapes=((0, 0), (0, 1), (1, 0), (1, 1))) -> Figure:
    x = np.linspace(7000.0, 7800.0, 20)
    panels = tuple(
        Panel(f"p{row}{column}", "data: " + "a long sample name " * 3, "energy (eV)",
              "fluorescence µ(E)  (4-element SDD)",
              row, column, traces=tuple(Trace(f"s{n}", x, x * n * 1000, f"scan {n + 1}", n) for n in range(count)),
              legend=legend)
        for row, column in shapes
    )  # fmt: skip
    return Figure("f", "xafsscan", "very_long_file_name_" * 12 + ": scan 20 of 20", panels, 2, 2, 9.0, 8.0)


@pytest.mark.first_case_fast
@pytest.mark.parametrize("style", [Style(), Style(scale=1.8, dark=True)])
@pytest.mark.parametrize(
    "figure",
    [
        repetitions(3, "full"), repetitions(20), repetitions(60), repetitions(20, shapes=((0, 0), (1, 1))),
        repetitions(8, "full", shapes=((0, 0),)),
    ],
    ids=["three", "twenty", "sixty", "two panels", "one panel"],
)  # fmt: skip
def test_texts_do_not_overlap_each_other_or_the_axes(figure, style):
    scene = composed(figure, style)
    placed = boxes(scene)
    page = scene.figure.bbox
    for index, box in enumerate(placed):
        assert box.x0 >= page.x0 - 1
        assert box.x1 <= page.x1 + 1
        assert box.y0 >= page.y0 - 1
        assert box.y1 <= page.y1 + 1
        assert not any(overlaps(box, other) for other in placed[index + 1 :])


def test_the_legend_of_twenty_repetitions_is_legible():
    scene = composed(repetitions(20))
    shown = words_of(scene)
    assert [word for word in shown if word.startswith("scan ")] == [f"scan {n}" for n in range(1, 21)]
    sizes = [text.get_fontsize() for text in scene.figure.findobj(mpl.text.Text) if text.get_text().startswith("scan ")]
    assert min(sizes) >= 8.0


def test_legends_that_differ_stay_with_their_panels():
    x = np.arange(3.0)
    panels = tuple(
        Panel(key, key, column=n, traces=(Trace("t", x, x, f"of {key}"),), legend="full") for n, key in enumerate("ab")
    )
    shown = words_of(composed(Figure("f", "k", "", panels, 1, 2)))
    assert {"of a", "of b"} <= set(shown)


def test_repetitions_differ_by_more_than_colour():
    scene = composed(repetitions(20))
    lines = [line for line in scene.figure.axes[0].get_children() if isinstance(line, mpl.lines.Line2D)]
    looks = [(line.get_color(), line.get_linestyle(), repr(line._dash_pattern)) for line in lines]
    assert len(set(looks)) == 20
    assert len({look[2] for look in looks}) >= 4
    assert lines[0].get_linestyle() == "-"


def test_large_type_is_large_and_the_axes_keep_room():
    roomy = replace(example(), width=14.0, height=8.0)
    normal, large = composed(roomy), composed(roomy, Style(scale=2.4))

    def heading(scene: Scene) -> float:
        return max(text.get_fontsize() for text in scene.figure.findobj(mpl.text.Text) if text.get_text())

    assert heading(large) > 2.3 * heading(normal)
    assert all(axes.bbox.height > 20 for axes in large.figure.axes)


def test_type_becomes_smaller_where_there_is_little_room():
    figure = repetitions(3)
    crowded = composed(figure, Style(scale=2.4))
    assert list_text_faults(crowded.figure) == []
    assert crowded.sizes.text < Style(scale=2.4).compute_sizes(figure.width, figure.height).text


def test_the_caption_is_below_all_panels():
    figure = replace(repetitions(3), caption="Fe2O3  ·  2026-02-02 03:04:05  ·  1a2b3c4d")
    scene = composed(figure)
    assert figure.caption in words_of(scene)
    assert list_text_faults(scene.figure) == []


@pytest.mark.first_case_fast
@pytest.mark.parametrize(("width", "height"), [(0.5, 0.5), (2.0, 0.3), (40.0, 3.0)])
def test_any_size_can_be_drawn(width, height):
    figure = Figure("f", "k", "t", example().panels, 1, 2, width, height)
    assert render_picture(figure, dots_per_inch=30)


def test_figures_without_panels_or_outside_the_grid_are_drawn():
    assert render_picture(Figure("f", "k", "nothing yet", ()), dots_per_inch=30)
    assert render_picture(Figure("f", "k", "", (Panel("p", row=3, column=2, traces=(curve(),)),)), dots_per_inch=30)


def test_a_picture_has_exact_margins():
    axes = composed(Figure("f", "k", "", (Panel("p", traces=(curve(),)),))).figure.axes[0]
    assert axes.get_xlim() == pytest.approx((-0.02, 1.02))
    assert axes.get_ylim() == pytest.approx((-0.06, 1.06))


def test_axes_of_a_row_and_of_a_column_are_aligned():
    axes = {axes.get_label(): axes.get_position() for axes in composed(repetitions(3)).figure.axes}
    assert axes["p00"].x0 == axes["p10"].x0
    assert axes["p00"].y0 == axes["p01"].y0
    assert axes["p00"].width == pytest.approx(axes["p11"].width)
    assert axes["p00"].height == pytest.approx(axes["p11"].height)
