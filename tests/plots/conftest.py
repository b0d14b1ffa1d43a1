"""A publisher of pictures over a proposal folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from xafs_workers.plots.picture_publisher import PicturePublisher
from xafs_workers.runtime.effect_ledger import EffectLedger
from xafs_workers.settings import Settings
from xafs_workers.storage.ledger import Ledger


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "proposals/2026-1/pass-1").mkdir(parents=True)
    return tmp_path / "proposals"


@pytest.fixture
def shelf(root: Path, tmp_path: Path) -> Iterator[PicturePublisher]:
    settings = Settings(storage={"proposals_root": root})
    with Ledger.open(tmp_path / "state" / "ledger.sqlite") as ledger:
        yield PicturePublisher(settings, EffectLedger(ledger, "cluster"))
