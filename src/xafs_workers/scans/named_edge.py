"""The absorption edge that a start document names."""

from __future__ import annotations

import re
from typing import NamedTuple

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.metadata import as_text, find_by_path
from xafs_workers.scans.runs import Run

BOTH = re.compile(r"([A-Z][a-z]?)[-_ ]?(K|L[123]|M[1-5])\Z")
"""Text that names element and edge, such as ``Ni_K``."""


class NamedEdge(NamedTuple):
    """An absorber and its edge; '' for one that is not named."""

    element: str
    edge: str


def find_named_edge(run: Run, config: BoardConfig) -> NamedEdge:
    """Find element and edge in a start document, at the places of `metadata.element` and `metadata.edge`."""
    element, edge = (
        next((text for path in paths if (text := as_text(find_by_path(run.start, path)).strip())), "")
        for paths in (config.metadata.element, config.metadata.edge)
    )
    for text in (edge, element):
        found = BOTH.match(text)
        if found:
            return NamedEdge(found[1], found[2])
    return NamedEdge(element, edge)
