"""Picture files of figures (PNG, PDF, SVG); equal figures give equal bytes."""

from __future__ import annotations

import io
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Drawn

from xafs_workers.figures.model import Figure
from xafs_workers.render.matplotlib.scene import Scene
from xafs_workers.render.matplotlib.style import Style

PictureFormat = Literal["png", "pdf", "svg"]

_HASH_SALT = "xafs-workers"


def render_picture(
    figure: Figure, file_format: PictureFormat = "png", dots_per_inch: float = 120, *, style: Style | None = None
) -> bytes:
    """Render a figure as the bytes of a picture file.

    Equal figures give equal bytes: the file contains no date but that of the caption, and no version. The caption is
    in its metadata too. Safe to call from several threads.

    Raises
    ------
    ValueError
        `file_format` is not png, pdf or svg.
    """
    if file_format not in ("png", "pdf", "svg"):
        raise ValueError(f"picture: unknown file format {file_format!r} (expected png, pdf or svg)")
    drawn = Drawn(figsize=(figure.width, figure.height), dpi=dots_per_inch)
    scene = Scene(drawn, style or Style(), live=False)
    scene.update(figure)
    scene.arrange()
    buffer = io.BytesIO()
    _WRITERS[file_format](drawn, buffer, figure.caption)
    return buffer.getvalue()


def _write_png(drawn: Drawn, buffer: io.BytesIO, caption: str) -> None:
    FigureCanvasAgg(drawn).print_png(buffer, metadata={"Software": None, "Description": caption or None})


def _write_pdf(drawn: Drawn, buffer: io.BytesIO, caption: str) -> None:
    metadata: Any = {"Creator": None, "Producer": None, "CreationDate": None, "Subject": caption or None}
    FigureCanvasPdf(drawn).print_pdf(buffer, metadata=metadata)


def _write_svg(drawn: Drawn, buffer: io.BytesIO, caption: str) -> None:
    # Without a salt, the ids in an SVG are random, and this global setting is the only way to set one. The value is
    # always the same constant, so threads cannot disturb each other.
    mpl.rcParams["svg.hashsalt"] = _HASH_SALT
    text = io.StringIO()
    metadata: Any = {"Creator": None, "Date": None, "Format": None, "Type": None, "Description": caption or None}
    FigureCanvasSVG(drawn).print_svg(text, metadata=metadata)
    buffer.write(text.getvalue().encode())


_WRITERS = {"png": _write_png, "pdf": _write_pdf, "svg": _write_svg}
