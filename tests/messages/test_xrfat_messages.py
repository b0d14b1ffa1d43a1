"""Requests for spectra at chosen energies."""

from __future__ import annotations

import math

import numpy as np

from helpers.examples import UID
from helpers.refused_messages import expect_refusal
from xafs_workers.messages.parsing import parse
from xafs_workers.messages.xrfat import XrfatStart


def test_energies_are_read_alone_or_in_a_list() -> None:
    body = {"xrfat": "start", "uid": UID}
    for energy, energies in ((7200, (7200.0,)), ([-1, 7112.5], (-1.0, 7112.5)), (np.float64(1), (1.0,))):
        message = parse({**body, "energy": energy})
        assert isinstance(message, XrfatStart)
        assert message.energy == energies
    for wrong in ("7200", True, [math.nan], [None], None):
        assert expect_refusal({**body, "energy": wrong}).field == "energy"
