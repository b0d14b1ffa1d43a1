"""Which figures have a tab: a pure function of what is on show and what the user has put away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tabs:
    """What is to be done with the tabs.

    Attributes
    ----------
    gone
        Ids whose tabs go.
    new
        Ids that get a tab, oldest first.
    front
        The id that comes to the front, None: nothing changes.
    """

    gone: tuple[str, ...]
    new: tuple[str, ...]
    front: str | None


def tabs_wanted(on_show: Sequence[str], have: Collection[str], put_away: Collection[str]) -> Tabs:
    """Return the changes that bring the tabs up to date; the newest figure comes to the front when it is new."""
    wanted = [figure for figure in on_show if figure not in put_away]
    new = tuple(figure for figure in wanted if figure not in have)
    return Tabs(tuple(figure for figure in have if figure not in wanted), new, new[-1] if new else None)
