"""Table of the suggestions for a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from xafs_workers.diagnostics.adoption.config_text import dump_value
from xafs_workers.diagnostics.adoption.suggestion import Suggestion
from xafs_workers.diagnostics.printable import escape_unprintable

WIDTH = 79
SETTING_WIDTH = 26
MARKS = {"set": " ", "question": "?", "default": "·"}
LEGEND = "  setting                    value, why, and what else was possible"


def render_table(suggestions: Iterable[Suggestion]) -> str:
    """Render the suggestions as a table: setting and value, then why, then what else was possible."""
    lines = [LEGEND, "-" * WIDTH]
    for suggestion in suggestions:
        lines += _render_rows(suggestion)
    lines += ["-" * WIDTH, "? left to you: a comment in the file      · a default, which already fits"]
    return "\n".join(lines)


def _render_rows(suggestion: Suggestion) -> Iterator[str]:
    state = "question" if suggestion.is_question else "default" if suggestion.is_default else "set"
    value = "" if suggestion.value is None else dump_value(suggestion.value)
    cells = _wrap(value) if value else []
    cells += _wrap(suggestion.reason)
    if suggestion.others:
        cells += _wrap("or: " + ", ".join(suggestion.others))
    name = escape_unprintable(suggestion.setting)
    if len(name) > SETTING_WIDTH:
        yield f"{MARKS[state]} {name}"
        name = ""
    for place, cell in enumerate(cells):
        mark = MARKS[state] if place == 0 and name else " "
        yield f"{mark} {name if place == 0 else '':<{SETTING_WIDTH}} {cell}".rstrip()


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(
        escape_unprintable(text), WIDTH - SETTING_WIDTH - 3, subsequent_indent="  ", break_on_hyphens=False
    )
