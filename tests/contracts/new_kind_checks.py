"""Uses a kind from a temporary folder as the workers do, and prints what was found as JSON.

Run by `test_new_kind.py` in a process of its own: the registries of the test process stay as they are.
"""

# ruff: noqa: E402 - the paths of the packages are extended before their modules are imported
from __future__ import annotations

import importlib
import importlib.util
import io
import json
import sys
from pathlib import Path
from threading import Event
from typing import Any

place, here = Path(sys.argv[1]), Path(__file__).parent
sys.path.insert(0, str(here.parent))
for name in ("messages", "scans", "figures"):
    importlib.import_module(f"xafs_workers.{name}").__path__.append(str(place / "src" / "xafs_workers" / name))

import pytest
import yaml
from PIL import Image
from typer.testing import CliRunner

from helpers.answering_worker import AnsweringWorker
from helpers.dossiers import ParsedPage
from helpers.figures import build_shown_figures, fold_board, get_run_uid, make_run
from helpers.fits import build_answers
from plugins.brokers import Broker
from xafs_workers.catalog.followed_runs import FollowedRuns
from xafs_workers.cli.main import app
from xafs_workers.configuration import load
from xafs_workers.filemanager.actions.context import ActionContext, action_handlers
from xafs_workers.frontends.click_position import build_click
from xafs_workers.frontends.status import Feed, build_status
from xafs_workers.messages.parsing import parse
from xafs_workers.plots.picture_handler import build_picture_engine
from xafs_workers.plots.picture_publisher import PicturePublisher
from xafs_workers.plots.posted_pictures import PicturePoster
from xafs_workers.render.matplotlib.pictures import render_picture
from xafs_workers.runtime.effect_ledger import EffectLedger
from xafs_workers.runtime.engine_callbacks import EngineCallbacks
from xafs_workers.runtime.outcome import Outcome, TryLater
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.services.slack_posts import Post
from xafs_workers.settings import Settings
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.ledger import Ledger
from xafs_workers.wire import Answer

START = {"flyscan": "start", "motor": "xafs_x", "detector": "It", "speed": 0.5}
STOP = {"flyscan": "stop", "filename": "fly.png"}
COLUMNS = {"xafs_x": [1.0, 1.5, 2.0], "It": [1.0, 3.0, 2.0], "I0": [4.0, 4.0, 4.0]}
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


def check_figure() -> dict[str, Any]:
    """Build the figure twice from the same points, and without a column that it needs."""
    board = fold_board(START, build_run())
    (first,), (second,) = build_shown_figures(board), build_shown_figures(board)
    (bare,) = build_shown_figures(fold_board(START, make_run({"xafs_x": [1.0, 2.0]}, motors=["xafs_x"])))
    pairs = zip(first.panels, second.panels, strict=True)
    return {
        "missing column": bare.panels[0].texts[0].text,
        "drawn once": [one.traces[0].x is two.traces[0].x and one.traces[0].y is two.traces[0].y for one, two in pairs],
    }


def check_tests() -> dict[str, Any]:
    """Run the page's tests, and those of all kinds, with the new kind."""
    kinds = [here.parent / "messages" / name for name in ("test_kinds.py", "test_parsing.py", "test_schema.py")]
    configuration = str(here.parents[1] / "pyproject.toml")
    options = ["-q", "--assert=plain", "-p", "no:cacheprovider", "--hypothesis-profile", "fast"]
    return {"tests": int(pytest.main([*options, "-c", configuration, str(place / "tests"), *map(str, kinds)]))}


class Workers:
    """The message engine of the headless worker and an action of the file manager, in one proposal folder."""

    def __init__(self, board: Board, ledger: Ledger):
        root = place / "proposals"
        self.board, self.folder = board, root / "2026-1/pass-1"
        self.folder.mkdir(parents=True)
        self.settings = Settings(storage={"proposals_root": root, "root_aliases": {}})
        self.roots = Roots.from_settings(self.settings.storage)
        self.ledger = EffectLedger(ledger, "cluster")
        self.posts, self.answers, self.given_up = list[Post](), list[Answer](), list[str]()

    def draw(self, control: ReceivedMessage) -> None:
        """Draw, publish and post the picture that a message asks for, as the headless worker does."""
        publisher = PicturePublisher(self.settings, self.ledger)
        engine = build_picture_engine(
            PicturePoster(publisher.draw, self.posts.append, self.ledger, self.roots),
            EngineCallbacks(
                self.ledger.find_outcome,
                self.ledger.record_outcome,
                self.answers.append,
                lambda _, reason: self.given_up.append(reason),
            ),
            build_answers(),
            reduction_enabled=True,
        )
        engine.on_message(control, self.board)
        engine.poll(self.board)
        assert engine.drain(60.0)
        engine.close()

    def write_dossier(self, control: ReceivedMessage) -> str:
        """Write the page of a dossier, as the file manager does; return why it waits, '' where it is written."""
        catalog = FollowedRuns(lambda: self.board)
        context = ActionContext(
            self.settings, self.board.config, self.roots, self.roots, catalog, self.ledger, lambda: self.board, Event()
        )
        try:
            outcome = action_handlers[control.message.get_key()](control, self.board, context)
        except TryLater as waiting:
            return str(waiting)
        assert isinstance(outcome, Outcome)
        assert outcome.state == "done", outcome.reason
        return ""


