"""Mark the tests that start processes with ``process``, so that the others can run alone and fast.

A test is marked if one of its fixtures starts a server, or if its code, its fixtures' code or a test helper that they
use names `subprocess`, `multiprocessing` or a class of the project that starts a process. What this misses is marked
by hand: ``@pytest.mark.process``.
"""

from __future__ import annotations

import inspect
import multiprocessing
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

from helpers.patience import FACTOR, TEST_SECONDS
from xafs_workers.reduction.process import ReductionProcess
from xafs_workers.simulation.tiled_server import TiledServer

TESTS = Path(__file__).parents[1]
SERVER_FIXTURES = {"apache_kafka", "browser", "open_tab", "reducer", "tiled_server"}
STARTERS = (subprocess, multiprocessing, ReductionProcess, TiledServer)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that start processes and give each test its time limit."""
    starters: dict[Any, bool] = {}
    for item in items:
        if isinstance(item, pytest.Function) and _starts_process(item, starters):
            item.add_marker(pytest.mark.process)
        _set_time_limit(item)


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
    if any(thing is starter for starter in STARTERS):
        return True
    thing = inspect.unwrap(thing) if isinstance(thing, FunctionType) else thing  # as below @contextmanager
    if not isinstance(thing, FunctionType | type) or not _is_test_code(thing):
        return False
    if thing not in starters:
        starters[thing] = False  # ends recursion
        starters[thing] = any(_names_starter(used, starters) for used in _list_used(thing))
    return starters[thing]


def _is_test_code(thing: Any) -> bool:
    module = inspect.getmodule(thing)
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
