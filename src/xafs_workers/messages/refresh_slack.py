"""Control message at the begin of an experiment: Slack channels are looked up anew."""

from __future__ import annotations

from typing import ClassVar

from xafs_workers.messages.base import ControlMessage, Example, kinds


@kinds.register("refresh_slack")
class RefreshSlack(ControlMessage):
    """Ask the facility again which Slack channels belong to the experiment."""

    kind = "refresh_slack"
    action = ""
    value = "true"
    owner = "file-manager"
    example: ClassVar[Example] = {"refresh_slack": True}
