"""Messages of an XAFS sequence that no message started."""

from __future__ import annotations

from functools import lru_cache

from xafs_workers.messages.detectors import ModeName
from xafs_workers.messages.xafs_sequence import XafsSequenceAdd, XafsSequenceStart
from xafs_workers.scans.implied_scans import Group, ImpliedMessages, implied_messages


@implied_messages.register("xafs_sequence")
def build_messages(runs: Group) -> ImpliedMessages:
    """Build the start message from the documents of the first run, and one that adds each run."""
    spectrum = runs[0].spectrum
    if spectrum is None:
        raise ValueError(f"run {runs[0].uid}: not a repetition over an edge")
    start = XafsSequenceStart.model_construct(
        element=spectrum.element, edge=spectrum.edge, mode=ModeName(spectrum.mode), repetitions=len(runs)
    )
    return ImpliedMessages(start, ":merge", tuple(_build_addition(run.uid) for run in runs))


@lru_cache(maxsize=4096)
def _build_addition(uid: str) -> XafsSequenceAdd:
    return XafsSequenceAdd(uid=uid)
