"""The list of a proposal's dossiers: a manifest of lines, and the page made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from xafs_workers.writers import html
from xafs_workers.writers.dossier_content import DossierKind

MANIFEST_PATH, INDEX_PATH = "dossier/MANIFEST", "dossier/00INDEX.html"

SEPARATOR = "\N{OPEN BOX}"
"""Between kind and path of a line; no file of a group has it in its name by accident."""

KINDS: Mapping[str, DossierKind] = {"xafs": "xafs", "sead": "sead", "raster": "raster"}


@dataclass(frozen=True, slots=True)
class ListedDossier:
    """A dossier in the list; `href` is relative to the index."""

    kind: DossierKind
    name: str
    href: str


def format_manifest_line(kind: DossierKind, path: str) -> bytes:
    """Return the line of a dossier; the path is absolute."""
    return f"{kind}{SEPARATOR}{path}\n".encode("utf-8", "replace")


def is_listed(manifest: bytes, kind: DossierKind, path: str) -> bool:
    """Check whether a dossier is in the list already."""
    return format_manifest_line(kind, path).rstrip() in manifest.splitlines()


def parse_manifest(manifest: bytes, exists: Callable[[str], bool]) -> Iterator[ListedDossier]:
    """Yield the dossiers of a list whose pages exist, each once; all other lines are passed over."""
    seen: set[str] = set()
    for line in manifest.decode("utf-8", "replace").splitlines():
        said, separator, path = line.strip().partition(SEPARATOR)
        name = PurePosixPath(path).name
        kind = KINDS.get(said)
        if kind is None or not separator or name in seen or not name.endswith(".html") or not exists(f"dossier/{name}"):
            continue
        seen.add(name)
        yield ListedDossier(kind, name.removesuffix(".html"), html.build_link(name))


def render_index_page(manifest: bytes, exists: Callable[[str], bool], *, session: str, date: str) -> bytes:
    """Return the page that lists the dossiers.

    Parameters
    ----------
    session
        Data session of the proposal.
    date
        Date on which the experiment began, '' where it is not known.
    """
    return html.render_page(
        "index.html.jinja", dossiers=tuple(parse_manifest(manifest, exists)), session=session, date=date
    )
