"""The Kafka topics that the workers need: which are missing, and their creation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from xafs_workers.consumer.topic_admin import create_topics
from xafs_workers.producer.clients import ClientLog
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.settings import Settings

TopicRole = Literal["control", "documents", "answers", "status", "dead_letters"]

TOPIC_PURPOSES: dict[TopicRole, str] = {
    "control": "control messages of sessions and plans",
    "documents": "Bluesky documents",
    "answers": "answers of the workers",
    "status": "heartbeats of the workers",
    "dead_letters": "records that could not be used",
}
"""The purpose of each topic, the most important first."""

NO_CONTROLLER = "waiting for controller"
"""Words in the client's error where no broker answers requests for topics, such as the embedded one."""

LIST_SECONDS = 10.0
"""Longest wait for the broker's list of topics, seconds."""


class BrokerAwayError(RuntimeError):
    """No broker answers; the text gives the reason."""


@dataclass(frozen=True, slots=True)
class PlannedTopic:
    """A topic that the workers need."""

    name: str
    purpose: str
    exists: bool


def plan_topics(settings: Settings, config: KafkaConfig) -> list[PlannedTopic]:
    """Return the topics and whether each exists. None is created.

    Raises
    ------
    BrokerAwayError
        No broker answers.
    """
    existing = _list_topics(config)
    names = {settings.get_topic(role): purpose for role, purpose in TOPIC_PURPOSES.items()}
    return [PlannedTopic(name, purpose, name in existing) for name, purpose in names.items()]


def make_topics(config: KafkaConfig, topics: list[PlannedTopic]) -> dict[str, str]:
    """Make the topics that do not exist, with one partition each; return the reasons of those that were refused.

    Raises
    ------
    AdminRequestError
        The broker gave no answer.
    """
    return create_topics(config, {topic.name: 1 for topic in topics if not topic.exists})


def explain_refusal(refused: Mapping[str, str]) -> str:
    """Return one sentence for the topics that were refused: the reason of each, and what to do.

    Parameters
    ----------
    refused
        Reasons, by name of the topic.
    """
    names_by_reason: dict[str, list[str]] = {}
    for name, reason in refused.items():
        names_by_reason.setdefault(reason, []).append(name)
    reasons = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in names_by_reason.items())
    if all(NO_CONTROLLER in reason for reason in refused.values()):
        remedy = (
            "this broker makes no topics on request, like that of the demo; the manual describes a Kafka for trials"
        )
    else:
        remedy = "the administrator of Kafka can make them"
    return f"refused: {reasons} ({remedy})"


def _list_topics(config: KafkaConfig) -> frozenset[str]:
    from confluent_kafka import KafkaException, Producer

    client = Producer(config.get_producer_properties(), logger=ClientLog("install"))
    try:
        return frozenset(client.list_topics(timeout=LIST_SECONDS).topics)
    except KafkaException as error:
        raise BrokerAwayError(f"{config.bootstrap_servers}: no answer within {LIST_SECONDS:g} s") from error
