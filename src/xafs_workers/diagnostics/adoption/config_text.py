"""Configuration file of the suggestions: YAML with the reason of each setting as a comment."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from xafs_workers.diagnostics.adoption.suggestion import Suggestion
from xafs_workers.diagnostics.printable import escape_unprintable

WIDTH = 100
INDENT = 2


def render_config(suggestions: Iterable[Suggestion], heading: Iterable[str]) -> str:
    """Render the suggestions as YAML; questions and defaults are comments only.

    Parameters
    ----------
    heading
        Lines of the comment at the top.
    """
    lines = [f"# {escape_unprintable(line)}".rstrip() for line in heading]
    lines.append(f"{dump_value('profile')}: plain{'':18}# no name of another beamline")
    sections: dict[str, list[Suggestion]] = {}
    for suggestion in suggestions:
        sections.setdefault(suggestion.path[0], []).append(suggestion)
    for members in sections.values():
        lines += ["", *_render_section(members)]
    return "\n".join(lines) + "\n"


def _render_section(members: list[Suggestion]) -> Iterator[str]:
    """Render a section; one in which nothing is set is a comment as a whole, since an empty section is no mapping."""
    if len(members[0].path) == 1:
        yield from _render_members(members, 0)
        return
    is_set = any(member.is_set for member in members)
    yield f"{members[0].path[0]}:" if is_set else f"# {members[0].path[0]}:"
    yield from _render_members(members, 1)


def _render_members(members: list[Suggestion], depth: int) -> Iterator[str]:
    """Render settings of one mapping, in order; those of an inner mapping together, where its first one is."""
    done: set[str] = set()
    for member in members:
        key = member.path[depth]
        if len(member.path) == depth + 1:
            yield from _render_one(member, depth)
        elif key not in done:
            done.add(key)
            inner = [other for other in members if len(other.path) > depth + 1 and other.path[depth] == key]
            is_set = any(other.is_set for other in inner)
            yield f"{' ' * INDENT * depth}{'' if is_set else '# '}{dump_value(key)}:"
            yield from _render_members(inner, depth + 1)


def _render_one(member: Suggestion, depth: int) -> Iterator[str]:
    margin = " " * INDENT * depth
    mark = "? " if member.is_question else ""
    yield from textwrap.wrap(
        escape_unprintable(mark + member.reason), WIDTH, initial_indent=f"{margin}# ",
        subsequent_indent=f"{margin}#   ", break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    if member.others:
        yield from textwrap.wrap(
            escape_unprintable("also possible: " + ", ".join(member.others)), WIDTH, initial_indent=f"{margin}# ",
            subsequent_indent=f"{margin}#   ", break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
    value = "" if member.value is None else f" {dump_value(member.value)}"
    yield f"{margin}{'' if member.is_set else '# '}{dump_value(member.path[-1])}:{value}"


def dump_value(value: Any) -> str:
    """Return a value as YAML in one line of printable characters."""
    text = _dump(value, allow_unicode=True)
    return text if text.isprintable() else _dump(value, allow_unicode=False, default_style='"')


def _dump(value: Any, **options: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False, **options)
    return text.removesuffix("...\n").strip()
