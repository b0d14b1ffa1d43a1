"""Which pictures the headless worker posts, and to whom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.alignment_curves import SPINNER_RESULT
from helpers.figures import find_last_message, fold_board, get_run_uid, make_run
from helpers.published_pictures import COLUMNS, GRID, HOME
from xafs_workers.plots.picture_publisher import PicturePublisher
from xafs_workers.plots.posted_pictures import PicturePoster
from xafs_workers.runtime.effect_ledger import EffectLedger
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.scans.picture_requests import picture_rules
from xafs_workers.services.slack_posts import Post
from xafs_workers.settings import Pictures, Settings
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.ledger import Ledger

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}


class PostCollector:
    """Draws and keeps the posts."""

    def __init__(self, root: Path, ledger: Ledger):
        settings = Settings(storage={"proposals_root": root, "root_aliases": {}}, pictures=Pictures(also=("pdf",)))
        records, roots = EffectLedger(ledger, "cluster"), Roots.from_settings(settings.storage)
        self.root, self.posts = root, list[Post]()
        self.draw = PicturePoster(PicturePublisher(settings, records).draw, self.posts.append, records, roots)

    def draw_and_post(self, *entries: Any) -> Outcome:
        board = fold_board(*entries)
        return self.draw(*find_last_message(board), board)


@pytest.fixture
def post_collector(tmp_path: Path) -> Iterator[PostCollector]:
    (tmp_path / "proposals/2026-1/pass-1").mkdir(parents=True)
    with Ledger.open(tmp_path / "state" / "ledger.sqlite") as ledger:
        yield PostCollector(tmp_path / "proposals", ledger)


@pytest.mark.slow
def test_a_published_map_is_posted_to_its_proposal(post_collector: PostCollector) -> None:
    run = make_run(COLUMNS, "areascan It xafs_y xafs_x True False 7200", ["xafs_y", "xafs_x"], start=HOME)
    entries = [GRID, run, {"areascan": "stop", "filename": "mymap", "uid": get_run_uid(run)}]
    outcome = post_collector.draw_and_post(*entries)
    (post,) = post_collector.posts
    assert (post.session, post.text, post.picture) == ("pass-1", "mymap.png", outcome.paths[0])
    assert Path(post.picture).read_bytes().startswith(b"\x89PNG")
    assert len(outcome.paths) == 2, "the PDF is written too, and not posted"
    post_collector.draw_and_post(*entries)
    assert post_collector.posts[1].key == post.key, "a redelivered message is known by its key"


def test_a_spinner_alignment_is_posted_to_its_proposal(post_collector: PostCollector) -> None:
    name = str(post_collector.root / "2026-1/pass-1/snapshots/spinner3.png")
    post_collector.draw_and_post(
        {"glancing_angle": "start", "filename": name}, SPINNER_RESULT, {"glancing_angle": "stop"}
    )
    assert [post.picture for post in post_collector.posts] == [name]


@pytest.mark.slow
def test_a_picture_of_a_line_scan_is_not_posted(post_collector: PostCollector) -> None:
    run = make_run({"xafs_x": [1.0, 2.0], "I0": [1.0, 1.0], "It": [1.0, 3.0]}, None, ["xafs_x"], start=HOME)
    assert post_collector.draw_and_post(LINE, run, {"linescan": "stop", "fname": "line.png"}).state == "done"
    assert post_collector.posts == []


def test_a_spectrum_is_posted_on_request() -> None:
    from xafs_workers.messages.parsing import parse

    for post in (True, False):
        message = parse({"xrf": "plot", "uid": "a", "filename": "a.png", "post": post})
        assert picture_rules["xrf"].is_posted(message) is post
