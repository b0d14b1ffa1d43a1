"""Registries: modules register entries by key, and a package is searched for them at start."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Collection, Iterator
from difflib import get_close_matches
from typing import Any, Generic, TypeVar
from weakref import WeakSet

T = TypeVar("T")


class UnknownKeyError(ValueError):
    """A module registered an entry under a key that is none of the known ones."""


class Registry(Generic[T]):
    """Table of entries by key, each registered in the module that defines it.

    Parameters
    ----------
    package_name
        Name of the package whose modules register entries, e.g. ``xafs_workers.figures``.
    name
        Name of the registry, for errors.
    list_known_keys
        Returns the keys that may be registered; called once the package is imported. None: any key.
    """

    def __init__(
        self, package_name: str, name: str = "registry", list_known_keys: Callable[[], Collection[str]] | None = None
    ):
        self.package_name, self.name = package_name, name
        self._list_known_keys = list_known_keys
        self._entries: dict[str, T] = {}
        self._modules: dict[str, str] = {}
        self._discovered = False
        _registries.add(self)

    def register(self, key: str) -> Callable[[T], T]:
        """Return a decorator that registers an entry under `key`; a second registration is a ValueError."""
        module = _find_calling_module()

        def add_entry(entry: T) -> T:
            if key in self._entries:
                raise ValueError(f"{key!r} in {self.package_name} is claimed by {self._entries[key]!r} and {entry!r}")
            self._entries[key] = entry
            self._modules[key] = module
            return entry

        return add_entry

    def discover(self) -> dict[str, T]:
        """Import every module of the package, once, and return all entries.

        Raises
        ------
        UnknownKeyError
            A key is none of the known ones.
        """
        if not self._discovered:
            package = importlib.import_module(self.package_name)
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{self.package_name}.{module.name}")
            self._check_keys()
            self._discovered = True
        return self._entries

    def _check_keys(self) -> None:
        if self._list_known_keys is None:
            return
        known = self._list_known_keys()
        for key in self._entries:
            if key not in known:
                similar = get_close_matches(key, sorted(known), 1)
                expected = f"did you mean {similar[0]!r}?" if similar else f"expected one of {', '.join(sorted(known))}"
                raise UnknownKeyError(f"{self._modules[key]}: unknown key {key!r} in {self.name} ({expected})")

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


_registries: WeakSet[Registry[Any]] = WeakSet()


def discover_all() -> None:
    """Discover every registry whose module is imported, so that a wrong key is an error at start.

    Raises
    ------
    UnknownKeyError
        A key is none of the known ones.
    """
    for registry in sorted(_registries, key=lambda registry: (registry.package_name, registry.name)):
        registry.discover()


def _find_calling_module() -> str:
    """Return the name of the module that called the caller of this function."""
    frame = inspect.currentframe()
    caller = frame.f_back.f_back if frame is not None and frame.f_back is not None else None
    return "" if caller is None else str(caller.f_globals.get("__name__", ""))
