"""One suggested setting, or a question about one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A setting with the reason for its value.

    Attributes
    ----------
    path
        Keys of the setting, from the outermost one.
    value
        Suggested value; of a question, the value that could not be confirmed, or None.
    others
        What else was possible.
    is_question
        True if the setting is left to the staff: it is written as a comment only.
    is_default
        True if the default already is the value: it is shown, and written as a comment only.
    """

    path: tuple[str, ...]
    value: Any
    reason: str
    others: tuple[str, ...] = ()
    is_question: bool = False
    is_default: bool = False

    @property
    def setting(self) -> str:
        """Name of the setting, with dots."""
        return ".".join(self.path)

    @property
    def is_set(self) -> bool:
        """Whether the configuration sets it."""
        return not (self.is_question or self.is_default)


def ask(path: tuple[str, ...], value: Any, reason: str, others: Iterable[str] = ()) -> Suggestion:
    """Build a question."""
    return Suggestion(path, value, reason, tuple(others), is_question=True)


def build_settings(suggestions: Iterable[Suggestion]) -> dict[str, Any]:
    """Build the nested mapping of the settings that are suggested."""
    built: dict[str, Any] = {"profile": "plain"}
    for suggestion in suggestions:
        if suggestion.is_set:
            inner = built
            for key in suggestion.path[:-1]:
                inner = inner.setdefault(key, {})
            inner[suggestion.path[-1]] = suggestion.value
    return built


def find_value(suggestions: Iterable[Suggestion], *path: str) -> Any:
    """Return the suggested value of a setting, None if it is not suggested."""
    value: Any = build_settings(suggestions)
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
