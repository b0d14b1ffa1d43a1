"""What a demo waits to see as a file."""

from __future__ import annotations

from typing import Any

import pytest

from xafs_workers.demo.listener import file_due_of

BOTH = ("headless", "file-manager")


@pytest.mark.parametrize(
    ("body", "due"),
    [
        ({"linescan": "stop", "fname": "a.png", "uid": "u"}, ("linescan", "stop")),
        ({"linescan": "stop"}, None),
        ({"areascan": "stop", "uid": "u", "filename": None}, None),
        ({"glancing_angle": "start", "filename": "a.png"}, ("glancing_angle", "stop")),
        ({"glancing_angle": "stop"}, None),
        ({"xrf": "write", "uid": "u", "filename": "a.xrf"}, ("xrf", "write")),
        ({"raster": True, "uid": "u"}, ("raster", "")),
        ({"dossier": "write"}, ("dossier", "write")),
        ({"dossier": "start", "stub": "a"}, None),
    ],
)
def test_a_message_that_asks_for_a_file_makes_one_due(body: dict[str, Any], due: tuple[str, str] | None) -> None:
    assert file_due_of(BOTH, body) == due
    assert file_due_of((), body) is None
