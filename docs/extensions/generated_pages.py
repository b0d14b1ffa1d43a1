"""Sphinx extension: pages that are written from the code, each time the manual is built.

One page for each kind of control message with the figure that it makes (from `docs/messages.md` and the gallery's
examples), the command line (from typer), and samples of the files (from the writers). None of them is committed.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

KIND = re.compile(r"^## ([a-z_]+)$", re.M)
GALLERY = Path(__file__).parents[2] / "tools" / "gallery.py"
FIGURES = Path("_build") / "figures"
MESSAGES = Path("reference") / "messages"


def write_pages(app: Sphinx) -> None:
    """Write all generated pages below the source folder."""
    source = Path(app.srcdir)
    draw_figures(source / FIGURES)
    write_message_pages(source)
    write_if_changed(source / "reference" / "commands.md", render_commands())


def draw_figures(folder: Path) -> None:
    """Draw the example of each kind, unless a build of the same checkout has drawn them."""
    if not folder.is_dir():
        subprocess.run([sys.executable, str(GALLERY), str(folder), "--manual"], check=True, timeout=600)  # noqa: S603


def split_messages(text: str) -> tuple[str, dict[str, str]]:
    """Return the part of the messages' page before the first kind, and the section of each kind."""
    places = [found for found in KIND.finditer(text) if found.start() > text.index("## Messages that no worker acts")]
    ends = [found.start() for found in places[1:]] + [len(text)]
    sections = {found[1]: text[found.end() : end].strip() for found, end in zip(places, ends, strict=True)}
    return text[: places[0].start()], sections


def write_message_pages(source: Path) -> None:
    """Write a page for each kind of message, with its figure."""
    _, sections = split_messages((source / "messages.md").read_text(encoding="utf-8"))
    for kind, section in sections.items():
        body = re.sub(r"^### ", "## ", section, flags=re.M)
        figure = render_figure(source, kind)
        write_if_changed(source / MESSAGES / f"{kind}.md", f"# {kind}\n\n{body}\n{figure}")


def render_figure(source: Path, kind: str) -> str:
    """Return the Markdown of a kind's figure, empty where the kind has none."""
    pictures = (FIGURES / f"{form}-{kind}.png" for form in ("manual", "example"))
    picture = next((one for one in pictures if (source / one).is_file()), None)
    if picture is None:
        return ""
    return f"\n## The figure\n\nAs the workers draw it, of made-up data.\n\n![Figure of {kind}](/{picture})\n"


def link_message_pages(app: Sphinx, docname: str, content: list[str]) -> None:
    """Replace the sections of the messages' page by links to a page for each kind."""
    if docname != "messages":
        return
    head, sections = split_messages(content[0])
    head = re.sub(r"\]\(#([a-z_]+)\)", rf"]({MESSAGES}/\1.md)", head)
    pages = "\n".join(f"{MESSAGES}/{kind}" for kind in sections)
    content[0] = f"{head}\n```{{toctree}}\n:hidden:\n\n{pages}\n```\n"


def render_commands() -> str:
    """Return the page of the command line."""
    import typer
    from typer.cli import get_docs_for_click

    from xafs_workers.cli.main import app

    command = typer.main.get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name="xafs-workers", title="Command line")
    kept = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"^(\s*\* `[^`]+`): ", r"\1: ", kept, flags=re.M) + "\n"


def write_if_changed(path: Path, text: str) -> None:
    """Write a page where its text is another, so that Sphinx reads again only what changed."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension."""
    app.connect("builder-inited", write_pages)
    app.connect("source-read", link_message_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
