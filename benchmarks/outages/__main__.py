"""Disturb the workers in one way and compare with an undisturbed run: `python -m benchmarks.outages --case late`.

A recorded session of the simulated beamline (all kinds of scans) is replayed on a real Apache Kafka (Java) with both
durable workers as processes and a local Slack. The undisturbed run is made once for each folder. The exit code is 1 if
anything differs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from benchmarks.outages.cases import AT_ONCE, CASES, PAUSED, SECONDS, CaseOptions
from benchmarks.outages.collect import collect
from benchmarks.outages.replay import Replay
from benchmarks.outages.session import RecordedSession, load_session
from benchmarks.outages.site import BOTH, Site
from helpers.kafka_server import KafkaServer
from helpers.replay_results import Normalizer, Results, list_differences
from xafs_workers.logs import configure_logging

PAUSE = 90.0
"""Pause after each message in cases with pauses, seconds of record time."""
QUIET_SECONDS = 12.0
"""A page is completed within a few seconds after its last picture; so long no file may have changed."""
ANSWERED_WITHIN = 1200.0
"""How long after the last record an answer may come, seconds: on a busy machine Larch starts in minutes."""
EQUAL_WITHIN = 300.0
"""How long after the last answer the results may differ, seconds."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one case; return 1 if its results differ."""
    options = _parse(arguments)
    configure_logging("error")
    folder = Path(options.folder or tempfile.mkdtemp(prefix="outages-"))
    folder.mkdir(parents=True, exist_ok=True)
    session = load_session(folder / "session.jsonl")
    bench = Bench(folder, session, options)
    expected = bench.load_reference()
    began = time.monotonic()
    differences, kills, repeated = bench.run_case(expected)
    print(
        f"{options.case} {' '.join(f'{name}={value}' for name, value in vars(options).items() if name != 'case')}: "
        f"{len(session.entries)} records, {len(session.message_ids)} messages, {kills} kills, {repeated} repeated "
        f"answers, {len(expected)} subjects compared, {time.monotonic() - began:.0f} s"
    )
    print("\n".join(differences) or "no differences")
    return 1 if differences else 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--case", choices=CASES, required=True)
    parser.add_argument("--folder", help="where session, reference and results are kept; a new one otherwise")
    parser.add_argument("--seconds", type=float, help="length of the outage, lateness, or difference of clocks")
    parser.add_argument("--at", type=float, default=20.0, help="beginning of the outage, seconds")
    parser.add_argument("--count", type=int, default=100, help="number of kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", choices=(*BOTH, "both", "drawn"), default="both")
    options = parser.parse_args(arguments)
    if options.seconds is None:
        options.seconds = SECONDS.get(options.case, 0.0)
    return options


class Bench:
    """Folder with a session, its reference and the sites of its cases."""

    def __init__(self, folder: Path, session: RecordedSession, options: argparse.Namespace):
        self._folder, self._session, self._options = folder, session, options
        workers = {"both": BOTH, "drawn": ()}.get(options.workers, (options.workers,))
        self._case = CaseOptions(options.seconds, options.at, options.count, options.seed, workers)

    def load_reference(self) -> Results:
        """Return the results of the undisturbed run; make them where they do not exist."""
        case = self._options.case
        name = "paused" if case in PAUSED else "masked" if case == "clocks" else "live"
        path = self._folder / f"reference-{name}.json"
        if not path.exists():
            results = self._run("undisturbed", f"reference {name}", _wait_until_quiet)[0]
            path.write_text(json.dumps(results, indent=1))
        return json.loads(path.read_text())

    def run_case(self, expected: Results) -> tuple[list[str], int, int]:
        """Run the case; return the differences, the number of kills and of repeated answers."""
        name = f"{self._options.case} {time.strftime('%H-%M-%S')}"
        results, kills, repeated = self._run(
            self._options.case, name, lambda site, look: _wait_until_equal(site, look, expected)
        )
        return list_differences(expected, results), kills, repeated

    def _run(
        self, case: str, name: str, settle: Callable[[Site, Callable[[], Results]], Results]
    ) -> tuple[Results, int, int]:
        folder = self._folder / name.replace(" ", "-")
        kafka = KafkaServer(folder / "kafka")
        kafka.start()
        try:
            with Site(folder, kafka.bootstrap_servers, f"site-{folder.name.lower()}") as site:
                replay = self._build_replay(site, case)
                site.start()
                CASES[case](replay, kafka, self._case)
                ids = self._session.message_ids
                masked = self._options.case == "clocks"
                normalize = Normalizer(site.proposals, site.name, replay.began, mask_times=masked)
                _wait_for_answers(site, ids)
                results = settle(site, lambda: collect(site, ids, normalize))
                repeated = sum(
                    max(0, sum(one["state"] != "accepted" for one in answers) - 1) for answers in site.answers.values()
                )
                return results, site.kills, repeated
        finally:
            kafka.stop()

    def _build_replay(self, site: Site, case: str) -> Replay:
        session, stretch, length = self._session, float, self._session.seconds
        at_once = case in AT_ONCE
        if self._options.case in PAUSED:
            stretch, at_once = _build_pauses(session), True
            length = stretch(session.seconds)
        began = float(int(time.time()) - (int(length) + 1 if at_once else 0) + (0 if at_once else 4))
        entries = session.place(site.proposals, began, stretch)
        if case == "clocks":
            entries = session.skew_documents(entries, self._case.seconds)
        return Replay(site, session, began, entries)


def _build_pauses(session: RecordedSession) -> Callable[[float], float]:
    moments = [entry.seconds for entry in session.entries if entry.is_message]
    return lambda seconds: seconds + PAUSE * bisect_left(moments, seconds)


def _wait_for_answers(site: Site, ids: tuple[str, ...]) -> None:
    try:
        site.wait(lambda: not site.list_unanswered(ids), "all answers", ANSWERED_WITHIN)
    except AssertionError as error:
        print(error, site.list_unanswered(ids))


def _wait_until_equal(site: Site, look: Callable[[], Results], expected: Results) -> Results:
    """Wait until nothing differs, and then a little: nothing may be written after that."""
    deadline = time.monotonic() + EQUAL_WITHIN
    while list_differences(expected, look()) and time.monotonic() < deadline:
        site.listen(1.0)
    site.listen(5.0)
    return look()


def _wait_until_quiet(site: Site, look: Callable[[], Results]) -> Results:
    """Wait until nothing changes any more."""
    before, since = look(), time.monotonic()
    while time.monotonic() - since < QUIET_SECONDS:
        site.listen(1.0)
        now = look()
        if now != before:
            before, since = now, time.monotonic()
    return before


if __name__ == "__main__":
    sys.exit(main())
