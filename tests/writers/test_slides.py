"""Reports made of slides: reproducible bytes, texts on one line, and room for everything."""

from __future__ import annotations

import io
import zipfile

import pytest

from helpers.reports import make_picture, read_report
from xafs_workers.writers.slides import Slide, SlidePicture, build_pptx, format_result

pytest.importorskip("pptx", reason="python-pptx is not installed")
PICTURES = tuple(SlidePicture(f"picture {n}", f"{n}.png", make_picture(n, (400, 60 * n))) for n in range(1, 5))


def test_the_same_slides_give_the_same_bytes() -> None:
    slides = [Slide("a", ("b",), (("x",), ("1",)), PICTURES[:1])]
    made = build_pptx(slides, 1.7e9)
    assert made == build_pptx(slides, 1.7e9)
    assert zipfile.ZipFile(io.BytesIO(made)).infolist()[0].date_time[0] == 2023


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("lines", [0, 1, 12])
@pytest.mark.parametrize("rows", [0, 2])
def test_pictures_lie_inside_the_slide(count: int, lines: int, rows: int) -> None:
    table = [["a", "b"]] * rows if lines < 12 else ()
    (slide,) = read_report(build_pptx([Slide("t", ("text",) * lines, table, PICTURES[:count])], 0.0))
    assert slide.is_inside
    assert len(slide.pictures) == count


def test_texts_from_elsewhere_stay_on_their_line() -> None:
    (slide,) = read_report(build_pptx([Slide("a\nb\x00\x0bc", ("one\ntwo",))], 0.0))
    assert slide.texts[:2] == ["a b c", "one two"]


@pytest.mark.parametrize(
    ("value", "digits", "expected"), [(1.23456, 4, "1.2346"), (3.0, 0, "3"), (None, 4, "–"), ("a\nb", 4, "a b")]
)
def test_results_have_fixed_decimals(value: float | str | None, digits: int, expected: str) -> None:
    assert format_result(value, digits) == expected
