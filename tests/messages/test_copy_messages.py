"""Requests for a copy of a file."""

from __future__ import annotations

from helpers.examples import PROPOSAL, UID
from helpers.refused_messages import expect_refusal


def test_a_copy_has_one_source() -> None:
    both = {"copy": True, "target": PROPOSAL, "file": "/a", "uuid": UID}
    assert "both file and uuid" in str(expect_refusal(both))
    assert "neither file nor uuid" in str(expect_refusal({"copy": True, "target": PROPOSAL, "file": None}))
