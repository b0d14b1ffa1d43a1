"""Scene of a figure: all its panels, laid out on one matplotlib figure, for windows and for pictures."""

from __future__ import annotations

from typing import Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.figure import Figure as Drawn
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, Bbox

from xafs_workers.figures.model import Figure, Panel
from xafs_workers.render.matplotlib import legend, text_layout
from xafs_workers.render.matplotlib.axes import PanelView, StaleParts, build_signature
from xafs_workers.render.matplotlib.layout import Cell, Margins, Rect, arrange
from xafs_workers.render.matplotlib.style import Sizes, Style

_EDGE_WIDTH = 0.5  # ems around the whole scene
_LAYOUT_PASSES = 3  # margins depend on the size of the axes, which depends on the margins


class TextChange(NamedTuple):
    """Changed text of a heading or title that keeps its position.

    Attributes
    ----------
    old_box
        Box of the old text, pixels.
    """

    text: Text
    old_box: Bbox


class Scene:
    """All panels, the heading and the shared legend of one model figure.

    Parameters
    ----------
    live
        See `PanelView`.
    """

    def __init__(self, drawn: Drawn, style: Style, *, live: bool):
        self.figure = drawn
        self.style = style
        self.live = live
        self.model: Figure | None = None
        self.views: dict[str, PanelView] = {}
        drawn.set(facecolor=style.palette.background, edgecolor="none")
        drawn.set_layout_engine("none")
        self._point_transform = Affine2D().scale(1.0 / 72.0) + drawn.dpi_scale_trans
        options = {"transform": self._point_transform, "linespacing": text_layout.LINE_HEIGHT, **text_layout.PLAIN_TEXT}
        self._heading = Text(ha="center", va="top", **options)
        drawn.add_artist(self._heading)
        self._margins: dict[str, Margins] = {}
        self._legend_artists: list[Artist] = []
        self._text_changes: list[TextChange] = []
        self._layout_signature: Any = None
        self._placement_signature: Any = None

    @property
    def canvas_size(self) -> tuple[float, float]:
        """Width and height of the canvas, points."""
        width, height = self.figure.get_size_inches()
        return 72.0 * float(width), 72.0 * float(height)

    @property
    def sizes(self) -> Sizes:
        """Font sizes and line widths for this canvas."""
        width, height = self.canvas_size
        return self.style.compute_sizes(width / 72.0, height / 72.0)

    def update(self, model: Figure) -> dict[str, StaleParts]:
        """Update the artists to a newer figure; return which parts of each panel must be drawn again.

        For a figure with another id, all panels are created again.
        """
        old, self.model = self.model, model
        panels = {panel.key: panel for panel in model.panels}
        fresh = old is None or old.id != model.id
        gone = [key for key in self.views if fresh or key not in panels]
        for key in gone:
            self.views.pop(key).remove()
        redraws_all = fresh or bool(gone) or _get_grid(old) != _get_grid(model)
        stale: dict[str, StaleParts] = {}
        for key, panel in panels.items():
            stale[key] = self._get_view(key, panel).update(panel)
        self._text_changes = []
        if not redraws_all and not any(part.has_stale_background for part in stale.values()):
            redraws_all = not self._replace_texts(old, model)
        return {key: StaleParts(True, 0) for key in panels} if redraws_all else stale

    def take_text_changes(self) -> list[TextChange]:
        """Return the changed texts of the last update that can be drawn alone, and remove them from the list."""
        taken, self._text_changes = self._text_changes, []
        return taken

    def restyle(self, style: Style) -> None:
        """Use other sizes from the next layout on."""
        self.style = style
        self._layout_signature = self._placement_signature = None

    def arrange(self) -> None:
        """Lay out the panels.

        If only limits changed since the last layout, margins can grow but not shrink, so that axes do not jump.
        """
        if self.model is None:
            return
        outline = (
            _list_titles(self.model),
            _get_grid(self.model),
            [build_signature(panel) for panel in self.model.panels],
        )
        signature = self.canvas_size, outline
        if signature != self._layout_signature:
            self._margins = {}
        shared = legend.find_shared_panel(self.model.panels)
        for view in self.views.values():
            view.decorations.has_legend = shared is None
        rects = self._compute_rects(self.model, self.sizes)
        lines = [view.visible_extent for view in self.views.values() if view.panel.lines]
        placed = signature, rects, lines, [view.is_empty for view in self.views.values()]
        if placed != self._placement_signature:
            for key, rect in rects.items():
                self.views[key].place(rect, self.canvas_size, self.sizes)
            self._draw_legend(shared)
        self._layout_signature, self._placement_signature = signature, placed

    def _get_view(self, key: str, panel: Panel) -> PanelView:
        if key not in self.views:
            self.views[key] = PanelView(self.figure, panel, self.style.palette, live=self.live)
        return self.views[key]

    def _replace_texts(self, old: Figure | None, model: Figure) -> bool:
        """Replace changed texts in place; return False if a text needs another number of lines."""
        sizes, found = self.sizes, list[tuple[Text, str]]()
        if old is None or old.title != model.title:
            found.append((self._heading, self._fit_heading(model, sizes)))
        titles = {panel.key: panel.title for panel in old.panels} if old is not None else {}
        for panel in model.panels:
            if titles.get(panel.key) != panel.title:
                decorations = self.views[panel.key].decorations
                found.append((decorations.title, decorations.format_title(panel, sizes)))
        if any(text_layout.count_rows(text) != text_layout.count_rows(artist.get_text()) for artist, text in found):
            return False
        for artist, text in found:
            self._text_changes.append(TextChange(artist, artist.get_window_extent()))
            artist.set_text(text)
        return True

    def _compute_rects(self, model: Figure, sizes: Sizes) -> dict[str, Rect]:
        room = self._reserve_legend(self._place_heading(model, sizes), sizes)
        boxes = {
            panel.key: (
                0.8 * room.width * panel.column_span / max(model.columns, 1),
                0.7 * room.height * panel.row_span / max(model.rows, 1),
            )
            for panel in model.panels
        }
        previous, rects = self._margins, dict[str, Rect]()
        for _ in range(_LAYOUT_PASSES):
            needs = {key: view.compute_margins(boxes[key], sizes) for key, view in self.views.items()}
            needs = {key: need.expand_to(previous.get(key, need)) for key, need in needs.items()}
            cells = {
                key: Cell(view.panel.row, view.panel.column, view.panel.row_span, view.panel.column_span, needs[key])
                for key, view in self.views.items()
            }
            rects = arrange(cells, (model.rows, model.columns), room)
            boxes = {key: (rect.width, rect.height) for key, rect in rects.items()}
            self._margins = needs
        return rects

    def _place_heading(self, model: Figure, sizes: Sizes) -> Rect:
        """Place the heading at the top; return the rectangle that is left for the panels."""
        width, height = self.canvas_size
        edge = _EDGE_WIDTH * sizes.text
        heading = self._fit_heading(model, sizes)
        self._heading.set(
            text=heading, x=width / 2.0, y=height - edge, fontsize=sizes.heading, color=self.style.palette.foreground
        )
        top = edge + text_layout.count_rows(heading) * text_layout.LINE_HEIGHT * sizes.heading
        return Rect(edge, edge, max(width - 2.0 * edge, 1.0), max(height - edge - top, 1.0))

    def _fit_heading(self, model: Figure, sizes: Sizes) -> str:
        return text_layout.fit_text(
            model.title, self.canvas_size[0] - 4.0 * _EDGE_WIDTH * sizes.text, sizes.heading, lines=2
        )

    def _reserve_legend(self, room: Rect, sizes: Sizes) -> Rect:
        shared = legend.find_shared_panel(view.panel for view in self.views.values())
        height = legend.build_strip(shared, room.width, sizes).height if shared is not None else 0.0
        return room._replace(height=max(room.height - height, 1.0))

    def _draw_legend(self, shared: Panel | None) -> None:
        """Draw the legend that several panels share below the heading, or remove it if `shared` is None."""
        for artist in self._legend_artists:
            artist.remove()
        self._legend_artists = []
        if shared is not None and self.model is not None:
            room = self._place_heading(self.model, self.sizes)
            options = {"points": self._point_transform, "colour": self.style.palette.foreground}
            fitted = legend.build_strip(shared, room.width, self.sizes)
            below = self._reserve_legend(room, self.sizes)
            self._legend_artists = legend.draw_strip(
                self.figure, fitted, below, self.views[shared.key].trace_lines, **options
            )


def _get_grid(model: Figure | None) -> tuple[int, ...]:
    return () if model is None else (model.rows, model.columns)


def _list_titles(model: Figure) -> tuple[str, ...]:
    return model.title, *(panel.title for panel in model.panels)
