"""Two figures side by side in one scene: the live view and the merge of a sequence, each in its half."""

from __future__ import annotations

from xafs_workers.figures.model import Figure, Panel
from xafs_workers.render.matplotlib import legend
from xafs_workers.render.matplotlib.layout import Cell, Margins, Rect, arrange


def is_beside(model: Figure, panel: Panel) -> bool:
    """Check whether a panel belongs to the right one of two figures side by side."""
    return 0 < model.split <= panel.column


def find_shared_legend(model: Figure) -> Panel | None:
    """Find the panel whose legend serves all panels; where two figures are side by side, those of the left one."""
    return legend.find_shared_panel(panel for panel in model.panels if not is_beside(model, panel))


def split_room(model: Figure, room: Rect) -> tuple[Rect, ...]:
    """Split a rectangle in points into those of two figures side by side; return it alone for one figure."""
    if not model.split:
        return (room,)
    half = 0.5 * room.width
    return room._replace(width=half), room._replace(left=room.left + half, width=half)


def arrange_halves(
    model: Figure, margins: dict[str, Margins], halves: tuple[Rect, ...]
) -> tuple[dict[str, Rect], bool]:
    """Arrange the panels of each half; return the rectangles of their axes, and whether margins had to shrink."""
    rects, has_shrunk, columns = dict[str, Rect](), False, model.columns // len(halves)
    for number, room in enumerate(halves):
        panels = [panel for panel in model.panels if is_beside(model, panel) is (number > 0)]
        cells = {
            panel.key: Cell(
                panel.row, panel.column - number * columns, panel.row_span, panel.column_span, margins[panel.key]
            )
            for panel in panels
        }
        placed, shrunk = arrange(cells, (model.rows, columns), room) if cells else ({}, False)
        rects |= placed
        has_shrunk |= shrunk
    return rects, has_shrunk
