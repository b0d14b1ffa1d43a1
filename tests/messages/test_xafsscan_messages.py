"""Messages of XAFS scans: modes, counts, pictures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from helpers.refused_messages import XAFS_START, expect_refusal
from xafs_workers.messages.parsing import parse
from xafs_workers.messages.xafsscan import XafsscanNext, XafsscanStart, XafsscanStop


def test_modes_of_old_files_are_normalized() -> None:
    message = parse({**XAFS_START, "mode": "fluo+yield"})
    assert isinstance(message, XafsscanStart)
    assert message.mode == "yield"


def test_an_unknown_mode_is_read_as_transmission() -> None:
    message = parse({**XAFS_START, "mode": "dancing"})
    assert isinstance(message, XafsscanStart)
    assert (message.mode, message.mode.note) == ("transmission", "unknown mode 'dancing': taken as transmission")
    assert expect_refusal({**XAFS_START, "mode": 3}).field == "mode"


@pytest.mark.parametrize("count", ["2", 2.5, True, None, 0, -1, 10**7, 10**400, math.inf, math.nan, [2]])
def test_a_value_that_is_not_a_count_is_refused(count: Any) -> None:
    error = expect_refusal({"xafsscan": "next", "count": count})
    assert error.field == "count"
    assert "expected whole number from 1 to 1000000" in str(error)


@pytest.mark.parametrize("count", [2, 2.0, np.int64(2), np.float32(2)])
def test_a_whole_number_is_read_in_any_form(count: Any) -> None:
    message = parse({"xafsscan": "next", "count": count})
    assert isinstance(message, XafsscanNext)
    assert message.count == 2
    assert type(message.count) is int


def test_a_null_picture_differs_from_a_missing_field() -> None:
    null, left_out = parse({"xafsscan": "stop", "filename": None}), parse({"xafsscan": "end"})
    assert isinstance(null, XafsscanStop)
    assert isinstance(left_out, XafsscanStop)
    assert "filename" in null.model_fields_set
    assert "filename" not in left_out.model_fields_set
