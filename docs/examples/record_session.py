"""A session of ophyd.sim, recorded: a scan of a stage, then two XAFS repetitions of an iron foil.

    python record_session.py session.jsonl

The recording has one line of `[name, document]` for each document. A session of your own is recorded in the same way:
open a file, and subscribe a function that writes to it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from bluesky import RunEngine
from bluesky.plans import list_scan, scan
from ophyd.sim import SynAxis, SynSignal, det, motor

EDGE = 7112.0  # Fe K, eV


def make_devices() -> tuple[SynAxis, list[SynSignal]]:
    """Make a monochromator, and ion chambers before and behind a foil."""
    energy = SynAxis(name="mono_energy", value=EDGE - 150)
    noise = np.random.default_rng(1)

    def absorb() -> float:
        distance = energy.position - EDGE
        wave = 0.05 * np.sin(np.sqrt(max(distance, 0.0))) if distance > 0 else 0.0
        return 0.5 + (1.0 + wave) / (1 + np.exp(-distance / 2))

    before = SynSignal(name="I0", func=lambda: 1e5 * (1 + 1e-4 * noise.normal()))
    behind = SynSignal(name="It", func=lambda: 1e5 * float(np.exp(-absorb())) * (1 + 1e-4 * noise.normal()))
    return energy, [before, behind]


def measure(engine: RunEngine) -> None:
    """Measure the session."""
    energy, chambers = make_devices()
    energies = np.concatenate(
        [np.arange(EDGE - 150, EDGE - 20, 10), np.arange(EDGE - 20, EDGE + 30), np.arange(EDGE + 30, EDGE + 500, 5)]
    )
    engine(scan([det], motor, -3, 3, 25))
    for _ in range(2):
        engine(list_scan(chambers, energy, energies.tolist(), md={"element": "Fe", "edge": "K", "sample_name": "foil"}))


def main(path: Path) -> None:
    """Record the session to a new file."""
    engine = RunEngine({"beamline_id": "laptop"})
    with path.open("x", encoding="utf-8") as file:

        def write(name: str, document: dict[str, Any]) -> None:
            file.write(json.dumps([name, document], default=np.ndarray.tolist) + "\n")

        engine.subscribe(write)
        measure(engine)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
