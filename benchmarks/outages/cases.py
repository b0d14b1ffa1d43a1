"""The disturbances: each function publishes a whole session while something goes wrong."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.outages.replay import Replay
from benchmarks.outages.site import BOTH, PARTITIONS
from helpers.kafka_server import KafkaServer

START_ATTEMPTS = 30
"""Number of attempts to start a broker that was killed."""
HEARD = 0.5
"""Share of a broker's kills that wait for both workers."""


@dataclass(frozen=True)
class CaseOptions:
    """Options of a case.

    Attributes
    ----------
    seconds
        Length of the outage, lateness of documents, or difference of clocks.
    at
        Beginning of an outage, seconds after that of the session.
    count
        Number of kills.
    workers
        Workers that are stopped or killed; none: at each kill the file manager, the headless worker or both are drawn.
    """

    seconds: float
    at: float
    count: int
    seed: int
    workers: tuple[str, ...]


def play_undisturbed(replay: Replay, kafka: KafkaServer, options: CaseOptions) -> None:
    """Disturb nothing: shows whether two replays are equal at all."""
    replay.finish()


def delay_documents(replay: Replay, kafka: KafkaServer, options: CaseOptions) -> None:
    """Publish each document some seconds later than it was made, and each message in time."""
    replay.late = options.seconds
    replay.finish()


def stop_broker(replay: Replay, kafka: KafkaServer, options: CaseOptions) -> None:
    """Let the broker be away for some seconds while the session goes on."""
    replay.play(options.at)
    kafka.stop()
    replay.wait(options.seconds)
    kafka.start()
    replay.finish()


def stop_workers(replay: Replay, kafka: KafkaServer, options: CaseOptions) -> None:
    """Let workers be down for some seconds while the session goes on."""
    replay.play(options.at)
    for worker in options.workers:
        replay.site.kill(worker)
    replay.wait(options.seconds)
    replay.site.start(*options.workers, ready=False)
    replay.finish()


def freeze_workers(replay: Replay, kafka: KafkaServer, options: CaseOptions) -> None:
    """Stop workers with SIGSTOP for some seconds while the session goes on."""
    replay.play(options.at)
    replay.site.pause(*options.workers)
    replay.wait(options.seconds)
    replay.site.resume(*options.workers)
    replay.finish()


def add_partitions(replay: Replay, kafka: KafkaServer, options: CaseOptions) -> None:
    """Give both topics more partitions in the middle of a run."""
    replay.play(options.at)
    replay.site.add_partitions(PARTITIONS + 3)
    replay.finish()


def stop_workers_at_messages(replay: Replay, kafka: KafkaServer, options: CaseOptions) -> None:
    """Have both workers down whenever a record is published: everything is read in a recovery.

    After each message the session pauses for 90 s of record time, in the undisturbed replay too.
    """
    site = replay.site
    for begin, end in pairwise([0, *_find_boundaries(replay), len(replay.entries)]):
        for worker in options.workers:
            site.kill(worker)
        replay.publish_at_once(replay.entries[begin:end])
        site.start(*options.workers)


def kill_at_boundaries(replay: Replay, kafka: KafkaServer, options: CaseOptions) -> None:
    """Kill workers after messages, a drawn time after each was published; after all of them with a large count."""
    places = _find_boundaries(replay)
    drawn = random.Random(options.seed).sample(places, min(options.count, len(places)))
    _kill_at(replay, sorted(drawn), options)


def kill_at_random(replay: Replay, kafka: KafkaServer, options: CaseOptions) -> None:
    """Kill workers at drawn records of the session, a drawn time after the record was published."""
    places = random.Random(options.seed).sample(range(1, len(replay.entries)), options.count)
    _kill_at(replay, sorted(places), options)


def _kill_at(replay: Replay, places: list[int], options: CaseOptions) -> None:
    site, rng = replay.site, random.Random(options.seed)
    for begin, end in pairwise([0, *places]):
        replay.publish_at_once(replay.entries[begin:end])
        site.listen(rng.choice((0.0, 0.05, 0.2, 1.0)))
        workers = options.workers or rng.choice(((BOTH[0],), (BOTH[1],), BOTH))
        for worker in workers:
            site.kill(worker)
        # Half of the kills come while a worker starts or reads what it needs again.
        site.start(*workers, ready=rng.random() < 0.5)
    replay.publish_at_once(replay.entries[places[-1] :])


def kill_broker(replay: Replay, kafka: KafkaServer, options: CaseOptions) -> None:
    """Kill the broker with SIGKILL many times while records are published and offsets are stored.

    Each kill comes a drawn time after the broker took some of the new records; half of them also after both workers
    have sent a heartbeat, so that these are connected.
    """
    site, rng = replay.site, random.Random(options.seed)
    step = -(-len(replay.entries) // options.count)
    for begin in range(0, len(replay.entries), step):
        site.publish(replay.entries[begin : begin + step], replay.began)
        site.wait_for_delivery()
        if rng.random() < HEARD:
            site.wait_for_heartbeats()
        site.listen(rng.choice((0.0, 0.1, 0.3, 1.0)))
        kafka.kill()
        _start_again(kafka)
        site.kills += 1
    site.flush()


def _start_again(kafka: KafkaServer) -> None:
    """Start a broker on its port, which another program may hold for a moment."""
    for _ in range(START_ATTEMPTS - 1):
        try:
            return kafka.start()
        except RuntimeError:
            time.sleep(1.0)
    return kafka.start()


def _find_boundaries(replay: Replay) -> list[int]:
    """Return the places after each message but the last."""
    return [place + 1 for place, entry in enumerate(replay.entries[:-1]) if entry.is_message]


Case = Callable[[Replay, KafkaServer, CaseOptions], None]
CASES: dict[str, Case] = {
    "undisturbed": play_undisturbed,
    "late": delay_documents,
    "broker-away": stop_broker,
    "workers-down": stop_workers,
    "workers-down-at-messages": stop_workers_at_messages,
    "stopped": freeze_workers,
    "partitions-added": add_partitions,
    "clocks": play_undisturbed,
    "kills-at-boundaries": kill_at_boundaries,
    "kills-at-random": kill_at_random,
    "broker-kills": kill_broker,
}
"""Cases by name; in `clocks` the documents have other times."""
AT_ONCE = frozenset({"workers-down-at-messages", "kills-at-boundaries", "kills-at-random", "broker-kills"})
"""Cases that publish faster than the session was: it began long enough ago that no record is of the future."""
SECONDS = {"late": 4.0, "broker-away": 60.0, "workers-down": 90.0, "stopped": 90.0, "clocks": 5.0}
"""Usual length of an outage, by case."""
PAUSED = frozenset({"workers-down-at-messages"})
"""Cases with a pause of 90 s of record time after each message."""
