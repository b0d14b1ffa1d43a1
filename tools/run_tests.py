"""Run the tests; in CI, run the failed ones once more in a new process and print their names (docs/decisions/0015)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

FAILED = Path(".pytest_cache/v/cache/lastfailed")
MOST = 5
"""Largest number of modules whose failed tests are run again; more than that are not a coincidence."""

TESTS_FAILED = 1
"""Exit code of pytest when tests failed."""


def main(options: list[str]) -> int:
    """Run pytest with the options and return its exit code."""
    FAILED.unlink(missing_ok=True)
    code = _pytest(options)
    if code != TESTS_FAILED or not os.environ.get("CI"):
        return code
    failed = json.loads(FAILED.read_text()) if FAILED.exists() else {}
    if not 0 < len({name.partition("::")[0] for name in failed}) <= MOST:
        return code
    print("running these failed tests once more:", *failed, sep="\n  ", flush=True)  # noqa: T201 - a program for the terminal
    return _pytest(["--last-failed", "--last-failed-no-failures", "none"])


def _pytest(options: list[str]) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *options], check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
