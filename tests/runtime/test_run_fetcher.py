"""Runs fetched with the images of the Mythen detector, which the documents only name."""

from __future__ import annotations

import threading
import time
from threading import Event
from typing import Any

import numpy as np
import pytest

from helpers.goniometer import IMAGE_KEY, make_goniometer_run, make_images
from helpers.processes import wait_until
from helpers.streams import fold, stamp_entries
from xafs_workers.catalog.errors import MissingData, NotFound
from xafs_workers.catalog.finished_run import Asset, FinishedRun
from xafs_workers.catalog.retry import RetryPolicy, RetryState
from xafs_workers.runtime.run_fetcher import FETCH_THREADS, RunFetcher
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.mythen import stack_images
from xafs_workers.scans.points import Points
from xafs_workers.scans.run_requests import RunRequest
from xafs_workers.scans.runs import FetchedRun


class Catalog:
    """Catalog with one run, whose image is an array of its own; other runs are absent."""

    appears_within = 3600.0

    def __init__(self, image: np.ndarray | None, *, has_baseline: bool = True):
        (self.run,) = fold(stamp_entries(make_goniometer_run(baseline={"eta": 1.0}))).runs.values()
        if image is not None:
            self.run.data_keys[IMAGE_KEY] = {"dtype": "array", "shape": [1, 1280]}  # type: ignore[index]
        if not has_baseline:
            self.run.baseline.clear()  # type: ignore[attr-defined]
        self.image = image

    def find_run(self, uid: str) -> FinishedRun:
        if uid.startswith("absent"):
            raise NotFound(f"run {uid}: not in the catalog")
        return FinishedRun(self.run, self)

    def begin_retries(self) -> RetryState:
        return RetryState(RetryPolicy(appears_within=self.appears_within, pauses=(0.01, 0.02)), time.monotonic())

    def read_array(self, uid: str, key: str, stop: Event) -> Any:
        assert key == IMAGE_KEY
        return self.image

    def read_baseline(self, uid: str, stop: Event) -> Points:
        raise MissingData("no baseline")

    def list_assets(self, uid: str, stop: Event) -> tuple[Asset, ...]:
        return ()


def fetch(catalog: Catalog) -> FetchedRun:
    fetcher = RunFetcher(catalog, BoardConfig())
    fetcher.ask(RunRequest("a", image_key=IMAGE_KEY))
    (run,) = take_runs(fetcher, 1)
    fetcher.close()
    return run


def take_runs(fetcher: RunFetcher, count: int) -> list[FetchedRun]:
    found: list[FetchedRun] = []

    def are_fetched() -> bool:
        found.extend(fetcher.take())
        return len(found) >= count

    wait_until(are_fetched, f"{count} runs")
    return found


def test_the_image_comes_with_the_run() -> None:
    images = make_images()
    fetched = fetch(Catalog(images[:, np.newaxis, :]))
    assert fetched.run is not None
    assert fetched.problem == ""
    np.testing.assert_array_equal(stack_images(fetched.run, IMAGE_KEY), images)
    assert fetched.run.baseline["eta"] == 1.0


@pytest.mark.parametrize(
    ("image", "reason"),
    [(None, f"no {IMAGE_KEY} in this run"), (make_images(3), "3 frames (expected one for each of 4 points)")],
)
def test_a_missing_or_short_image_is_the_reason(image: np.ndarray | None, reason: str) -> None:
    assert fetch(Catalog(image)).problem == reason


def test_a_run_without_a_baseline_has_its_image() -> None:
    fetched = fetch(Catalog(make_images(), has_baseline=False))
    assert fetched.run is not None
    assert (fetched.problem, dict(fetched.run.baseline)) == ("", {})


def test_a_thousand_absent_runs_need_few_threads() -> None:
    fetcher = RunFetcher(Catalog(None), BoardConfig())
    before = threading.active_count()
    for number in range(1000):
        fetcher.ask(RunRequest(f"absent {number}"))
    fetcher.ask(RunRequest("a"))
    (found,) = take_runs(fetcher, 1)
    assert found.uid == "a"
    assert threading.active_count() <= before + FETCH_THREADS
    fetcher.close()


def test_a_run_that_never_comes_has_a_reason() -> None:
    catalog = Catalog(None)
    catalog.appears_within = 0.05
    fetcher = RunFetcher(catalog, BoardConfig())
    fetcher.ask(RunRequest("absent"))
    (found,) = take_runs(fetcher, 1)
    assert (found.run, found.problem) == (None, "run absent: not in the catalog")
    fetcher.close()
