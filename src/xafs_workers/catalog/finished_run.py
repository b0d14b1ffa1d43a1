"""A finished run, wherever it comes from: the same `Run` that the board holds, and the rest on demand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event
from typing import Any, Protocol

import numpy as np

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
        As the documents name it; nothing is known of whether it exists here.
    form
        MIME type, or the resource's `spec` in older documents.
    data_key
        '' where the documents do not tell.
    """

    path: str
    form: str = ""
    data_key: str = ""


class RunDetails(Protocol):
    """Parts of a run that are read on demand; every method may wait for the catalog, as `RunCatalog` does."""

    def read_baseline(self, uid: str, stop: Event) -> Points:
        """Return the scalars of the stream `baseline`, without points where the run has none."""
        ...

    def read_array(self, uid: str, key: str, stop: Event) -> NDArray:
        """Return a data key of `primary` as it is, first axis: the points."""
        ...

    def list_assets(self, uid: str, stop: Event) -> tuple[Asset, ...]:
        """Return the run's files, in the order of the documents."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class FinishedRun:
    """A complete run."""

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
        """Return a data key of `primary`, e.g. an XRF spectrum at each point; see `RunDetails`.

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
    """Where finished runs come from."""

    def wait_for_run(self, uid: str, stop: Event) -> FinishedRun:
        """Return a run as soon as it is complete; blocks, so never call it in the loop.

        Raises
        ------
        NotFound, NotComplete, CatalogUnavailable
            Waited for in vain.
        CatalogRefused, MissingData
            Waiting is of no use.
        Interrupted
            `stop` was set.
        """
        ...


class RunSource(RunDetails, Protocol):
    """A catalog that can be asked without waiting."""

    def find_run(self, uid: str) -> FinishedRun:
        """Return a run if it is complete now.

        Raises
        ------
        NotFound, NotComplete, CatalogUnavailable
            Not now.
        CatalogRefused, MissingData
            Never.
        """
        ...


def count_missing_points(run: Run) -> int:
    """Return how many points the stop document counts that are not there."""
    told = as_mapping((run.stop or {}).get("num_events")).get("primary", 0)
    return max(0, told - len(run.points)) if isinstance(told, int) else 0
