"""Pictures: a figure as the bytes of a PNG, PDF or SVG file, the same for equal figures."""

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

Form = Literal["png", "pdf", "svg"]

_SALT = "xafs-workers"


def picture(figure: Figure, form: Form = "png", dots_per_inch: float = 120, *, style: Style | None = None) -> bytes:
    """Return a picture of `figure`, of its own width and height.

    Equal figures give equal bytes: no date, no version. Safe to call from several threads.

    Raises
    ------
    ValueError
        `form` is none of png, pdf, svg.
    """
    if form not in ("png", "pdf", "svg"):
        raise ValueError(f"a picture is png, pdf or svg, not {form!r}")
    drawn = Drawn(figsize=(figure.width, figure.height), dpi=dots_per_inch)
    scene = Scene(drawn, style or Style(), live=False)
    scene.update(figure)
    scene.arrange()
    buffer = io.BytesIO()
    _PRINTERS[form](drawn, buffer)
    return buffer.getvalue()


def _png(drawn: Drawn, buffer: io.BytesIO) -> None:
    FigureCanvasAgg(drawn).print_png(buffer, metadata={"Software": None})


def _pdf(drawn: Drawn, buffer: io.BytesIO) -> None:
    metadata: Any = {"Creator": None, "Producer": None, "CreationDate": None}
    FigureCanvasPdf(drawn).print_pdf(buffer, metadata=metadata)


def _svg(drawn: Drawn, buffer: io.BytesIO) -> None:
    # Names inside an SVG are random without a salt, and only this global setting gives one. It is set to the
    # same constant every time, so two threads cannot disagree.
    mpl.rcParams["svg.hashsalt"] = _SALT
    text = io.StringIO()
    metadata: Any = {"Creator": None, "Date": None, "Format": None, "Type": None}
    FigureCanvasSVG(drawn).print_svg(text, metadata=metadata)
    buffer.write(text.getvalue().encode())


_PRINTERS = {"png": _png, "pdf": _pdf, "svg": _svg}
