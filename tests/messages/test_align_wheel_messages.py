"""Results of the alignment of the sample wheel: curves as lists of numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from helpers.examples import CURVE
from xafs_workers.messages.align_wheel import AlignWheelFindSlot
from xafs_workers.messages.base import InvalidMessage
from xafs_workers.messages.parsing import parse


@pytest.mark.parametrize(
    "given",
    [
        "1234",
        3.0,
        ["a", 1.0, 2.0, 3.0],
        [True] * 4,
        [[1.0]] * 4,
        np.zeros((2, 2)),
        np.array(["a"] * 4),
        [10**400] * 4,
    ],
)
def test_a_value_that_is_not_a_list_of_numbers_is_refused(given: Any) -> None:
    with pytest.raises(InvalidMessage) as caught:
        parse_slot_result(data=given)
    assert caught.value.field == "data"


def test_a_value_that_is_not_finite_is_a_gap() -> None:
    data = parse_slot_result(data=[1.0, math.nan, None, -math.inf]).data
    assert data[0] == 1.0
    assert all(map(math.isnan, data[1:]))


@pytest.mark.parametrize(
    "given",
    [
        [1, 2.5, 3, 4],
        (1, 2.5, 3, 4),
        np.array([1, 2.5, 3, 4]),
        np.array([1, 2.5, 3, 4], "f4"),
        [np.float64(1), 2.5, np.int64(3), 4],
    ],
)
def test_any_sequence_of_numbers_is_accepted(given: Any) -> None:
    data = parse_slot_result(data=given).data
    assert data == (1.0, 2.5, 3.0, 4.0)
    assert set(map(type, data)) == {float}


def parse_slot_result(**fields: Any) -> AlignWheelFindSlot:
    body = {"align_wheel": "find_slot", "motor": "xafs_y", **CURVE, "center": 1.0, "amplitude": 1.0, **fields}
    message = parse(body)
    assert isinstance(message, AlignWheelFindSlot)
    return message
