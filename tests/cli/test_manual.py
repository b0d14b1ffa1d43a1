"""Pages of the manual: those in the repository are what the models say, links resolve, snippets run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from xafs_workers import producer
from xafs_workers.cli.main import app
from xafs_workers.messages.base import kinds
from xafs_workers.messages.parsing import parse
from xafs_workers.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize(
    ("page", "command"),
    [("messages.md", ["messages", "--markdown"]), ("configuration.md", ["config", "manual"])],
)
def test_the_page_matches_the_models(page: str, command: list[str]) -> None:
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0
    assert (DOCS / page).read_text() == result.output, f"docs/{page} is not up to date: make pages"


def test_each_example_on_the_page_is_a_valid_message() -> None:
    blocks = re.findall(r"```json\n(.*?)\n```", (DOCS / "messages.md").read_text(), re.DOTALL)
    assert len(blocks) == len(kinds.discover())
    for block in blocks:
        parse(json.loads(block))


def test_each_setting_is_documented_on_the_page() -> None:
    text = (DOCS / "configuration.md").read_text()
    for name, field in Settings.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        assert (f"\n## {name}\n" if inner else f"| `{name}` |") in text
        for key in inner or ():
            assert f"| `{key}` |" in text


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_links_resolve(page: str) -> None:
    for target in LINK.findall((DOCS / page).read_text()):
        assert target.startswith("https://") or (DOCS / target).exists(), target


def test_the_page_for_plan_authors_names_existing_functions() -> None:
    text = (DOCS / "queueserver.md").read_text()
    for name in set(producer.__all__) - {"DeliveryError", "flush", "close_last_plot"}:
        assert name in text, name


@pytest.mark.parametrize(
    ("heading", "workers"),
    [
        ("### linescan: start", "Shown by the screen, the browser view and the headless plot manager; the headless"),
        ("### close: all", "The screen, the browser view and the headless plot manager act on it; the headless plot"),
        (
            "## verbose",
            "The file manager, the screen, the browser view and the headless plot manager act on it; the file",
        ),
        ("## copy", "The file manager acts on it and answers."),
        ("### xrf: quickplot", "No worker acts on it: it shows what a detector measures now"),
    ],
)
def test_the_page_names_who_shows_and_who_answers(heading: str, workers: str) -> None:
    section = (DOCS / "messages.md").read_text().partition(f"\n{heading}\n")[2][:600]
    assert f"\n{workers}" in section
