"""Code on pages of the manual: the blocks, and the programs that a block of shell commands calls."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
GENERATED = {"_build", "commands.md", "file-actions.md"}
FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```$", re.DOTALL | re.M)


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced block.

    Attributes
    ----------
    line
        Of the page, on which the block's code begins.
    language
        As written after the fence: ``python``, ``sh``, or a directive such as ``{toctree}``.
    """

    page: str
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        """Page and line, for reports."""
        return f"{self.page}:{self.line}"


def list_pages() -> list[Path]:
    """List the pages that people write; those that the build writes from the code are left out."""
    docs = sorted((ROOT / "docs").glob("**/*.md"))
    written = [path for path in docs if not GENERATED & set(path.parts) and path.parent.name != "messages"]
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *written]


def list_code_blocks(page: Path) -> list[CodeBlock]:
    """List the fenced blocks of a page, without the indentation that they have in a list."""
    text, name = page.read_text(encoding="utf-8"), str(page.relative_to(ROOT))
    return [
        CodeBlock(name, text.count("\n", 0, found.start(3)) + 1, found[2].strip(), textwrap.dedent(found[3]))
        for found in FENCE.finditer(text)
    ]


def split_commands(block: CodeBlock) -> Iterator[list[str]]:
    """Yield the words of each command of a block, without `sudo` and without the path of a program."""
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["sudo"]:
            words = words[3:] if words[1] == "-u" else words[1:]
        if words:
            yield [words[0].rpartition("/")[2], *words[1:]]
