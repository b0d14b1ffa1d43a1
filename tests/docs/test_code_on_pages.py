"""Every block of code in the manual is run or read by a test, or has its reason here."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.code_blocks import ROOT, CodeBlock, list_code_blocks, list_pages, split_commands
from xafs_workers import producer
from xafs_workers.configuration import load
from xafs_workers.messages.parsing import parse
from xafs_workers.settings import Settings

BLOCKS = [block for page in list_pages() for block in list_code_blocks(page)]
LANGUAGES = {"sh", "python", "yaml", "json", "nginx", "text"}
"""A block of `text` is output: there is nothing in it to run."""

RUN_ELSEWHERE = {
    "docs/messages.md": "tests/cli/test_manual.py::test_each_example_on_the_page_is_a_valid_message",
    "docs/tutorials/first-plan.md": "tests/producer/test_sessions.py::test_the_steps_of_the_first_plan_run",
    "docs/contributing/add-a-measurement.md": "tests/contracts/test_new_kind.py::test_a_new_kind_has_every_feature",
}
"""Pages whose blocks of Python or JSON are run by another test, all of them."""

RUN_HERE = {"docs/queueserver.md", "docs/sources.md", "docs/contributing/add-an-analysis.md"}

NOT_RUN = {
    "nginx": "configures a web server; the headers that it sets are tested in tests/frontends/test_browser_server.py",
    "mkdir": "changes folders of the machine",
    "rm": "changes folders of the machine",
    "systemd-sysusers": "makes accounts of the machine",
    "cp": "changes folders of the machine",
    "docker": "a broker of its own is started by tests/plugins/brokers.py",
    "kafka-storage.sh": "a broker of its own is started by tests/plugins/brokers.py",
    "kafka-server-start.sh": "a broker of its own is started by tests/plugins/brokers.py",
    "curl": "the same requests are made in tests/sources/test_control.py",
    "redis-server": "is started by tests/helpers/queueserver.py",
    "start-re-manager": "is started by tests/helpers/queueserver.py, with the same options",
    "qserver": "the same requests are made by tests/helpers/queueserver.py",
}
"""Languages and programs whose use in the manual no test repeats, and why."""

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.M))
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
UNITS = {path.stem for path in (ROOT / "src/xafs_workers/install/files").glob("*.service")}


def find_make_fault(words: list[str]) -> str:
    variables = [word.partition("=")[0] for word in words if "=" in word]
    targets = [word for word in words if "=" not in word]
    unknown = {name for name in variables if f"\n{name} ?=" not in MAKEFILE} | (set(targets) - TARGETS)
    return f"the Makefile has no {sorted(unknown)}" if unknown else ""


def find_python_fault(words: list[str]) -> str:
    if words[:2] == ["-m", "venv"]:
        return ""
    if words[:2] == ["-m", "pytest"]:
        missing = [word for word in words[2:] if not (ROOT / word).is_file()]
        return f"no tests {missing}" if missing else ""
    script = next(word for word in words if not word.startswith("-"))
    return "" if (ROOT / script).is_file() else f"no file {script}"


def find_pip_fault(words: list[str]) -> str:
    asked = re.fullmatch(r"xafs-workers\[([a-z,]+)\]", words[1])
    unknown = set(asked[1].split(",")) - EXTRAS.keys() if asked else {words[1]}
    return f"no extra {sorted(unknown)}" if unknown else ""


def find_systemctl_fault(words: list[str]) -> str:
    unknown = {word for word in words if word.startswith("xafs-workers-")} - UNITS
    return f"no unit {sorted(unknown)}" if unknown else ""


def find_topic_fault(words: list[str]) -> str:
    settings = Settings(beamline="bmm")
    topic = words[words.index("--topic") + 1]
    ledgers = {settings.get_ledger_topic(worker) for worker in ("file-manager", "headless")}
    return "" if topic in ledgers else f"no topic {topic}"


CHECKS: dict[str, Callable[[list[str]], str]] = {
    "xafs-workers": lambda words: "",  # test_commands_of_pages.py
    "make": find_make_fault,
    "python": find_python_fault,
    "python3": find_python_fault,
    "pip": find_pip_fault,
    "systemctl": find_systemctl_fault,
    "kafka-topics.sh": find_topic_fault,
}


def test_each_block_has_a_language() -> None:
    unknown = {block.place: block.language for block in BLOCKS if not block.language.startswith("{")}
    assert {place: name for place, name in unknown.items() if name not in LANGUAGES} == {}
    assert len(unknown) > 120


@pytest.mark.parametrize("block", [one for one in BLOCKS if one.language == "sh"], ids=lambda one: one.place)
def test_shell_commands_name_what_exists(block: CodeBlock) -> None:
    commands = list(split_commands(block))
    assert commands
    for program, *words in commands:
        if program not in NOT_RUN:
            assert CHECKS[program](words) == "", program


def test_wrong_shell_commands_are_found() -> None:
    assert find_make_fault(["demo", "OPTION=x", "tests"]) == "the Makefile has no ['OPTION', 'tests']"
    assert find_python_fault(["-i", "docs/examples/sesion.py"]) == "no file docs/examples/sesion.py"
    assert find_pip_fault(["install", "xafs-workers[file,web]"]) == "no extra ['file']"
    assert find_systemctl_fault(["enable", "xafs-workers-plots"]) == "no unit ['xafs-workers-plots']"
    assert find_topic_fault(["--topic", "bmm.ledger"]) == "no topic bmm.ledger"


@pytest.mark.parametrize("block", [one for one in BLOCKS if one.language == "yaml"], ids=lambda one: one.place)
def test_settings_are_loaded(block: CodeBlock, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(block.text)
    assert load(path).model_fields_set >= yaml.safe_load(block.text).keys() - {"profile"}


def test_each_page_with_python_or_json_is_run() -> None:
    pages = {block.page for block in BLOCKS if block.language in ("python", "json")}
    assert pages == RUN_ELSEWHERE.keys() | RUN_HERE
    for test in RUN_ELSEWHERE.values():
        module, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / module).read_text()
    assert {block.language for block in BLOCKS} >= {"nginx"}


def list_python(page: str) -> list[CodeBlock]:
    return [block for block in BLOCKS if block.page == page and block.language == "python"]


def run_blocks(page: str, names: dict[str, Any]) -> dict[str, Any]:
    """Run a page's blocks of Python one after the other in one namespace, and return it."""
    for block in list_python(page):
        exec(compile(block.text, block.place, "exec"), names)
    return names


