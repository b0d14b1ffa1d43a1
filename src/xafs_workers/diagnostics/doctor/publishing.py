"""Publication: a small file published in a proposal folder as the workers do it, and removed again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from xafs_workers.diagnostics.doctor.finding import Case, Finding, report_fault, report_ok, report_warning
from xafs_workers.diagnostics.doctor.folders import find_newest_session, find_write_problem
from xafs_workers.storage.errors import StorageError
from xafs_workers.storage.probe import ProbeResult, probe_publishing

WAYS = {
    "link": "by a link",
    "rename": "by a rename that does not replace",
    "claim": "by an empty file and a rename over it",
}


def check_publishing(case: Case) -> Iterator[Finding]:
    """Find out whether and how files are published in proposal folders, for workers that write there."""
    folder = find_newest_session(case) if case.is_writer else None
    if folder is None or find_write_problem(folder):
        return  # the check of the proposals reports that
    try:
        found = probe_publishing(folder)
    except StorageError as error:
        remedy = "put the proposals on a file system that has links or renames without replacing (ext4, XFS, NFS 4)"
        yield report_fault("publishing", error.reason, remedy)
        return
    yield report_ok("publishing", f"files in {folder} get their names {WAYS[found.way]}")
    yield from _report_limits(found, folder)


def _report_limits(found: ProbeResult, folder: Path) -> Iterator[Finding]:
    """Yield a warning for each property that weakens what is promised of files."""
    if found.way == "claim":
        yield report_warning(
            "publishing",
            f"{folder}: a reader may see an empty file for a moment, and after a kill until the next file",
            "none is needed; a file system with links avoids it",
        )
    if not found.has_sync:
        remedy = "none is needed; mount it with the option sync if a power cut must lose nothing"
        yield report_warning("publishing", f"{folder}: its file system cannot make files durable (fsync)", remedy)
    if not found.keeps_modes:
        yield report_warning(
            "publishing",
            f"{folder}: new files do not get the mode and the group of their folder",
            "set them where the file system is mounted (uid, gid, umask), or join the folder's group",
        )
    if found.ignores_case or found.ignores_composition or found.drops_dots:
        ignored = {
            "upper and lower case": found.ignores_case,
            "accents composed or not": found.ignores_composition,
            "a dot at the end": found.drops_dots,
        }
        which = ", ".join(name for name, is_ignored in ignored.items() if is_ignored)
        remedy = "use names that differ in more; a second such file is refused, never written over the first"
        yield report_warning("publishing", f"{folder}: names that differ in this alone are one: {which}", remedy)
