"""Tabulated edge energies, loaded in the background because the tables take seconds to load."""

from __future__ import annotations

import threading

from xafs_workers.elements import find_edge_energy
from xafs_workers.logs import get_logger

log = get_logger("screen")


class EdgeEnergies:
    """Tabulated edge energies; all are None until the tables are loaded."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._load, name="edges", daemon=True)

    def start(self) -> None:
        """Start to load the tables in the background."""
        self._thread.start()

    def wait(self, timeout: float) -> bool:
        """Wait until loading has ended; return whether the tables are loaded."""
        self._done.wait(timeout)
        return self._ready.is_set()

    def find_energy(self, element: str, edge: str) -> float | None:
        """Return the energy of an edge in eV, None if it is unknown or not yet loaded."""
        return find_edge_energy(element, edge) if self._ready.is_set() else None

    def _load(self) -> None:
        try:
            find_edge_energy("Fe", "K")
            self._ready.set()
        except ImportError as error:
            log.warning("no_edge_energies", reason=str(error))
        finally:
            self._done.set()
