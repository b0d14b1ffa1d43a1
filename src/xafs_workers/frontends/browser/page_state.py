"""What a page says of itself: read tolerantly, since anybody may have written it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from xafs_workers.render.bokeh.style import Style

MIN_HEIGHT, MAX_HEIGHT = 320, 4000
"""Heights that plots may share, pixels."""

MAX_MESSAGE_LENGTH = 4096
"""No page has more to say at once, characters."""


def parse_style(said: object) -> Style:
    """Read how a page wants its plots; what is missing or unusable is as usual."""
    given: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
    height = parse_number(given.get("height"))
    chosen = (given.get(name) is True for name in ("dark", "large", "narrow"))
    return Style(*chosen) if height is None else Style(*chosen, height=int(min(MAX_HEIGHT, max(MIN_HEIGHT, height))))


def parse_message(text: object) -> dict[str, Any]:
    """Return what a page said, empty where that is no JSON object."""
    if not isinstance(text, str) or len(text) > MAX_MESSAGE_LENGTH:
        return {}
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def parse_number(value: object) -> float | None:
    """Return a finite number, None for all else."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if good else None  # type: ignore[arg-type]
