"""Kill a real broker many times while workers store offsets: `python -m benchmarks.broker_kills` (Java).

Each process stores offsets with the workers' own `OffsetStore`, 50 a second. The broker gets SIGKILL and is started
again. Printed are how often a process died (of SIGABRT, -6, if the client library aborts), and whether Kafka has the
offsets that were reported as stored.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from helpers.kafka_server import KafkaServer
from helpers.offset_storers import TOPIC, fetch_stored, kill_under_load


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 1 if a child died, or Kafka has less than a child was told."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--children", type=int, default=3)
    options = parser.parse_args(arguments)
    good = True
    with tempfile.TemporaryDirectory() as folder:
        kafka = KafkaServer(Path(folder), "--topics", TOPIC)
        kafka.start()
        try:
            for storer in kill_under_load(kafka, options.kills, options.children):
                kept = fetch_stored(kafka.bootstrap_servers, storer.group)
                good &= not storer.exit_codes and kept >= storer.stored
                print(
                    f"{storer.group}: {options.kills} kills, died {len(storer.exit_codes)} times "
                    f"{sorted(set(storer.exit_codes))}, stored {storer.stored}, Kafka has {kept}"
                )
        finally:
            kafka.stop()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
