"""Policy of the tabs: computes which figures get a tab, from the shown and the closed figures."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from xafs_workers.scans.scan import Scan, scan_kinds


@dataclass(frozen=True, slots=True)
class TabChanges:
    """Changes to the tabs.

    Attributes
    ----------
    removed
        Ids of the figures whose tabs are removed.
    added
        Ids of the figures that get a tab, oldest first.
    front
        Id of the figure whose tab is selected, None for no change.
    """

    removed: tuple[str, ...]
    added: tuple[str, ...]
    front: str | None


def compute_tab_changes(
    on_show: Sequence[str], open_tabs: Collection[str], closed_figures: Collection[str]
) -> TabChanges:
    """Compute the changes that the tabs need; if there are new figures, the newest is selected.

    Parameters
    ----------
    on_show
        Ids of the shown figures, oldest first.
    open_tabs
        Ids of the figures that have a tab.
    closed_figures
        Ids of the figures that the user closed.
    """
    visible = [figure for figure in on_show if figure not in closed_figures]
    new = tuple(figure for figure in visible if figure not in open_tabs)
    return TabChanges(tuple(figure for figure in open_tabs if figure not in visible), new, new[-1] if new else None)


def find_new_result(scans: Iterable[Scan]) -> str | None:
    """Return the id of the figure of a merged sequence that ended after all other figures opened, None for none."""
    shown = list(scans)
    ended = [(_get_end_time(scan), scan) for scan in shown if scan_kinds[scan.kind].merged_form and scan.has_ended]
    if not ended:
        return None
    end, latest = max(ended, key=lambda found: found[0])
    opened = max((scan.figure_message or scan.start).time for scan in shown)
    return latest.figure_id if end >= opened else None


def _get_end_time(scan: Scan) -> float:
    message = scan.end or scan.implicit_end_message
    return scan.start.time if message is None else message.time
