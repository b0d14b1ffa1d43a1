"""Messages that ask for all data files of a proposal: its number in any form, dates that are dates."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.refused_messages import expect_refusal
from xafs_workers.filemanager.actions.everyxas import build_search
from xafs_workers.messages.everyxas import EveryXas
from xafs_workers.messages.parsing import parse
from xafs_workers.settings import Catalog

NEW_YORK_15TH = 1_768_453_200.0  # 2026-01-15T05:00 UTC
DAY = 86_400.0


def search(**fields: Any) -> Any:
    message = parse({"everyxas": True, **fields})
    assert isinstance(message, EveryXas)
    return build_search(message, Catalog())


@pytest.mark.parametrize("gup", ["312345", 312345, 312345.0])
def test_the_proposal_may_be_a_number_or_text(gup: object) -> None:
    found = search(gup=gup)
    assert (found.proposal, found.session, found.since, found.until) == ("312345", "pass-312345", None, None)


def test_days_are_the_beamlines_and_the_last_is_included() -> None:
    found = search(gup="1", since="2026-01-15", until="2026-01-15")
    assert (found.since, found.until) == (NEW_YORK_15TH, NEW_YORK_15TH + DAY)
    found = search(gup="1", since="2026-01-15T02:00", until="2026-01-15T07:00+00:00")
    assert found.since == found.until == NEW_YORK_15TH + 2 * 3600.0


@pytest.mark.parametrize("value", ["31.1.2026", "2026-02-30", "yesterday", 20260131, "9999-12-31", "0001-01-01"])
def test_a_bad_date_is_refused(value: object) -> None:
    for name in ("since", "until"):
        error = expect_refusal({"everyxas": True, "gup": "1", name: value})
        assert error.field == name


@pytest.mark.parametrize("gup", ["pass-1", "", -1, 1.5, None, "12 34"])
def test_a_proposal_without_a_number_is_refused(gup: object) -> None:
    assert expect_refusal({"everyxas": True, "gup": gup}).field == "gup"
