"""Registry of the headless plot manager's actions that make no picture."""

from __future__ import annotations

from collections.abc import Callable

from xafs_workers.messages.base import kinds
from xafs_workers.registry import Registry
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage

ImmediateAction = Callable[[ReceivedMessage, Board], Outcome]
"""Function that returns the outcome of a message at once. It runs in the loop, so it must not wait."""

immediate_actions: Registry[ImmediateAction] = Registry(
    "xafs_workers.plots.actions", "immediate_actions", kinds.discover
)
"""Actions by message, as in `messages.base.kinds`."""
