"""Registries: modules register entries by key, and a package is searched for them at start."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """Table of entries by key, each registered in the module that defines it.

    Parameters
    ----------
    package_name
        Name of the package whose modules register entries, e.g. ``xafs_workers.figures``.
    """

    def __init__(self, package_name: str):
        self.package_name = package_name
        self._entries: dict[str, T] = {}
        self._discovered = False

    def register(self, key: str) -> Callable[[T], T]:
        """Return a decorator that registers an entry under `key`; a second registration is a ValueError."""

        def add_entry(entry: T) -> T:
            if key in self._entries:
                raise ValueError(f"{key!r} in {self.package_name} is claimed by {self._entries[key]!r} and {entry!r}")
            self._entries[key] = entry
            return entry

        return add_entry

    def discover(self) -> dict[str, T]:
        """Import every module of the package, once, and return all entries."""
        if not self._discovered:
            package = importlib.import_module(self.package_name)
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{self.package_name}.{module.name}")
            self._discovered = True
        return self._entries

    def get(self, key: str) -> T | None:
        """Return the entry for `key`, or None if there is none."""
        return self.discover().get(key)

    def __getitem__(self, key: str) -> T:
        return self.discover()[key]

    def __contains__(self, key: object) -> bool:
        return key in self.discover()

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.discover()))

    def __len__(self) -> int:
        return len(self.discover())
