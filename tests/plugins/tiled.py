"""Fixtures: a real Tiled server, its reader and writer, and a run in it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from helpers import patience
from helpers.streams import Entry, fold, stamp_entries
from xafs_workers.catalog.retry import RetryPolicy
from xafs_workers.catalog.tiled_runs import TiledRuns
from xafs_workers.scans.board import Board
from xafs_workers.settings import Catalog
from xafs_workers.simulation.beamline import Beamline, SimulationSetup
from xafs_workers.simulation.plans import XafsParameters, measure_xafs
from xafs_workers.simulation.tiled_server import TiledServer, create_tiled_writer

SHORT: dict[str, Any] = {"bounds": "-60 -10 20 6k", "steps": "10 4 0.4k", "times": "0.5 0.5 0.25k"}
QUICK = RetryPolicy(appears_within=0.3, complete_within=0.3, outage=0.5, pauses=(0.02, 0.1))

Connect = Callable[..., TiledRuns]


@pytest.fixture(scope="session")
def tiled_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TiledServer]:
    """Start one server for all tests of the process; a test that stops it starts it again."""
    with start_tiled_server(tmp_path_factory) as server:
        yield server


@pytest.fixture(scope="module")
def own_tiled_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TiledServer]:
    """Start a server for the tests of one module: its runs are those of no other test."""
    with start_tiled_server(tmp_path_factory) as server:
        yield server


@contextmanager
def start_tiled_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TiledServer]:
    """Start a server in a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("xafs_workers.simulation.tiled_server.START_TIMEOUT", patience.SECONDS)
        with TiledServer(tmp_path_factory.mktemp("tiled"), tmp_path_factory.getbasetemp()) as server:
            yield server


@pytest.fixture
def connect(tiled_server: TiledServer) -> Iterator[Connect]:
    """Connect to the server; closed at the end."""
    opened: list[TiledRuns] = []

    def _connect(patience: RetryPolicy = QUICK, **settings: Any) -> TiledRuns:
        given = {"uri": tiled_server.uri, "api_key_file": tiled_server.api_key_file, "timeout": 10.0, **settings}
        opened.append(TiledRuns(Catalog(**given), patience))
        return opened[-1]

    yield _connect
    for runs in opened:
        runs.close()


@pytest.fixture
def writer(tiled_server: TiledServer) -> Iterator[Any]:
    """Create the writer of documents into the server."""
    made = create_tiled_writer(tiled_server.uri, tiled_server.api_key)
    yield made
    made.client.context.close()


@pytest.fixture(scope="session")
def followed(tiled_server: TiledServer) -> tuple[str, Board]:
    """Write a simulated fluorescence scan by the RunEngine's subscription; return its uid and the board."""
    entries: list[Entry] = []
    surroundings = SimulationSetup(
        lambda message: entries.append(("bmm", dict(message))),
        lambda name, doc: entries.append((name, doc)),
        "/proposals",
    )
    beamline = Beamline(surroundings, context_managers=[])
    subscribed = create_tiled_writer(tiled_server.uri, tiled_server.api_key)
    beamline.engine.subscribe(subscribed)
    beamline.mount("Fe2O3", "4-element SDD")
    (uid,) = beamline.run(measure_xafs(beamline, XafsParameters("fe", mode="fluorescence", repetitions=1, **SHORT)))
    subscribed.client.context.close()
    return uid, fold(stamp_entries(entries))


@pytest.fixture
def wrong_key_file(tmp_path: Path) -> Path:
    """Write a key file whose key opens nothing."""
    path = tmp_path / "wrong_key"
    path.write_text("0badc0de0badc0de\n")
    return path


@pytest.fixture
def unused_port() -> int:
    """Return a port on which no program listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
