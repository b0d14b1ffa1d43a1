"""One attempt of a message's task: its outcome, the task that goes on in another queue, or what is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from xafs_workers.catalog.errors import CatalogUnavailable, Interrupted
from xafs_workers.runtime.outcome import Outcome, PartRefused, Postponed, Task, TryLater
from xafs_workers.services.slack.outbox import OutboxUnavailable
from xafs_workers.storage.errors import PathUnavailable, Unavailable

TRANSIENT_ERRORS = (TryLater, Unavailable, OutboxUnavailable, CatalogUnavailable, Interrupted, PartRefused)
"""Errors that are waited out."""

REFUSED_SUFFIX = " (refused paths)"
"""End of the name of the queue to which a message steps aside whose path alone is refused: it delays no other."""

REFUSED_SECONDS = 300.0
"""How long such a message waits, seconds, unless the settings give another time."""

DROPPED = "dropped by the staff"


def try_task(task: Task, since: float, refused_seconds: float, note: Callable[[str], None]) -> Outcome | Task | None:
    """Return the outcome of a task, or the task that goes on in another queue; None where it must be tried again.

    Parameters
    ----------
    since
        Time of the message's arrival, by the monotonic clock.
    refused_seconds
        How long a path is waited for that alone is refused.
    note
        Reports what is waited for.

    Raises
    ------
    Postponed
        The attempt is to be repeated after other jobs of its queue.
    """
    try:
        return task.attempt()
    except Interrupted:
        return None
    except Postponed:
        raise
    except (PathUnavailable, PartRefused) as refused:
        if task.refused_since is None and refused_seconds > 0:
            return replace(task, queue=f"{task.queue}{REFUSED_SUFFIX}", refused_since=time.monotonic())
        waited = time.monotonic() - (task.refused_since or time.monotonic())
        if waited >= refused_seconds or _is_over(task, since):
            return _conclude(refused, waited)
        reason = str(refused)
    except TRANSIENT_ERRORS as away:
        if _is_over(task, since):
            return Outcome("failed", reason=str(away))
        reason = str(away)
    note(reason)
    return None


def _is_over(task: Task, since: float) -> bool:
    return task.patience is not None and time.monotonic() - since > task.patience


def _conclude(refused: PathUnavailable | PartRefused, waited: float) -> Outcome:
    """Return the outcome after the wait: a failure, or the outcome of work of which only a part is refused."""
    reason = f"{refused} (waited {waited:.0f} s)"
    if isinstance(refused, PartRefused):
        return replace(refused.outcome, reason="; ".join(filter(None, (refused.outcome.reason, reason))))
    return Outcome("failed", reason=reason)
