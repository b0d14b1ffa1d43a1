"""From `add` to the figure drawn, repetitions 1 to 20, against a merge from scratch with a full redraw."""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace

import numpy as np

from xafs_workers.figures.views import figure_of
from xafs_workers.messages.parsing import parse
from xafs_workers.reduction.process import Reducer
from xafs_workers.render.matplotlib.pictures import picture
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control, Document, Item, Origin
from xafs_workers.scans.requests import requests

POINTS = 500
EPOCH = 1_790_000_000.0
START = {"xafs_sequence": "start", "element": "Fe", "edge": "K", "repetitions": 20, "mode": "transmission"}


class Stream:
    """Stamps messages and documents."""

    def __init__(self) -> None:
        self._n = 0

    def item(self, name: str, body: dict) -> Item:
        self._n += 1
        time, origin = EPOCH + self._n * 1e-3, Origin("topic", 0, self._n)
        return Control(parse(body), time, origin) if name == "bmm" else Document(name, body, time, origin)


def repetition(count: int, rng: np.random.Generator) -> list[tuple[str, dict]]:
    """Return the documents of one run of `POINTS` points over the Fe K edge."""
    energy = np.concatenate([np.arange(6912.0, 7092.0, 10.0), np.linspace(7092.0, 7912.0, POINTS - 18)])
    k = np.sqrt(np.clip(energy - 7112.0, 0.0, None) * 0.262468)
    mu = (0.5 + np.arctan((energy - 7112.0) / 1.5) / np.pi) * (1 + 0.3 * np.sin(4 * k) / np.maximum(k, 1.0))
    mu = mu + rng.normal(0.0, 1e-3, POINTS)
    keys = {name: {"dtype": "number", "shape": [], "source": ""} for name in ("dcm_energy", "I0", "It")}
    run, stream = f"run-{count}", f"stream-{count}"
    start = {"uid": run, "time": EPOCH, "motors": ["dcm_energy"], "BMM_kafka": {"hint": "xafs trans", "count": count}}
    found = [("start", start), ("descriptor", {"uid": stream, "run_start": run, "name": "primary", "data_keys": keys})]
    for n in range(POINTS):
        data = {"dcm_energy": float(energy[n]), "I0": 1.0, "It": float(np.exp(-mu[n]))}
        found.append(("event", {"descriptor": stream, "seq_num": n + 1, "time": EPOCH, "data": data}))
    return [*found, ("stop", {"run_start": run, "time": EPOCH, "exit_status": "success"})]


def wait_for(reducer: Reducer, board: Board) -> Board:
    """Return the board with all its requests answered."""
    for request in requests(board):
        reducer.ask(request)
    while requests(board):
        for item in reducer.take():
            board = board.apply(item)
    return board


def main() -> None:
    """Print milliseconds for each repetition, and what ten cost when everything is done again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=20)
    repetitions = parser.parse_args().repetitions
    reducer, stream, rng = Reducer(), Stream(), np.random.default_rng(1)
    reducer.start()
    board = Board().apply(stream.item("bmm", START))
    board = wait_for(reducer, board)
    taken: list[float] = []
    for count in range(1, repetitions + 1):
        for name, body in repetition(count, rng):
            board = board.apply(stream.item(name, body))
        began = time.perf_counter()
        board = board.apply(stream.item("bmm", {"xafs_sequence": "add", "uid": f"run-{count}"}))
        board = wait_for(reducer, board)
        reduced = time.perf_counter()
        picture(figure_of(board, board.scans[0]))
        drawn = time.perf_counter()
        taken.append(1e3 * (drawn - began))
        print(f"repetition {count:2d}: {1e3 * (reduced - began):6.1f} ms reduced, {taken[-1]:6.1f} ms drawn")
    fresh = Reducer()
    fresh.start()
    again = wait_for(fresh, replace(board, results=Board().results))
    began = time.perf_counter()
    again = wait_for(fresh, replace(again, results=Board().results))
    picture(figure_of(again, again.scans[0]))
    print(f"everything again, all {repetitions} merges: {1e3 * (time.perf_counter() - began):.1f} ms")
    print(f"median {statistics.median(taken[1:]):.1f} ms, last/second {taken[-1] / taken[1]:.2f}")
    reducer.close()
    fresh.close()


if __name__ == "__main__":
    main()
