"""Mark the tests that start processes with ``process``, so that the others can run alone and fast.

A test is marked if one of its fixtures starts a server, or if its code, its fixtures' code or a test helper that they
use names `subprocess`, `multiprocessing` or a class of the project that starts a process. What this misses is marked
by hand: ``@pytest.mark.process``.
"""

from __future__ import annotations

import inspect
import multiprocessing
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

from helpers.patience import FACTOR, TEST_SECONDS

TESTS = Path(__file__).parents[1]
SERVER_FIXTURES = {"apache_kafka", "browser", "open_tab", "reducer", "tiled_server", "own_tiled_server"}
STARTING_MODULES = (subprocess, multiprocessing)
STARTING_CLASSES = {
    "xafs_workers.catalog.frame_reader.FrameReader",
    "xafs_workers.reduction.process.Reducer",
    "xafs_workers.reduction.subprocess_client.ReductionProcess",
    "xafs_workers.simulation.tiled_server.TiledServer",
}
"""By name: to import them would cost each test run seconds. A test checks that they exist."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that start processes and give each test its time limit."""
    starters: dict[Any, bool] = {}
    for item in items:
        if isinstance(item, pytest.Function) and _starts_process(item, starters):
            item.add_marker(pytest.mark.process)
        _set_time_limit(item)
    _mark_later_cases_slow(items)


def _mark_later_cases_slow(items: list[pytest.Item]) -> None:
    """Leave the first case of a test marked ``first_case_fast`` to the fast tests, and mark its other cases slow."""
    known: set[str] = set()
    for item in items:
        if item.get_closest_marker("first_case_fast"):
            test = item.nodeid.partition("[")[0]
            if test in known:
                item.add_marker(pytest.mark.slow)
            known.add(test)


def _set_time_limit(item: pytest.Item) -> None:
    mark = item.get_closest_marker("timeout")
    seconds = mark.args[0] * FACTOR if mark else TEST_SECONDS
    item.add_marker(pytest.mark.timeout(seconds), append=False)


def _starts_process(item: pytest.Function, starters: dict[Any, bool]) -> bool:
    if item.get_closest_marker("kafka") or SERVER_FIXTURES.intersection(item.fixturenames):
        return True
    fixtures = [definition.func for name in item.fixturenames for definition in _list_definitions(item, name)]
    return any(_names_starter(function, starters) for function in [item.function, *fixtures])


def _list_definitions(item: pytest.Function, name: str) -> list[Any]:
    return list(item._fixtureinfo.name2fixturedefs.get(name, ()))


def _names_starter(thing: Any, starters: dict[Any, bool]) -> bool:
    """Check whether an object is, or its code in the folder of tests reaches, something that starts a process."""
    if _is_starter(thing):
        return True
    thing = inspect.unwrap(thing) if isinstance(thing, FunctionType) else thing  # as below @contextmanager
    if not isinstance(thing, FunctionType | type) or not _is_test_code(thing):
        return False
    if thing not in starters:
        starters[thing] = False  # ends recursion
        starters[thing] = any(_names_starter(used, starters) for used in _list_used(thing))
    return starters[thing]


def _is_starter(thing: Any) -> bool:
    if isinstance(thing, type):
        return f"{thing.__module__}.{thing.__qualname__}" in STARTING_CLASSES
    return any(thing is module for module in STARTING_MODULES)


def _is_test_code(thing: FunctionType | type) -> bool:
    return _is_test_module(thing.__module__ or "")


@cache
def _is_test_module(name: str) -> bool:
    module = sys.modules.get(name)
    return Path(getattr(module, "__file__", None) or "/").is_relative_to(TESTS)


def _list_used(thing: FunctionType | type) -> Iterator[Any]:
    """Yield the global objects that a function or a class's methods name, and a class's bases."""
    if isinstance(thing, type):
        yield from thing.__bases__
        yield from (_unwrap(member) for member in vars(thing).values())
        return
    scope = thing.__globals__
    yield from (scope[name] for name in _list_names(thing.__code__) if name in scope)


def _unwrap(member: Any) -> Any:
    return inspect.unwrap(getattr(member, "fget", None) or getattr(member, "__func__", member))


def _list_names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _list_names(constant)
