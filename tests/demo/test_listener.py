"""What a demo waits to see as a file."""

from __future__ import annotations

from typing import Any

import pytest

from xafs_workers.demo.listener import find_file_action

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
def test_a_message_that_asks_for_a_file_is_awaited(body: dict[str, Any], due: tuple[str, str] | None) -> None:
    assert find_file_action(BOTH, body) == due
    assert find_file_action((), body) is None
