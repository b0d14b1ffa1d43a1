"""HTML made safe: templates that escape, fragments reduced to an allow-list, highlighted code, relative links."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from xafs_workers.writers import text_format

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

ALLOWED_TAGS = frozenset(
    "b blockquote br caption code dd div dl dt em h3 h4 h5 h6 hr i li ol p pre small span strong sub sup "
    "table tbody td tfoot th thead tr u ul".split()
)
"""What a fragment from elsewhere may consist of: text and its order. No attribute, no address, no picture."""

TAGS_REMOVED_WITH_CONTENT = frozenset(
    {"script", "style", "iframe", "object", "embed", "svg", "math", "template", "title"}
)

MAX_FRAGMENT_LENGTH, MAX_CODE_LENGTH = 40_000, 200_000
"""Characters of a fragment, and of a text to be highlighted, that are shown. Tags nested without end cost the square
of their number."""

_ANCHOR = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FORMULA_NUMBER = re.compile(r"(?<=[A-Za-z)\]])(\d+(?:\.\d+)?)")
_STRONG = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]{1,200}?)(?<=\S)\*(?![\w*])")


def join_lines(lines: Iterable[Markup]) -> Markup:
    """Join pieces of HTML with line ends; `Markup.join` would look at each of thousands for characters to escape."""
    from markupsafe import Markup

    return Markup("\n".join(lines))  # noqa: S704 - each piece is Markup


def render_page(template: str, **content: Any) -> bytes:
    """Return a page made by a template of this package; values are escaped unless they are `Markup`."""
    return load_environment().get_template(template).render(**content).encode("utf-8", "replace")


def render_fragment(template: str, **content: Any) -> Markup:
    """Return a part of a page made by a template of this package."""
    from markupsafe import Markup

    return Markup(load_environment().get_template(template).render(**content))  # noqa: S704 - made by a template


@cache
def load_environment() -> Environment:
    """Return the templates; they fail on an undefined name."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("xafs_workers.writers", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["formula"] = format_formula
    made.filters["css_string"] = escape_css_string
    return made


def sanitize_fragment(fragment: str) -> Markup:
    """Return a fragment from elsewhere with nothing but text and a few tags without attributes."""
    import nh3
    from markupsafe import Markup

    clean = nh3.clean(
        replace_invisible(fragment[:MAX_FRAGMENT_LENGTH]),
        tags=set(ALLOWED_TAGS),
        clean_content_tags=set(TAGS_REMOVED_WITH_CONTENT),
        attributes={},
        generic_attribute_prefixes=set(),
        url_schemes=set(),
        link_rel=None,
    )
    return Markup(clean)  # noqa: S704 - what nh3 leaves is the allow-list


def highlight_code(text: str, language: str) -> Markup:
    """Return a text with its syntax marked by classes; `build_code_styles` gives their colours."""
    from markupsafe import Markup
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    shown = replace_invisible(text[:MAX_CODE_LENGTH])
    made = highlight(shown, get_lexer_by_name(language), HtmlFormatter(nowrap=True))
    return Markup(made)  # noqa: S704 - pygments escapes


@cache
def build_code_styles() -> Markup:
    """Return the style sheet of highlighted code, light and dark."""
    from markupsafe import Markup
    from pygments.formatters import HtmlFormatter

    light = HtmlFormatter(style="friendly").get_style_defs(".code")
    dark = HtmlFormatter(style="monokai").get_style_defs(".code")
    return Markup(f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n")  # noqa: S704 - no input


def replace_invisible(text: str) -> str:
    """Return a text of lines without what cannot be seen: control characters, marks of direction, surrogates."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text)


def format_line(value: Any) -> str:
    """Return a value of loosely typed metadata on one line; '' for what has no text, and for the plans' `...`."""
    text = text_format.format_value(value)
    return "" if text == "..." else text


def to_anchor(text: Any) -> str:
    """Return a text as the id of an element, '' where it cannot be one."""
    return text if isinstance(text, str) and _ANCHOR.fullmatch(text) else ""


def build_link(*parts: str) -> str:
    """Return a relative address of path components, each as it is named on disk."""
    return "/".join(quote(part, safe="", errors="replace") if part not in (".", "..") else part for part in parts)


def escape_css_string(text: str) -> Markup:
    """Escape a text for use between quotation marks in a style sheet (CSS Syntax, 4.3.7)."""
    from markupsafe import Markup

    shown = replace_invisible(text).replace("\n", " ")
    escaped = (char if char.isalnum() or char in " ._-" else f"\\{ord(char):x} " for char in shown)
    return Markup("".join(escaped))  # noqa: S704 - neither quotation marks nor brackets are left


def format_formula(text: str) -> Markup:
    """Return a chemical formula with its numbers set low: Fe2O3."""
    from markupsafe import Markup, escape

    return Markup(_FORMULA_NUMBER.sub(r"<sub>\1</sub>", str(escape(text))))  # noqa: S704 - escaped first


def format_chat(text: str) -> Markup:
    """Return a chat line: `:tada:` as the character, `*so*` as strong."""
    from markupsafe import Markup, escape
    from rich.emoji import Emoji

    escaped = str(escape(Emoji.replace(replace_invisible(text).replace("\t", " "))))
    return Markup(_STRONG.sub(r"<strong>\1</strong>", escaped).replace("\n", "<br>"))  # noqa: S704 - escaped first
