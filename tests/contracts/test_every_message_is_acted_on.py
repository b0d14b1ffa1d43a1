"""Something acts on every message, or it is listed, with the reason, as one that no worker acts on."""

from __future__ import annotations

import pytest

from xafs_workers.filemanager.actions.context import action_handlers, question_handlers
from xafs_workers.messages.base import ControlMessage, kinds
from xafs_workers.messages.parsing import parse
from xafs_workers.plots.actions.registry import immediate_actions
from xafs_workers.scans.items import ReceivedMessage, RecordPosition
from xafs_workers.scans.scan_builder import affects_scans
from xafs_workers.scans.scan_questions import scan_questions
from xafs_workers.writers.registry import writers

NOT_ACTED_ON = {"mythen_plot", "xrf.quickplot"}

OWNERS = [
    (key, owner) for key, message in kinds.discover().items() for owner in (message.owner, message.helper) if owner
]


def is_acted_on(message: type[ControlMessage], owner: str) -> bool:
    """Check whether a worker does something about the example of a message."""
    key = message.get_key()
    if owner == "file-manager":
        return any(key in registry for registry in (action_handlers, question_handlers, writers))
    control = ReceivedMessage(parse(message.example), 1.0, RecordPosition("t", 0, 0))
    return affects_scans(control) or key in immediate_actions or key in scan_questions


@pytest.mark.parametrize(("key", "owner"), OWNERS)
def test_the_owner_acts_on_each_message_or_gives_a_reason(key: str, owner: str) -> None:
    message = kinds[key]
    assert is_acted_on(message, owner) != bool(message.not_acted_on)


def test_few_messages_are_not_acted_on() -> None:
    assert {key for key, message in kinds.discover().items() if message.not_acted_on} == NOT_ACTED_ON


@pytest.mark.parametrize("registry", [action_handlers, question_handlers, writers, immediate_actions, scan_questions])
def test_a_worker_acts_only_on_what_it_owns(registry: dict[str, object]) -> None:
    worker = "headless" if registry in (immediate_actions, scan_questions) else "file-manager"
    for key in registry:
        assert worker in (kinds[key].owner, kinds[key].helper), key
