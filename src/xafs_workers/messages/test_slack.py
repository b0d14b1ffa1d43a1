"""Control message that tests the posting to Slack."""

from __future__ import annotations

from typing import ClassVar

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import EndStation


@kinds.register("test_slack")
class SlackTest(ControlMessage):
    """Post a short text with a random flag, once, to the channel of the experiment."""

    kind = "test_slack"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {"test_slack": True}

    end_station: EndStation = None
