"""Plain texts for Bokeh: no title, label or name is interpreted as a formula or as markup."""

from __future__ import annotations

from bokeh.models import PlainText

_FORMULA_DELIMITERS = ("$$", r"\[", r"\(")
"""Strings that make Bokeh interpret a text as TeX."""


def to_plain_text(text: str) -> str | PlainText:
    """Return a text that Bokeh shows without interpreting it."""
    return PlainText(text=text) if any(sign in text for sign in _FORMULA_DELIMITERS) else text
