"""Pages that the manual's build writes: one for each kind of message, and the command line."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

from xafs_workers.messages.parsing import parse
from xafs_workers.messages.schema import list_kind_names

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def pages() -> Any:
    spec = importlib.util.spec_from_file_location("generated_pages", DOCS / "extensions" / "generated_pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a source folder with the page of messages and one figure."""
    (tmp_path / "messages.md").write_text((DOCS / "messages.md").read_text())
    (tmp_path / "_build" / "figures").mkdir(parents=True)
    (tmp_path / "_build" / "figures" / "manual-xafsscan.png").write_bytes(b"")
    return tmp_path


def test_each_kind_gets_a_page(pages: Any, source: Path) -> None:
    pages.write_message_pages(source)
    written = {path.stem: path.read_text() for path in (source / "reference" / "messages").iterdir()}
    assert sorted(written) == sorted(list_kind_names())
    assert all(f"# {kind}\n" in text and "```json" in text for kind, text in written.items())
    assert "![Figure of xafsscan](/_build/figures/manual-xafsscan.png)" in written["xafsscan"]
    assert "## The figure" not in written["copy"]


def test_list_of_messages_leads_to_the_pages(pages: Any) -> None:
    content = [(DOCS / "messages.md").read_text()]
    pages.link_message_pages(None, "messages", content)
    for kind in list_kind_names():
        assert f"[`{kind}`](reference/messages/{kind}.md)" in content[0]
        assert f"\nreference/messages/{kind}\n" in content[0]
    assert "```json" not in content[0]


def test_command_line_page_has_every_command(pages: Any) -> None:
    text = pages.render_commands()
    for command in ("send", "plot-manager", "dead-letters retry", "config show", "waiting drop"):
        assert f"`xafs-workers {command}`" in text


def test_file_actions_have_examples_that_parse(pages: Any) -> None:
    text = pages.render_file_actions()
    examples = [ast.literal_eval(code) for code in re.findall(r"```python\n(.*?)\n```", text, re.DOTALL)]
    assert {"xasxdi", "copy", "dossier"} <= {parse(example).kind for example in examples}


def test_sample_is_a_data_file(pages: Any) -> None:
    lines = pages.build_sample_file().splitlines()
    assert lines[0].startswith("# XDI/1.0 ")
    assert "# energy  measurement_time  mutrans  i0  itrans  irefer" in lines[:24]
