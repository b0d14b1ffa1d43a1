"""Each formula once, and a gap only where it is undefined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xafs_workers.scans import signals

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [
        (2.0, 4.0, 0.5),
        (0.0, 4.0, 0.0),
        (-1.0, 4.0, -0.25),
        (1.0, 0.0, NAN),
        (0.0, 0.0, NAN),
        (NAN, 1.0, NAN),
        (1.0, INF, NAN),
    ],
)
def test_a_quotient_is_a_gap_only_for_zero_or_no_number(above: float, below: float, expected: float) -> None:
    np.testing.assert_equal(signals.compute_quotient(np.array([above]), np.array([below])), [expected])


@pytest.mark.parametrize(("i0", "it"), [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (-1.0, -1.0), (NAN, 1.0), (1.0, INF)])
def test_a_logarithm_needs_both_parts_above_zero(i0: float, it: float) -> None:
    assert np.isnan(signals.compute_transmission(np.array([i0]), np.array([it]))).all()


def test_signals_have_the_usual_signs() -> None:
    """mu(E) grows where the sample absorbs."""
    i0, it, ir = np.array([np.e]), np.array([1.0]), np.array([np.exp(-2.0)])
    np.testing.assert_allclose(signals.compute_transmission(i0, it), [1.0])
    np.testing.assert_allclose(signals.compute_reference(it, ir), [2.0])


def test_fluorescence_is_the_sum_of_the_channels_over_i0() -> None:
    channels = [np.array([1.0, 2.0]), np.array([3.0, 4.0])]
    assert signals.compute_fluorescence(channels, np.array([2.0, 0.0]))[0] == 2.0
    assert channels[0].tolist() == [1.0, 2.0]


@given(st.lists(st.tuples(st.floats(), st.floats()), min_size=1, max_size=20))
def test_no_input_raises_or_creates_an_infinity(pairs: list[tuple[float, float]]) -> None:
    above, below = (np.array(column) for column in zip(*pairs, strict=True))
    with np.errstate(over="ignore"):
        for formula in (
            signals.compute_transmission,
            signals.compute_reference,
            signals.compute_electron_yield,
            signals.compute_current,
        ):
            result = formula(above, below)
            assert result.shape == above.shape
            small = (np.abs(above) < 1e100) & (np.abs(below) > 1e-100)
            assert not np.isinf(result[small]).any()
