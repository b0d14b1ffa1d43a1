"""Slides of a report (PowerPoint) with texts, a table and pictures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from xafs_workers.writers import text_format
from xafs_workers.writers.archive_times import find_archive_time, replace_archive_times
from xafs_workers.writers.registry import CannotWrite

INSTALL_ADVICE = "needs python-pptx, which is not installed: pip install 'xafs-workers[reports]'"

UNKNOWN = "–"
"""Shown in place of a value that is not known."""

_WIDTH, _HEIGHT, _MARGIN = 13.333, 7.5, 0.5  # inches
_TITLE_HEIGHT, _LINE_HEIGHT, _ROW_HEIGHT, _CAPTION_HEIGHT = 0.9, 0.34, 0.4, 0.35
_TEXT_WIDTH = 4.6


@dataclass(frozen=True, slots=True)
class SlidePicture:
    """A picture on a slide.

    Attributes
    ----------
    name
        Where it is expected, relative to the proposal folder.
    content
        Bytes of the picture, None where it does not exist.
    """

    caption: str
    name: str
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Slide:
    """One slide: a title, lines of text, a table (its first row has the headings), pictures."""

    title: str
    lines: Sequence[str] = ()
    table: Sequence[Sequence[str]] = ()
    pictures: Sequence[SlidePicture] = ()


def build_pptx(slides: Sequence[Slide], modified: float) -> bytes:
    """Return a report whose bytes depend on nothing but the slides and the time given (POSIX seconds).

    Raises
    ------
    CannotWrite
        python-pptx is not installed.
    """
    try:
        from pptx import Presentation
        from pptx.util import Inches
    except ModuleNotFoundError as missing:
        raise CannotWrite(f"a report {INSTALL_ADVICE}") from missing
    report: Any = Presentation()
    report.slide_width, report.slide_height = Inches(_WIDTH), Inches(_HEIGHT)
    report.core_properties.author = "xafs-workers"
    for slide in slides:
        _SlideBuilder(report).add(slide)
    written = io.BytesIO()
    report.save(written)
    return replace_archive_times(written, find_archive_time(modified))


def format_result(value: float | str | None, digits: int = 4) -> str:
    """Format a result with a fixed number of decimals; an unknown value as a dash."""
    if value is None:
        return UNKNOWN
    return text_format.to_one_line(value) if isinstance(value, str) else f"{value:.{digits}f}"


class _SlideBuilder:
    """Builder of one slide; all positions in inches, from the top down."""

    def __init__(self, report: Any):
        self._shapes: Any = report.slides.add_slide(report.slide_layouts[6]).shapes
        self._top = _MARGIN

    def add(self, slide: Slide) -> None:
        """Add the title, then lines and table, and the pictures in the room that is left."""
        self._add_text([slide.title], _MARGIN, _WIDTH - 2 * _MARGIN, size=28)
        self._top += _TITLE_HEIGHT
        beside = bool(slide.lines and slide.pictures and not slide.table)
        if slide.lines:
            self._add_text(slide.lines, _MARGIN, _TEXT_WIDTH if beside else _WIDTH - 2 * _MARGIN, size=14)
            self._top += 0.0 if beside else _LINE_HEIGHT * len(slide.lines) + 0.2
        if slide.table:
            self._add_table(slide.table)
        if slide.pictures:
            self._add_pictures(slide.pictures, _MARGIN + (_TEXT_WIDTH + 0.2 if beside else 0.0))

    def _add_text(self, lines: Sequence[str], left: float, width: float, *, size: int) -> None:
        from pptx.util import Inches, Pt

        height = _TITLE_HEIGHT if len(lines) == 1 else _LINE_HEIGHT * len(lines)
        frame = self._shapes.add_textbox(Inches(left), Inches(self._top), Inches(width), Inches(height)).text_frame
        frame.word_wrap = True
        for number, line in enumerate(lines):
            paragraph = frame.paragraphs[0] if not number else frame.add_paragraph()
            paragraph.text = text_format.to_one_line(line)
            paragraph.font.size = Pt(size)

    def _add_table(self, rows: Sequence[Sequence[str]]) -> None:
        from pptx.util import Inches, Pt

        height = _ROW_HEIGHT * len(rows)
        place = (Inches(_MARGIN), Inches(self._top), Inches(_WIDTH - 2 * _MARGIN), Inches(height))
        table = self._shapes.add_table(len(rows), len(rows[0]), *place).table
        for row, texts in enumerate(rows):
            for column, text in enumerate(texts):
                cell = table.cell(row, column)
                cell.text = text
                cell.text_frame.paragraphs[0].font.size = Pt(14)
        self._top += height + 0.3

    def _add_pictures(self, pictures: Sequence[SlidePicture], left: float) -> None:
        """Add pictures side by side, in two rows if there are more than two."""
        rows = 1 if len(pictures) <= 2 else 2
        columns = -(-len(pictures) // rows)
        width = (_WIDTH - _MARGIN - left) / columns
        height = (_HEIGHT - _MARGIN - self._top) / rows
        for number, picture in enumerate(pictures):
            at = (left + width * (number % columns), self._top + height * (number // columns))
            self._add_picture(picture, at, (width - 0.1, height))

    def _add_picture(self, picture: SlidePicture, at: tuple[float, float], room: tuple[float, float]) -> None:
        from pptx.util import Inches, Pt

        left, top = at
        box = self._shapes.add_textbox(Inches(left), Inches(top), Inches(room[0]), Inches(_CAPTION_HEIGHT))
        box.text_frame.word_wrap = True
        is_shown = picture.content is not None and self._place_picture(picture.content, (left, top), room)
        problem = "no picture" if picture.content is None else "no readable picture"
        paragraph = box.text_frame.paragraphs[0]
        paragraph.text = picture.caption if is_shown else f"{picture.caption}: {problem} {picture.name}"
        paragraph.font.size = Pt(12)

    def _place_picture(self, content: bytes, at: tuple[float, float], room: tuple[float, float]) -> bool:
        """Place a picture, as large as fits; return whether it can be read."""
        from pptx.util import Inches

        width, height = room[0], room[1] - _CAPTION_HEIGHT
        try:
            shown = self._shapes.add_picture(io.BytesIO(content), Inches(at[0]), Inches(at[1] + _CAPTION_HEIGHT))
        except (OSError, ValueError):
            return False
        scale = min(Inches(width) / shown.width, Inches(height) / shown.height)
        shown.width, shown.height = int(shown.width * scale), int(shown.height * scale)
        return True
