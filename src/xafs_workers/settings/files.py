"""Settings of folders and of the files that workers write."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from xafs_workers.settings.section import Section


class Storage(Section):
    """Folders of a group's files."""

    proposals_root: Path = Field(
        default=Path("/data/proposals"),
        description="folder that contains <cycle>/<data_session>; must exist",
    )
    root_aliases: dict[str, str] = Field(default={}, description="other names of the same root")
    cycle: str | None = Field(default=None, description="cycle of runs whose start document names none")
    cycle_keys: tuple[str, ...] = Field(
        default=("cycle",),
        description="keys of the outer folder in start documents, the first that exists is used; inner keys after dots",
    )
    session_keys: tuple[str, ...] = Field(
        default=("data_session",), description="keys of the group's folder in start documents"
    )
    commissioning_keys: tuple[str, ...] = Field(
        default=(),
        description="keys that are true in start documents of commissioning; their outer folder is not the cycle",
    )
    commissioning_folder: str = Field(default="commissioning", description="outer folder of commissioning")
    copy_sources: tuple[Path, ...] = Field(
        default=(), description="folders, besides the proposals root, from which files may be copied"
    )
    copy_max_bytes: int = Field(default=20_000_000_000, gt=0, description="largest file that is copied, bytes")
    refused_path_seconds: float = Field(
        default=300.0,
        ge=0,
        description="how long a message waits whose path alone is refused (no permission), seconds; then it fails",
    )


class Assets(Section):
    """Files with data of runs that stream documents name; nothing is read without `roots`."""

    roots: tuple[Path, ...] = Field(default=(), description="folders below which files are read")
    paths: dict[str, str] = Field(
        default={}, description="local folder of each folder as documents name it, e.g. /nsls2/data: /mnt/data"
    )
    appears_within: float = Field(
        default=10.0, ge=0, description="how long a file may lag behind its document before figures name it, seconds"
    )
    read_seconds: float = Field(default=20.0, gt=0, description="time limit of one reading, seconds")


class Camera(Section):
    """A camera whose picture a dossier shows."""

    name: str = Field(description="caption of its picture")
    files: tuple[str, ...] = Field(description="fields of XDI._snapshots with the picture's name, the first is used")
    uids: tuple[str, ...] = Field(default=(), description="fields of XDI._snapshots with the uid of its run")


class Dossiers(Section):
    """Pages of dossiers."""

    cameras: tuple[Camera, ...] = Field(
        default=(),
        description="cameras whose pictures are shown, in this order; a picture that a run has not is left out",
    )


class Pictures(Section):
    """Pictures in the proposal folder."""

    also: tuple[Literal["pdf", "svg"], ...] = Field(default=(), description="additional formats of each picture")
    dots_per_inch: int = Field(default=120, ge=50, le=600)
