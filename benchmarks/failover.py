"""Kill and stop the workers that act, many times, during days at a beamline: `python -m benchmarks.failover` (Java).

Two file managers and two headless plot managers run on a real Apache Kafka, each with a state folder of its own. In
each round a day's records are sent while the instances that act are killed (SIGKILL), or stopped until another has
taken over and then continued (SIGSTOP, SIGCONT). At the end of a round, files, answers and posts are compared with
those of single workers that were left in peace. Printed are the differences and how long takeovers took.
"""

from __future__ import annotations

import argparse
import random
import signal
import statistics
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from helpers.day import build_day, build_sequence, collect_files, fill_paths
from helpers.failover_pair import FENCED_CODE, FailoverPair, Instance, is_acting
from helpers.kafka_server import KafkaServer
from helpers.processes import Station, wait_until
from helpers.slack_server import TOKEN, SlackServer
from helpers.streams import Entry
from plugins.brokers import ApacheAdmin

COMMANDS = {"file-manager": ("file-manager",), "headless": ("plot-manager", "--headless")}
STOPPED_SHARE = 0.3
"""Share of the disturbances that are stops."""
LIMIT_SECONDS = 300.0
"""Longest wait for a condition, seconds."""
ANSWERED_SHARE = 0.5
"""Share of the disturbances before which some answers are waited for; the others hit at once."""
WAITING_FIELDS = ("behind", "waiting", "posts_waiting")
"""Fields of a heartbeat that are 0 or empty where nothing is left to do."""
QUESTION = {"file_exists": True, "folder": "{session}", "filename": "scan.ini"}


def build_entries() -> list[Entry]:
    """Return a day with pictures, questions and posts; each message has an id."""
    entries = build_day()[:-1] + build_sequence()
    for number in range(4):
        place = len(entries) * (number + 1) // 5
        entries.insert(place, ("bmm", dict(QUESTION)))
        entries.insert(place, ("bmm", {"echoslack": True, "text": f"part {number}", "icon": "message", "rid": None}))
    return [
        (name, {**body, "message_id": f"m{place}"} if name == "bmm" else body)
        for place, (name, body) in enumerate(entries)
    ]


