"""The headless worker answers every kind it owns: at once, or when the picture is there."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.alignment_curves import SPINNER_RESULT, make_slot_result, make_wafer_result
from helpers.figures import fold_board, get_run_uid, make_run
from helpers.fits import build_answers
from xafs_workers.messages.parsing import parse
from xafs_workers.plots.picture_handler import build_picture_engine
from xafs_workers.runtime.engine_callbacks import EngineCallbacks
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage, RecordPosition
from xafs_workers.wire import Answer

SLOT = make_slot_result("xafs_y")
WAFER = make_wafer_result()
CALIBRATION = {
    "mono_calibration": True,
    **{"found": [1.0], "ee": [1.0], "tt": [1.0], "mono": "111", "dspacing": [3.1, None], "offset": [0.0, None]},
}


def answers(*entries: Any) -> list[tuple[str, str, str]]:
    """Return (kind, state, reason) of the answers to the last message."""
    board = fold_board(*entries)
    return answer_message(get_last_message(board), board)


def get_last_message(board: Board) -> ReceivedMessage:
    return max(board.messages, key=lambda control: control.position)


def answer_message(control: ReceivedMessage, board: Board) -> list[tuple[str, str, str]]:
    return [(answer.kind, answer.state, answer.reason) for answer in collect_answers(control, board)]


def collect_answers(control: ReceivedMessage, board: Board) -> list[Answer]:
    given: list[Answer] = []
    engine = build_picture_engine(
        lambda *_: Outcome("done", ("picture",)),
        EngineCallbacks(
            find_outcome=lambda control: None,
            record_outcome=lambda control, outcome: None,
            answer=given.append,
            give_up=lambda control, reason: None,
        ),
        build_answers(),
    )
    engine.on_message(control, board)
    engine.poll(board)
    assert engine.drain(10.0)
    engine.close()
    return given


@pytest.mark.parametrize(
    ("entries", "kind"),
    [
        ([{"align_wheel": "start"}], "align_wheel"),
        ([{"align_wheel": "start"}, SLOT], "align_wheel"),
        ([{"align_wheel": "start"}, SLOT, {"align_wheel": "end"}], "align_wheel"),
        ([{"glancing_angle": "start"}, SPINNER_RESULT], "glancing_angle"),
        ([WAFER], "wafer"),
        ([CALIBRATION], "mono_calibration"),
        ([{"xrfat": "start", "uid": "u", "energy": [-1]}], "xrfat"),
        ([{"xrf": "plot", "uid": "u"}], "xrf"),
    ],
)
def test_a_message_without_a_picture_is_done_at_once(entries: list[dict[str, Any]], kind: str) -> None:
    assert answers(*entries) == [(kind, "done", "")]


@pytest.mark.parametrize("message", [SLOT, SPINNER_RESULT, {"areascan": "stop"}, {"align_wheel": "stop"}])
def test_a_message_without_an_open_scan_fails_with_a_reason(message: dict[str, Any]) -> None:
    kind = next(iter(message))
    assert answers(message) == [(kind, "failed", f"no {kind} is open")]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"backend": True}, "backend Agg"),
        ({"reset_rois": True}, "0 regions of interest: no figure marks one"),
        ({"xrf": "quickplot"}, "not acted on: it shows what a detector measures now, which is read from EPICS"),
        ({"mythen_plot": True}, "not acted on: "),
    ],
)
def test_a_message_without_a_scan_is_done_at_once(message: dict[str, Any], reason: str) -> None:
    control = ReceivedMessage(parse(message), 1.0, RecordPosition("t", 0, 0))
    ((_, state, given),) = answer_message(control, Board())
    assert state == "done"
    assert reason in given


def test_a_picture_is_accepted_and_then_done() -> None:
    run = make_run({"I0": [1.0]})
    for entries in (
        [{"glancing_angle": "start", "filename": "/p/c/s/a.png"}, SPINNER_RESULT, {"glancing_angle": "stop"}],
        [run, {"xrf": "plot", "uid": get_run_uid(run), "filename": "x.png"}],
    ):
        assert [state for _, state, _ in answers(*entries)] == ["accepted", "done"]


def test_a_scan_sent_again_with_its_uid_gives_its_picture() -> None:
    """As the manual describes for a picture that was refused: `retry` sends no message of a scan again."""
    run = make_run({"I0": [1.0, 1.0], "It": [1.0, 2.0], "xafs_x": [0.0, 1.0]}, motors=["xafs_x"])
    start = {"linescan": "start", "motor": "xafs_x", "detector": "It"}
    stop = {"linescan": "stop", "fname": "again.png", "uid": get_run_uid(run)}
    assert [state for _, state, _ in answers(run, start, stop)] == ["accepted", "done"]


def test_a_spectrum_waits_for_the_end_of_its_run() -> None:
    run = make_run({"I0": [1.0]})
    message = {"xrf": "plot", "uid": get_run_uid(run), "filename": "x.png"}
    early = fold_board(run[:-1], message, settled=False)
    assert not early.is_settled(early.scans[-1])
    assert fold_board(run, message, settled=False).is_settled(early.scans[-1])


def test_the_stop_of_a_line_scan_is_answered_with_its_numbers() -> None:
    """Without a picture too, once its run has ended."""
    columns = {"xafs_x": [0.0, 1.0, 2.0, 3.0, 4.0], "I0": [1.0] * 5, "It": [0.0, 1.0, 4.0, 1.0, 0.0]}
    start = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
    board = fold_board(start, make_run(columns, motors=["xafs_x"]), {"linescan": "stop"})
    *_, answer = collect_answers(get_last_message(board), board)
    assert answer.state == "done"
    assert (answer.value["motor"], answer.value["position"]) == ("xafs_x", 4.0)
    (numbers,) = answer.value["statistics"]
    assert (numbers["signal"], numbers["max"], numbers["com"]) == ("It/I0", 2.0, 2.0)
    assert numbers["fwhm"] == pytest.approx(4.0 / 3.0)


def test_the_stop_of_a_line_scan_without_points_has_no_value() -> None:
    board = fold_board({"linescan": "start", "motor": "xafs_x", "detector": "it"}, {"linescan": "stop"})
    *_, answer = collect_answers(get_last_message(board), board)
    assert (answer.state, answer.value) == ("done", None)
