"""Paths that the settings name, and whether the installed service may use the proposals root."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from xafs_workers.diagnostics.doctor.finding import Case, Finding, report_fault, report_ok, report_warning
from xafs_workers.diagnostics.doctor.folders import find_account_name

UNIT_FOLDER = Path("/etc/systemd/system")
UNITS = {
    "file-manager": ("xafs-workers-file-manager.service", "ReadWritePaths"),
    "headless": ("xafs-workers-plot-manager.service", "ReadWritePaths"),
    "web": ("xafs-workers-web.service", "InaccessiblePaths"),
}
"""Unit of each role as `install` names it, and its directive that names the proposals root."""


def check_named_paths(case: Case) -> Iterator[Finding]:
    """Find folders and files of the settings that this account cannot read."""
    if case.role in ("file-manager", None):
        yield from _check_folders(
            "storage.copy_sources", case.settings.storage.copy_sources, "nothing is copied from it"
        )
    yield from _check_folders("assets.roots", case.settings.assets.roots, "data in its files are not shown")
    path = case.settings.detectors.regions_file
    if path is not None and case.role != "file-manager":
        yield _check_regions(path)


def _check_folders(setting: str, folders: tuple[Path, ...], effect: str) -> Iterator[Finding]:
    for folder in folders:
        problem = _find_folder_problem(folder)
        if problem:
            text = f"{setting}: {folder} {problem}: {effect}"
            yield report_warning(
                "paths", text, f"mount it, let {find_account_name()} read it, or remove it from {setting}"
            )
        else:
            yield report_ok("paths", f"{setting}: {folder} can be read")


def _find_folder_problem(folder: Path) -> str:
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return ""


def _check_regions(path: Path) -> Finding:
    try:
        json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"no JSON: {error}"
        text = f"detectors.regions_file: {path} cannot be read ({reason}): figures of spectra mark no regions"
        remedy = f"let {find_account_name()} read it, or remove detectors.regions_file"
        return report_warning("paths", text, remedy)
    return report_ok("paths", f"detectors.regions_file: {path} can be read")


def check_unit(case: Case) -> Iterator[Finding]:
    """Find out whether the installed unit names the proposals root of the settings."""
    name, directive = UNITS.get(case.role or "", ("", ""))
    unit = UNIT_FOLDER / name
    if not name or not unit.is_file():
        return
    root, named = case.settings.storage.proposals_root, _list_paths(unit.read_text(errors="replace"), directive)
    if any(root == path or path in root.parents for path in named):
        yield report_ok("unit", f"{directive} of {name} includes {root}")
        return
    effect = "its proposals are not hidden from this worker" if case.role == "web" else "the service cannot write there"
    yield report_fault(
        "unit",
        f"{directive} of {unit} does not include storage.proposals_root, {root}: {effect}",
        "run `xafs-workers install --apply --replace` (with the same --account) and `systemctl daemon-reload` as root",
    )


def _list_paths(text: str, directive: str) -> list[Path]:
    """Return the paths that a directive of a unit names; they may be quoted, and have a sign before."""
    values = re.findall(rf"^{directive}=(.*)$", text, re.M)
    words = [quoted or plain for value in values for quoted, plain in re.findall(r'"([^"]*)"|(\S+)', value)]
    return [Path(word.lstrip("-+")) for word in words]
