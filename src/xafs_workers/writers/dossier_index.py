"""The list of a proposal's dossiers: a manifest of lines, and the page made of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from html import unescape
from pathlib import PurePosixPath

from xafs_workers.writers import html
from xafs_workers.writers.dossier_content import DossierKind

MANIFEST_PATH, INDEX_PATH = "dossier/MANIFEST", "dossier/00INDEX.html"

SEPARATOR = "\N{OPEN BOX}"
"""Between kind and path of a line; no file of a group has it in its name by accident."""

KINDS: Mapping[str, DossierKind] = {"xafs": "xafs", "sead": "sead", "raster": "raster"}


SUMMARY_SIZE = 4096
"""Bytes of a page, from its beginning, that contain its summary."""

_FACT = re.compile(r'<meta name="dossier-(\w+)" content="([^"]*)">')
_PICTURE = re.compile(r"\.\./[^:]+")


@dataclass(frozen=True, slots=True)
class DossierSummary:
    """What the list states of a dossier: '' for what is not known.

    Attributes
    ----------
    time
        Start of the first scan, in the words of the page.
    element
        Absorber and edge.
    picture
        Address of its first picture, relative to the page.
    """

    time: str = ""
    element: str = ""
    picture: str = ""

    def list_facts(self) -> list[tuple[str, str]]:
        """Return the facts by name, as a page states them in its head."""
        return list(asdict(self).items())


@dataclass(frozen=True, slots=True)
class ListedDossier:
    """A dossier in the list; `href` is relative to the index."""

    kind: DossierKind
    name: str
    href: str
    summary: DossierSummary


def format_manifest_line(kind: DossierKind, path: str) -> bytes:
    """Return the line of a dossier; the path is absolute."""
    return f"{kind}{SEPARATOR}{path}\n".encode("utf-8", "replace")


def is_listed(manifest: bytes, kind: DossierKind, path: str) -> bool:
    """Check whether a dossier is in the list already."""
    return format_manifest_line(kind, path).rstrip() in manifest.splitlines()


def parse_summary(page: bytes) -> DossierSummary:
    """Read the summary from the beginning of a page; pages of earlier versions have none."""
    found = {name: unescape(text) for name, text in _FACT.findall(page.decode("utf-8", "replace"))}
    picture = found.get("picture", "")
    is_picture = _PICTURE.fullmatch(picture) is not None
    return DossierSummary(found.get("time", ""), found.get("element", ""), picture if is_picture else "")


def parse_manifest(manifest: bytes, read_beginning: Callable[[str], bytes | None]) -> Iterator[ListedDossier]:
    """Yield the dossiers of a list whose pages exist, each once; all other lines are passed over."""
    seen: set[str] = set()
    for line in manifest.decode("utf-8", "replace").splitlines():
        said, separator, path = line.strip().partition(SEPARATOR)
        name = PurePosixPath(path).name
        kind = KINDS.get(said)
        if kind is None or not separator or name in seen or not name.endswith(".html"):
            continue
        page = read_beginning(f"dossier/{name}")
        if page is None:
            continue
        seen.add(name)
        yield ListedDossier(kind, name.removesuffix(".html"), html.build_link(name), parse_summary(page))


def render_index_page(
    manifest: bytes, read_beginning: Callable[[str], bytes | None], *, session: str, date: str
) -> bytes:
    """Return the page that lists the dossiers.

    Parameters
    ----------
    read_beginning
        Function that returns at least the first `SUMMARY_SIZE` bytes of a file of the proposal folder, None where
        there is no such file.
    session
        Data session of the proposal.
    date
        Date on which the experiment began, '' where it is not known.
    """
    return html.render_page(
        "index.html.jinja", dossiers=tuple(parse_manifest(manifest, read_beginning)), session=session, date=date
    )
