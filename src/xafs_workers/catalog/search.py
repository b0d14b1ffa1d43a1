"""Search for the runs of a proposal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xafs_workers.scans.metadata import as_mapping


@dataclass(frozen=True, slots=True)
class RunSearch:
    """What the searched runs have in common.

    Attributes
    ----------
    proposal
        Number of the proposal, as text.
    session
        Data session of the proposal, such as `pass-123456`.
    since, until
        Limits of the time at which a run started, POSIX seconds; None for no limit.
    """

    proposal: str
    session: str
    since: float | None = None
    until: float | None = None

    def matches(self, start: Mapping[str, Any]) -> bool:
        """Check whether a start document belongs to a searched run."""
        time = start.get("time")
        if not isinstance(time, int | float):
            return False
        in_time = (self.since is None or time >= self.since) and (self.until is None or time <= self.until)
        number = as_mapping(start.get("proposal")).get("proposal_id")
        known = number if number is not None else start.get("data_session")
        return in_time and str(known) in (self.proposal, self.session)


def list_found_uids(containers: Iterable[Any], search: RunSearch) -> Iterator[str]:
    """Yield the uids of the runs in Tiled's containers that match, each once, in order of time."""
    found: dict[str, float] = {}
    for container in containers:
        for node in container.values():
            start = as_mapping(node.metadata.get("start"))
            uid = start.get("uid")
            if isinstance(uid, str) and search.matches(start):
                found[uid] = float(start["time"])
    yield from sorted(found, key=lambda uid: found[uid])


def narrow_down(runs: Any, search: RunSearch) -> Iterator[Any]:
    """Yield parts of a Tiled container that hold every matching run: the server filters by time and proposal."""
    from tiled.queries import Key

    if search.since is not None:
        runs = runs.search(Key("start.time") >= search.since)
    if search.until is not None:
        runs = runs.search(Key("start.time") <= search.until)
    yield runs.search(Key("start.proposal.proposal_id") == search.proposal)
    yield runs.search(Key("start.proposal.proposal_id") == int(search.proposal))
    yield runs.search(Key("start.data_session") == search.session)
