"""Requests for a folder."""

from __future__ import annotations

from helpers.refused_messages import expect_refusal
from xafs_workers.messages.mkdir import Mkdir
from xafs_workers.messages.parsing import parse


def test_an_extra_field_cannot_change_the_path_of_mkdir() -> None:
    message = parse({"mkdir": "/a", "path": "/b"})
    assert isinstance(message, Mkdir)
    assert message.path == "/a"
    assert message.extras == {"path": "/b"}


def test_a_path_with_a_nul_character_is_refused() -> None:
    assert expect_refusal({"mkdir": "/a\0b"}).field == "mkdir"
    assert parse({"echoslack": True, "text": "a\0b"})
