"""Runs fetched with the images of the Mythen detector, which the documents only name."""

from __future__ import annotations

from threading import Event
from typing import Any

import numpy as np
import pytest

from helpers.goniometer import IMAGE_KEY, make_goniometer_run, make_images
from helpers.patience import SECONDS as PATIENCE
from helpers.streams import fold, stamp_entries
from xafs_workers.catalog.errors import MissingData
from xafs_workers.catalog.finished_run import Asset, FinishedRun
from xafs_workers.runtime.run_fetcher import RunFetcher
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.mythen import stack_images
from xafs_workers.scans.points import Points
from xafs_workers.scans.run_requests import RunRequest
from xafs_workers.scans.runs import FetchedRun


class Catalog:
    """Catalog with one run, whose image is an array of its own."""

    def __init__(self, image: np.ndarray | None, *, has_baseline: bool = True):
        (self.run,) = fold(stamp_entries(make_goniometer_run(baseline={"eta": 1.0}))).runs.values()
        if image is not None:
            self.run.data_keys[IMAGE_KEY] = {"dtype": "array", "shape": [1, 1280]}  # type: ignore[index]
        if not has_baseline:
            self.run.baseline.clear()  # type: ignore[attr-defined]
        self.image = image

    def wait_for_run(self, uid: str, stop: Event) -> FinishedRun:
        return FinishedRun(self.run, self)

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
    found: tuple[FetchedRun, ...] = ()
    pause = Event()
    for _ in range(int(PATIENCE / 0.01)):
        found = fetcher.take()
        if found:
            break
        pause.wait(0.01)
    (run,) = found
    fetcher.close()
    return run


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
