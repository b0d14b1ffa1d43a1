"""Messages of reports: results of any length, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from helpers.refused_messages import expect_refusal
from xafs_workers.messages.parsing import parse
from xafs_workers.messages.sample_alignment import SampleAlignment

BODY = {"sample_alignment": True, "path": "/p", "stub": "a"}


def test_results_keep_numbers_and_texts_and_lose_the_rest() -> None:
    given = {"samplez": np.float64(1.5), "eta_com": math.nan, "v_uid": "u", "other": [1], "flag": True, "n": 3}
    message = parse({**BODY, "results": [given]})
    assert isinstance(message, SampleAlignment)
    assert message.results == ({"samplez": 1.5, "eta_com": None, "v_uid": "u", "other": None, "flag": None, "n": 3.0},)


@pytest.mark.parametrize("results", [None, "text", {"samplez": 1.0}, [1.0], [{}] * 101])
def test_what_is_no_list_of_results_is_refused(results: object) -> None:
    assert expect_refusal({**BODY, "results": results}).field == "results"


@pytest.mark.parametrize("folder", [None, False, ""])
def test_pictures_are_in_snapshots_where_no_folder_is_named(folder: object) -> None:
    message = parse({**BODY, "results": [], "folder": folder})
    assert isinstance(message, SampleAlignment)
    assert message.folder == "snapshots"


def test_a_stub_has_no_folder() -> None:
    assert expect_refusal({**BODY, "stub": "a/b", "results": []}).field == "stub"
