"""Analyses of runs for which plans wait: their results, and the rule of each kind of message that asks for one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from xafs_workers.registry import Registry
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.scan import Scan, scan_kinds


@dataclass(frozen=True, slots=True)
class Reply:
    """Text that is written into the key store for plans that poll it.

    Attributes
    ----------
    keys
        Keys that all get the text.
    needs_preset
        True if it is only written while one of the keys still has the value to which the plan set it: a plan that no
        longer waits must not move a motor to it later.
    """

    keys: tuple[str, ...]
    text: str
    needs_preset: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """Result of an analysis.

    Attributes
    ----------
    value
        Content of the answer: numbers, texts, lists and mappings, without numpy's types. Where there is a `problem`,
        estimates under names that state it.
    problem
        Reason why there is no result on which a plan may act, '' if there is one.
    replies
        Texts for the key store. Where there is a `problem`, none from which a motor is moved.
    """

    value: Mapping[str, Any] = field(default_factory=dict[str, Any])
    problem: str = ""
    replies: tuple[Reply, ...] = ()


AnalysisRule = Callable[[Board, Scan], Analysis | None]
"""Function that returns the analysis which a message asks for; None while its run, or a result, has not come.

It is called in every turn of the loop until it returns one, so it must be quick: what takes long is requested from
another process (`scans.reduction_requests`) or computed once (`Points.compute_once`).
"""

analysis_rules: Registry[AnalysisRule] = Registry("xafs_workers.scans", "analysis_rules", scan_kinds.discover)
"""Rules by kind of message: the headless worker answers these messages with the values of their analyses."""


def is_analysing(control: ReceivedMessage) -> bool:
    """Check whether a message asks for an analysis."""
    return control.message.kind in analysis_rules


def is_later_measured(board: Board, control: ReceivedMessage) -> bool:
    """Check whether a scan or a run has started after a message: its plan has gone on."""
    return any(
        scan.start.time > control.time and not is_analysing(scan.start) and scan.has_figure for scan in board.scans
    ) or any(run.start_position[0] > control.time for run in board.runs.values())