class Round:
    """Topics, folders and workers of one day."""

    def __init__(self, folder: Path, kafka: KafkaServer, options: argparse.Namespace, *, is_alone: bool):
        self.slack = SlackServer()
        create = ApacheAdmin(kafka).create_topic
        workspace = folder / "workspace"
        workspace.mkdir(parents=True)
        (workspace / "scan.ini").write_text("start = next\n")
        (workspace / "edited.ini").write_text("start = 7\n")
        (folder / "token").write_text(TOKEN)
        channels = {"pass-123456": "C1"}
        self.station = Station(
            folder,
            kafka.bootstrap_servers,
            create,
            f"f{uuid.uuid4().hex[:8]}",
            storage={"copy_sources": [str(workspace)]},
            failover={"enabled": not is_alone, "takeover_seconds": options.takeover_seconds},
            slack={"token_file": str(folder / "token"), "base_url": self.slack.base_url, "channels": channels},
        )
        self.pairs = [FailoverPair(self.station, worker, command, create) for worker, command in COMMANDS.items()]

    def __enter__(self) -> Round:
        self.slack.__enter__()
        return self

    def __exit__(self, *problem: Any) -> None:
        for pair in self.pairs:
            pair.close()
        self.station.close()
        self.slack.__exit__(None, None, None)

    def put(self, entries: Sequence[Entry]) -> None:
        """Publish entries."""
        self.station.put(fill_paths(self.station, list(entries)))

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition while the topics are read."""

        def poll() -> bool:
            self.station.poll_topics()
            for pair in self.pairs:
                pair.revive()
            return condition()

        try:
            wait_until(poll, what, LIMIT_SECONDS)
        except AssertionError as late:  # the comparison shows what is missing
            print(late, flush=True)

    def count_final(self) -> int:
        """Return how many messages have an answer that ends them."""
        answers = self.station.received["answer"]
        return len({(one["worker"], one["message_id"]) for one in answers if one["state"] != "accepted"})

    def summarize(self) -> dict[str, Any]:
        """Return what must be equal."""
        answers = [(one["worker"], one["message_id"], one["state"]) for one in self.station.received["answer"]]
        letters = [letter["reason"][:10] for letter in self.station.received["dead-letter"]]
        return {
            "files": collect_files(self.station),
            "answers": Counter(answers),
            "dead letters": Counter(letters),
            "posts": Counter(text.replace(str(self.station.folder), "") for text in self.slack.list_texts("C1")),
        }


def run_alone(day: Round, entries: Sequence[Entry]) -> dict[str, Any]:
    """Return what single workers make of a day."""
    for pair in day.pairs:
        pair.instances[0].start()
    day.wait(lambda: len({beat["pid"] for beat in day.station.received["status"]}) == len(day.pairs), "heartbeats")
    day.put(entries)
    expected = {place for place, (name, _) in enumerate(entries) if name == "bmm"}
    day.wait(lambda: day.count_final() >= len(expected), "all answers")
    wait_until_quiet(day)
    return day.summarize()


def wait_until_quiet(day: Round) -> None:
    """Wait until heartbeats that are newer than the call report that nothing waits in the workers that act."""
    begin = time.time()

    def is_quiet() -> bool:
        acting = [pair.find_leader() or pair.instances[0] for pair in day.pairs]
        beats = [pair.find_beat(instance) for pair, instance in zip(day.pairs, acting, strict=True)]
        return all(
            beat.get("state") == "running" and beat["time"] > begin and not any(map(beat.get, WAITING_FIELDS))
            for beat in beats
        )

    day.wait(is_quiet, "posts and pages")


@dataclass(eq=False)
class Loss:
    """An instance that was killed or stopped, and when another one took over (monotonic clock)."""

    pair: FailoverPair
    instance: Instance
    began: float
    seconds: float | None = None

    def look(self) -> bool:
        """Check whether the other instance acts, and remember since when."""
        if self.seconds is None and is_acting(self.pair.find_beat(self.pair.find_other(self.instance))):
            self.seconds = time.monotonic() - self.began
        return self.seconds is not None


def disturb(pair: FailoverPair, *, stops: bool) -> Loss | None:
    """Kill or stop the instance that acts; None where there is none just now."""
    leader = pair.find_leader()
    if leader is None:
        return None
    leader.signal(signal.SIGSTOP if stops else signal.SIGKILL)
    return Loss(pair, leader, time.monotonic())


def restore(losses: Sequence[Loss]) -> bool:
    """Let lost instances come back; return whether those that were stopped ended by themselves."""
    good = True
    for loss in losses:
        if loss.instance.is_stopped:
            loss.instance.signal(signal.SIGCONT)
            good &= loss.instance.wait() == FENCED_CODE
        loss.instance.start()
    for loss in losses:
        loss.pair.wait(loss.pair.is_complete, "a leader and a standby")
    return good


def run_disturbed(
    day: Round, entries: Sequence[Entry], cuts: int, rng: random.Random, times: dict[str, list[float]]
) -> tuple[dict[str, Any], bool]:
    """Return what pairs of workers make of a day in which the acting ones are killed and stopped."""
    for pair in day.pairs:
        pair.start()
    good, places = True, sorted(rng.sample(range(1, len(entries)), cuts))
    for begin, end in zip([0, *places], [*places, len(entries)], strict=True):
        day.put(entries[begin:end])
        asked = sum(name == "bmm" for name, _ in entries[begin:end])
        if asked and rng.random() < ANSWERED_SHARE:
            enough = len(day.station.received["answer"]) + rng.randint(1, asked)
            day.wait(lambda n=enough: len(day.station.received["answer"]) >= n, "answers")
        if end == len(entries):
            break
        losses = [loss for pair in day.pairs if (loss := disturb(pair, stops=rng.random() < STOPPED_SHARE)) is not None]
        day.wait(lambda some=losses: sum(loss.look() for loss in some) == len(some), "takeovers")
        for loss in losses:
            times["stopped" if loss.instance.is_stopped else "killed"].append(loss.seconds or 0.0)
        good &= restore(losses)
    expected = sum(name == "bmm" for name, _ in entries)
    day.wait(lambda: day.count_final() >= expected, "all answers")
    wait_until_quiet(day)
    return day.summarize(), good


def compare(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Return the differences, a line each."""
    lines: list[str] = []
    for part in expected:
        keys = expected[part].keys() | found[part].keys()
        lines += [
            f"{part}: {key}: {str(expected[part].get(key))[:200]} != {str(found[part].get(key))[:200]}"
            for key in sorted(keys, key=str)
            if expected[part].get(key) != found[part].get(key)
        ]
    return lines


def describe_times(times: Mapping[str, Sequence[float]]) -> list[str]:
    """Return how often instances were killed and stopped so far, and how long takeovers took."""
    return [
        f"{len(some)} {name}: takeover after {statistics.median(some):.1f} s (median), {max(some):.1f} s (longest)"
        for name, some in times.items()
        if some
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the results; return 1 if anything differs or a stopped instance went on."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cuts", type=int, default=10, help="kills or stops of each worker in a round")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--takeover-seconds", type=float, default=10.0)
    parser.add_argument("--folder", type=Path, help="where the files and logs of the rounds stay")
    options = parser.parse_args(arguments)
    entries, rng, good = build_entries(), random.Random(options.seed), True
    times: dict[str, list[float]] = {"killed": [], "stopped": []}
    with ExitStack() as stack:
        folder = options.folder or stack.enter_context(tempfile.TemporaryDirectory())
        kafka = KafkaServer(Path(folder) / "kafka")
        kafka.start()
        try:
            with Round(Path(folder) / "alone", kafka, options, is_alone=True) as day:
                expected = run_alone(day, entries)
            print({part: sum(map(bool, values.values())) for part, values in expected.items()}, flush=True)
            for number in range(options.rounds):
                with Round(Path(folder) / f"round{number}", kafka, options, is_alone=False) as day:
                    found, ended = run_disturbed(day, entries, options.cuts, rng, times)
                differences = compare(expected, found)
                good &= ended and not differences
                restarts = sum(pair.restarts for pair in day.pairs)
                print(
                    f"round {number + 1}: {len(differences)} differences, {restarts} ended by themselves,",
                    f"stopped ones ended: {ended}",
                    *differences,
                    *describe_times(times),
                    sep="\n  ",
                    flush=True,
                )
        finally:
            kafka.stop()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
