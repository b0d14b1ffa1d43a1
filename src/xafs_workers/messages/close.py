"""Closing of figures: all, those of line and time scans, or the last."""

from __future__ import annotations

from typing import ClassVar

from xafs_workers.messages.base import ControlMessage, Example, kinds


@kinds.register("close.all")
class CloseAll(ControlMessage):
    """Close every figure."""

    kind = "close"
    action = "all"
    owner = "headless"
    closes = "all"
    example: ClassVar[Example] = {"close": "all"}


@kinds.register("close.line")
class CloseLine(ControlMessage):
    """Close the figures of all line and time scans."""

    kind = "close"
    action = "line"
    owner = "headless"
    closes = "line"
    example: ClassVar[Example] = {"close": "line"}


@kinds.register("close.last")
class CloseLast(ControlMessage):
    """Close the most recent figure."""

    kind = "close"
    action = "last"
    owner = "headless"
    closes = "last"
    example: ClassVar[Example] = {"close": "last"}
