"""Requests for a post."""

from __future__ import annotations

from helpers.refused_messages import expect_refusal


def test_a_long_text_is_refused_and_shown_clipped() -> None:
    error = expect_refusal({"echoslack": True, "text": "x" * 10_001})
    assert error.field == "text"
    assert "(10001 characters) (expected at most 10000 characters" in str(error)
    assert len(str(error)) < 300


def test_a_post_has_text_or_a_picture() -> None:
    assert expect_refusal({"echoslack": True, "img": None}).field == "text"
