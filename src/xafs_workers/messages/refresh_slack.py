"""Control message at the beginning of an experiment: looks up the Slack channels again."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import EndStation, Flag


@kinds.register("refresh_slack")
class RefreshSlack(ControlMessage):
    """Look up the Slack channels of the experiment again."""

    kind = "refresh_slack"
    action = ""
    value = "true"
    owner = "file-manager"
    slack_command = "refresh"
    example: ClassVar[Example] = {"refresh_slack": True}

    end_station: EndStation = None
    time_it: Flag = Field(default=False, description="true: the answer states how long it took")
