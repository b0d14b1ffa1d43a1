"""Answers to messages that ask for a fit, and what their kinds have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xafs_workers.scans.alignments import build_uid_replies
from xafs_workers.scans.analysed_runs import build_analysed_run_requests
from xafs_workers.scans.analysis import Analysis, Reply, analysis_rules
from xafs_workers.scans.board import Board
from xafs_workers.scans.fits import FitOrder, FitState, build_fit_requests, find_fit, fit_orders
from xafs_workers.scans.reduction_requests import request_builders
from xafs_workers.scans.run_requests import run_request_builders
from xafs_workers.scans.scan import Scan, ScanKind, scan_kinds


def register_fit_kind(kind: str, read_order: Callable[[Scan], FitOrder]) -> None:
    """Register what a kind of message needs whose worker fits a run: its scans, requests and answers.

    Parameters
    ----------
    read_order
        Reads from the message of a scan what is to be fitted.
    """
    scan_kinds.register(kind)(
        ScanKind(
            single_message_actions=frozenset({""}),
            names_its_run=True,
            keeps_previous=True,
            closed_by_line=True,
            clickable_axes=("x",),
            is_part_of_alignment=True,
        )
    )
    fit_orders.register(kind)(read_order)
    request_builders.register(kind)(build_fit_requests)
    run_request_builders.register(kind)(build_analysed_run_requests)
    analysis_rules.register(kind)(build_analysis)


def build_analysis(board: Board, scan: Scan) -> Analysis | None:
    """Build the answer to a message that asks for a fit; None while its run or the fit has not come."""
    state = find_fit(board, scan)
    if not state.is_known:
        return None
    uids = build_uid_replies(board, scan, state)
    if state.position is None:
        return Analysis(_describe_failure(state), state.problem, uids)
    position = Reply(board.config.reply_keys.peak_position, repr(state.position), needs_preset=True)
    return Analysis(_describe_result(state), replies=(position, *uids))


def _describe_order(state: FitState) -> dict[str, Any]:
    uid = None if state.run is None else state.run.uid
    return {"motor": state.order.motor, "signal": state.order.signal, "uid": uid}


def _describe_failure(state: FitState) -> dict[str, Any]:
    """Return what is known without a result; positions are marked as estimates."""
    marked = {} if state.estimates is None else {"estimates": state.estimates.to_values()}
    return {**_describe_order(state), **marked}


def _describe_result(state: FitState) -> dict[str, Any]:
    """Return a result: `position` is where a plan moves the motor; of a fitted peak it is the largest value's."""
    position = state.position if state.mode is None else state.mode
    found = {**_describe_order(state), "method": state.order.choice, "position": position}
    if state.parameters is None:
        return found
    return {**found, "parameters": dict(state.parameters), "inverted": state.inverted}
