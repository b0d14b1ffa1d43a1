"""Control message that asks for the state of Slack posting."""

from __future__ import annotations

from typing import ClassVar

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import EndStation


@kinds.register("describe_slack")
class DescribeSlack(ControlMessage):
    """Log which Slack channels are in use. The value is not inspected."""

    kind = "describe_slack"
    action = ""
    value = "any"
    owner = "file-manager"
    slack_command = "describe"
    example: ClassVar[Example] = {"describe_slack": True}

    end_station: EndStation = None
