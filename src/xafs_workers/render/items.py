"""Items of a panel in their drawing order, which is the same for all renderers."""

from __future__ import annotations

from collections.abc import Iterator

from xafs_workers.figures.model import Line, Mark, Mesh, Panel, Text, Trace

ItemKey = tuple[str, str]
"""Type of an item, and its key among the items of that type."""


def iter_items(panel: Panel) -> Iterator[tuple[ItemKey, Mesh | Line | Trace | Mark | Text]]:
    """Yield the items of a panel in drawing order, the bottom layer first."""
    yield from ((("mesh", mesh.key), mesh) for mesh in panel.meshes)
    yield from ((("line", line.key), line) for line in panel.lines if not line.is_moving)
    yield from ((("trace", trace.key), trace) for trace in panel.traces)
    yield from ((("line", line.key), line) for line in panel.lines if line.is_moving)
    yield from ((("mark", mark.key), mark) for mark in panel.marks)
    yield from ((("text", text.key), text) for text in panel.texts)
