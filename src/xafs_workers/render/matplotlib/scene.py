"""Scene of a figure: all its panels, laid out on one matplotlib figure, for windows and for pictures."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, floor
from typing import Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.figure import Figure as Drawn
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, Bbox

from xafs_workers.figures.model import Figure, Panel
from xafs_workers.render.matplotlib import legend, text_layout
from xafs_workers.render.matplotlib.axes import PanelView, StaleParts, build_signature
from xafs_workers.render.matplotlib.halves import arrange_halves, find_shared_legend, is_beside, split_room
from xafs_workers.render.matplotlib.layout import Margins, Rect
from xafs_workers.render.matplotlib.style import Sizes, Style

_EDGE_WIDTH = 0.5  # ems around the whole scene
_CAPTION_HEIGHT = 1.4  # ems of its own type, with the gap above
_OVERHANG = 0.2  # ems by which letters of the heading may reach into the blank top of a panel
_LAYOUT_PASSES = 3  # margins depend on the size of the axes, which depends on the margins
_MIN_AXES = (8.0, 4.5)  # smallest width and height of axes, ems; type becomes smaller until they have it
_TYPE_STEP = 0.9
_LEAST_FACTOR = 0.4  # by which type becomes smaller for labels and notes; longer ones lose their middle
_MIN_TEXT = 6.5  # points; type does not become smaller
_LEAST_TITLE = 0.5  # by which the titles of panels alone become smaller, until all of them are whole


class Patch(NamedTuple):
    """Part of the canvas outside of the axes that can be drawn again alone: a heading, a title or a legend.

    Attributes
    ----------
    box
        Box that contains the old and the new artists, and no others, pixels.
    """

    box: Bbox
    artists: tuple[Artist, ...]


class Scene:
    """All panels, the heading and the shared legend of one model figure.

    Parameters
    ----------
    live
        See `PanelView`.

    Attributes
    ----------
    is_stale
        Whether the last update brought other panels or another number of lines in a title, so that all must be drawn.
    shown_texts
        Heading, caption, titles and vertical lines with their labels as they were last drawn.
    """

    def __init__(self, drawn: Drawn, style: Style, *, live: bool):
        self.figure = drawn
        self.style = style
        self.live = live
        self.model: Figure | None = None
        self.views: dict[str, PanelView] = {}
        self.is_stale = True
        self.shown_texts: Any = None
        drawn.set(facecolor=style.palette.background, edgecolor="none")
        drawn.set_layout_engine("none")
        self._point_transform = Affine2D().scale(1.0 / 72.0) + drawn.dpi_scale_trans
        options = {"transform": self._point_transform, "linespacing": text_layout.LINE_HEIGHT, **text_layout.PLAIN_TEXT}
        self._heading = Text(ha="center", va="top", **options)
        self._caption = Text(ha="right", va="bottom", **options)
        for text in (self._heading, self._caption):
            drawn.add_artist(text)
        self._margins: dict[str, Margins] = {}
        self._rects: dict[str, Rect] = {}
        self._legend_artists: list[Artist] = []
        self._patches: list[Patch] = []
        self._arranged_size: Any = None
        self._is_fitted = False
        self._type_factor = self._title_factor = 1.0
        self._frame_signature: Any = None
        self._shared_legend: Any = None

    @property
    def canvas_size(self) -> tuple[float, float]:
        """Width and height of the canvas, points."""
        width, height = self.figure.get_size_inches()
        return 72.0 * float(width), 72.0 * float(height)

    @property
    def sizes(self) -> Sizes:
        """Font sizes and line widths for this canvas, smaller where there is too little room."""
        width, height = self.canvas_size
        style = replace(self.style, scale=self.style.scale * self._type_factor)
        sizes = style.compute_sizes(width / 72.0, height / 72.0)
        return replace(sizes, title=self._title_factor * sizes.title)

    @property
    def _least_title(self) -> float:
        """Smallest font size of the titles of panels, points."""
        return self.sizes.title * _LEAST_TITLE / self._title_factor

    @property
    def has_late_texts(self) -> bool:
        """Whether a text that is shown is older than the figure."""
        return self.model is not None and _list_texts(self.model) != self.shown_texts

    def update(self, model: Figure, *, has_texts: bool = True) -> dict[str, StaleParts]:
        """Update the artists to a newer figure; return which parts of each panel must be drawn again.

        For a figure with another id, all panels are created again.

        Parameters
        ----------
        has_texts
            Whether texts are updated too; where panels must be laid out again, they are in any case.
        """
        old, self.model = self.model, model
        panels = {panel.key: panel for panel in model.panels}
        fresh = old is None or old.id != model.id
        gone = [key for key, view in self.views.items() if fresh or not _can_show(view, panels.get(key))]
        for key in gone:
            self.views.pop(key).remove()
        redraws_all = fresh or panels.keys() != self.views.keys() or bool(gone) or _get_grid(old) != _get_grid(model)
        stale: dict[str, StaleParts] = {}
        for key, panel in panels.items():
            stale[key] = self._get_view(key, panel).update(panel, is_growing=self.live and not model.is_finished)
        self._patches = []
        has_texts |= any(part.has_stale_background or part.has_stale_legend for part in stale.values())
        if not redraws_all and has_texts and self.has_late_texts:
            redraws_all = not self._replace_texts(model)
            stale = {key: self.views[key].move_line_labels(part) for key, part in stale.items()}
            self.shown_texts = _list_texts(model)
        if redraws_all or any(part.has_other_layout for part in stale.values()):
            self._enlarge_type()
        self.is_stale = redraws_all
        return stale

    def take_patches(self) -> list[Patch]:
        """Return the patches that changed since the last call."""
        taken, self._patches = self._patches, []
        return taken

    def restyle(self, style: Style) -> None:
        """Use other sizes from the next layout on; with other colours, all panels are created again."""
        if style.palette != self.style.palette:
            self.figure.set_facecolor(style.palette.background)
            for view in self.views.values():
                view.remove()
            self.views, self._shared_legend = {}, None
        self.style = style
        self.fit_margins()

    def fit_margins(self) -> None:
        """Make the margins of the next layout as narrow as in a picture."""
        self._frame_signature, self._is_fitted = None, True
        self._enlarge_type()

    def _enlarge_type(self) -> None:
        """Let the next layout begin with type of the full size, and without margins of earlier ones."""
        self._margins, self._type_factor, self._title_factor = {}, 1.0, 1.0

    def compute_cell(self, key: str) -> Bbox:
        """Compute the box of a panel with its decorations, which contains nothing of other panels; pixels."""
        rect, margins = self._rects[key], self._margins[key]
        top = margins.top - _OVERHANG * self.sizes.text
        return self._to_pixels(
            Rect(
                rect.left - margins.left,
                rect.bottom - margins.bottom,
                rect.width + margins.left + margins.right,
                rect.height + margins.bottom + top,
            )
        )

    def arrange(self) -> bool:
        """Lay out the panels; return whether anything has another position, so that all must be drawn again.

        If only limits changed since the last layout, margins can grow but not shrink, so that axes do not jump; those
        of a live figure are a character wider than is needed, so that longer tick labels rarely move the axes.
        """
        if self.model is None:
            return True
        if self.canvas_size != self._arranged_size:
            self._enlarge_type()
        self._arranged_size = self.canvas_size
        shared = find_shared_legend(self.model)
        for view in self.views.values():
            is_served = shared is not None and legend.is_served(view.panel, shared)
            view.decorations.has_legend = not is_served or is_beside(self.model, view.panel)
        room, rects, is_crowded = self._fit_type(self.model)
        frame = self.canvas_size, self.style, self._type_factor, self._title_factor, room, rects, shared is None
        has_moved = frame != self._frame_signature or is_crowded
        for key, rect in rects.items():
            self.views[key].place(rect, self.canvas_size, self.sizes)
            self._draw_own_legend(self.views[key], rect)
        self._draw_shared_legend(shared, room)
        self._rects, self._frame_signature, self._is_fitted = rects, frame, False
        self.shown_texts = _list_texts(self.model)
        return has_moved

    def _get_view(self, key: str, panel: Panel) -> PanelView:
        if key not in self.views:
            self.views[key] = PanelView(self.figure, panel, self.style.palette, live=self.live)
        return self.views[key]

    def _replace_texts(self, model: Figure) -> bool:
        """Replace changed texts in place; return False if a text needs another number of lines or smaller type."""
        sizes = self.sizes
        found = [(self._heading, self._fit_heading(model, sizes)), (self._caption, self._fit_caption(model, sizes))]
        for panel in model.panels:
            decorations = self.views[panel.key].decorations
            if decorations.needs_smaller_title(panel, sizes, self._least_title):
                return False
            found.append((decorations.title, decorations.format_title(panel, sizes)))
        found = [(artist, text) for artist, text in found if artist.get_text() != text]
        if any(text_layout.count_rows(text) != text_layout.count_rows(artist.get_text()) for artist, text in found):
            return False
        for artist, text in found:
            old_box = artist.get_window_extent()
            artist.set_text(text)
            box = Bbox.union([old_box, artist.get_window_extent()]).padded(2.0)
            self._patches.append(Patch(_round_outwards(box), (artist,)))
        return True

    def _fit_type(self, model: Figure) -> tuple[Rect, dict[str, Rect], bool]:
        """Lay out the panels with the largest type at which each has room, and titles, labels and notes are whole.

        Returns the rectangle of the panels below the shared legend, the rectangles of the axes, and whether there is
        too little room for all margins even with the smallest type.
        """
        while True:
            sizes = self.sizes
            halves = split_room(model, self._place_heading(model, sizes))
            halves = (self._reserve_legend(model, halves[0], sizes), *halves[1:])
            rects, is_crowded = self._compute_rects(model, halves, sizes)
            width, height = (ems * sizes.text for ems in _MIN_AXES)
            is_small = any(rect.width < width or rect.height < height for rect in rects.values())
            is_cut = self._type_factor > _LEAST_FACTOR and not all(
                self.views[key].has_whole_texts(rect, sizes) for key, rect in rects.items()
            )
            if (is_small or is_crowded or is_cut) and sizes.text > _MIN_TEXT:
                self._type_factor *= _TYPE_STEP
            elif self._needs_smaller_titles(rects, sizes):
                self._title_factor = max(_TYPE_STEP * self._title_factor, _LEAST_TITLE)
            else:
                return halves[0], rects, is_crowded
            self._margins = {}

    def _needs_smaller_titles(self, rects: dict[str, Rect], sizes: Sizes) -> bool:
        least, views = self._least_title, self.views
        return any(
            views[key].decorations.needs_smaller_title(views[key].panel, sizes, least, rect.width)
            for key, rect in rects.items()
        )

    def _compute_rects(self, model: Figure, halves: tuple[Rect, ...], sizes: Sizes) -> tuple[dict[str, Rect], bool]:
        """Compute the rectangles of the axes, and whether there is too little room for all margins."""
        room = halves[0]
        boxes = {
            panel.key: (
                0.8 * len(halves) * room.width * panel.column_span / max(model.columns, 1),
                0.7 * room.height * panel.row_span / max(model.rows, 1),
            )
            for panel in model.panels
        }
        previous, rects, is_crowded = self._margins, dict[str, Rect](), False
        for _ in range(_LAYOUT_PASSES):
            needs = {key: view.compute_margins(boxes[key], sizes) for key, view in self.views.items()}
            needs = {key: self._choose_margins(previous.get(key), need, sizes.text) for key, need in needs.items()}
            rects, is_crowded = arrange_halves(model, needs, halves)
            rects = {key: self.views[key].fit_rect(rect, sizes) for key, rect in rects.items()}
            boxes = {key: (rect.width, rect.height) for key, rect in rects.items()}
            self._margins = needs
        return rects, is_crowded

    def _choose_margins(self, before: Margins | None, need: Margins, slack: float) -> Margins:
        """Return margins that are wide enough; those of a live figure are as wide as longer tick labels would need."""
        if before is not None:
            return before.grow_to(need, slack)
        if self._is_fitted or not self.live:
            return need
        return need._replace(left=need.left + slack, right=need.right + slack)

    def _place_heading(self, model: Figure, sizes: Sizes) -> Rect:
        """Place heading and caption, at the top and the bottom; return the rectangle that is left for the panels."""
        width, height = self.canvas_size
        edge = _EDGE_WIDTH * sizes.text
        heading = self._fit_heading(model, sizes)
        self._heading.set(
            text=heading, x=width / 2.0, y=height - edge, fontsize=sizes.heading, color=self.style.palette.foreground
        )
        caption, style = self._fit_caption(model, sizes), self.style
        self._caption.set(text=caption, x=width - edge, y=0.5 * edge, fontsize=sizes.small, color=style.palette.muted)
        top = edge + text_layout.count_rows(heading) * text_layout.LINE_HEIGHT * sizes.heading
        bottom = compute_caption_height(sizes) if caption else edge
        return Rect(edge, bottom, max(width - 2.0 * edge, 1.0), max(height - bottom - top, 1.0))

    def _fit_heading(self, model: Figure, sizes: Sizes) -> str:
        return text_layout.fit_text(
            model.title, self.canvas_size[0] - 4.0 * _EDGE_WIDTH * sizes.text, sizes.heading, lines=2
        )

    def _fit_caption(self, model: Figure, sizes: Sizes) -> str:
        return text_layout.fit_text(model.caption, self.canvas_size[0] - 2.0 * _EDGE_WIDTH * sizes.text, sizes.small)

    def _reserve_legend(self, model: Figure, room: Rect, sizes: Sizes) -> Rect:
        shared = find_shared_legend(model)
        height = legend.build_strip(shared, room.width, sizes).height if shared is not None else 0.0
        return room._replace(height=max(room.height - height, 1.0))

    def _draw_own_legend(self, view: PanelView, rect: Rect) -> None:
        strip = view.draw_legend(rect, self.sizes)
        if strip is not None:
            box = self._to_pixels(legend.compute_box(strip, rect))
            self._patches.append(Patch(box, tuple(view.decorations.list_legend_artists())))

    def _draw_shared_legend(self, shared: Panel | None, below: Rect) -> None:
        """Draw the legend that several panels share above the rectangle of the panels; remove it for None."""
        strip = None if shared is None else legend.build_strip(shared, below.width, self.sizes)
        content = strip, below, self.sizes, None if shared is None else build_signature(shared)
        if content == self._shared_legend:
            return
        self._shared_legend = content
        for artist in self._legend_artists:
            artist.remove()
        self._legend_artists = []
        if shared is not None and strip is not None:
            options = {"points": self._point_transform, "colour": self.style.palette.foreground}
            lines = self.views[shared.key].trace_lines
            self._legend_artists = legend.draw_strip(self.figure, strip, below, lines, **options)
            ordered = tuple(sorted(self._legend_artists, key=lambda artist: artist.get_zorder()))
            self._patches.append(Patch(self._to_pixels(legend.compute_box(strip, below)), ordered))

    def _to_pixels(self, rect: Rect) -> Bbox:
        """Return the smallest box of whole pixels that contains a rectangle in points."""
        scale = self.figure.dpi / 72.0
        width, height = (scale * length for length in self.canvas_size)
        left, bottom = max(scale * rect.left, 0.0), max(scale * rect.bottom, 0.0)
        right, top = scale * (rect.left + rect.width), scale * (rect.bottom + rect.height)
        return _round_outwards(Bbox.from_extents(left, bottom, min(right, width), min(top, height)))


def _list_texts(model: Figure) -> tuple[Any, ...]:
    """List the heading, the caption, the titles and the vertical lines, whose labels move with them."""
    return model.title, model.caption, tuple((panel.title, panel.lines) for panel in model.panels)


def compute_caption_height(sizes: Sizes) -> float:
    """Compute the height of the strip at the bottom of a canvas that contains the caption, points."""
    return 0.5 * _EDGE_WIDTH * sizes.text + _CAPTION_HEIGHT * sizes.small


def _round_outwards(box: Bbox) -> Bbox:
    return Bbox.from_extents(floor(box.x0), floor(box.y0), ceil(box.x1), ceil(box.y1))


def _can_show(view: PanelView, panel: Panel | None) -> bool:
    """Check whether a view can show a panel: with axes of the same quantity and scale."""
    return panel is not None and (view.panel.y_scale, view.panel.y_label) == (panel.y_scale, panel.y_label)


def _get_grid(model: Figure | None) -> tuple[int, ...]:
    return () if model is None else (model.rows, model.columns)
