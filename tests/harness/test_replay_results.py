"""The comparison of two replays notices what differs, and only that."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from helpers.replay_results import Normalizer, list_differences
from xafs_workers.figures.model import Figure, Panel, Trace
from xafs_workers.render.matplotlib.pictures import render_picture

BEGAN = 1_790_000_000.0  # 2026-09-21T14:13:20
LINE = '{{"key": "{cluster}/{name}.test/3/{offset}/{ms}/echo", "time": {time}, "text": "wrote {root}/a.001"}}\n'


def write_log(folder: Path, began: float, offset: int, *texts: str) -> Path:
    """Write a message log as a replay that began at a time does."""
    folder.mkdir()
    path = folder / ".rawlog"
    lines = [
        LINE.format(
            cluster=folder.name, name="site", offset=offset, ms=int(1000 * began) + 1500, time=began + 1.5, root=folder
        ),
        *texts,
    ]
    path.write_text("".join(lines))
    return path


def test_logs_of_two_replays_are_equal(tmp_path: Path) -> None:
    texts = ["# Scan.start_time: 2026-09-21T14:13:25\n", "Created on: Mon Sep 21 14:13:30 2026\n"]
    later = ["Created on: Mon Sep 21 14:14:30 2026\n", "# Scan.start_time: 2026-09-21T14:14:25\n"]
    one = Normalizer(tmp_path / "one", "site", BEGAN)
    two = Normalizer(tmp_path / "two", "site", BEGAN + 60.0)
    first = one.normalize_file(write_log(tmp_path / "one", BEGAN, 16, *texts))
    second = two.normalize_file(write_log(tmp_path / "two", BEGAN + 60.0, 31, *later))
    assert "<5.000 s>" in first
    assert "<10.000 s>" in first
    assert list_differences({"log": first}, {"log": second}) == []


def test_replays_on_two_days_are_equal(tmp_path: Path) -> None:
    """The heading of a day in the message log, and dates without a time."""
    normalize = Normalizer(tmp_path, "site", BEGAN)
    first, second = "<h2>Sunday, 29 November 2026</h2> 2026-11-29", "<h2>Monday, 30 November 2026</h2> 2026-11-30"
    assert normalize(first) == normalize(second)


def draw_picture(folder: Path, began: float, top: float = 1.0, uid: str = "1a2b3c4d") -> Path:
    """Draw the picture of a run that started five seconds after the beginning of a replay."""
    moment = datetime.fromtimestamp(began + 5.0, UTC)
    trace = Trace("a", np.array([0.0, 1.0]), np.array([0.0, top]))
    caption = f"Fe2O3  ·  {moment:%Y-%m-%d %H:%M:%S}  ·  {uid}"
    path = folder / f"{began:.0f}-{top}-{uid}.png"
    path.write_bytes(render_picture(Figure("f", "k", "t", (Panel("p", traces=(trace,)),), caption=caption)))
    return path


def test_pictures_differ_in_all_but_the_time_of_the_replay(tmp_path: Path) -> None:
    one, two = Normalizer(tmp_path, "site", BEGAN), Normalizer(tmp_path, "site", BEGAN + 60.0)
    first = one.normalize_file(draw_picture(tmp_path, BEGAN))
    assert "<5.000 s>" in first
    assert two.normalize_file(draw_picture(tmp_path, BEGAN + 60.0)) == first
    assert two.normalize_file(draw_picture(tmp_path, BEGAN + 61.0)) != first
    assert two.normalize_file(draw_picture(tmp_path, BEGAN + 60.0, top=2.0)) != first
    assert two.normalize_file(draw_picture(tmp_path, BEGAN + 60.0, uid="other")) != first


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("# Scan.start_time: 2026-09-21T14:13:25", "# Scan.start_time: 2026-09-21T14:13:26"),
        ("1.790000000123", "1.790000000124"),
        ("wrote a", "wrote a\nwrote a"),
        ("<time>14:13:25</time>", "<time>14:13:26</time>"),
    ],
)
def test_a_difference_is_listed(text: str, other: str, tmp_path: Path) -> None:
    """Neither another time, nor another number, nor a line that is there twice passes as equal."""
    normalize = Normalizer(tmp_path, "site", BEGAN)
    expected, found = {"log": normalize(text)}, {"log": normalize(other)}
    assert list_differences(expected, found)[0] == "log:"
    assert list_differences(expected, expected) == []


def test_a_missing_subject_is_listed() -> None:
    assert list_differences({"file a": "x"}, {}) == ["file a: not there"]
    assert list_differences({}, {"file a": "x"}) == ["file a: not expected"]


def test_long_lines_are_shown_where_they_differ() -> None:
    lines = list_differences({"file a": "x" * 1000 + "1"}, {"file a": "x" * 1000 + "2"})
    assert lines[1].endswith("1")
    assert lines[2].endswith("2")
    assert max(map(len, lines)) < 300
