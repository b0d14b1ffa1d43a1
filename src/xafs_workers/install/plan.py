"""Plan of the installation: files, their paths, and whether they exist already."""

from __future__ import annotations

import difflib
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from xafs_workers.settings import Settings

ETC = "/etc/xafs-workers"
SYSTEM_UNITS = "/etc/systemd/system"
USER_UNITS = "/etc/systemd/user"
BIN = "/usr/local/bin"
SHARE = "/usr/local/share/xafs-workers"
STATE_NAME = "xafs-workers"
ACCOUNT = "xafs-workers"

UNITS = {
    "xafs-workers-file-manager.service": SYSTEM_UNITS,
    "xafs-workers-plot-manager.service": SYSTEM_UNITS,
    "xafs-workers-screen.service": USER_UNITS,
    "xafs-workers-web.service": SYSTEM_UNITS,
}
SCRIPTS = (
    "xafs-workers",
    "run-filemanager",
    "run-plotmanager",
    "set-konsole-tab-title.sh",
    "open-tabs.sh",
    "xafs_service",
    "xafs_services",
)
CONFIG = f"{ETC}/config.yaml"

State = Literal["new", "same", "differs"]


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file to be installed.

    Attributes
    ----------
    path
        Path to which it is written; its content names paths as they will be on the machine.
    keeps_existing
        True: written only where there is none, since people change it.
    """

    path: Path
    content: str
    mode: int = 0o644
    keeps_existing: bool = False

    @property
    def state(self) -> State:
        """Whether the file exists with the same content."""
        there = _read(self.path)
        if there is None:
            return "new"
        return "same" if there == self.content else "differs"

    def format_difference(self) -> str:
        """Format the difference to the existing file as a unified diff; '' for a new file."""
        there = _read(self.path)
        if there is None:
            return ""
        old, new = (text.splitlines(keepends=True) for text in (there, self.content))
        return "".join(difflib.unified_diff(old, new, f"{self.path} (there)", f"{self.path} (new)"))

    def write(self) -> None:
        """Write the file, either completely or not at all."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as to:
                to.write(self.content)
            os.chmod(temporary, self.mode)
            os.replace(temporary, self.path)
        except BaseException:
            os.unlink(temporary)
            raise


def build_install_plan(
    settings: Settings, *, target: Path, account: str, command: str | None = None
) -> list[PlannedFile]:
    """Build the plan of all files to be installed.

    Parameters
    ----------
    target
        Root below which they are written; ``/`` for this machine.
    account
        Runs the workers that write to the proposals.
    command
        The program as units start it; without it that of this installation.
    """
    words = _build_substitutions(settings, account, command or find_own_command())
    made = [
        PlannedFile(_resolve_target(target, f"{place}/{name}"), _render_template(name, words))
        for name, place in UNITS.items()
    ]
    made += [
        PlannedFile(_resolve_target(target, f"{BIN}/{name}"), _render_template(name, words), 0o755) for name in SCRIPTS
    ]
    made.append(PlannedFile(_resolve_target(target, f"{SHARE}/tab-layout"), _render_template("tab-layout", words)))
    made.append(
        PlannedFile(_resolve_target(target, CONFIG), _render_template("config.yaml", words), keeps_existing=True)
    )
    if account == ACCOUNT:
        made.append(
            PlannedFile(
                _resolve_target(target, "/etc/sysusers.d/xafs-workers.conf"), _render_template("sysusers.conf", words)
            )
        )
    return made


def find_own_command() -> str:
    """Find the command that starts this installation."""
    program = Path(sys.executable).with_name("xafs-workers")
    return str(program) if program.exists() else f"{sys.executable} -m xafs_workers"


def _build_substitutions(settings: Settings, account: str, command: str) -> Mapping[str, str]:
    return {
        "ACCOUNT": account,
        "BEAMLINE": settings.beamline,
        "BIN": BIN,
        "CACHE": f"/var/cache/{STATE_NAME}",
        "COMMAND": command,
        "ETC": ETC,
        "PROPOSALS": str(settings.storage.proposals_root),
        "SHARE": SHARE,
        "STATE": f"/var/lib/{STATE_NAME}",
        "STATE_NAME": STATE_NAME,
    }


def _render_template(name: str, words: Mapping[str, str]) -> str:
    content = files("xafs_workers.install").joinpath("files", name).read_text(encoding="utf-8")
    for word, value in words.items():
        content = content.replace(f"@{word}@", value)
    return content


def _resolve_target(target: Path, path: str) -> Path:
    return target / path.lstrip("/")


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
