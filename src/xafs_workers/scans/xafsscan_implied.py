"""Start message of an XAFS scan that no message started."""

from __future__ import annotations

from xafs_workers.messages.detectors import ModeName
from xafs_workers.messages.xafsscan import XafsscanStart
from xafs_workers.scans.implied_scans import Group, ImpliedMessages, implied_messages


@implied_messages.register("xafsscan")
def build_messages(runs: Group) -> ImpliedMessages:
    """Build the start message from the documents of the first run; an edge that they do not name is ''."""
    spectrum = runs[0].spectrum
    if spectrum is None:
        raise ValueError(f"run {runs[0].uid}: not a repetition over an edge")
    edge = f"{spectrum.element}-{spectrum.edge}" if spectrum.element and spectrum.edge else ""
    stub = "_".join(filter(None, (spectrum.sample or runs[0].plan_name, edge)))
    start = XafsscanStart.model_construct(
        element=spectrum.element,
        edge=spectrum.edge,
        mode=ModeName(spectrum.mode),
        filename=stub,
        repetitions=len(runs),
        sample=spectrum.sample or None,
    )
    return ImpliedMessages(start)
