"""Sphinx extension: pages that are written from the code, each time the manual is built.

One page for each kind of control message with the figure that it makes (from `docs/messages.md` and the gallery's
examples), the actions of the file manager (from the models), the command line (from typer), and a sample of a data
file (from the writer). None of them is committed.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FILE_ACTIONS_INTRODUCTION = """# File actions

Every message on which the file manager acts, with an example as a plan sends it: `kafka_message({...})`. The file
manager answers each with `done` and the paths, `failed` and the reason, or a value. Actions of one proposal are carried
out in order; those of another proposal, and questions, do not wait for them.
"""

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
    write_if_changed(source / "reference" / "file-actions.md", render_file_actions())
    write_if_changed(source / "_build" / "sample.xdi", build_sample_file())


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


def render_file_actions() -> str:
    """Return the page of all messages that the file manager acts on, with the example of each."""
    from xafs_workers.messages.schema import describe_kind, list_kind_names

    lines = [FILE_ACTIONS_INTRODUCTION]
    for kind in map(describe_kind, list_kind_names()):
        actions = [action for action in kind.actions if action.owner == "file-manager" and not action.not_acted_on]
        if actions:
            lines += [f"## {kind.kind}", "", f"{kind.summary} [Fields](messages/{kind.kind}.md)", ""]
        for action in actions:
            summary = [action.summary, ""] if len(kind.actions) > 1 else []
            lines += [*summary, "```python", repr(dict(action.example)), "```", ""]
    return "\n".join(lines)


def build_sample_file() -> str:
    """Return the data file of an XAFS scan of the gallery, as the writer makes it."""
    from xafs_workers.writers.xasxdi import build_content

    gallery = load_gallery()
    session = gallery.Session()
    xdi = {"Element": {"symbol": "Fe", "edge": "K"}, "Mono": {"name": "Si(111)", "d_spacing": 3.13597}}
    xdi["Sample"] = {"name": "Fe2O3 in boron nitride"}
    uid = session.run(gallery.xafs_columns(), motors=["dcm_energy"], XDI=xdi, BMM_kafka={"hint": "xafs transmission"})
    return build_content(session.board.runs[uid], session.board.config).decode()


def load_gallery() -> ModuleType:
    """Import the gallery, which is a script."""
    spec = importlib.util.spec_from_file_location("gallery", GALLERY)
    if spec is None or spec.loader is None:
        raise ImportError(str(GALLERY))
    module = sys.modules["gallery"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
