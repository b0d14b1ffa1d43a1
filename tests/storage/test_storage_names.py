"""Names of pictures, series, stubs; stamps of time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xafs_workers.storage.errors import Refused
from xafs_workers.storage.names import (
    add_number,
    compute_next_index,
    ensure_picture_suffix,
    format_utc_stamp,
    insert_before_suffix,
    parse_picture_form,
    replace_picture_form,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fe", "fe.png"),
        ("fe.png", "fe.png"),
        ("fe.PNG", "fe.PNG"),
        ("fe.Pdf", "fe.Pdf"),
        ("snapshots/fe.svg", "snapshots/fe.svg"),
        ("fe.001", "fe.001.png"),
        ("fe.png.bak", "fe.png.bak.png"),
        ("fepng", "fepng.png"),
        ("snapshots.png/fe", "snapshots.png/fe.png"),
    ],
)
def test_a_picture_gets_a_picture_suffix(name: str, expected: str) -> None:
    assert ensure_picture_suffix(name) == expected


@pytest.mark.parametrize("name", ["", "snapshots/"])
def test_a_picture_without_a_name_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="expected the name of a picture"):
        ensure_picture_suffix(name)


def test_the_format_of_a_picture_follows_its_suffix() -> None:
    assert [parse_picture_form(name) for name in ("a.PDF", "a.svg", "a.png", "a.001", "a")] == [
        "pdf",
        "svg",
        "png",
        "png",
        "png",
    ]
    assert replace_picture_form("snapshots/a.PNG", "pdf") == "snapshots/a.pdf"
    assert replace_picture_form("a.001", "svg") == "a.001.svg"


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        ("stub_liveplot.png", 7, "stub_liveplot_07.png"),
        ("snapshots/stub.PNG", 12, "snapshots/stub_12.PNG"),
        ("prj/stub.prj", 100, "prj/stub_100.prj"),
        ("fe.001", 3, "fe.001_03"),
        ("fe.001.png", 3, "fe.001_03.png"),
        ("fe", 0, "fe_00"),
    ],
)
def test_the_number_is_placed_before_the_suffix(name: str, number: int, expected: str) -> None:
    assert add_number(name, number) == expected


def test_a_progress_picture_gets_its_suffix() -> None:
    assert insert_before_suffix("snapshots/fe_07.png", "_after3") == "snapshots/fe_07_after3.png"
    assert insert_before_suffix("fe.001", "_after3") == "fe.001_after3"


def test_the_number_of_a_dossier_is_checked() -> None:
    assert add_number("dossier/fe.html", 7, separator="-") == "dossier/fe-07.html"
    with pytest.raises(ValueError, match=r"-1 \(expected 0 or more"):
        add_number("fe.png", -1)


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        ([], 1),
        (["fe.001", "fe.010"], 11),
        (["fe.999"], 1000),
        (["fe.999", "fe.1000"], 1001),
        (["fe.010", "fe.9"], 11),
        (["fe.003", "fe.007.bak", "fex.009", "xfe.009", "fe.ini", "fe.00a", "fe.0012", "fe.٠٠٩", "fe.20250101"], 4),
        (["fe.001\n"], 1),
    ],
)
def test_the_next_index_is_numeric_and_ignores_foreign_names(present: list[str], expected: int) -> None:
    assert compute_next_index(present, "fe") == expected


@given(st.lists(st.text()), st.text())
def test_the_next_index_accepts_any_names(present: list[str], stub: str) -> None:
    assert compute_next_index([*present, f"{stub}.005"], stub) >= 6


def test_a_stub_is_not_used_as_a_pattern() -> None:
    assert compute_next_index(["aXb.007", "a.b.003"], "a.b") == 4


def test_a_time_stamp_is_utc() -> None:
    assert format_utc_stamp(1763870400.9) == "2025-11-23T04-00-00Z"
