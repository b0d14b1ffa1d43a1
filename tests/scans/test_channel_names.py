"""Which columns are fluorescence channels, at beamlines that name them otherwise."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from helpers.streams import build_run_documents, fold, stamp_entries
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.channels import describe_channels
from xafs_workers.scans.detectors import ChannelSelection, build_roi_pattern, find_fluorescence_channels
from xafs_workers.settings import Detectors, Settings

TABLE = {"Vortex ME4": (1, 2, 3, 4), "Ketek": (1,), "many": tuple(range(1, 13))}


def found(column: str, keys: list[str], wish: ChannelSelection) -> tuple[str, ...] | str:
    settings = Settings(detectors=Detectors(channels=TABLE, column=column))
    rules = BoardConfig.from_settings(settings)
    documents = build_run_documents(hint=None, motors=None, columns={key: [1.0] for key in keys})
    board = fold(stamp_entries(documents), Board(rules))
    (run,) = board.runs.values()
    channels = find_fluorescence_channels(run, rules, wish)
    return channels.problem or channels.columns


def named(column: str, count: int, *elements: str) -> list[str]:
    return [column.format(element=e, channel=n) for e in elements for n in range(1, count + 1)]


@pytest.mark.parametrize(
    "column", ["{element}{channel}", "fluo_{element}_{channel}", "ch{channel}.{element}", "roi{channel}"]
)
def test_channels_of_a_detector_are_found_under_any_name(column: str) -> None:
    keys = named(column, 4, "Fe")
    assert found(column, [*keys, "I0"], ChannelSelection(fluo_detector="Vortex ME4", element="Fe")) == tuple(keys)
    assert found(column, [*keys, "I0"], ChannelSelection()) == tuple(keys)
    twelve = named(column, 12, "Fe")
    assert found(column, twelve, ChannelSelection(fluo_detector="many", element="Fe")) == tuple(twelve)


def test_the_element_decides_between_several_channels() -> None:
    column = "fluo_{element}_{channel}"
    keys = named(column, 4, "Fe", "Mn")
    assert found(column, keys, ChannelSelection(element="Mn")) == tuple(keys[4:])
    assert "which element is unknown" in found(column, keys, ChannelSelection())


@pytest.mark.parametrize("key", ["fluo_Fe_0", "fluo_Fe_", "fluo_FE_1", "xfluo_Fe_1", "fluo_Fe_1x", "fluo_Fe_123"])
def test_other_keys_are_not_channels(key: str) -> None:
    assert not build_roi_pattern("fluo_{element}_{channel}").match(key)


def test_a_pattern_without_a_channel_is_refused() -> None:
    with pytest.raises(ValidationError, match="column"):
        Detectors(column="{element}")


@pytest.mark.parametrize(
    ("present", "wish", "columns", "missing"),
    [
        ((1, 2, 4), "Vortex ME4", (1, 2, 4), (3,)),
        ((1,), "Vortex ME4", (1,), (2, 3, 4)),
        ((1, 2, 4), None, (1, 2, 4), (3,)),
        ((1, 2, 3, 4), None, (1, 2, 3, 4), ()),
        ((1,), "Ketek", (1,), ()),
        ((1, 2, 3, 4, 5), None, tuple(range(1, 6)), tuple(range(6, 13))),
    ],
)
def test_missing_channels_are_named_and_the_rest_is_summed(
    present: tuple[int, ...], wish: str | None, columns: tuple[int, ...], missing: tuple[int, ...]
) -> None:
    """One element never stands for a detector of several without a word."""
    rules = BoardConfig.from_settings(Settings(detectors=Detectors(channels=TABLE)))
    documents = build_run_documents(hint=None, motors=None, columns={f"Fe{n}": [1.0] for n in present})
    (run,) = fold(stamp_entries(documents), Board(rules)).runs.values()
    found = find_fluorescence_channels(run, rules, ChannelSelection(fluo_detector=wish, element="Fe"))
    assert found.columns == tuple(f"Fe{n}" for n in columns)
    assert found.missing == tuple(f"Fe{n}" for n in missing)
    assert describe_channels(run, rules, ChannelSelection(fluo_detector=wish, element="Fe")) == (
        (f"{len(columns)} of {len(columns + missing)} channels, {', '.join(found.missing)} missing",) if missing else ()
    )
