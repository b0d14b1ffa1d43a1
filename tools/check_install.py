"""Install each extra alone in a new environment and run one command of it: `python tools/check_install.py dist/*.whl`.

A program of the standard library. It prints a line for each environment, and exits with 1 if any of them failed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
PROBE = REPOSITORY / "tools" / "extra_probe.py"
EXTRAS = (
    "",
    "assets",
    "files",
    "headless",
    "metrics",
    "redis",
    "reports",
    "screen",
    "slack",
    "web",
    "zmq",
    "reduction",
)
"""The extras of users; the largest one is the last."""
VERSIONS = ("newest", "pinned")
LONGEST = 1800
"""Time limit of one step, seconds."""


def parse_options(arguments: list[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="Install each extra alone and run one command of it.")
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--python", action="append", help="an interpreter; may be repeated (default: this one)")
    parser.add_argument("--extra", action="append", choices=EXTRAS, help="only these extras")
    parser.add_argument("--versions", action="append", choices=VERSIONS, help="only these: newest, or pinned")
    return parser.parse_args(arguments)


def run_step(command: list[str], environment: dict[str, str]) -> str:
    """Run a command; return '' where it succeeded, else the end of its output."""
    done = subprocess.run(  # noqa: S603 - commands of this file
        command,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=LONGEST,
    )
    return "" if done.returncode == 0 else " | ".join(done.stdout.strip().splitlines()[-3:]) or str(done.returncode)


def check_extra(wheel: Path, python: str, extra: str, versions: str, folder: Path) -> str:
    """Install one extra in a new environment below `folder`, and run its probe; return the fault, '' for none."""
    own = folder / "bin" / "python"
    environment = {**os.environ, "PATH": f"{own.parent}:{os.environ['PATH']}", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    for name in ("PYTHONPATH", "PIP_CONSTRAINT"):
        environment.pop(name, None)
    pinned = ["--constraint", str(REPOSITORY / "constraints.txt")] if versions == "pinned" else []
    what = f"{wheel.resolve()}[{extra}]" if extra else str(wheel.resolve())
    steps = {
        "venv": [python, "-m", "venv", str(folder)],
        "pip": [str(own), "-m", "pip", "install", "--quiet", "--upgrade", "pip>=25"],
        "install": [str(own), "-m", "pip", "install", "--quiet", "--no-compile", *pinned, what],
        "pip check": [str(own), "-m", "pip", "check"],
        "import": [str(own), "-c", "import xafs_workers, xafs_workers.producer"],
        "version": [str(own.parent / "xafs-workers"), "--version"],
        "probe": [str(own), str(PROBE), extra],
    }
    for name, command in steps.items():
        if fault := run_step(command, environment):
            return f"{name}: {fault}"
    return ""


def measure_size(folder: Path) -> float:
    """Return the size of a folder's files, MB."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir()) / 1e6


def main(arguments: list[str]) -> int:
    """Check all environments that are asked for, one after the other, and return the exit code."""
    options = parse_options(arguments)
    failed = 0
    for python in options.python or [sys.executable]:
        named = subprocess.run([python, "-V"], text=True, capture_output=True, check=True).stdout.strip()  # noqa: S603
        for extra in options.extra or EXTRAS:
            for versions in options.versions or VERSIONS:
                began, folder = time.monotonic(), Path(tempfile.mkdtemp(prefix="extra-"))
                fault = check_extra(options.wheel, python, extra, versions, folder)
                outcome = f"failed  {fault}" if fault else "ok"
                size, took = measure_size(folder), time.monotonic() - began
                line = f"{named:<14} {extra or '(none)':<10} {versions:<7} {size:5.0f} MB {took:4.0f} s  {outcome}"
                print(line, flush=True)  # noqa: T201 - a program for the terminal
                shutil.rmtree(folder)
                failed += bool(fault)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
