"""Files of the goniometer written by the file manager: numbers after names, and files that cannot be made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.figures import get_run_uid
from helpers.file_actions import FileManagerHarness, act_on
from helpers.goniometer import PIXELS, change_reflectivity, make_goniometer_run, make_images
from helpers.streams import Entry, EntryStamper
from xafs_workers.runtime.effect_ledger import EffectLedger
from xafs_workers.storage.names import add_copy_number

HOME = {"data_session": "pass-333333", "cycle": "2025-1"}


Measure = Callable[[list[Entry]], str]


@pytest.fixture
def measure(manager: FileManagerHarness) -> Measure:
    """Return a function that folds the documents of one run after the other, and returns their uid."""
    stamper = EntryStamper()

    def fold_run(entries: list[Entry]) -> str:
        manager.fold(stamper.stamp(entries))
        return get_run_uid(entries)

    return fold_run


@pytest.fixture
def run(measure: Measure) -> str:
    return measure(make_goniometer_run(images=make_images(), baseline={"nu": 0.5}, **HOME))


def list_names(manager: FileManagerHarness) -> set[str]:
    return {path.name for path in manager.folder.iterdir() if path.is_file()}


def test_all_files_of_a_scan_are_written(manager: FileManagerHarness, run: str) -> None:
    outcome = act_on(manager, xrrout=True, uid=run, stub="film-a", style="both")
    assert (outcome.state, outcome.reason) == ("done", "")
    assert [Path(path).name for path in outcome.paths] == ["film-a.xdi", "film-a_short.txt", "film-a_XRR_MAT"]
    table = np.loadtxt(manager.folder / "film-a_XRR_MAT")
    assert table.shape == (4, 8 + PIXELS)
    np.testing.assert_array_equal(table[:, 8:], make_images())
    np.testing.assert_array_equal(table[:, 2], 0.5)


def test_each_later_file_of_a_name_gets_the_next_number(manager: FileManagerHarness, measure: Measure) -> None:
    contents = []
    for number in range(4):
        columns = change_reflectivity(refl=[400.0 + number, 300.0, 80.0, 10.0])
        uid = measure(make_goniometer_run(columns, **HOME))
        outcome = act_on(manager, offset=number, xrrxdi=True, uid=uid, stub="film-a")
        contents.append(Path(outcome.paths[0]).read_bytes())
    assert list_names(manager) == {"film-a.xdi", "film-a(1).xdi", "film-a(2).xdi", "film-a(3).xdi"}
    assert len(set(contents)) == 4, "no file replaced another"


def test_a_message_that_is_read_again_writes_no_second_file(
    manager: FileManagerHarness, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, other = (
        measure(make_goniometer_run(change_reflectivity(refl=[number, 300.0, 80.0, 10.0]), **HOME))
        for number in (1.0, 2.0)
    )
    act_on(manager, offset=0, xrrxdi=True, uid=first, stub="film-a")
    with monkeypatch.context() as killed:
        killed.setattr(EffectLedger, "finish_publishing", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            act_on(manager, offset=1, xrrxdi=True, uid=other, stub="film-a")
    for _ in range(2):
        outcome = act_on(manager, offset=1, xrrxdi=True, uid=other, stub="film-a")
        assert outcome.paths == (str(manager.folder / "film-a(1).xdi"),)
    assert list_names(manager) == {"film-a.xdi", "film-a(1).xdi"}


def test_a_file_is_replaced_where_the_message_asks_for_it(manager: FileManagerHarness, measure: Measure) -> None:
    for number in range(2):
        columns = change_reflectivity(refl=[400.0 + number, 300.0, 80.0, 10.0])
        uid = measure(make_goniometer_run(columns, **HOME))
        act_on(manager, offset=number, xrrxdi=True, uid=uid, stub="film-a", overwrite=True)
    assert list_names(manager) == {"film-a.xdi"}


def test_a_run_without_an_image_has_its_other_files(manager: FileManagerHarness, measure: Measure) -> None:
    uid = measure(make_goniometer_run(**HOME))
    outcome = act_on(manager, xrrout=True, uid=uid, stub="film-a", style="both")
    assert outcome.state == "failed"
    assert outcome.reason == "film-a_XRR_MAT: no mythen-2_image in this run"
    assert list_names(manager) == {"film-a.xdi", "film-a_short.txt"}


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ({"xrr_linescan_file": True, "motor": "eta", "detector": "mythen"}, "a.dat"),
        ({"xrr_calibration_file": True, "motor": "delta", "detector": "mythen"}, "a.dat"),
        ({"xrrtxt": True, "style": "long"}, "a_XRR_MAT"),
    ],
)
def test_other_files_have_each_pixel(manager: FileManagerHarness, run: str, message: dict[str, Any], name: str) -> None:
    outcome = act_on(manager, **message, uid=run, stub="a")
    assert (outcome.state, outcome.reason) == ("done", "")
    np.testing.assert_array_equal(np.loadtxt(manager.folder / name)[:, -PIXELS:], make_images())


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        ("film.xdi", 0, "film.xdi"),
        ("film.xdi", 2, "film(2).xdi"),
        ("film_XRR_MAT", 1, "film_XRR_MAT(1)"),
        ("film.a_XRR_MAT", 1, "film.a_XRR_MAT(1)"),
        ("film_short.txt", 10, "film_short(10).txt"),
    ],
)
def test_numbers_stand_before_the_ending(name: str, number: int, expected: str) -> None:
    assert add_copy_number(name, number) == expected
