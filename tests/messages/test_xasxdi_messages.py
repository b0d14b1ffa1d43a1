"""Messages that ask for an XDI file."""

from __future__ import annotations

from helpers.examples import UID
from xafs_workers.messages.parsing import parse
from xafs_workers.messages.xasxdi import Xasxdi


def test_yield_columns_follow_the_value_of_the_field() -> None:
    for value in (True, False):
        message = parse({"xasxdi": True, "uid": UID, "filename": "a.001", "include_yield": value})
        assert isinstance(message, Xasxdi)
        assert message.include_yield is value
