"""Channels of detectors whose data keys have a form of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from helpers.any_beamline import LINEAR_DRIVE, TWO_MOVERS, VORTEX, build_config, fold_runs, make_run
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.channels import describe_channels
from xafs_workers.scans.detectors import (
    ChannelSelection,
    NoChannelsError,
    compute_run_fluorescence,
    find_fluorescence_channels,
)
from xafs_workers.settings import Detectors, DetectorTable

PADDED = DetectorTable(channels=(1,), column="xs_channel{channel:02d}_mcaroi01_total_rbv")
SUM = ChannelSelection()


def test_channels_are_counted_from_zero():
    config = build_config(TWO_MOVERS, detectors=Detectors(table={"vortex": VORTEX}))
    (run,) = fold_runs("step_two_movers", config)
    values = compute_run_fluorescence(run, config, SUM)
    assert (values[0], values[-1]) == pytest.approx((0.00107980, 0.01463472), abs=1e-7)
    assert describe_channels(run, config, SUM) == ()


def test_missing_channel_is_named_in_short():
    config = build_config(TWO_MOVERS, detectors=Detectors(table={"vortex": VORTEX}))
    (run,) = fold_runs("step_channel_missing", config)
    values = compute_run_fluorescence(run, config, SUM)
    assert (values[0], values[-1]) == pytest.approx((0.00080311, 0.01085341), abs=1e-7)
    assert find_fluorescence_channels(run, config, SUM).describe_missing() == "3 of 4 channels, element2 missing"


def test_channel_numbers_may_be_padded():
    config = build_config(LINEAR_DRIVE, detectors=Detectors(table={"xs": PADDED}))
    (run,) = fold_runs("step_linear_drive", config)
    assert find_fluorescence_channels(run, config, SUM).columns == ("xs_channel01_mcaroi01_total_rbv",)


def make_table_run(*keys: str, **start: Any) -> tuple[Any, BoardConfig]:
    one = DetectorTable(channels=(1, 2), column="one_{channel}")
    two = DetectorTable(channels=(1, 2), column="{element}-two{channel}")
    config = replace(BoardConfig(), detectors=Detectors(table={"one": one, "two": two}))
    return make_run({"I0": [1.0], **{key: [2.0] for key in keys}}, **start), config


@pytest.mark.parametrize(
    ("keys", "named", "detectors", "columns"),
    [
        (("one_1", "one_2"), None, [], ("one_1", "one_2")),
        (("one_1", "Fe-two1", "Fe-two2"), None, [], ("Fe-two1", "Fe-two2")),
        (("one_1", "Fe-two1", "Fe-two2"), None, ["one"], ("one_1",)),
        (("one_1", "Fe-two1", "Fe-two2"), "ONE", ["two"], ("one_1",)),
        (("one_1",), None, ["two"], ("one_1",)),
    ],
)
def test_message_then_devices_then_columns_decide(
    keys: tuple[str, ...], named: str | None, detectors: list[str], columns: tuple[str, ...]
):
    run, config = make_table_run(*keys, detectors=detectors, element="Fe")
    assert find_fluorescence_channels(run, config, ChannelSelection(fluo_detector=named)).columns == columns


def test_named_detector_is_never_replaced_by_another():
    run, config = make_table_run("Fe-two1", "Fe-two2", element="Fe")
    with pytest.raises(NoChannelsError, match=r"no channel of one in this run \(expected one_1\)"):
        compute_run_fluorescence(run, config, ChannelSelection(fluo_detector="one"))


@pytest.mark.parametrize("column", ["fluo", "fluo{element}", "fluo{channel:03x}{other}", "fluo{channel!}"])
def test_table_column_without_a_channel_is_refused(column: str):
    with pytest.raises(ValidationError, match=r"expected a name with \{channel\}"):
        DetectorTable(channels=(1,), column=column)