def check_files() -> dict[str, Any]:
    run = build_run()
    dossier = ({"dossier": "set", "uidlist": [get_run_uid(run)]}, {"dossier": "write"})
    board = fold_board({"dossier": "start", "stub": "fly"}, START, run, STOP, *dossier, settled=False)
    stop, write = board.messages[-3], board.messages[-1]
    with Ledger.open(place / "state" / "ledger.sqlite") as ledger:
        workers = Workers(board, ledger)
        waiting = workers.write_dossier(write)
        workers.draw(stop)
        workers.draw(stop)
        rest = workers.write_dossier(write)
    pictures = sorted(workers.folder.rglob("*.png"))
    with Image.open(pictures[0]) as picture:
        picture.load()
        opened = [picture.format, min(picture.size) > 100]
    page = ParsedPage((workers.folder / "dossier/fly-01.html").read_bytes())
    log = ParsedPage((workers.folder / "dossier/messagelog.html").read_bytes())
    return {
        "pictures": [path.relative_to(workers.folder).as_posix() for path in pictures],
        "opened": opened,
        "answers": [[answer.state, len(answer.paths)] for answer in workers.answers],
        "given up": workers.given_up,
        "posts": sorted({post.text for post in workers.posts}),
        "dossier waits": [waiting, rest],
        "dossier shows": ["../snapshots/fly.png" in page.addresses, "Fly scan" in page.text],
        "dossier's line in the log": ["../snapshots/fly.png" in log.addresses, "Fly scan" in log.text],
    }


def check_command_line() -> dict[str, Any]:
    good, bad, runner = place / "good.jsonl", place / "bad.jsonl", CliRunner()
    good.write_text(json.dumps(START) + "\n")
    bad.write_text(json.dumps({**START, "speed": 0.0}) + "\n")
    return {
        "manual": "## flyscan" in runner.invoke(app, ["messages", "--markdown"]).output,
        "lint": [runner.invoke(app, ["lint", str(file)]).exit_code for file in (good, bad)],
        "parsed": type(parse(START)).__name__,
    }


def check_send() -> dict[str, Any]:
    """Send messages with the command, over a broker, to something that answers."""
    with EmbeddedBroker() as embedded:
        broker = Broker("embedded", embedded.bootstrap_servers, lambda topic, _: embedded.create_topic(topic))
        topics = {f"{topic}_topic": broker.create_unique_topic() for topic in ("control", "answers", "dead_letters")}
        config = place / "config.yaml"
        config.write_text(yaml.safe_dump({"kafka": {"bootstrap_servers": broker.bootstrap_servers, **topics}}))
        worker = AnsweringWorker(
            broker, load(config), lambda body: [Answer(body["message_id"], "headless", "flyscan", "start", "done")]
        )
        try:
            sent = [
                CliRunner().invoke(app, ["send", json.dumps(body), "--config", str(config), "--timeout", "30"])
                for body in (START, {"flyscan": "start"}, {"flyscam": "start"})
            ]
        finally:
            worker.close()
    received = [{key: value for key, value in body.items() if key in START} for body in worker.asked]
    return {"send": [result.exit_code for result in sent], "sent": received, "answered": sent[0].output.strip()}


def check_gallery() -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location("gallery", here.parents[1] / "tools" / "gallery.py")
    assert spec is not None
    assert spec.loader is not None
    gallery = importlib.util.module_from_spec(spec)
    sys.modules["gallery"] = gallery
    spec.loader.exec_module(gallery)
    figure = dict(gallery.example_figures())["example-flyscan"]
    with Image.open(io.BytesIO(render_picture(figure, dots_per_inch=50))) as picture:
        return {"gallery": [figure.kind, [len(panel.traces[0].x) for panel in figure.panels], picture.format]}


found = {
    **check_front_ends(),
    **check_figure(),
    **check_files(),
    **check_command_line(),
    **check_send(),
    **check_gallery(),
    **check_tests(),
}
sys.stdout.write(json.dumps(found) + "\n")
