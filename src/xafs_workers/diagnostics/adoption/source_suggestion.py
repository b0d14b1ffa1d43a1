"""Suggestion of the source: the one that was read."""

from __future__ import annotations

from xafs_workers.diagnostics.adoption.suggestion import Suggestion, ask
from xafs_workers.settings import Kafka, Settings

READ = "it was read from there"

NO_TOPICS = (
    "workers wait for the topics of messages and answers: `xafs-workers install --topics --apply` makes them; "
    "where none can be made, control.http needs none"
)


def suggest_source(settings: Settings) -> tuple[Suggestion, ...]:
    """Suggest the source that the settings name."""
    sources = settings.sources
    if sources.recording is not None:
        reason = "for trials; a beamline has kafka, zmq or tiled in its place"
        return (Suggestion(("sources", "recording", "file"), str(sources.recording.file.resolve()), reason),)
    if sources.zmq is not None:
        promise = f"{READ}; at most once: what the proxy drops is lost"
        suggestions = [Suggestion(("sources", "zmq", "address"), sources.zmq.address, promise)]
        if sources.zmq.prefix:
            suggestions.append(Suggestion(("sources", "zmq", "prefix"), sources.zmq.prefix, "prefix of the publisher"))
        return tuple(suggestions)
    if sources.tiled is not None:
        suggestions = [Suggestion(("sources", "tiled", "uri"), sources.tiled.uri, READ)]
        if sources.tiled.path:
            suggestions.append(Suggestion(("sources", "tiled", "path"), sources.tiled.path, READ))
        return tuple(suggestions)
    suggestions = [Suggestion(("beamline",), settings.beamline, "prefix of topics and consumer groups, as given")]
    if settings.kafka.bootstrap_servers:
        suggestions.append(Suggestion(("kafka", "bootstrap_servers"), settings.kafka.bootstrap_servers, READ))
    if settings.kafka.documents_topic != Kafka().documents_topic:
        suggestions.append(Suggestion(("kafka", "documents_topic"), settings.kafka.documents_topic, READ))
    suggestions.append(ask(("control", "http"), None, NO_TOPICS))
    return tuple(suggestions)
