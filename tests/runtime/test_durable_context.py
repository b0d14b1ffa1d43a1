"""What a durable worker sends about records that cannot be used."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest

from helpers.streams import CONTROL
from xafs_workers.consumer.record_parser import RecordParser, RejectedRecord
from xafs_workers.consumer.records import RawRecord
from xafs_workers.consumer.roles import FILE_MANAGER, HEADLESS, Role
from xafs_workers.runtime.durable_context import DurableContext
from xafs_workers.scans.items import RecordPosition
from xafs_workers.settings import Settings
from xafs_workers.wire import Answer, encode


def reject(role: Role, body: dict[str, Any], tag: str = "bmm") -> list[Answer]:
    """Return the answers to a message that cannot be used."""
    publisher = Mock()
    context = DurableContext(role, Mock(), publisher, Mock(), Mock(), Mock(), Mock(), CONTROL, 300.0, Mock(), Mock())
    record = RawRecord(RecordPosition(CONTROL, 0, 7), 1.0, None, encode(tag, body))
    rejected = RecordParser(Settings(beamline="bmm", kafka={"control_topic": CONTROL})).parse_record(record)
    assert isinstance(rejected, RejectedRecord)
    assert rejected.is_owned_by(role)
    rejections = context.build_callbacks().rejections
    assert rejections is not None
    rejections.send(record, rejected)
    publisher.send_dead_letter.assert_called_once()
    return [call.args[0] for call in publisher.send_answer.call_args_list]


@pytest.mark.parametrize(
    ("role", "body", "kind", "action", "reason"),
    [
        (FILE_MANAGER, {"next_index": True, "folder": "/x", "stub": 3}, "next_index", "", "stub"),
        (HEADLESS, {"linescan": "start"}, "linescan", "start", "detector"),
        (FILE_MANAGER, {"make_coffee": True}, "", "", "make_coffee"),
        (FILE_MANAGER, {"mkdir": "/x", "touch": "/y"}, "mkdir", "/x", "touch"),
    ],
)
def test_a_message_that_cannot_be_used_is_answered(
    role: Role, body: dict[str, Any], kind: str, action: str, reason: str
) -> None:
    (answer,) = reject(role, {**body, "message_id": "mine"})
    assert (answer.message_id, answer.worker, answer.state) == ("mine", role.name, "failed")
    assert (answer.kind, answer.action) == (kind, action)
    assert reason in answer.reason


def test_a_message_of_another_tag_is_answered() -> None:
    (answer,) = reject(FILE_MANAGER, {"mkdir": "/x", "message_id": "mine"}, "other")
    assert "'other'" in answer.reason


@pytest.mark.parametrize("message_id", [None, "", 3, ["a"], "x" * 10_001])
def test_a_message_without_an_id_is_not_answered(message_id: object) -> None:
    assert reject(FILE_MANAGER, {"make_coffee": True, "message_id": message_id}) == []
