"""Texts as they are: nothing in a title, a label or a name is taken for a formula or for markup."""

from __future__ import annotations

from bokeh.models import PlainText

_FORMULA_DELIMITERS = ("$$", r"\[", r"\(")
"""What makes Bokeh read a text as TeX."""


def to_plain_text(text: str) -> str | PlainText:
    """Return a text that is shown as it is."""
    return PlainText(text=text) if any(sign in text for sign in _FORMULA_DELIMITERS) else text
