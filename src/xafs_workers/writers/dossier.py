"""Dossiers: what stands on the page of a measurement, and the page made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from xafs_workers.scans.dossier import Dossier
from xafs_workers.scans.runs import Run
from xafs_workers.writers import html
from xafs_workers.writers.registry import AssetLike, CannotWrite

if TYPE_CHECKING:
    from markupsafe import Markup

DossierKind = Literal["xafs", "sead", "raster"]

MotorPositions = Mapping[str, float]
"""Name of a motor -> where it stood."""


@dataclass(frozen=True, slots=True)
class Link:
    """A file of the proposal.

    Attributes
    ----------
    href
        Relative to the page; '' where the file is not there, and its name alone is shown.
    number
        Of the scan in the session, '' where there is none.
    details
        More that one may want to see: (what, text).
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
    """A picture, with what it shows."""

    href: str
    caption: str
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DetailSection:
    """What is known, line by line: (what, text or markup); '' lines are not shown."""

    title: str
    rows: tuple[tuple[str, str], ...]

    @property
    def visible_rows(self) -> tuple[tuple[str, str], ...]:
        """The lines that say something."""
        return tuple(row for row in self.rows if row[1])


@dataclass(frozen=True, slots=True)
class SpectrumCounts:
    """Counts of an XRF spectrum by channel: all of them, and those in the region of interest."""

    channels: tuple[str, ...]
    totals: tuple[int, ...]
    regions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A text with its syntax marked."""

    title: str
    content: Markup


@dataclass(frozen=True, slots=True)
class PageContent:
    """All that stands on a page.

    Attributes
    ----------
    large_pictures, small_pictures
        Pictures at full width, and those beside their captions.
    instrument
        About the sample stage, sanitised.
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
    """What a dossier is made of.

    Attributes
    ----------
    number
        NN of the sequence.
    runs
        The finished ones, in order; at least one.
    exists
        Tells whether a file of the proposal folder, by its relative name, is there.
    baseline
        Where everything stood when the first run began.
    assets
        Files of the detectors, by uid of the run.
    zone
        Of the times on the page; None: that of this computer.
    """

    dossier: Dossier
    number: int
    runs: Sequence[Run]
    exists: Callable[[str], bool]
    baseline: MotorPositions = field(default_factory=dict[str, float])
    assets: Mapping[str, Sequence[AssetLike]] = field(default_factory=dict[str, Sequence[AssetLike]])
    counts: SpectrumCounts | None = None
    zone: tzinfo | None = None

    @property
    def first_run(self) -> Run:
        """The first run, which speaks for all."""
        return self.runs[0]


ContentBuilder = Callable[[DossierSources], PageContent]


def build_page_name(stub: str, number: int) -> str:
    """Return the name of a page, relative to the proposal folder."""
    return f"dossier/{stub}-{number:02d}.html"


def render_dossier_page(kind: DossierKind, sources: DossierSources) -> bytes:
    """Return the page of a dossier.

    Raises
    ------
    CannotWrite
        Nothing was measured.
    """
    from xafs_workers.writers.dossier_motors import build_motor_groups

    if not sources.runs:
        raise CannotWrite(f"dossier of {sources.dossier.stub[:80]}: nothing was measured")
    return html.render_page(
        "dossier.html.jinja",
        kind=kind,
        content=_select_content_builder(kind)(sources),
        stub=sources.dossier.stub,
        number=f"{sources.number:02d}",
        beamline=_find_beamline(sources.first_run),
        date=find_start_date(sources),
        anchor=html.to_anchor(sources.dossier.rid),
        motors=build_motor_groups(sources.baseline),
        code_styles=html.build_code_styles(),
    )


def list_pictures(kind: DossierKind, sources: DossierSources) -> Iterator[tuple[str, str]]:
    """Yield the plots of a page that are there: (caption, name relative to the proposal folder)."""
    for picture in _select_content_builder(kind)(sources).large_pictures:
        yield picture.caption, unquote(picture.href.removeprefix("../"))


def _select_content_builder(kind: DossierKind) -> ContentBuilder:
    from xafs_workers.writers import dossier_raster, dossier_sead, dossier_xafs

    makers: Mapping[DossierKind, ContentBuilder] = {
        "xafs": dossier_xafs.build_content,
        "sead": dossier_sead.build_content,
        "raster": dossier_raster.build_content,
    }
    return makers[kind]


def _find_beamline(run: Run) -> str:
    family = run.xdi.get("Beamline")
    name = html.format_line(family.get("name")) if isinstance(family, Mapping) else ""
    return name or html.format_line(run.start.get("beamline_id")) or "XAFS"


def find_start_date(sources: DossierSources) -> str:
    """Return when the experiment began: as the plan says, else the day of the first run."""
    user = sources.first_run.xdi.get("_user")
    told = html.format_line(user.get("startdate")) if isinstance(user, Mapping) else ""
    return told or format_document_time(sources.first_run.start.get("time"), sources.zone)[:10]


def format_document_time(seconds: object, zone: tzinfo | None) -> str:
    """Return a document's time as `2025-03-03 09:00:00`, '' for what is none."""
    from datetime import datetime

    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return ""
    try:
        return datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return ""


def format_duration(seconds: float) -> str:
    """Return a length of time as `1 h 02 min`, `3 min 20 s` or `12 s`."""
    whole = round(seconds)
    hours, minutes, left = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {left:02d} s" if minutes else f"{left} s"
