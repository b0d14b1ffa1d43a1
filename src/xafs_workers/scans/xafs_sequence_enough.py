"""Answer to the question whether the repetitions of an XAFS sequence are enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from xafs_workers.messages.xafs_sequence import XafsSequenceEnough
from xafs_workers.scans.advice import Advice, build_advice, format_noise
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.reduction_requests import find_result, is_answered
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.scan_builder import get_message_order
from xafs_workers.scans.scan_questions import scan_questions
from xafs_workers.scans.xafs_sequence import XafsSequence, build_sequence


@dataclass(frozen=True, slots=True, eq=False)
class _FoundMerge:
    """The merge from which a question is answered, and what is missing in it."""

    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    reasons: tuple[str, ...] = ()


@scan_questions.register("xafs_sequence.enough")
def find_enough(board: Board, control: ReceivedMessage, *, is_late: bool) -> Mapping[str, Any] | None:
    """Find out whether the repetitions added before a question are enough, with the noise of their merge and reasons.

    `enough` is never true where something is unknown, missing or disputed.
    """
    question = control.get_message(XafsSequenceEnough)
    found = _find_merge(board, control, question.uid, is_late=is_late)
    if found is None:
        return None
    target = board.config.reduction.target_noise if question.target is None else question.target
    advice = build_advice(found.values, target)
    is_enough = advice.is_enough and not found.reasons
    reasons = (*found.reasons, *_list_reasons(advice, found.values)) if found.values else found.reasons
    return {
        "enough": is_enough,
        "repetitions": advice.repetitions,
        "noise": advice.noise,
        "target": target,
        "more": advice.more,
        "advice": str(advice),
        "reasons": list(reasons),
    }


def _find_merge(board: Board, control: ReceivedMessage, uid: str | None, *, is_late: bool) -> _FoundMerge | None:
    scan = _find_open_sequence(board, control) if uid is None else _find_sequence_of_run(board, uid)
    if scan is None:
        reason = "no sequence is open" if uid is None else f"run {uid} was added to no sequence that is known"
        return _FoundMerge(reasons=(reason,))
    sequence = build_sequence(board, _select_added_before(scan, control))
    missing = (*_list_missing_runs(sequence), *_list_missing_merges(board, sequence))
    if missing and not is_late:
        return None
    if sequence.absorber.mode == "test":
        return _FoundMerge(reasons=("mode test: nothing is reduced",))
    for n in range(len(sequence.merged_spectra), 0, -1):
        result = find_result(board, sequence.build_merge_request(n))
        if result is not None:
            return _FoundMerge(result.values, missing)
    left_out = (f"{one.number} left out: {one.problem}" for one in sequence.excluded_repetitions)
    return _FoundMerge(reasons=(*missing, *left_out, "no repetition is merged"))


def _find_open_sequence(board: Board, control: ReceivedMessage) -> Scan | None:
    """Find the sequence that was open when a message was sent."""
    asked = get_message_order(control)
    for scan in reversed(board.scans):
        if scan.kind != control.message.kind or get_message_order(scan.start) > asked:
            continue
        end = scan.end or scan.implicit_end_message
        return scan if end is None or get_message_order(end) > asked else None
    return None


def _find_sequence_of_run(board: Board, uid: str) -> Scan | None:
    kind = XafsSequenceEnough.kind
    return next((scan for scan in reversed(board.scans) if scan.kind == kind and uid in scan.added_run_uids), None)


def _select_added_before(scan: Scan, control: ReceivedMessage) -> Scan:
    """Return a sequence as it was when a message was sent."""
    asked = get_message_order(control)
    return replace(scan, added_messages=tuple(one for one in scan.added_messages if get_message_order(one) < asked))


def _list_missing_runs(sequence: XafsSequence) -> tuple[str, ...]:
    return tuple(
        f"repetition {one.number}: its run is not complete"
        for one in sequence.repetitions
        if one.spectrum is None and not one.problem
    )


def _list_missing_merges(board: Board, sequence: XafsSequence) -> tuple[str, ...]:
    count = len(sequence.merged_spectra)
    if not count or sequence.absorber.mode == "test" or is_answered(board, sequence.build_merge_request(count)):
        return ()
    return (f"the merge of {count} is not reduced yet",)


def _list_reasons(advice: Advice, values: Mapping[str, Any]) -> Iterator[str]:
    """Yield why the repetitions are enough, or why not; the notes on the merge where they disagree."""
    notes: Sequence[str] = values.get("notes", ())
    if "problem" in values:
        yield f"not reduced: {values['problem']}"
    if advice.repetitions == 0:
        yield "no repetition is merged"
    elif advice.open_question:
        yield advice.open_question
        yield from notes
    elif advice.noise is None:
        yield "the noise of the merge is not known"
        yield from notes
    elif advice.repetitions == 1:
        yield "one repetition: its noise is only estimated"
    elif advice.target is None:
        yield "no target (expected a target in the message, or the setting reduction.target_noise)"
    else:
        word = "reaches" if advice.is_enough else "is above"
        yield f"noise {format_noise(advice.noise)} {word} the target {format_noise(advice.target)}"
