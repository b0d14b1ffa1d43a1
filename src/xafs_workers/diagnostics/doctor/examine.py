"""All checks, one after another; a check that fails itself is a fault, not the end."""

from __future__ import annotations

import platform
from collections.abc import Iterator

from xafs_workers import __version__
from xafs_workers.diagnostics.doctor.broker import broker
from xafs_workers.diagnostics.doctor.finding import Case, Check, Finding, fault, ok
from xafs_workers.diagnostics.doctor.folders import account, disk, proposals, state
from xafs_workers.diagnostics.doctor.pages import browser_view
from xafs_workers.diagnostics.doctor.services import display, redis, slack, tiled

CHECKS: tuple[Check, ...] = (broker, tiled, proposals, state, disk, redis, slack, display, browser_view)


def examine(case: Case) -> Iterator[Finding]:
    """Give each finding as it is made."""
    who = f"{case.role or 'no particular role'}, as {account()} on {platform.node()}"
    yield ok("configuration", f"xafs-workers {__version__}, beamline {case.settings.beamline}, {who}")
    for check in CHECKS:
        try:
            yield from check(case)
        except Exception as error:  # noqa: BLE001 - the other checks must be made all the same
            name = check.__name__
            yield fault(name, f"could not be examined: {type(error).__name__}: {error}", "please report this")
