"""Messages of area scans."""

from __future__ import annotations

import math
from typing import Any

import pytest

from helpers.examples import AREASCAN
from helpers.refused_messages import expect_refusal
from xafs_workers.messages.areascan import AreascanStart
from xafs_workers.messages.parsing import parse


def test_a_data_key_keeps_its_name() -> None:
    message = parse({**AREASCAN, "detector": "noisy_det"})
    assert isinstance(message, AreascanStart)
    assert message.detector == "noisy_det"


def test_a_map_larger_than_memory_is_refused() -> None:
    error = expect_refusal({**AREASCAN, "fast_steps": 100_000, "slow_steps": 100_000})
    assert error.field == "fast_steps"
    assert "100000 x 100000" in str(error)


@pytest.mark.parametrize("number", [math.nan, math.inf, "7200", True, None, 10**400, 1j])
def test_a_value_that_is_not_a_finite_number_is_refused(number: Any) -> None:
    error = expect_refusal({**AREASCAN, "energy": number})
    assert error.field == "energy"
    assert "expected finite number, eV" in str(error)
