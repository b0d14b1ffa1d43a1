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
from xafs_workers.writers.registry import Asset, CannotWrite

if TYPE_CHECKING:
    from markupsafe import Markup

Kind = Literal["xafs", "sead", "raster"]

Positions = Mapping[str, float]
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
class Files:
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
class Rows:
    """What is known, line by line: (what, text or markup); '' lines are not shown."""

    title: str
    rows: tuple[tuple[str, str], ...]

    @property
    def shown(self) -> tuple[tuple[str, str], ...]:
        """The lines that say something."""
        return tuple(row for row in self.rows if row[1])


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of an XRF spectrum by channel: all of them, and those in the region of interest."""

    channels: tuple[str, ...]
    totals: tuple[int, ...]
    regions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Code:
    """A text with its syntax marked."""

    title: str
    content: Markup


@dataclass(frozen=True, slots=True)
class Content:
    """All that stands on a page.

    Attributes
    ----------
    large, small
        Pictures at full width, and those beside their captions.
    instrument
        About the sample stage, sanitised.
    """

    files: tuple[Files, ...]
    sample: Rows
    scan: Rows
    experiment: Rows
    large: tuple[Picture, ...] = ()
    small: tuple[Picture, ...] = ()
    instrument: Markup | None = None
    counts: Counts | None = None
    codes: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
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
    baseline: Positions = field(default_factory=dict[str, float])
    assets: Mapping[str, Sequence[Asset]] = field(default_factory=dict[str, Sequence[Asset]])
    counts: Counts | None = None
    zone: tzinfo | None = None

    @property
    def first(self) -> Run:
        """The first run, which speaks for all."""
        return self.runs[0]


Maker = Callable[[Sources], Content]


def page_name(stub: str, number: int) -> str:
    """Return the name of a page, relative to the proposal folder."""
    return f"dossier/{stub}-{number:02d}.html"


def dossier_page(kind: Kind, sources: Sources) -> bytes:
    """Return the page of a dossier.

    Raises
    ------
    CannotWrite
        Nothing was measured.
    """
    from xafs_workers.writers.dossier_motors import motor_groups

    if not sources.runs:
        raise CannotWrite(f"dossier of {sources.dossier.stub[:80]}: nothing was measured")
    return html.page(
        "dossier.html.jinja",
        kind=kind,
        content=_maker(kind)(sources),
        stub=sources.dossier.stub,
        number=f"{sources.number:02d}",
        beamline=_beamline(sources.first),
        date=date_of(sources),
        anchor=html.anchor(sources.dossier.rid),
        motors=motor_groups(sources.baseline),
        code_styles=html.code_styles(),
    )


def pictures_of(kind: Kind, sources: Sources) -> Iterator[tuple[str, str]]:
    """Yield the plots of a page that are there: (caption, name relative to the proposal folder)."""
    for picture in _maker(kind)(sources).large:
        yield picture.caption, unquote(picture.href.removeprefix("../"))


def _maker(kind: Kind) -> Maker:
    from xafs_workers.writers import dossier_raster, dossier_sead, dossier_xafs

    makers: Mapping[Kind, Maker] = {
        "xafs": dossier_xafs.content,
        "sead": dossier_sead.content,
        "raster": dossier_raster.content,
    }
    return makers[kind]


def _beamline(run: Run) -> str:
    family = run.xdi.get("Beamline")
    name = html.line(family.get("name")) if isinstance(family, Mapping) else ""
    return name or html.line(run.start.get("beamline_id")) or "XAFS"


def date_of(sources: Sources) -> str:
    """Return when the experiment began: as the plan says, else the day of the first run."""
    user = sources.first.xdi.get("_user")
    told = html.line(user.get("startdate")) if isinstance(user, Mapping) else ""
    return told or local_time(sources.first.start.get("time"), sources.zone)[:10]


def local_time(seconds: object, zone: tzinfo | None) -> str:
    """Return a document's time as `2025-03-03 09:00:00`, '' for what is none."""
    from datetime import datetime

    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return ""
    try:
        return datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return ""


def duration(seconds: float) -> str:
    """Return a length of time as `1 h 02 min`, `3 min 20 s` or `12 s`."""
    whole = round(seconds)
    hours, minutes, left = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {left:02d} s" if minutes else f"{left} s"
