"""Reports made of slides, read back by python-pptx, and pictures for them."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pytest
from PIL import Image

from helpers.file_actions import FileManagerHarness, act_on
from xafs_workers.filemanager.actions.report_files import PICTURE_PATIENCE
from xafs_workers.scans.items import ClockTick

PATH = "2025-1/pass-333333"


@dataclass(frozen=True)
class ReadSlide:
    """What one slide shows."""

    texts: list[str]
    tables: list[list[list[str]]]
    pictures: list[bytes]
    is_inside: bool


def make_picture(shade: int = 0, size: tuple[int, int] = (80, 60)) -> bytes:
    """Return a small PNG of one shade."""
    written = io.BytesIO()
    Image.new("L", size, shade).save(written, "PNG")
    return written.getvalue()


def read_report(content: bytes) -> list[ReadSlide]:
    """Read texts, tables and pictures of each slide, and whether all lies inside the slide."""
    pptx = pytest.importorskip("pptx", reason="python-pptx is not installed")
    report = pptx.Presentation(io.BytesIO(content))
    return [_read_slide(slide, report.slide_width, report.slide_height) for slide in report.slides]


def _read_slide(slide: object, width: int, height: int) -> ReadSlide:
    shapes = list(slide.shapes)  # type: ignore[attr-defined]
    texts = [paragraph.text for one in shapes if one.has_text_frame for paragraph in one.text_frame.paragraphs]
    tables = [[[cell.text for cell in row.cells] for row in one.table.rows] for one in shapes if one.has_table]
    pictures = [one.image.blob for one in shapes if one.shape_type == 13]
    inside = all(
        one.left >= 0 and one.top >= 0 and one.left + one.width <= width and one.top + one.height <= height
        for one in shapes
    )
    return ReadSlide(texts, tables, pictures, inside)


def add_pictures(manager: FileManagerHarness, names: list[str], folder: str = "snapshots") -> list[bytes]:
    """Write a picture of each name; return their bytes."""
    place = manager.folder / folder
    place.mkdir(parents=True, exist_ok=True)
    made = [make_picture(number, (80 + number, 60)) for number in range(len(names))]
    for name, content in zip(names, made, strict=True):
        (place / name).write_bytes(content)
    return made


def write_after_patience(manager: FileManagerHarness, **message: object) -> tuple[list[ReadSlide], str]:
    """Write the report of a message whose pictures never came; return its slides and the outcome's reason."""
    manager.board = manager.board.apply(ClockTick(1000.0))
    outcome = act_on(manager, then=PICTURE_PATIENCE + 1.0, **message)
    assert outcome.state == "done", outcome.reason
    with open(outcome.paths[0], "rb") as file:
        return read_report(file.read()), outcome.reason
