"""Clocks of the senders, compared by live records: skew is logged once, late records are no skew."""

from __future__ import annotations

from structlog.testing import capture_logs

from xafs_workers.consumer.clock_skew import SAMPLES, ClockSkew


def test_the_skew_of_each_sender_is_summarized() -> None:
    skew = ClockSkew()
    for number in range(SAMPLES):
        skew.add_record("control", 100.0 + number, 105.0 + number + 0.01 * number)
        skew.add_record("documents", 100.0 + number, 97.5 + number)
        skew.add_document(103.0 + number, 100.0 + number)
    assert skew.summarize() == {"control": 5.0, "documents": -2.5, "run_engine": -3.0}


def test_a_late_record_is_no_skew() -> None:
    skew = ClockSkew()
    with capture_logs() as logs:
        for number in range(SAMPLES):
            skew.add_record("documents", 100.0, 160.0 if number % 2 else 100.02)
            skew.add_document("no time", 100.0)
    assert skew.summarize() == {"documents": 0.02}
    assert logs == []


def test_clocks_that_differ_are_logged_once() -> None:
    skew = ClockSkew()
    with capture_logs() as logs:
        for _ in range(3 * SAMPLES):
            skew.add_record("control", 100.0, 107.0)
    assert [(line["event"], line["clock"], line["seconds"]) for line in logs] == [("clocks_differ", "control", 7.0)]
