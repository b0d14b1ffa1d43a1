"""Count what the reduction notes on simulated sequences: on clean ones, and with a fault of each strength in one.

Clean sequences have 2 to 6 repetitions of one spectrum over the Fe K edge, with noise of 1e-4 to 1e-2 of the edge step,
an edge that moves by up to 0.02 eV, and a thickness that changes by up to 3 %. What is noted on them is a false alarm.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from xafs_workers.reduction.curves import Array
from xafs_workers.reduction.preparation import Member
from xafs_workers.reduction.reduce import Edge
from xafs_workers.reduction.sequence import reduce_sequence

E0 = 7112.0
EDGE = Edge("Fe", "K")
WAVENUMBERS = np.arange(2.6, 13.0, 0.05)
ENERGY = np.concatenate(
    [np.arange(E0 - 150, E0 - 25, 5.0), np.arange(E0 - 25, E0 + 25, 0.5), E0 + 3.81 * WAVENUMBERS**2]
)


def compute_mu(energy: Array, rng: np.random.Generator) -> Callable[[float], Array]:
    """Return the spectrum of a random sample as a function of the shift of its edge, eV."""
    distance, height, white_line = rng.uniform(1.5, 3.0), rng.uniform(0.3, 1.2), rng.uniform(0.0, 1.5)

    def compute(shift: float) -> Array:
        x = energy - E0 - shift
        k = np.sqrt(np.clip(x, 0.0, None) / 3.81)
        wave = height * np.sin(2 * distance * k + 1) * np.exp(-0.012 * k**2) / (1 + 4 * k) * (1 - np.exp(-k))
        rise = 0.5 + np.arctan(x / 1.5) / np.pi
        return 0.4 + rise * (1 + wave) + white_line * np.exp(-(((x - 4.0) / 3.0) ** 2)) - 1e-4 * x

    return compute


def make_sequence(seed: int, count: int | None = None, noise: float | None = None) -> list[Member]:
    """Build the repetitions of a clean sequence."""
    rng = np.random.default_rng(seed)
    spectrum = compute_mu(ENERGY, rng)
    count = int(rng.integers(2, 7)) if count is None else count
    noise = 10 ** rng.uniform(-4.0, -2.0) if noise is None else noise
    members: list[Member] = []
    for number in range(1, count + 1):
        mu = rng.uniform(0.985, 1.015) * spectrum(rng.uniform(-0.01, 0.01)) + rng.normal(0, noise, len(ENERGY))
        members.append(Member(f"{seed}-{number}", number, ENERGY, mu, rng.normal(100.0, 0.1, len(ENERGY))))
    return members


def list_faults() -> Iterator[tuple[str, Callable[[Member], Member]]]:
    """Yield the faults that are added to the second of three repetitions, each with its strength."""

    def shift(by: float) -> Callable[[Member], Member]:
        return lambda one: replace(one, energy=one.energy + by)

    def scale(by: float) -> Callable[[Member], Member]:
        return lambda one: replace(one, mu=by * one.mu)

    def wave(height: float) -> Callable[[Member], Member]:
        near = height * np.sin((ENERGY - E0) / 6.0) * (np.abs(ENERGY - E0 - 10) < 35)
        return lambda one: replace(one, mu=one.mu + near)

    def spike(height: float, place: int) -> Callable[[Member], Member]:
        return lambda one: replace(one, mu=one.mu + height * (np.arange(len(ENERGY)) == place))

    yield from ((f"shift {by} eV", shift(by)) for by in (0.05, 0.1, 0.15, 0.3, 1.0, 4.0, 6.0, 20.0))
    yield from ((f"mu x {by}", scale(by)) for by in (1.02, 1.05, 1.15, 2.0, 0.5))
    yield from ((f"wave {height}", wave(height)) for height in (0.02, 0.05, 0.1, 0.3, 0.6))
    yield from ((f"spike {height}, edge", spike(height, 95)) for height in (0.03, 0.1, 0.5))
    yield from ((f"spike {height}, beyond", spike(height, 250)) for height in (0.03, 0.1, 0.5))
    yield "no edge", lambda one: replace(one, mu=np.full(len(ENERGY), 0.2))


def count_false_alarms(sequences: int) -> Counter[str]:
    """Count the sequences on which anything is noted, under ``any``, and the notes by their form."""
    found: Counter[str] = Counter()
    for seed in range(sequences):
        values = reduce_sequence(make_sequence(seed), EDGE)
        notes = [*values["notes"], *(["excess scatter"] if values["has_excess_scatter"] else [])]
        found["any"] += bool(notes)
        found.update({re.sub(r"[-+]?\d+(\.\d+)?", "N", note) for note in notes})
    return found


def count_found_faults(tries: int) -> Iterator[tuple[str, int, int]]:
    """Yield for each fault how often it was noted, and how often its repetition was left out."""
    for name, change in list_faults():
        noted = out = 0
        for seed in range(tries):
            members = make_sequence(seed, 3, 5e-4)
            members[1] = change(members[1])
            values = reduce_sequence(members, EDGE)
            out += values["members"][1]["state"] == "left out"
            noted += bool(values["notes"]) and values["members"][1]["state"] == "merged"
        yield name, noted, out


def main() -> None:
    """Print the number of false alarms, and what is found of each fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=1000)
    parser.add_argument("--tries", type=int, default=18)
    options = parser.parse_args()
    for name, noted, out in count_found_faults(options.tries):
        print(f"{name:20} noted {noted:3d}, left out {out:3d} of {options.tries}", flush=True)
    began = time.perf_counter()
    found = count_false_alarms(options.sequences)
    for note, count in found.most_common():
        print(f"{count:5d} of {options.sequences}: {note}")
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
