"""Questions whether files exist."""

from __future__ import annotations

from helpers.examples import PROPOSAL
from helpers.refused_messages import expect_refusal
from xafs_workers.messages.parsing import parse


def test_numbered_files_need_their_range() -> None:
    body = {"file_exists": True, "folder": PROPOSAL, "filename": ".introduction_made"}
    assert parse(body)
    assert expect_refusal({**body, "number": True, "start": 1}).field == "stop"
