"""Page of a dossier, rendered from what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import unquote

from xafs_workers.scans.metadata import format_document_time
from xafs_workers.scans.runs import Run
from xafs_workers.writers import dossier_parts, dossier_raster, dossier_sead, dossier_xafs, html
from xafs_workers.writers.dossier_content import DossierKind, DossierSources, PageContent
from xafs_workers.writers.dossier_index import DossierSummary
from xafs_workers.writers.dossier_motors import build_motor_groups
from xafs_workers.writers.registry import CannotWrite

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
    if not sources.runs:
        raise CannotWrite(f"dossier of {sources.dossier.stub[:80]}: nothing was measured")
    content = _build_content(kind, sources)
    return html.render_page(
        "dossier.html.jinja",
        kind=kind,
        content=content,
        summary=_summarize(content, sources).list_facts(),
        stub=sources.dossier.stub,
        number=f"{sources.number:02d}",
        beamline=_find_beamline(sources.first_run),
        date=find_start_date(sources),
        anchor=html.to_anchor(sources.dossier.rid),
        motors=build_motor_groups(sources.baseline),
        code_styles=html.build_code_styles(),
    )


def list_pictures(kind: DossierKind, sources: DossierSources) -> Iterator[tuple[str, str]]:
    """Yield the plots of a page that exist: (caption, name relative to the proposal folder)."""
    for picture in _build_content(kind, sources).large_pictures:
        yield picture.caption, unquote(picture.href.removeprefix("../"))


def _summarize(content: PageContent, sources: DossierSources) -> DossierSummary:
    """Build what the list of dossiers states of a page."""
    facts = dict(content.scan.rows)
    absorber = f"{facts.get('Element', '').partition(' (')[0]} {facts.get('Edge', '')}".strip()
    pictures = (*content.large_pictures, *content.small_pictures)
    begun = format_document_time(sources.first_run.start.get("time"), sources.zone)
    return DossierSummary(begun, absorber, pictures[0].href if pictures else "")


def _build_content(kind: DossierKind, sources: DossierSources) -> PageContent:
    content = _select_content_builder(kind)(sources)
    pictures = (*content.large_pictures, *dossier_parts.build_scan_pictures(sources))
    return replace(content, large_pictures=pictures)


def _select_content_builder(kind: DossierKind) -> ContentBuilder:
    builders: Mapping[DossierKind, ContentBuilder] = {
        "xafs": dossier_xafs.build_content,
        "sead": dossier_sead.build_content,
        "raster": dossier_raster.build_content,
    }
    return builders[kind]


def _find_beamline(run: Run) -> str:
    family = run.xdi.get("Beamline")
    name = html.format_line(family.get("name")) if isinstance(family, Mapping) else ""
    return name or html.format_line(run.start.get("beamline_id")) or "XAFS"


def find_start_date(sources: DossierSources) -> str:
    """Return the day the experiment began: the one the plan names, else the day of the first run."""
    user = sources.first_run.xdi.get("_user")
    named = html.format_line(user.get("startdate")) if isinstance(user, Mapping) else ""
    return named or format_document_time(sources.first_run.start.get("time"), sources.zone)[:10]
