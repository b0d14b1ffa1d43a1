"""Ledger topics of workers that run twice: one partition each, compacted, readable and writable."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from xafs_workers.consumer.client import SourceError
from xafs_workers.consumer.source import KafkaSource
from xafs_workers.consumer.topic_admin import AdminRequestError, TopicFacts, describe_topics
from xafs_workers.diagnostics.doctor.finding import (
    WRITING_ROLES,
    Case,
    Finding,
    report_fault,
    report_ok,
    report_warning,
)
from xafs_workers.producer.kafka_config import KafkaConfig

CHECK = "failover"
ACL_TIMEOUT = 1.5
"""Longest wait for the broker to describe a topic, seconds."""
REMEDY = "create it with one partition, cleanup.policy=compact and as many replicas as the cluster gives"


def check_ledger_topics(case: Case, config: KafkaConfig, names: Collection[str]) -> Iterator[Finding]:
    """Examine the ledger topics of the roles that write; nothing where failover is off.

    Parameters
    ----------
    names
        Names of all topics of the cluster.
    """
    if not case.settings.failover.enabled:
        return
    for role in sorted(WRITING_ROLES if case.role is None else WRITING_ROLES & {case.role}):
        topic = case.settings.get_ledger_topic(role)
        if topic not in names:
            yield report_fault(CHECK, f"{role}: topic {topic} is missing", REMEDY)
            continue
        yield from _check_topic(case, config, topic)


def _check_topic(case: Case, config: KafkaConfig, topic: str) -> Iterator[Finding]:
    problem = _find_problem(case, config, topic)
    if problem:
        yield report_fault(CHECK, f"{topic}: {problem}", REMEDY)
        return
    facts = _describe_topic(config, topic)
    policy = facts.config.get("cleanup.policy")
    if facts.operations and "WRITE" not in facts.operations:
        yield report_fault(
            CHECK, f"{topic} may not be written to", f"let the broker grant this account WRITE on {topic}"
        )
    elif policy is not None and "compact" not in policy:
        yield report_warning(
            CHECK, f"{topic} forgets by age what was done (cleanup.policy={policy})", "set cleanup.policy=compact"
        )
    else:
        yield report_ok(CHECK, f"{topic} can be used; {case.settings.failover.takeover_seconds:g} s until a takeover")


def _find_problem(case: Case, config: KafkaConfig, topic: str) -> str:
    """Find the reason why a topic cannot be read or shared, '' if it can."""
    source = KafkaSource(config, [topic], topic, timeout=case.timeout)
    try:
        count = len(source.metadata.fetch_watermarks())
    except SourceError as error:
        return str(error)
    finally:
        source.close()
    return "" if count == 1 else f"{count} partitions (expected one)"


def _describe_topic(config: KafkaConfig, topic: str) -> TopicFacts:
    try:
        return describe_topics(config, [topic], ACL_TIMEOUT).get(topic, TopicFacts())
    except AdminRequestError:
        return TopicFacts()
