"""Which figures have a tab: a pure function of what is on show and what the user has put away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TabChanges:
    """What is to be done with the tabs.

    Attributes
    ----------
    removed
        Ids whose tabs go.
    added
        Ids that get a tab, oldest first.
    front
        The id that comes to the front, None: nothing changes.
    """

    removed: tuple[str, ...]
    added: tuple[str, ...]
    front: str | None


def compute_tab_changes(
    on_show: Sequence[str], open_tabs: Collection[str], closed_figures: Collection[str]
) -> TabChanges:
    """Return the changes that bring the tabs up to date; the newest figure comes to the front when it is new."""
    wanted = [figure for figure in on_show if figure not in closed_figures]
    new = tuple(figure for figure in wanted if figure not in open_tabs)
    return TabChanges(tuple(figure for figure in open_tabs if figure not in wanted), new, new[-1] if new else None)
