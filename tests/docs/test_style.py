"""The rules of docs/contributing/style.md that a program can check; each finding names file, line and the mend."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]
SOURCE = REPOSITORY / "src" / "xafs_workers"
TESTS = REPOSITORY / "tests"

WORDS = {
    r"told|tells?": "write reported, logged, passed, given; for a predicate: Check whether",
    r"hears?|heard": "write receive, read, listen to",
    r"says": "write contains, reports, states, logs",
    r"nobody|somebody|anybody|whoever|whomever": "name the role (user, sender, worker), or write no ... / any ...",
    r"anew": "write again",
    r"in vain": "write without success",
    r"borne": "write tolerated, carried",
    r"not to be had": "write not available",
    r"lives? from": "write depends on, is made of",
    r"leans? on": "write depends on",
    r"beforehand": "write before",
    r"stands?(?! for\b)(?! alone\b)(?! down\b)": "write is, is stored, is written",
    r"dear": "write expensive",
    r"clerk|postman|desk|shelf": "write the name of the class or thread",
    r"lanes?": "write work queue",
    r"plucked|plucking": "write picked position, pick",
    r"KEPT": "write at-least-once",
    r"LIVE": "write best-effort",
}
PATTERNS = [
    (re.compile(rf"\b(?:{word})\b", 0 if word.isupper() else re.IGNORECASE), mend) for word, mend in WORDS.items()
]

NOT_VERBS = frozenset(
    "a all an and any as at both by each every for from how if in is it its no none not of on one only other out "
    "some that the their there these they this those to two was what when where whether which who whom whose why "
    "with without".split()
)

LOG_METHODS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})

MAX_TEST_NAME = 60

FOREIGN_ID = re.compile(r"(?:^|\()[A-Z]\d{1,2}(?=[:.,)]|$| \()")


class Finding(NamedTuple):
    """One sentence or name that breaks a rule."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(REPOSITORY)}:{self.line}: {self.text}"


def remove_code(text: str) -> str:
    """Replace code spans and addresses by as many blanks."""
    return re.sub(r"``.+?``|`[^`\n]+`|https?://\S+|\]\([^)]+\)", lambda found: " " * len(found.group()), text)


def find_words(path: Path, line: int, text: str) -> Iterator[Finding]:
    """Yield each word of the list in a text that begins at a line."""
    for number, part in enumerate(remove_code(text).splitlines(), line):
        for pattern, mend in PATTERNS:
            for found in pattern.finditer(part):
                yield Finding(path, number, f"{found.group()!r}: {mend}")


def find_comment_words(path: Path, source: str) -> Iterator[Finding]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield from find_words(path, token.start[0], token.string)


def is_docstring(node: ast.stmt) -> bool:
    """Check whether a statement is a string alone: a docstring, or the description of an attribute."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def find_docstring_words(path: Path, tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and is_docstring(node):
            yield from find_words(path, node.lineno, node.value.value)


def find_help_words(path: Path, tree: ast.Module) -> Iterator[Finding]:
    """Yield words in the help of options and in the descriptions of fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in {"help", "description", "short_help", "epilog"}:
            for part in ast.walk(node.value):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield from find_words(path, part.lineno, part.value)


def is_log_call(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LOG_METHODS
        and ast.unparse(node.func.value) in {"log", "self._log"}
        and bool(node.args)
    )


def find_log_events(path: Path, tree: ast.Module) -> Iterator[Finding]:
    """Yield log events that are not snake_case or hold a word of the list."""
    for node in ast.walk(tree):
        if not is_log_call(node) or not isinstance(node.args[0], ast.Constant):
            continue
        event = str(node.args[0].value)
        if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", event):
            yield Finding(path, node.lineno, f"log event {event!r}: write it in snake_case, e.g. file_written")
        for found in find_words(path, node.lineno, event.replace("_", " ")):
            yield found._replace(text=f"log event {event!r}: {found.text}")


