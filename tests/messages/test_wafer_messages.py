"""Results of the alignment of a wafer."""

from __future__ import annotations

import numpy as np

from helpers.alignment_curves import make_wafer_result
from helpers.refused_messages import expect_refusal

WAFER = make_wafer_result()


def test_a_list_that_is_too_long_is_refused() -> None:
    assert "at most 1000000" in str(expect_refusal({**WAFER, "data": np.zeros(1_000_001)}))


def test_the_wrong_member_is_shown() -> None:
    assert "got 'b' at index 2" in str(expect_refusal({**WAFER, "data": [1.0, 2.0, "b", 3.0]}))
