"""Results of a calibration of the monochromator."""

from __future__ import annotations

import math

from helpers.refused_messages import expect_refusal
from xafs_workers.messages.base import kinds
from xafs_workers.messages.mono_calibration import MonoCalibration
from xafs_workers.messages.parsing import parse

CALIBRATION = dict(kinds["mono_calibration"].example)


def test_a_fit_without_standard_error_is_accepted() -> None:
    for error in (None, math.nan):
        message = parse({**CALIBRATION, "dspacing": [3.1359, error], "mono": 311})
        assert isinstance(message, MonoCalibration)
        assert message.dspacing == (3.1359, None)
        assert message.mono == "311"
    for wrong in ([3.1], [math.nan, 1.0], [3.1, "a"], [3.1, 1.0, 2.0], 3.1):
        assert expect_refusal({**CALIBRATION, "dspacing": wrong}).field == "dspacing"
