"""Parsing of the messages from a page; invalid content is ignored, because any client can send it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from xafs_workers.render.bokeh.style import Style

MIN_HEIGHT, MAX_HEIGHT = 320, 4000
"""Limits of the total height of the plots, pixels."""

MAX_WIDTH = 20_000
"""Limit of the width of the plots, pixels."""

MAX_MESSAGE_LENGTH = 4096
"""Maximum length of a message from a page, characters."""


def parse_style(fields: object) -> Style:
    """Parse the plot style that a page asks for; missing or invalid fields get their defaults."""
    given: Mapping[str, Any] = fields if isinstance(fields, Mapping) else {}
    height, width = (parse_number(given.get(name)) for name in ("height", "width"))
    style = Style(*(given.get(name) is True for name in ("dark", "large", "narrow")))
    if height is not None:
        style = replace(style, height=int(min(MAX_HEIGHT, max(MIN_HEIGHT, height))))
    return style if width is None else replace(style, width=int(min(MAX_WIDTH, max(0, width))))


def parse_message(text: object) -> dict[str, Any]:
    """Parse a message from a page; return an empty dictionary if it is no JSON object."""
    if not isinstance(text, str) or len(text) > MAX_MESSAGE_LENGTH:
        return {}
    try:
        message = json.loads(text)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def parse_number(value: object) -> float | None:
    """Return a finite number as a float, None for any other value."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if good else None  # type: ignore[arg-type]
