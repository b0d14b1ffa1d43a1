"""Uses a kind from a temporary folder as the workers do, and prints what was found as JSON.

Run by `test_new_kind.py` in a process of its own: the registries of the test process stay as they are.
"""

# ruff: noqa: E402 - the paths of the packages are extended before their modules are imported
from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

place, here = Path(sys.argv[1]), Path(__file__).parent
sys.path.insert(0, str(here.parent))
for name in ("messages", "scans", "figures"):
    importlib.import_module(f"xafs_workers.{name}").__path__.append(str(place / name))

from typer.testing import CliRunner

from helpers.figures import fold_board, make_run
from xafs_workers.cli.main import app
from xafs_workers.figures.figure_builder import build_shown_figures
from xafs_workers.filemanager.dossier_sources import list_awaited_pictures
from xafs_workers.frontends.click_position import build_click
from xafs_workers.frontends.status import Feed, build_status
from xafs_workers.messages.parsing import parse
from xafs_workers.plots.picture_publisher import PicturePublisher
from xafs_workers.plots.posted_pictures import PicturePoster
from xafs_workers.runtime.effect_ledger import EffectLedger
from xafs_workers.scans.picture_requests import is_picture_due, requests_picture
from xafs_workers.services.slack_posts import Post
from xafs_workers.settings import Settings, Storage
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.ledger import Ledger

START, STOP = {"flyscan": "start", "motor": "xafs_x"}, {"flyscan": "stop", "filename": "fly.png"}
COLUMNS = {"xafs_x": [1.0, 1.5, 2.0], "It": [1.0, 3.0, 2.0]}
HOME = {"data_session": "pass-1", "cycle": "2026-1", "num_points": 5}


def build_run() -> list[Any]:
    return make_run(COLUMNS, "flyscan It xafs_x", ["xafs_x"], start=HOME)


def check_front_ends() -> dict[str, Any]:
    board = fold_board(START, build_run()[:-1], settled=False)
    (figure,) = build_shown_figures(board)
    click = build_click(board.scans[0], figure.panels[0], 1.5, 0.0) or {}
    closed = fold_board(START, build_run(), STOP, {"close": "line"})
    rested = fold_board(START, build_run(), {"resting_state": True})
    return {
        "live figure": [[figure.kind, figure.title, len(figure.panels[0].traces[0].x)]],
        "click": [click.get("motor"), click.get("position")],
        "status line": build_status(Feed(board), board.now).progress.partition(",")[0],
        "closed by line": not closed.scans[0].is_shown,
        "ended by resting_state": rested.scans[0].implicit_end,
    }


def check_files() -> dict[str, Any]:
    root, posts = place / "proposals", list[Post]()
    (root / "2026-1/pass-1").mkdir(parents=True)
    settings = Settings(storage=Storage(proposals_root=root, root_aliases={}))
    board = fold_board(START, build_run(), STOP)
    scan, control = board.scans[0], board.messages[-1]
    assert requests_picture(control, scan, board)
    assert is_picture_due(control, scan, board, reduction_enabled=True)
    with Ledger.open(place / "state" / "ledger.sqlite") as ledger:
        records = EffectLedger(ledger, "cluster")
        draw = PicturePublisher(settings, records).draw
        poster = PicturePoster(draw, posts.append, records, Roots.from_settings(settings.storage))
        outcome = poster(control, scan, board)
    filled = fold_board(
        {"dossier": "start", "stub": "fly"}, START, build_run(), STOP, {"dossier": "write"}, settled=False
    )
    dossier = next(scan for scan in filled.scans if scan.kind == "dossier")
    return {
        "picture": [path.removeprefix(f"{root}/2026-1/pass-1/") for path in outcome.paths],
        "posts": [post.text for post in posts],
        "dossier waits for": list(list_awaited_pictures(filled, dossier, 1)),
    }


def check_command_line() -> dict[str, Any]:
    good, bad, runner = place / "good.jsonl", place / "bad.jsonl", CliRunner()
    good.write_text(json.dumps(START) + "\n")
    bad.write_text(json.dumps({"flyscan": "start"}) + "\n")
    return {
        "manual": "## flyscan" in runner.invoke(app, ["messages", "--markdown"]).output,
        "lint": [runner.invoke(app, ["lint", str(file)]).exit_code for file in (good, bad)],
        "parsed": type(parse(START)).__name__,
    }


sys.stdout.write(json.dumps({**check_front_ends(), **check_files(), **check_command_line()}) + "\n")
