"""Reader of the file with the regions of interest of the fluorescence detectors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xafs_workers.logs import get_logger
from xafs_workers.scans.board_config import Region, Regions
from xafs_workers.scans.mca import BIN_WIDTH
from xafs_workers.scans.metadata import as_mapping

log = get_logger("consumer")

MAX_FILE_BYTES = 4 * 1024 * 1024
"""Largest file that is read, bytes."""


def load_regions(path: Path | None, before: Regions) -> Regions:
    """Load the regions of interest of the fluorescence detectors.

    The file is JSON: element, edge in lower case, `low` and `high`, both in bins of the spectra. A region without width
    is left out: it was not set.

    Parameters
    ----------
    path
        None: there are no regions.
    before
        Regions to go on with where the file cannot be read, which is logged.
    """
    if path is None:
        return {}
    try:
        with path.open("rb") as stream:
            content = json.loads(stream.read(MAX_FILE_BYTES))
    except FileNotFoundError:
        log.info("regions_not_found", path=str(path))  # no session has made it yet; no fault that a heartbeat repeats
        return before
    except (OSError, ValueError, RecursionError) as error:
        log.warning("regions_not_read", path=str(path), reason=f"{type(error).__name__}: {error!s:.200}")
        return before
    return dict(_list_regions(content))


def _list_regions(content: Any) -> Iterator[tuple[tuple[str, str], Region]]:
    for symbol, edges in as_mapping(content).items():
        for edge, limits in as_mapping(edges).items():
            low, high = as_mapping(limits).get("low"), as_mapping(limits).get("high")
            if isinstance(low, int | float) and isinstance(high, int | float) and 0 <= low < high:
                yield (str(symbol), str(edge).upper()), (low * BIN_WIDTH, high * BIN_WIDTH)
