"""The reader that checks what was written accepts the format and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from xafs_workers.writers.columns import Column
from xafs_workers.writers.gaps import Table
from xafs_workers.writers.xdi_reader import Unreadable, check, read
from xafs_workers.writers.xdi_text import format_xdi

COLUMNS = (Column("energy", np.array([1.0, 2.0]), "eV"), Column("itrans", np.array([3.0, 0.0]), "nC"))
TABLE = Table(COLUMNS, {})
FIELDS = {"Element.symbol": "Fe", "Scan.uid": "x"}
GOOD = format_xdi("XDI/1.0 a/1 b/2", FIELDS, TABLE, ["said"])
SAID = ["said"]


def test_a_written_file_is_read() -> None:
    file = read(GOOD)
    assert file.version == "XDI/1.0 a/1 b/2"
    assert file.fields == FIELDS
    assert file.headings == ("energy eV", "itrans nC")
    assert file.labels == ("energy", "itrans")
    assert file.comments == ("said",)
    np.testing.assert_array_equal(file.get_column("itrans"), [3.0, 0.0])


BROKEN: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("no version", lambda text: text[2:], "line 1: .*expected # XDI/1.0"),
    ("empty", lambda text: b"", "line 0: .*expected # XDI"),
    ("no UTF-8", lambda text: text + b"\xff", "expected UTF-8"),
    ("line of no family", lambda text: text.replace(b"# Scan.uid: x", b"# Scan uid x"), "line 3: .*Family.key"),
    ("escaped line", lambda text: text.replace(b"# Scan.uid: x", b"# Scan.uid: x\ny"), "line 4: got 'y'"),
    ("a line twice", lambda text: text.replace(b"# Scan.uid", b"# Element.symbol"), "each once"),
    ("columns out of order", lambda text: text.replace(b"Column.2", b"Column.3"), "expected # Column.2"),
    (
        "a column too few",
        lambda text: text.replace(b"# Column.2: itrans nC\n", b""),
        "expected the labels of the 1 col",
    ),
    ("another label", lambda text: text.replace(b"# energy  itrans", b"# energy  It"), "expected the labels of the 2"),
    ("no slashes", lambda text: text.replace(b"/" * 60, b""), "Family.key: value, each once, or slashes"),
    ("no dashes", lambda text: text.replace(b"#" + b"-" * 60 + b"\n", b""), "expected # and a comment, or dashes"),
    ("cut off in the header", lambda text: text[:40], "Family.key|slashes"),
    ("cut off in the comments", lambda text: text[: text.index(b"said") + 5], "a line of dashes"),
    ("a number too few", lambda text: text.replace(b"\n2  0\n", b"\n2\n"), "expected 2 numbers"),
    ("not finite", lambda text: text.replace(b"\n2  0\n", b"\n2  nan\n"), "expected 2 numbers, all finite"),
    ("infinite", lambda text: text.replace(b"\n2  0\n", b"\n2  inf\n"), "expected 2 numbers, all finite"),
    ("no number", lambda text: text.replace(b"1  3", b"1  three"), "expected 2 numbers"),
]


@pytest.mark.parametrize(("name", "spoil", "said"), BROKEN, ids=[case[0] for case in BROKEN])
def test_damaged_text_is_refused_with_the_line(name: str, spoil: Callable[[bytes], bytes], said: str) -> None:
    assert spoil(GOOD) != GOOD
    with pytest.raises(Unreadable, match=said):
        read(spoil(GOOD))


OTHER: list[tuple[bytes, bytes, str]] = [
    (b"Scan.uid: x", b"Scan.uid: y", "header"),
    (b"itrans nC", b"itrans nA", "columns"),
    (b"# said", b"# unsaid", "comments"),
    (b"1  3", b"1  3.00000001", "column itrans"),
    (b"\n2  0\n", b"\n2  1\n", "the numbers"),
]


@pytest.mark.parametrize(("old", "new", "said"), OTHER, ids=[case[2] for case in OTHER])
def test_different_content_is_refused(old: bytes, new: bytes, said: str) -> None:
    check(GOOD, FIELDS, COLUMNS, SAID)
    assert GOOD.count(old) == 1
    with pytest.raises(Unreadable, match=said):
        check(GOOD.replace(old, new), FIELDS, COLUMNS, SAID)


def test_a_missing_row_is_detected() -> None:
    with pytest.raises(Unreadable, match="rows"):
        check(GOOD.replace(b"\n2  0\n", b"\n"), FIELDS, COLUMNS, SAID)


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\x85b", "a\u2028b"])
def test_a_value_with_line_breaks_is_not_written(value: str) -> None:
    with pytest.raises(Unreadable):
        format_xdi("XDI/1.0 a/1", {"Sample.name": value}, TABLE)
