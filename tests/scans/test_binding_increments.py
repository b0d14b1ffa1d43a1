"""A board that binds only what an item can affect has the scans of one that builds and binds everything again."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.bound_runs import LINE, make_line_run
from helpers.example_counts import scale_examples
from helpers.streams import EPOCH, Entry, build_run_documents, fold, generate_session, stamp_entries
from xafs_workers.scans import binding
from xafs_workers.scans.board import Board, BoardItem
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import Document, ReceivedMessage
from xafs_workers.scans.scan_builder import build_scans

XAFS = {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "transmission", "filename": "f", "repetitions": 90}


def delay_items(items: list[BoardItem], rng: random.Random, share: float, most: int) -> list[BoardItem]:
    """Return the items with a share of them some places later; documents of a run keep their order."""
    delays = [rng.randint(1, most) if rng.random() < share else 0 for _ in items]
    places = [n + delay for n, delay in enumerate(delays)]
    latest = 0
    for n, item in enumerate(items):
        if isinstance(item, Document):
            latest = places[n] = max(places[n], latest)
    return [item for _, _, item in sorted(zip(places, range(len(items)), items, strict=True), key=lambda one: one[:2])]


def check_increments(items: list[BoardItem], board: Board) -> Board:
    """Fold items; after each that concerns scans, compare the board's scans with those computed afresh."""
    for item in items:
        board = board.apply(item)
        if isinstance(item, ReceivedMessage) or item.name == "start":  # type: ignore[union-attr]
            afresh = binding.bind(
                build_scans(board.messages, board.table.hidden_figures), board.table.outlines.values(), board.config
            )
            assert board.scans == afresh
    return board


@pytest.mark.parametrize("windows", [1, 3])
@settings(max_examples=scale_examples(300), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**32),
    limit=st.sampled_from([6, 50]),
    share=st.sampled_from([0.0, 0.05, 0.5]),
    step=st.sampled_from([0.001, 0.5, 20.0]),
)
def test_increments_give_the_scans_of_a_board_afresh(
    windows: int, seed: int, limit: int, share: float, step: float
) -> None:
    rng = random.Random(seed)
    entries = generate_session(rng, rng.randint(50, 300))
    entries = [entry for entry in entries if entry[0] in ("bmm", "start")]
    _name_runs(entries, rng)
    items = delay_items(stamp_entries(entries, step=step), rng, share, 20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(binding, "OPEN_WINDOWS", windows)
        check_increments(items, Board(BoardConfig(scan_limit=limit)))


def _name_runs(entries: list[Entry], rng: random.Random) -> None:
    """Let some ends of scans name a run, mostly one of the last."""
    uids = ["unknown"]
    for name, body in entries:
        if name == "start":
            uids.append(body["uid"])
        for kind in ("linescan", "xafsscan", "timescan", "areascan"):
            if body.get(kind) in ("stop", "end") and rng.random() < 0.3:
                body["uid"] = rng.choice(uids[-3:])


def test_only_the_last_windows_of_a_long_scan_are_open() -> None:
    entries: list[Entry] = [("bmm", XAFS)]
    for count in range(1, 91):
        entries.append(("bmm", {"xafsscan": "next", "count": count}))
        if count % 2:
            more = {"BMM_kafka": {"count": count}}
            run = build_run_documents(hint="xafs transmission", motors=["dcm_energy"], columns={}, start=more)
            entries += [entry for entry in run if entry[0] == "start"]
    board = check_increments(stamp_entries(entries), Board())
    assert board.table.frontier is not None
    assert len(board.table.frontier.runs) <= 40
    assert sum(window.run_uid is not None for window in board.scans[0].windows) == 45


@pytest.mark.parametrize("message", [{"resting_state": True}, {"close": "last"}, {"linescan": "stop"}])
def test_messages_of_no_scan_are_limited(message: dict[str, object]) -> None:
    entries: list[Entry] = [("bmm", LINE), ("bmm", {"resting_state": True}), *[("bmm", message)] * 1600]
    board = fold(stamp_entries(entries))
    assert len(board.messages) <= 1100
    assert board.scans[0].implicit_end == "resting_state"
    late = stamp_entries([("bmm", LINE)], times=[EPOCH - 1.0])[0]
    assert [scan.implicit_end for scan in board.apply(late).scans][-1] == "resting_state"


def test_runs_without_a_stop_are_limited() -> None:
    entries = [entry for _ in range(40) for entry in make_line_run(finished=False)]
    board = fold(stamp_entries(entries), Board(BoardConfig(run_limit=10)))
    assert len(board.runs) <= 12
    assert board.apply(stamp_entries(make_line_run())[0]).runs


def test_a_late_run_finds_its_window_among_many_without_runs() -> None:
    entries: list[Entry] = [("bmm", XAFS), *[("bmm", {"xafsscan": "next", "count": count}) for count in range(1, 91)]]
    for count in (90, 5, 7):
        more = {"BMM_kafka": {"count": count}}
        run = build_run_documents(hint="xafs transmission", motors=["dcm_energy"], columns={}, start=more)
        entries += [entry for entry in run if entry[0] == "start"]
    board = check_increments(stamp_entries(entries), Board())
    assert [window.repetition for window in board.scans[0].windows if window.run_uid] == [5, 7, 90]
