"""Tabulated edge energies without waiting: the tables take seconds to load, and a mouse moves meanwhile."""

from __future__ import annotations

import threading

from xafs_workers.elements import find_edge_energy
from xafs_workers.logs import get_logger

log = get_logger("screen")


class EdgeEnergies:
    """Edge energies, None as long as the tables are not loaded."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._load, name="edges", daemon=True)

    def start(self) -> None:
        """Load the tables in the background."""
        self._thread.start()

    def wait(self, timeout: float) -> bool:
        """Wait until the tables are loaded or cannot be; return whether they are."""
        self._done.wait(timeout)
        return self._ready.is_set()

    def find_energy(self, element: str, edge: str) -> float | None:
        """Return the energy of an edge, eV, None where it is not known (yet)."""
        return find_edge_energy(element, edge) if self._ready.is_set() else None

    def _load(self) -> None:
        try:
            find_edge_energy("Fe", "K")
            self._ready.set()
        except ImportError as error:
            log.warning("no_edge_energies", reason=str(error))
        finally:
            self._done.set()
