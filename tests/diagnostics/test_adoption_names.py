"""Names of data keys: ion chambers by whole words, channels by the number that counts them."""

from __future__ import annotations

import pytest

from xafs_workers.diagnostics.adoption.detectors import fill_gaps
from xafs_workers.diagnostics.adoption.names import list_numberings, match_role


@pytest.mark.parametrize(
    ("key", "role", "ending"),
    [
        ("I0-count_rate", "i0", "-count_rate"),
        ("sclr_i0", "i0", ""),
        ("Io", "i0", ""),
        ("monitor_current", "i0", "_current"),
        ("It-net_current", "it", "-net_current"),
        ("i1", "it", ""),
        ("Iref-count", "ir", "-count"),
        ("fbratio", "iy", ""),
        ("TEY", "iy", ""),
    ],
)
def test_whole_words_name_a_role(key: str, role: str, ending: str) -> None:
    match = match_role(key, role)
    assert match is not None
    assert match.ending == ending


@pytest.mark.parametrize(
    ("key", "role"), [("I0a", "i0"), ("limit", "it"), ("monochromator", "i0"), ("ion_1", "i0"), ("position", "i0")]
)
def test_parts_of_words_name_no_role(key: str, role: str) -> None:
    assert match_role(key, role) is None


@pytest.mark.parametrize(
    ("key", "element", "patterns"),
    [
        ("xs_channel01_mcaroi02_total_rbv", "", ["xs_channel{channel:02d}_mcaroi02_total_rbv"]),
        ("vortex-element3-roi0-count", "Ni", ["vortex-element{channel}-roi0-count"]),
        ("Fe1", "Fe", ["{element}{channel}"]),
        ("fluo_Fe_4", "Fe", ["fluo_{element}_{channel}"]),
        ("xs2_ch10", "", ["xs{channel}_ch10", "xs2_ch{channel}"]),
        ("stats1_total", "", []),
        ("I0", "", ["I{channel}"]),
    ],
)
def test_numbers_that_may_count_channels(key: str, element: str, patterns: list[str]) -> None:
    found = list_numberings(key, element)
    assert [numbered.pattern for numbered in found] == patterns
    for numbered in found:
        assert numbered.pattern.format(channel=numbered.number, element=element) == key


def test_braces_in_a_name_are_kept() -> None:
    (numbered,) = list_numberings("a{b}_ch2")
    assert numbered.pattern.format(channel=2) == "a{b}_ch2"


def test_few_gaps_between_channels_are_filled() -> None:
    assert fill_gaps([3, 0, 1]) == ((0, 1, 2, 3), (2,))
    assert fill_gaps([1, 8]) == ((1, 8), ())
