"""Content of a dossier page, and what it is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TYPE_CHECKING, Literal

from xafs_workers.scans.dossier import Dossier
from xafs_workers.scans.runs import Run
from xafs_workers.settings import Camera, Dossiers
from xafs_workers.settings.profiles import build_default_section
from xafs_workers.writers.registry import AssetLike

if TYPE_CHECKING:
    from markupsafe import Markup

DossierKind = Literal["xafs", "sead", "raster"]

MotorPositions = Mapping[str, float]
"""Position of each motor by name."""


@dataclass(frozen=True, slots=True)
class Link:
    """File of the proposal, as the page links it.

    Attributes
    ----------
    href
        Address relative to the page; '' where the file does not exist, and its name alone is shown.
    number
        Number of the scan in the session, '' where it has none.
    details
        Further facts: (what, text).
    """

    text: str
    href: str = ""
    number: str = ""
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FileGroup:
    """Links under a title."""

    title: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Picture with its caption."""

    href: str
    caption: str
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DetailSection:
    """Titled list of facts: (what, text or markup); lines with '' are not shown."""

    title: str
    rows: tuple[tuple[str, str], ...]

    @property
    def visible_rows(self) -> tuple[tuple[str, str], ...]:
        """The lines that have a text."""
        return tuple(row for row in self.rows if row[1])


@dataclass(frozen=True, slots=True)
class SpectrumCounts:
    """Counts of an XRF spectrum by channel: all of them, and those in the region of interest."""

    channels: tuple[str, ...]
    totals: tuple[int, ...]
    regions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Text with its syntax marked."""

    title: str
    content: Markup


@dataclass(frozen=True, slots=True)
class PageContent:
    """Content of one page.

    Attributes
    ----------
    large_pictures, small_pictures
        Pictures at full width, and those beside their captions.
    instrument
        Description of the sample stage, sanitised.
    """

    files: tuple[FileGroup, ...]
    sample: DetailSection
    scan: DetailSection
    experiment: DetailSection
    large_pictures: tuple[Picture, ...] = ()
    small_pictures: tuple[Picture, ...] = ()
    instrument: Markup | None = None
    counts: SpectrumCounts | None = None
    code_blocks: tuple[CodeBlock, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class DossierSources:
    """Everything that a dossier is made from.

    Attributes
    ----------
    number
        Number NN of the sequence.
    runs
        The finished runs, in order; at least one.
    exists
        Function that checks whether a file of the proposal folder exists, by its relative name.
    baseline
        Positions of the motors when the first run began.
    assets
        Files of the detectors, by uid of the run.
    zone
        Time zone of the times on the page; None for that of this computer.
    scan_pictures
        Pictures of the scans whose kinds declare a caption: (caption, name relative to the proposal folder).
    cameras
        Cameras whose pictures are shown.
    reference_materials
        Materials of the reference foils by element, for runs that do not name theirs.
    merge_fields
        Header fields of the data file of the merged runs; {} without one.
    """

    dossier: Dossier
    number: int
    runs: Sequence[Run]
    exists: Callable[[str], bool]
    baseline: MotorPositions = field(default_factory=dict[str, float])
    assets: Mapping[str, Sequence[AssetLike]] = field(default_factory=dict[str, Sequence[AssetLike]])
    counts: SpectrumCounts | None = None
    zone: tzinfo | None = None
    scan_pictures: Sequence[tuple[str, str]] = ()
    cameras: Sequence[Camera] = field(default_factory=lambda: build_default_section("dossiers", Dossiers).cameras)
    reference_materials: Mapping[str, str] = field(default_factory=dict[str, str])
    merge_fields: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def first_run(self) -> Run:
        """The first run, whose metadata count for all."""
        return self.runs[0]
