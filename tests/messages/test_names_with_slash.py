"""One rule for '/' in names: refused with the reason in questions, start messages and data files alike."""

from __future__ import annotations

from typing import Any

import pytest

from xafs_workers.messages.base import InvalidMessage
from xafs_workers.messages.parsing import parse

FOLDER = "/p/2026-3/pass-123456"
NAMED: list[tuple[str, dict[str, Any]]] = [
    ("stub", {"next_index": True, "folder": FOLDER}),
    ("filename", {"file_exists": True, "folder": FOLDER}),
    ("filename", {"file_exists": True, "folder": FOLDER, "start": 1, "stop": 3, "number": True}),
    ("stub", {"dossier": "start"}),
    ("filename", {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "it", "repetitions": 1}),
    ("filename", {"xasxdi": True, "uid": "u"}),
    ("filename", {"seadxdi": True, "uid": "u"}),
    ("filename", {"lsxdi": True, "uid": "u"}),
    ("filename", {"xrf": "write", "uid": "u"}),
]


@pytest.mark.parametrize("name", ["Fe/Ni", "sub/dir/x", "/p/x", "../x", "x/"])
@pytest.mark.parametrize(("field", "message"), NAMED, ids=lambda part: str(part)[:30])
def test_a_name_with_a_slash_is_refused(field: str, message: dict[str, Any], name: str) -> None:
    with pytest.raises(InvalidMessage, match="without '/'") as refusal:
        parse({**message, field: name})
    assert refusal.value.field == field
    assert parse({**message, field: "Fe-Ni"})


@pytest.mark.parametrize(
    "message",
    [
        {"xafsscan": "stop", "filename": "snapshots/a_liveplot.png"},
        {"xafs_sequence": "stop", "filename": f"{FOLDER}/snapshots/a.png"},
        {"xrf": "plot", "uid": "u", "filename": "sub/a.png"},
    ],
    ids=str,
)
def test_a_picture_may_be_in_a_folder(message: dict[str, Any]) -> None:
    assert parse(message)
