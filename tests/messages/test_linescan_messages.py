"""Messages of line scans."""

from __future__ import annotations

from xafs_workers.messages.linescan import LinescanStart
from xafs_workers.messages.parsing import parse


def test_fluorescence_detectors_are_named_as_in_the_table() -> None:
    start = {"linescan": "start", "detector": "if"}
    for name, known in (("Dante", "dante"), ("7-ELEMENT sdd", "7-element SDD"), ("odd", "odd"), ("", None)):
        message = parse({**start, "fluo_detector": name})
        assert isinstance(message, LinescanStart)
        assert message.fluo_detector == known
