"""All checks, one after another; a check that fails itself is a fault, not the end."""

from __future__ import annotations

import platform
from collections.abc import Iterator

from xafs_workers import __version__
from xafs_workers.diagnostics.doctor.broker import check_broker
from xafs_workers.diagnostics.doctor.columns import check_columns
from xafs_workers.diagnostics.doctor.finding import Case, Check, Finding, report_fault, report_ok
from xafs_workers.diagnostics.doctor.folders import check_disk, check_proposals, check_state, find_account_name
from xafs_workers.diagnostics.doctor.named_paths import check_named_paths, check_unit
from xafs_workers.diagnostics.doctor.pages import check_browser_view
from xafs_workers.diagnostics.doctor.publishing import check_publishing
from xafs_workers.diagnostics.doctor.services import check_display, check_redis, check_slack, check_tiled
from xafs_workers.diagnostics.doctor.sources import check_sources

CHECKS: tuple[Check, ...] = (
    check_broker,
    check_sources,
    check_columns,
    check_tiled,
    check_proposals,
    check_publishing,
    check_named_paths,
    check_unit,
    check_state,
    check_disk,
    check_redis,
    check_slack,
    check_display,
    check_browser_view,
)


def examine(case: Case) -> Iterator[Finding]:
    """Yield each finding as it is made."""
    who = f"{case.role or 'no particular role'}, as {find_account_name()} on {platform.node()}"
    yield report_ok("configuration", f"xafs-workers {__version__}, beamline {case.settings.beamline}, {who}")
    for check in CHECKS:
        try:
            yield from check(case)
        except Exception as error:  # noqa: BLE001 - the other checks must be made all the same
            name = check.__name__.removeprefix("check_")
            yield report_fault(name, f"could not be examined: {type(error).__name__}: {error}", "please report this")
