"""Plans ask whether a sequence has enough repetitions: the answer is final, and never yes where anything is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from helpers.figures import get_run_uid, make_run
from helpers.fits import build_answers
from helpers.streams import EPOCH, Entry, fold, stamp_entries
from xafs_workers.messages.parsing import parse
from xafs_workers.plots.picture_handler import build_picture_engine
from xafs_workers.runtime.engine_callbacks import EngineCallbacks
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ClockTick, ReceivedMessage, RecordPosition, ReductionResult
from xafs_workers.scans.reduction_requests import build_reduction_requests
from xafs_workers.settings import Reduction
from xafs_workers.wire import Answer

START = {"xafs_sequence": "start", "element": "Fe", "edge": "K", "repetitions": 3, "mode": "transmission"}
CONFIG = BoardConfig(waits_for_documents=True, fetching_enabled=True, reduction=Reduction(target_noise=1e-3))
ENERGY = [7000.0 + 5.0 * n for n in range(60)]


def make_repetitions(count: int, **start: Any) -> list[Entry]:
    entries: list[Entry] = [("bmm", {**START, **start})]
    for _ in range(count):
        run = make_run({"dcm_energy": ENERGY, "I0": [2.0] * 60, "It": [1.0] * 60}, None)
        entries += [*run, ("bmm", {"xafs_sequence": "add", "uid": get_run_uid(run)})]
    return entries


def reduce_all(board: Board, noise: float, **more: Any) -> Board:
    """Answer the requests for merges with a noise that falls as one over the root of their number."""
    for request in build_reduction_requests(board):
        count = len(getattr(request, "spectra", ()))
        values = {"members": [{"state": "merged"}] * count, "epsilon_k": noise / count**0.5, **more}
        board = board.apply(ReductionResult(request.scan_id, request.key, values))
    return board


def ask(board: Board, *, later: float = 0.0, after: float = 0.5, **question: Any) -> list[Answer]:
    """Return the answers to a question; `later` is the time for which the worker has read everything since."""
    control = ReceivedMessage(
        parse({"xafs_sequence": "enough", **question}), EPOCH + after, RecordPosition("bmm.test", 0, 10_000)
    )
    given: list[Answer] = []
    callbacks = EngineCallbacks(lambda _: None, lambda *_: None, given.append, lambda *_: None)
    engine = build_picture_engine(lambda *_: Outcome("done"), callbacks, build_answers(), reduction_enabled=True)
    engine.on_message(control, board)
    engine.poll(board)
    if later:
        engine.poll(board.apply(ClockTick(0.0, board.reading.attended + later)))
    assert engine.drain(20.0)
    engine.close()
    return given


def get_value(board: Board, **more: Any) -> Mapping[str, Any]:
    answers = ask(board, **more)
    assert [answer.state for answer in answers] == ["accepted", "value"]
    return answers[-1].value


def test_noise_below_the_target_is_enough() -> None:
    board = reduce_all(fold(stamp_entries(make_repetitions(2)), Board(CONFIG)), 1e-3)
    assert get_value(board) == {
        "enough": True,
        "repetitions": 2,
        "noise": pytest.approx(1e-3 / 2**0.5),
        "target": 1e-3,
        "more": 0,
        "advice": "noise 7.1e-4 (2 repetitions): enough",
        "reasons": ["noise 7.1e-4 reaches the target 1.0e-3"],
    }


def test_the_target_of_the_question_counts() -> None:
    board = reduce_all(fold(stamp_entries(make_repetitions(2)), Board(CONFIG)), 1e-3)
    value = get_value(board, target=5e-4)
    assert (value["enough"], value["more"], value["target"]) == (False, 2, 5e-4)
    assert value["reasons"] == ["noise 7.1e-4 is above the target 5.0e-4"]


@pytest.mark.parametrize(
    ("count", "results", "reasons"),
    [
        (0, {}, ["no repetition is merged"]),
        (1, {}, ["one repetition: its noise is only estimated"]),
        (2, {"disagreement": "edge", "notes": ["1 and 2 differ"]}, ["the repetitions disagree", "1 and 2 differ"]),
        (2, {"has_excess_scatter": True}, ["differ by more than their noise: more will not help"]),
        (2, {"epsilon_k": None, "notes": ["XANES"]}, ["the noise of the merge is not known", "XANES"]),
        (2, {"problem": "no edge", "members": ()}, ["not reduced: no edge", "no repetition is merged"]),
    ],
)
def test_nothing_open_is_enough(count: int, results: dict[str, Any], reasons: list[str]) -> None:
    board = reduce_all(fold(stamp_entries(make_repetitions(count)), Board(CONFIG)), 1e-6, **results)
    value = get_value(board)
    assert (value["enough"], value["reasons"]) == (False, reasons)


def test_without_a_target_nothing_is_enough() -> None:
    config = replace(CONFIG, reduction=Reduction(target_noise=None))
    value = get_value(reduce_all(fold(stamp_entries(make_repetitions(2)), Board(config)), 1e-6))
    assert (value["enough"], value["target"], value["more"]) == (False, None, None)
    assert value["reasons"][0].startswith("no target")


def test_without_an_open_sequence_the_answer_is_final() -> None:
    ended = [*make_repetitions(2), ("bmm", {"xafs_sequence": "stop"})]
    for entries in ([], ended):
        value = get_value(reduce_all(fold(stamp_entries(entries), Board(CONFIG)), 1e-6), after=1.0)
        assert (value["enough"], value["repetitions"], value["reasons"]) == (False, 0, ["no sequence is open"])


def test_the_uid_of_a_run_names_an_ended_sequence() -> None:
    entries = [*make_repetitions(2), ("bmm", {"xafs_sequence": "stop"})]
    board = reduce_all(fold(stamp_entries(entries), Board(CONFIG)), 1e-6)
    assert get_value(board, uid=get_run_uid(entries[1:]), after=1.0)["enough"]
    value = get_value(board, uid="f" * 36, after=1.0)
    assert value["reasons"] == [f"run {'f' * 36} was added to no sequence that is known"]


def test_only_repetitions_before_the_question_count() -> None:
    entries = make_repetitions(3)
    board = reduce_all(fold(stamp_entries(entries), Board(CONFIG)), 1e-3)
    before_last_add = 0.001 * (len(entries) - 1.5)
    assert get_value(board, after=before_last_add)["repetitions"] == 2


def test_a_merge_in_progress_is_waited_for_but_not_for_long() -> None:
    board = fold(stamp_entries(make_repetitions(2)), Board(CONFIG))
    assert [answer.state for answer in ask(board)] == ["accepted"]
    value = get_value(board, later=8.0)
    assert not value["enough"]
    assert value["reasons"] == ["the merge of 2 is not reduced yet", "no repetition is merged"]


def test_an_incomplete_run_is_never_enough() -> None:
    entries = [*make_repetitions(2), ("bmm", {"xafs_sequence": "add", "uid": "e" * 36})]
    board = reduce_all(fold(stamp_entries(entries), Board(CONFIG)), 1e-6)
    assert [answer.state for answer in ask(board)] == ["accepted"]
    value = get_value(board, later=8.0)
    assert (value["enough"], value["repetitions"]) == (False, 2)
    assert value["reasons"][0] == "repetition 3: its run is not complete"


def test_mode_test_has_no_merge() -> None:
    board = fold(stamp_entries(make_repetitions(2, mode="test")), Board(CONFIG))
    assert get_value(board)["reasons"] == ["mode test: nothing is reduced"]
