"""Plan wrapper for an XAFS sequence: opens live view and merge, adds each repetition, and ends both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from xafs_workers.producer.plans import Plan, SendFunction, collect_run_uids, send_plan
from xafs_workers.producer.send import kafka_message


@dataclass(frozen=True, slots=True)
class SequenceDescription:
    """Description of a sequence of XAFS scans.

    Attributes
    ----------
    element, edge
        Symbol of the absorber and its edge: ``Fe``, ``K``.
    mode
        Signal that is merged: ``transmission``, ``fluorescence``, ``yield``, ``reference``, ...
    filename
        Stub of the names of pictures and files.
    fluo_detector
        Name of the detector in the settings' table.
    """

    element: str
    edge: str
    mode: str
    filename: str
    repetitions: int = 1
    sample: str | None = None
    reference_material: str | None = None
    fluo_detector: str | None = None


def plot_xafs_sequence(
    repetition: Callable[[int], Plan],
    sequence: SequenceDescription,
    *,
    between: Callable[[int, str], Mapping[str, Any] | None] = lambda count, uid: None,
    send: SendFunction = kafka_message,
) -> Plan:
    """Measure the repetitions of an XAFS scan with their live view, their merge and, at the end, the pictures of both.

    Parameters
    ----------
    repetition
        Function of the repetition's number, from 1, that returns a plan with one run.
    between
        Function of a finished repetition's number and uid that returns one more message (e.g. for its file) or None.

    Returns
    -------
    tuple of str
        The uids of the finished repetitions. When the plan is ended early, those that were finished still give their
        pictures; with none finished `resting_state` ends the plots.
    """
    from bluesky.preprocessors import finalize_wrapper

    finished: list[str] = []

    def run_repetitions() -> Plan:
        for message in _build_start_messages(sequence):
            yield from send_plan(message, send=send)
        for count in range(1, sequence.repetitions + 1):
            yield from send_plan({"xafsscan": "next", "count": count}, send=send)
            before = len(finished)
            yield from collect_run_uids(repetition(count), finished)
            for uid in finished[before:]:
                yield from send_plan({"xafs_sequence": "add", "uid": uid}, send=send)
                if (more := between(count, uid)) is not None:
                    yield from send_plan(more, send=send)
        return tuple(finished)

    def send_end_messages() -> Plan:
        for message in _build_end_messages(sequence, finished):
            yield from send_plan(message, send=send)

    return (yield from finalize_wrapper(run_repetitions(), send_end_messages))


def _build_start_messages(about: SequenceDescription) -> list[dict[str, Any]]:
    which = {"element": about.element, "edge": about.edge, "mode": about.mode, "repetitions": about.repetitions}
    shown = {"sample": about.sample, "reference_material": about.reference_material}
    live = {"filename": about.filename, "fluo_detector": about.fluo_detector, **shown}
    return [{"xafs_sequence": "start", **which}, {"xafsscan": "start", **which, **live}]


def _build_end_messages(about: SequenceDescription, finished: list[str]) -> list[dict[str, Any]]:
    if not finished:
        return [{"resting_state": True}]
    picture = f"snapshots/{about.filename}"
    return [
        {"xafsscan": "stop", "filename": f"{picture}_liveplot.png", "uid": finished[0]},
        {"xafs_sequence": "stop", "filename": f"{picture}.png"},
    ]
