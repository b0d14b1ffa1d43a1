"""Offsets from which a worker reads again: nothing that a pending message needs lies before them."""

from __future__ import annotations

import pytest

from helpers.streams import CONTROL, DOCUMENTS, EPOCH, build_run_documents, fold, stamp_entries
from xafs_workers.consumer.required_offsets import compute_required_offsets
from xafs_workers.messages.parsing import parse
from xafs_workers.scans.items import ClockTick, ReceivedMessage, RecordPosition


@pytest.mark.parametrize("name", ["uid", "uidlist"])
def test_the_run_of_a_pending_message_is_read_again(name: str) -> None:
    documents = list(build_run_documents(hint=None, motors=["xafs_x"], columns={"xafs_x": [1.0], "I0": [1.0]}))
    uid = documents[0][1]["uid"]
    board = fold(stamp_entries(documents)).apply(ClockTick(EPOCH + 1000.0))
    body = {"xasxdi": True, "uid": uid} if name == "uid" else {"dossier": "set", "uidlist": [uid]}
    message = ReceivedMessage(parse(body), EPOCH + 1000.0, RecordPosition(CONTROL, 0, 7))
    reached = {(CONTROL, 0): 8, (DOCUMENTS, 0): 100}
    assert compute_required_offsets(board, reached, ()) == reached
    assert compute_required_offsets(board, reached, (message,)) == {(CONTROL, 0): 7, (DOCUMENTS, 0): 0}
