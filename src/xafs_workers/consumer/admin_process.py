"""Administrator's requests, made in a process of their own: ``python -m xafs_workers.consumer.admin_process``.

The process reads one request (JSON) from standard input, writes the answer (JSON) and ends. Only this module may load
librdkafka's AdminClient: it aborts its process when a broker dies with a request in flight (librdkafka #4605).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaException, TopicCollection, admin

CONFIG_NAMES = ("cleanup.policy", "message.timestamp.type", "retention.ms", "retention.bytes")
"""Settings of a topic that matter to the workers."""

Answer = dict[str, Any]
_library: Any = admin  # the library's types are incomplete


def answer_request(request: Mapping[str, Any]) -> Answer:
    """Return the answer to a request: facts of topics, or the errors of topics that could not be created."""
    client = _library.AdminClient({**request["properties"], "log_level": 0})
    if request["action"] == "create":
        return _create_topics(client, request["topics"], request["timeout"])
    return _describe_topics(client, request["topics"], request["timeout"])


def _create_topics(client: Any, topics: Mapping[str, int], timeout: float) -> Answer:
    wanted = [_library.NewTopic(name, partitions) for name, partitions in topics.items()]
    asked = client.create_topics(wanted, request_timeout=timeout)
    return {name: error for name, future in asked.items() if (error := _wait_for(future, timeout)[1])}


def _describe_topics(client: Any, topics: list[str], timeout: float) -> Answer:
    asked = client.describe_topics(TopicCollection(topics), include_authorized_operations=True, request_timeout=timeout)
    resources = {name: _library.ConfigResource(_library.ResourceType.TOPIC, name) for name in topics}
    configs = client.describe_configs(list(resources.values()), request_timeout=timeout)
    answer: Answer = {}
    for name in topics:
        described, error = _wait_for(asked[name], timeout)
        config, config_error = _wait_for(configs[resources[name]], timeout)
        answer[name] = {
            "id": "" if described is None else str(described.topic_id),
            "operations": [] if described is None else [one.name for one in described.authorized_operations or ()],
            "config": {} if config is None else {key: config[key].value for key in CONFIG_NAMES if key in config},
            "errors": [text for text in (error, config_error) if text],
        }
    return answer


def _wait_for(future: Any, timeout: float) -> tuple[Any, str]:
    """Return the result of a request and '', or None and the error."""
    try:
        return future.result(timeout), ""
    except KafkaException as problem:
        return None, str(problem.args[0].str())
    except (TimeoutError, ValueError) as error:
        return None, str(error) or "no answer in time"


def main() -> int:
    """Answer the request on standard input."""
    request = json.load(sys.stdin)
    json.dump(answer_request(request), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
