"""Messages of reflectivity scans: defaults, one uid as text, and what is refused."""

from __future__ import annotations

from helpers.refused_messages import expect_refusal
from xafs_workers.messages.parsing import parse
from xafs_workers.messages.xrr import XrrStart, XrrStop
from xafs_workers.messages.xrrplot import XrrPlot


def test_motor_and_detector_have_defaults() -> None:
    start = parse({"xrr": "start"})
    assert isinstance(start, XrrStart)
    assert (start.motor, start.detector, start.title) == ("eta", "mythen", None)


def test_an_empty_uid_means_that_the_scan_was_aborted() -> None:
    for body, aborted in (
        ({"uid": ""}, True),
        ({"uid": None}, True),
        ({"uid": ["abc"]}, False),
        ({"uid": "abc"}, False),
        ({}, False),
    ):
        stop = parse({"xrr": "stop", "filename": "film-a.png", **body})
        assert isinstance(stop, XrrStop)
        assert stop.is_aborted == aborted


def test_one_uid_of_a_comparison_may_be_text() -> None:
    message = parse({"xrrplot": True, "uid": "abc"})
    assert isinstance(message, XrrPlot)
    assert message.uid == ("abc",)


def test_a_comparison_needs_a_run() -> None:
    assert expect_refusal({"xrrplot": True, "uid": []}).field == "uid"
    assert expect_refusal({"xrrplot": True}).field == "uid"
