"""Finished runs: the board's `Run` with all points, and details that are read on demand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event
from typing import Any, Protocol

import numpy as np

from xafs_workers.catalog.retry import RetryState
from xafs_workers.catalog.search import RunSearch
from xafs_workers.scans.metadata import as_mapping
from xafs_workers.scans.points import Points
from xafs_workers.scans.runs import Run

NDArray = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Asset:
    """A file (or a folder of files) with data of a run.

    Attributes
    ----------
    path
        Path as the documents name it; the file need not exist on this machine.
    form
        MIME type, or the resource's `spec` in older documents.
    data_key
        Data key of the file's data, '' if the documents do not name it.
    """

    path: str
    form: str = ""
    data_key: str = ""


class RunDetails(Protocol):
    """Reader of a run's details; every method may wait for the catalog, as `RunCatalog` does."""

    def read_baseline(self, uid: str, stop: Event) -> Points:
        """Return the scalars of the stream `baseline`, without points if the run has no such stream."""
        ...

    def read_array(self, uid: str, key: str, stop: Event) -> NDArray:
        """Return the array of a data key of `primary`; its first axis is the points."""
        ...

    def list_assets(self, uid: str, stop: Event) -> tuple[Asset, ...]:
        """Return the run's files, in the order of the documents."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class FinishedRun:
    """A complete run and the reader of its details."""

    run: Run
    details: RunDetails

    @property
    def uid(self) -> str:
        """Uid of the start document."""
        return self.run.uid

    @property
    def start(self) -> Mapping[str, Any]:
        """The start document."""
        return self.run.start

    @property
    def stop(self) -> Mapping[str, Any]:
        """The stop document."""
        return self.run.stop or {}

    @property
    def data_keys(self) -> Mapping[str, Any]:
        """Data keys of `primary`."""
        return self.run.data_keys

    @property
    def points(self) -> Points:
        """The scalars of `primary`."""
        return self.run.points

    def read_baseline(self, stop: Event) -> Points:
        """Return the scalars of the stream `baseline`; see `RunDetails`."""
        return self.details.read_baseline(self.uid, stop)

    def read_array(self, key: str, stop: Event) -> NDArray:
        """Return the array of a data key of `primary`, e.g. an XRF spectrum at each point; see `RunDetails`.

        Raises
        ------
        MissingData
            The run has no such data key.
        """
        return self.details.read_array(self.uid, key, stop)

    def list_assets(self, stop: Event) -> tuple[Asset, ...]:
        """Return the run's files; see `RunDetails`."""
        return self.details.list_assets(self.uid, stop)


class RunCatalog(Protocol):
    """Catalog of finished runs; it waits until a run is complete."""

    @property
    def awaits_documents(self) -> bool:
        """Whether a thread waits for a run of which documents are missing."""
        ...

    def wait_for_run(self, uid: str, stop: Event) -> FinishedRun:
        """Return a run as soon as it is complete; blocks, so never call it in the loop.

        Raises
        ------
        NotFound, NotComplete, CatalogUnavailable
            The time limit passed.
        CatalogRefused, MissingData
            Another attempt cannot succeed.
        Interrupted
            `stop` was set.
        """
        ...

    def find_run(self, uid: str) -> FinishedRun:
        """Return a run if it is complete now; see `RunSource`."""
        ...

    def begin_retries(self) -> RetryState:
        """Return the state of a wait for a run whose attempts the caller makes with `find_run`."""
        ...

    def find_uids(self, search: RunSearch) -> tuple[str, ...]:
        """Return the uids of the runs that match, in order of time; see `RunSource`."""
        ...


class RunSource(RunDetails, Protocol):
    """Source of finished runs that does not wait until a run is complete."""

    def find_uids(self, search: RunSearch) -> tuple[str, ...]:
        """Return the uids of the runs that match, in order of time.

        Raises
        ------
        CatalogUnavailable, CatalogRefused
            The catalog does not answer, or refuses the search.
        """
        ...

    def find_run(self, uid: str) -> FinishedRun:
        """Return a run if it is complete now.

        Raises
        ------
        NotFound, NotComplete, CatalogUnavailable
            The run is not available now.
        CatalogRefused, MissingData
            Another attempt cannot succeed.
        """
        ...


def count_missing_points(run: Run) -> int:
    """Return how many of the points that the stop document counts are missing."""
    expected = as_mapping((run.stop or {}).get("num_events")).get("primary", 0)
    return max(0, expected - len(run.points)) if isinstance(expected, int) else 0
