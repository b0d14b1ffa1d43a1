"""The roles of workers: messages that each may act on, and offsets that it must store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TopicName = Literal["control", "documents"]


@dataclass(frozen=True, slots=True)
class Role:
    """One role.

    Attributes
    ----------
    name
        Also its part of the consumer group's name, ``<beamline>.<name>``, and the owner named by message models.
    is_durable
        True: offsets are stored once every effect of a message is done. False: nothing is stored, nothing acted on.
    dead_letter_topics
        Topics whose unusable records that belong to no other role it turns into dead letters.
    """

    name: str
    is_durable: bool
    dead_letter_topics: frozenset[TopicName] = frozenset()


FILE_MANAGER = Role("file-manager", True, frozenset({"control"}))
HEADLESS = Role("headless", True, frozenset({"documents"}))
SCREEN = Role("screen", False)
WEB = Role("web", False)
