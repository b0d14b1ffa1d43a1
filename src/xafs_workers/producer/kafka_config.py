"""Kafka configuration from the facility's kafka.yml: properties of producers and consumers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from xafs_workers import settings
from xafs_workers.configuration import describe_unreadable

CONFIG_FILE = Path("/etc/bluesky/kafka.yml")
CONFIG_VARIABLE = "BLUESKY_KAFKA_CONFIG_PATH"
FILE_PROPERTIES = (
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.keystore.location",
    "sasl.kerberos.keytab",
)
"""Properties whose value is a path."""
SECURITY_PREFIXES = ("security.protocol", "sasl.", "ssl.")
"""Prefixes of the properties that producers and consumers of one cluster share."""

Properties = dict[str, Any]


class KafkaConfigError(ValueError):
    """The Kafka configuration cannot be used; the text names the file, the key and what is expected."""


@dataclass(frozen=True)
class KafkaConfig:
    """Brokers and librdkafka properties. Its `repr` shows no property, because some are passwords.

    Attributes
    ----------
    bootstrap_servers
        ``host:port[,host:port]``.
    security, producer, consumer
        The sections `producer_consumer_security_config`, `runengine_producer_config` and `consumer_config`.
    """

    bootstrap_servers: str
    security: Mapping[str, Any] = field(default_factory=dict, repr=False)
    producer: Mapping[str, Any] = field(default_factory=dict, repr=False)
    consumer: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def get_producer_properties(self) -> Properties:
        """Return the properties of a producer."""
        return {**self.security, **self.producer, "bootstrap.servers": self.bootstrap_servers}

    def get_consumer_properties(self) -> Properties:
        """Return the properties of a consumer, with only the security properties of the producer's section."""
        shared = {key: value for key, value in self.producer.items() if key.startswith(SECURITY_PREFIXES)}
        return {**shared, **self.security, **self.consumer, "bootstrap.servers": self.bootstrap_servers}

    def get_admin_properties(self) -> Properties:
        """Return the properties of a client that neither produces nor consumes: security and brokers only."""
        known = self.get_consumer_properties()
        return {key: value for key, value in known.items() if key.startswith((*SECURITY_PREFIXES, "bootstrap."))}


def read_kafka_config(kafka: settings.Kafka) -> KafkaConfig:
    """Read the Kafka configuration.

    The file is that of the settings, else that of ``$BLUESKY_KAFKA_CONFIG_PATH``, else ``/etc/bluesky/kafka.yml``.
    With `bootstrap_servers` in the settings, only a file named there is read (for its security): a demo on a
    beamline's machine must not read the facility's passwords.

    Raises
    ------
    KafkaConfigError
        The file cannot be read, a section is missing or is not a mapping.
    """
    if kafka.bootstrap_servers and kafka.config_file is None:
        return KafkaConfig(_parse_servers(kafka.bootstrap_servers, "settings: kafka.bootstrap_servers"))
    path = (kafka.config_file or Path(os.environ.get(CONFIG_VARIABLE) or CONFIG_FILE)).expanduser()
    content = _read(path)
    servers = kafka.bootstrap_servers or _require_key(content, "bootstrap_servers", "a list of host:port", path)
    _require_key(content, "runengine_producer_config", "a mapping of librdkafka properties (may be empty: {})", path)
    return KafkaConfig(
        bootstrap_servers=_parse_servers(servers, f"{path}: bootstrap_servers"),
        security=_read_section(content, "producer_consumer_security_config", path),
        producer=_read_section(content, "runengine_producer_config", path),
        consumer=_read_section(content, "consumer_config", path),
    )


def _read(path: Path) -> dict[str, Any]:
    expected = "the facility's kafka.yml with bootstrap_servers and runengine_producer_config"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise KafkaConfigError(
            f"{path}: no such file (expected {expected}; name another by kafka.config_file or ${CONFIG_VARIABLE}, "
            "or give kafka.bootstrap_servers)"
        ) from error
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise KafkaConfigError(f"{path}: {describe_unreadable(error)}") from error
    if not isinstance(content, dict):
        raise KafkaConfigError(f"{path}: got a {type(content).__name__} (expected {expected})")
    return content


def _require_key(content: Mapping[str, Any], key: str, expected: str, path: Path) -> Any:
    if key not in content:
        raise KafkaConfigError(f"{path}: missing key '{key}' (expected {expected})")
    return content[key]


def _parse_servers(given: Any, where: str) -> str:
    parts = given.split(",") if isinstance(given, str) else given
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise KafkaConfigError(f"{where}: got {given!r:.80} (expected host:port, or a list of them)")
    servers = [part.strip() for part in parts if part.strip()]
    if not servers:
        raise KafkaConfigError(f"{where}: got no server (expected host:port, or a list of them)")
    return ",".join(servers)


def _read_section(content: Mapping[str, Any], key: str, path: Path) -> Properties:
    section = content.get(key)
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise KafkaConfigError(
            f"{path}: {key}: got a {type(section).__name__} (expected a mapping of librdkafka properties)"
        )
    properties = {str(name): _format_value(value) for name, value in section.items() if value is not None}
    for name in FILE_PROPERTIES:
        _check_file(properties.get(name), f"{path}: {key}: {name}")
    return properties


def _check_file(file: Any, where: str) -> None:
    """Check that a certificate, or a key, can be read; `probe` lets OpenSSL look for the certificates."""
    if file not in (None, "", "probe") and not os.access(str(file), os.R_OK):
        raise KafkaConfigError(f"{where}: cannot read {file} (expected a file that this account may read)")


def check_client_properties(config: KafkaConfig) -> None:
    """Check that a Kafka client accepts the properties. No broker is contacted.

    Raises
    ------
    KafkaConfigError
        A property is unknown, or has a value that cannot be used.
    """
    from confluent_kafka import KafkaException, Producer

    try:
        Producer({**config.get_producer_properties(), "log_level": 0})
    except KafkaException as error:
        raise KafkaConfigError(describe_refusal(error)) from error


def describe_refusal(error: Exception) -> str:
    """Describe why a Kafka client refused its properties."""
    reason = error.args[0].str() if error.args and hasattr(error.args[0], "str") else str(error)
    return f"Kafka properties: {reason} (expected properties of librdkafka in kafka.yml)"


def _format_value(value: Any) -> Any:
    """Format a YAML value for librdkafka."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, int | float) else str(value)