def is_attribute_like(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Check whether a function is a property or an overload, whose docstring is a noun phrase."""
    decorators = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
    return bool(decorators & {"property", "cached_property", "setter", "overload"})


def find_first_lines(path: Path, tree: ast.Module) -> Iterator[Finding]:
    """Yield docstrings of functions whose first word is not an imperative verb."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or is_attribute_like(node):
            continue
        text = ast.get_docstring(node)
        if not text or node.name.startswith("__"):
            continue
        first = re.split(r"[\s,.:;]", text, maxsplit=1)[0]
        if first.lower() in NOT_VERBS or (
            re.search(r"([^su]s|ing|ed)$", first) and first not in {"Bring", "Feed", "Need", "Embed", "Bind", "String"}
        ):
            yield Finding(path, node.body[0].lineno, f"docstring begins with {first!r}: write an imperative verb")


@cache
def find_all(path: Path) -> tuple[Finding, ...]:
    source = path.read_text()
    tree = ast.parse(source)
    return (
        *find_comment_words(path, source),
        *find_docstring_words(path, tree),
        *find_help_words(path, tree),
        *find_log_events(path, tree),
        *find_first_lines(path, tree),
    )


def find_test_words(path: Path) -> Iterator[Finding]:
    """Yield words of the list, and ids of documents that are not in the repository, in a test module."""
    source = path.read_text()
    tree = ast.parse(source)
    yield from find_comment_words(path, source)
    yield from find_docstring_words(path, tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and is_docstring(node):
            for found in FOREIGN_ID.finditer(node.value.value):
                yield Finding(
                    path, node.lineno, f"{found.group()!r}: write what the test shows, not the id of a document"
                )


def list_parts(root: Path) -> list[str]:
    """Return the packages and modules directly below a folder."""
    found = (path for path in root.iterdir() if path.suffix == ".py" or any(path.rglob("*.py")))
    return sorted(path.name for path in found if not path.name.startswith((".", "__pycache__")))


def list_modules(part: Path) -> list[Path]:
    return [part] if part.suffix == ".py" else sorted(part.rglob("*.py"))


@pytest.mark.parametrize("part", list_parts(SOURCE))
def test_source_is_plain_english(part: str) -> None:
    findings = [finding for path in list_modules(SOURCE / part) for finding in find_all(path)]
    assert not findings, "\n" + "\n".join(map(str, findings))


def list_pages() -> list[Path]:
    return [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", list_pages(), ids=lambda page: page.name)
def test_pages_are_plain_english(page: Path) -> None:
    text = re.sub(r"^```.*?^```", lambda found: "\n" * found.group().count("\n"), page.read_text(), flags=re.M | re.S)
    findings = list(find_words(page, 1, text))
    assert not findings, "\n" + "\n".join(map(str, findings))


@pytest.mark.parametrize("part", list_parts(TESTS))
def test_test_names_are_short(part: str) -> None:
    findings = [
        Finding(path, node.lineno, f"{node.name} has {len(node.name)} characters: at most {MAX_TEST_NAME - 1}")
        for path in list_modules(TESTS / part)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and len(node.name) >= MAX_TEST_NAME
    ]
    assert not findings, "\n" + "\n".join(map(str, findings))


@pytest.mark.parametrize("part", list_parts(TESTS))
def test_tests_are_plain_english(part: str) -> None:
    findings = [finding for path in list_modules(TESTS / part) for finding in find_test_words(path)]
    assert not findings, "\n" + "\n".join(map(str, findings))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('"""Nobody reads it."""\n', "x.py:1: 'Nobody': name the role"),
        ("a = 1  # made anew\n", "x.py:1: 'anew': write again"),
        ("def f():\n    '''The name.'''\n", "x.py:2: docstring begins with 'The': write an imperative verb"),
        ("def f():\n    '''Returns it.'''\n", "x.py:2: docstring begins with 'Returns': write an imperative verb"),
        ("log.info('Was written')\n", "x.py:1: log event 'Was written': write it in snake_case"),
        ("log.info('wait_told')\n", "x.py:1: log event 'wait_told': 'told': write reported"),
        ("f(help='says no')\n", "x.py:1: 'says': write contains"),
    ],
)
def test_finding_names_line_and_mend(source: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "REPOSITORY", tmp_path)
    (tmp_path / "x.py").write_text(source)
    assert str(find_all(tmp_path / "x.py")[0]).startswith(text)


def test_style_page_lists_the_words() -> None:
    page = (REPOSITORY / "docs" / "contributing" / "style.md").read_text()
    listed = {word for row in re.findall(r"^\|([^|]+)\|", page, re.M) for word in re.findall(r"`([^`]+)`", row)}
    missing = [word for word, _ in WORDS.items() if not any(re.fullmatch(word, entry, re.I) for entry in listed)]
    assert not missing, f"docs/contributing/style.md: add {missing}"
