"""Which pictures the headless worker posts, and to whom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.examples import AREASCAN, CURVE
from helpers.figures import a_run, board_of, uid_of
from xafs_workers.plots.picture_publisher import Shelf
from xafs_workers.plots.posted_pictures import POSTED, PostedPictures
from xafs_workers.runtime.effect_ledger import Records
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.services.slack_posts import Post
from xafs_workers.settings import Pictures, Settings, Storage
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.ledger import Ledger

HOME = {"data_session": "pass-1", "cycle": "2026-1"}
GRID = {**AREASCAN, "slow_steps": 2, "fast_steps": 2, "detector": "It"}
COLUMNS = {"I0": [1.0] * 4, "It": [1.0, 2.0, 3.0, 4.0]}
LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}


class Wall:
    """Draws and keeps the posts."""

    def __init__(self, root: Path, ledger: Ledger):
        settings = Settings(storage=Storage(proposals_root=root, root_aliases={}), pictures=Pictures(also=("pdf",)))
        records, roots = Records(ledger, "cluster"), Roots.from_settings(settings.storage)
        self.root, self.posts = root, list[Post]()
        self.draw = PostedPictures(Shelf(settings, records).draw, self.posts.append, records, roots)

    def drawn(self, *entries: Any) -> Outcome:
        board = board_of(*entries)
        control = max(board.messages, key=lambda control: control.origin)
        scan = board.told_by(control)
        assert scan is not None
        return self.draw(control, scan, board)


@pytest.fixture
def wall(tmp_path: Path) -> Iterator[Wall]:
    (tmp_path / "proposals/2026-1/pass-1").mkdir(parents=True)
    with Ledger.open(tmp_path / "state" / "ledger.sqlite") as ledger:
        yield Wall(tmp_path / "proposals", ledger)


def test_a_map_is_posted_once_it_is_published_to_the_proposal_it_lies_in(wall: Wall) -> None:
    run = a_run(COLUMNS, "areascan It xafs_y xafs_x True False 7200", ["xafs_y", "xafs_x"], start=HOME)
    entries = [GRID, run, {"areascan": "stop", "filename": "mymap", "uid": uid_of(run)}]
    outcome = wall.drawn(*entries)
    (post,) = wall.posts
    assert (post.session, post.text, post.picture) == ("pass-1", "mymap.png", outcome.paths[0])
    assert Path(post.picture).read_bytes().startswith(b"\x89PNG")
    assert len(outcome.paths) == 2, "the PDF is written too, and not posted"
    wall.drawn(*entries)
    assert wall.posts[1].key == post.key, "a redelivered message is known by its key"


def test_the_alignment_of_a_spinner_is_posted_from_where_it_lies(wall: Wall) -> None:
    linear = {"glancing_angle": "linear", "motor": "xafs_y", **CURVE, "center": 1.2, "amplitude": 0.4, "spinner": 3}
    name = str(wall.root / "2026-1/pass-1/snapshots/spinner3.png")
    wall.drawn({"glancing_angle": "start", "filename": name}, linear, {"glancing_angle": "stop"})
    assert [post.picture for post in wall.posts] == [name]


def test_a_picture_of_a_line_scan_is_not_posted(wall: Wall) -> None:
    run = a_run({"xafs_x": [1.0, 2.0], "I0": [1.0, 1.0], "It": [1.0, 3.0]}, None, ["xafs_x"], start=HOME)
    assert wall.drawn(LINE, run, {"linescan": "stop", "fname": "line.png"}).state == "done"
    assert wall.posts == []


def test_a_spectrum_is_posted_if_asked() -> None:
    from xafs_workers.messages.parsing import parse

    for post in (True, False):
        message = parse({"xrf": "plot", "uid": "a", "filename": "a.png", "post": post})
        assert POSTED["xrf"](message) is post