def answer(value: Any) -> Callable[..., Any]:
    """Return a plan that asks no worker: its answer is given."""

    def ask_plan(message: Mapping[str, Any], *_: Any, **__: Any) -> Iterator[Any]:
        parse(message)
        return value
        yield

    return ask_plan


def run_plan(plan: Iterator[Any]) -> Any:
    """Run a plan that needs no RunEngine, and return its value."""
    try:
        while True:
            next(plan)
    except StopIteration as end:
        return end.value


def test_plans_for_the_queueserver_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from bluesky import plans as bp
    from ophyd.sim import det, motor

    measured: list[int] = []

    def measure_repetition(count: int) -> Iterator[Any]:
        measured.append(count)
        yield from ()

    devices = {"bmm_catalog": {}, "bp": bp, "i0": det, "slits3_vcenter": motor}
    names = run_blocks("docs/queueserver.md", {**devices, "measure_repetition": measure_repetition})
    monkeypatch.setattr(producer, "ask_plan", answer(7))
    assert run_plan(names["next_number"]("/data", "foil")) == 7
    monkeypatch.setattr(producer, "ask_plan", answer({"enough": False}))
    run_plan(names["measure_until_enough"](1e-3, most=3))
    monkeypatch.setattr(producer, "ask_plan", answer({"enough": True}))
    run_plan(names["measure_until_enough"](1e-3))
    assert measured == [1, 2, 3, 1]
    assert next(names["align_slits"]()).command == "wait_for"  # its message; test_fits.py runs such plans to the end
    assert names["regenerate_file"].keywords == {"catalog": {}}


def test_publisher_of_the_page_of_sources_is_accepted() -> None:
    subscribed: list[Any] = []

    class RunEngine:
        subscribe = staticmethod(subscribed.append)

    run_blocks("docs/sources.md", {"RE": RunEngine})
    (publisher,) = subscribed
    publisher.close()
    assert isinstance(publisher._serializer, functools.partial)


def test_analysis_of_the_page_answers() -> None:
    import numpy as np

    from helpers.fits import fold_fit
    from xafs_workers.scans import analysed_runs, analysis, board, scan, scanned_signals

    parts = {
        name: value
        for module in (analysed_runs, analysis, board, scan, scanned_signals)
        for name, value in vars(module).items()
    }
    names = run_blocks(
        "docs/contributing/add-an-analysis.md", {**parts, "compute_statistics": lambda run: {"points": 3}}
    )
    x = np.arange(3.0)
    folded = fold_fit({"peakfit": True, "choice": "com", "signal": "It"}, x, x)
    found = names["analyse"](folded, folded.scans[-1])
    assert found.value == {"points": 3}
    assert found.replies[0].text == "{'points': 3}"
