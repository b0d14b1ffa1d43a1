"""Pictures and projects of runs without messages, where `scans.write` asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.any_beamline import TWO_MOVERS, find_stream
from helpers.figures import get_run_uid
from helpers.processes import Station
from helpers.stock_runs import make_stock_run
from helpers.streams import Entry, fold, read_entries, stamp_entries
from xafs_workers.plots.run_pictures import SequenceEnds
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.implied_pictures import find_implied_scans
from xafs_workers.scans.items import ClockTick
from xafs_workers.settings import Scans
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.writers.xdi_reader import read

CONFIG = BoardConfig(implied_forms=Scans(from_documents=True).implied_forms, sequence_gap=900.0)
PLACE = {"cycle": "2026-3", "data_session": "pass-123456"}


def make_repetition(sample: str, *, finished: bool = True) -> list[Entry]:
    columns = {"dcm_energy": [7100.0 + 10 * n for n in range(20)], "I0": [2.0] * 20, "It": [1.0] * 20}
    named = {"element": "Fe", "edge": "K", "sample_name": sample, "num_points": 20}
    return make_stock_run(columns, dimensions=[["dcm_energy"]], motors=["dcm"], finished=finished, **named)


def fold_entries(*runs: list[Entry]) -> Board:
    return fold(stamp_entries([entry for run in runs for entry in run]), Board(CONFIG))


def test_a_sequence_is_over_when_another_begins() -> None:
    first, second, other = make_repetition("a"), make_repetition("a"), make_repetition("b", finished=False)
    ends, uid = SequenceEnds(), get_run_uid(first)
    running = fold_entries(first, second)
    assert not ends.are_over(find_implied_scans(uid, running), running)
    followed = fold_entries(first, second, other)
    scans = find_implied_scans(uid, followed)
    assert [scan.kind for scan in scans] == ["xafsscan", "xafs_sequence"]
    assert ends.are_over(scans, followed)
    assert not ends.are_over(find_implied_scans(get_run_uid(other), followed), followed), "it runs"


def test_a_sequence_is_over_after_its_gap() -> None:
    """The gap passes while topics are read to their ends: documents of a repetition may come late."""
    first, second = make_repetition("a"), make_repetition("a")
    ends, uid = SequenceEnds(), get_run_uid(first)

    def is_over(board: Board, attended: float) -> bool:
        board = board.apply(ClockTick(4e9, attended))
        return ends.are_over(find_implied_scans(uid, board), board)

    alone, both = fold_entries(first), fold_entries(first, second)
    assert [is_over(alone, attended) for attended in (100.0, 999.0)] == [False, False]
    assert [is_over(both, attended) for attended in (1001.0, 1900.0, 1902.0)] == [False, False, True]


def test_a_line_scan_is_over_at_its_stop() -> None:
    columns = {"xafs_x": [0.0, 1.0, 2.0], "I0": [1.0] * 3}
    for finished in (False, True):
        run = make_stock_run(columns, dimensions=[["xafs_x"]], motors=["xafs_x"], finished=finished)
        board = fold_entries(run)
        assert SequenceEnds().are_over(find_implied_scans(get_run_uid(run), board), board) is finished


@pytest.fixture
def station(tmp_path: Path, embedded_broker: EmbeddedBroker) -> Iterator[Station]:
    made = Station(
        tmp_path,
        embedded_broker.bootstrap_servers,
        lambda name, count: embedded_broker.create_topic(name),
        "run-pictures",
        profile="plain",
        columns=TWO_MOVERS,
        scans={"write": ["pictures", "project"]},
    )
    yield made
    made.close()


def read_runs(stream: str) -> list[list[Entry]]:
    """Return the entries of each run of a stream, in the proposal of the station."""
    runs: list[list[Entry]] = []
    for name, body in read_entries(find_stream(stream)):
        if name == "start":
            runs.append([])
            body.update(PLACE)
        runs[-1].append((name, body))
    return runs


def list_answers(station: Station, run: list[Entry]) -> list[dict[str, Any]]:
    wanted = f"run:{get_run_uid(run)}"
    return [one for one in station.received["answer"] if one["message_id"] == wanted and one["state"] != "accepted"]


@pytest.mark.slow
def test_runs_get_pictures_and_a_project_across_a_kill(station: Station) -> None:
    (line,), (*repetitions, other) = read_runs("stock_scan"), read_runs("three_repetitions")
    station.start()
    for run in (line, *repetitions[:2]):
        station.put(run)
    station.wait(lambda: list_answers(station, line) != [], "the picture of the line scan")
    station.kill()
    for run in (*repetitions[2:], other):
        station.put(run)
    station.start()
    station.wait(lambda: list_answers(station, repetitions[0]) != [], "the files of the sequence")
    (done,), (drawn,) = list_answers(station, repetitions[0]), list_answers(station, line)
    session = station.folder / "proposals/2026-3/pass-123456"
    names = [str(Path(path).relative_to(session)) for path in (*drawn["paths"], *done["paths"])]
    assert (drawn["state"], done["state"], done["reason"]) == ("done", "done", "")
    assert names == [
        "snapshots/grid_01.png",
        "snapshots/Ni_foil_Ni-K_liveplot_01.png",
        "snapshots/Ni_foil_Ni-K_01.png",
        "Ni_foil_Ni-K.merge_01.xdi",
        "prj/Ni_foil_Ni-K_01.prj",
    ]
    assert read((session / names[3]).read_bytes()).fields["XafsWorkers.repetitions"] == "1, 2, 3"
    assert list_answers(station, repetitions[1]) == list_answers(station, other) == []
    assert station.received["dead-letter"] == []
