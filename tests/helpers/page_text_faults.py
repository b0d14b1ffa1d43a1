"""Faults of the texts of a page's plots: cut by the edge of the plot, or over one another."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

TOLERANCE = 2.0
"""Pixels by which boxes may overlap or lie outside: the box of a text is larger than its letters."""

BOXES = """() => {
  const walk = (view) => [view, ...(view.children_views?.() ?? []).flatMap(walk)];
  const root = Bokeh.index.get_by_id(Bokeh.documents[0].roots()[0].id);
  const turned = (size, angle, x, y, ax, ay) => {
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    const corners = [[0, 0], [1, 0], [0, 1], [1, 1]].map(([u, v]) => [(u - ax) * size.width, (v - ay) * size.height])
      .map(([u, v]) => [x + c * u - s * v, y + s * u + c * v]);
    const [xs, ys] = [corners.map(([u]) => u), corners.map(([, v]) => v)];
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  };
  const measure = (box, visuals) => { box.visuals = visuals; box.angle = 0; return box.size(); };
  const read = (plot) => {
    const at = plot.el.getBoundingClientRect(), frame = plot.frame.bbox, texts = [], labels = [];
    for (const view of new Set(walk(plot))) {
      const model = view.model;
      if (!model.visible) continue;
      if (["Title", "Label"].includes(model.type) && view._rect && model.text !== "") {
        const {sx, sy, angle, anchor} = view._rect;
        const box = turned(view._rect, angle, sx, sy, anchor.x, anchor.y);
        (model.type === "Title" ? texts : labels).push([model.text.text ?? model.text, ...box]);
      } else if (model.type === "Legend" && view.is_visible) {
        const own = view.el.getBoundingClientRect();
        const box = [own.left - at.left, own.top - at.top, own.right - at.left, own.bottom - at.top];
        texts.push(["legend", ...box]);
      } else if (view._axis_label_view) {
        const size = measure(view._axis_label_view.graphics(), view.visuals.axis_label_text.values());
        const across = view.panel.is_horizontal ? [frame.hcenter, view.layout.bbox.vcenter] : null;
        const box = across === null ? [0, frame.vcenter - size.width / 2, 1, frame.vcenter + size.width / 2]
          : [frame.hcenter - size.width / 2, view.layout.bbox.vcenter, frame.hcenter + size.width / 2,
             view.layout.bbox.vcenter + 1];
        texts.push([model.axis_label?.text ?? model.axis_label, ...box]);
      }
    }
    return {name: plot.model.name, size: [at.width, at.height], texts, labels};
  };
  return [...new Set(walk(root))].filter((view) => view.model.type === "Figure").map(read);
}"""


@dataclass(frozen=True, slots=True)
class _Box:
    text: str
    left: float
    top: float
    right: float
    bottom: float

    def is_inside(self, width: float, height: float) -> bool:
        horizontal = self.left >= -TOLERANCE and self.right <= width + TOLERANCE
        return horizontal and self.top >= -TOLERANCE and self.bottom <= height + TOLERANCE

    def overlaps(self, other: _Box) -> bool:
        across = min(self.right, other.right) - max(self.left, other.left)
        return across > TOLERANCE and min(self.bottom, other.bottom) - max(self.top, other.top) > TOLERANCE


def list_page_faults(page: Page) -> list[str]:
    """List the faults of all texts of a page's plots; empty where there is none.

    Labels inside the axes may lie over curves, and over one another where positions are near.
    """
    faults: list[str] = []
    for plot in page.evaluate(BOXES):
        texts = [_Box(*fields) for fields in plot["texts"]]
        boxes = [*texts, *(_Box(*fields) for fields in plot["labels"])]
        faults += [f"{plot['name']}: cut: {box.text}" for box in boxes if not box.is_inside(*plot["size"])]
        pairs = itertools.combinations(texts, 2)
        faults += [f"{plot['name']}: over one another: {a.text} and {b.text}" for a, b in pairs if a.overlaps(b)]
    return faults


def count_texts(page: Page) -> int:
    """Return the number of texts that are looked at."""
    return sum(len(plot["texts"]) + len(plot["labels"]) for plot in page.evaluate(BOXES))
