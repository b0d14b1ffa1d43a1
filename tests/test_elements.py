"""Emission lines of the elements."""

from __future__ import annotations

import pytest

from xafs_workers.elements import find_emission_line


def test_k_alpha_is_the_weighted_mean_of_its_lines() -> None:
    xraydb = pytest.importorskip("xraydb")
    lines = xraydb.xray_lines("Cu")
    found = find_emission_line("Cu", "K")
    assert found is not None
    assert found.energy == (2 * lines["Ka1"].energy + lines["Ka2"].energy) / 3


@pytest.mark.parametrize(("symbol", "edge"), [("Xx", "K"), ("Fe", "M5"), ("H", "L3"), ("", "")])
def test_an_element_without_a_line_shows_none(symbol: str, edge: str) -> None:
    assert find_emission_line(symbol, edge) is None
