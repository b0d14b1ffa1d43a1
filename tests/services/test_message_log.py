"""The message log of a proposal: each line once, by one writer, whatever interrupts it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from helpers.dossiers import Page, broken_links, touch
from xafs_workers.services.message_log import MessageLog
from xafs_workers.settings import Storage
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.errors import Absent
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.writers.message_log import MOST_SHOWN, PAGE, RAW, LogEntry, record


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "2025-1" / "pass-1"
    (folder / "dossier").mkdir(parents=True)
    touch(folder, "dossier/00INDEX.html")
    return folder


@pytest.fixture
def proposal(root: Path) -> ProposalFolder:
    settings = Storage(proposals_root=root.parent.parent, root_aliases={})
    return ProposalFolder(Roots.from_settings(settings), "2025-1", "pass-1")


def page_of(root: Path) -> Page:
    page = Page((root / PAGE).read_bytes())
    assert page.problems == []
    assert broken_links(root / PAGE) == []
    return page


def test_each_line_once(root: Path, proposal: ProposalFolder) -> None:
    """K3: a line told twice, by the same message or by another worker process, stands there once."""
    log = MessageLog()
    told = [log.note(proposal, LogEntry("t/0/1/post", 1.7e9, "wrote XAS data to s.001")) for _ in range(3)]
    assert told == [True, False, False]
    assert MessageLog().note(proposal, LogEntry("t/0/1/post", 1.7e9, "wrote XAS data to s.001")) is False
    assert page_of(root).text.count("wrote XAS data") == 1
    assert (root / RAW).read_text().count("\n") == 1


def test_lines_in_order_with_anchors_icons_and_pictures(root: Path, proposal: ProposalFolder) -> None:
    """K4: pictures have their icon whether or not they carry a rid."""
    touch(root, "snapshots/a b.png", "snapshots/c.jpg")
    log = MessageLog()
    for number, entry in enumerate(
        [
            LogEntry("1", 1.7e9, "begins :tada:", rid="1a2b3c4d"),
            LogEntry("2", 1.7e9, "Fe2O3", picture="snapshots/a b.png"),
            LogEntry("3", 1.7e9, "webcam", picture="snapshots/c.jpg"),
            LogEntry("4", 1.7e9, "gone", picture="snapshots/gone.png"),
            LogEntry("5", 1.7e9, "again", rid="1a2b3c4d", link="snapshots/a b.png"),
            LogEntry("6", 1.7e9 + 86400, "next day", rid=True),
        ]
    ):
        assert log.note(proposal, entry), number
    page = page_of(root)
    assert page.ids.count("1a2b3c4d") == 1
    icons = [address for address in page.addresses if address.startswith("#icon")]
    assert icons == ["#icon-message", "#icon-plot", "#icon-camera", "#icon-plot", "#icon-message", "#icon-message"]
    assert page.addresses.count("../snapshots/a%20b.png") == 3, "the picture, and the links to it"
    assert "gone (gone.png is not there)" in page.text
    assert "begins 🎉" in page.text
    assert page.text.index("begins") < page.text.index("webcam") < page.text.index("next day")


def test_what_an_earlier_program_wrote_stays(root: Path, proposal: ProposalFolder) -> None:
    lines = (f"<p>older line {number}.</p>\n" for number in range(5000))
    old = '<div class="left"><img src="message.png" onerror="x()"></div>\n' + "".join(lines)
    (root / RAW).write_text(old)
    MessageLog().note(proposal, LogEntry("1", 1.7e9, "new line"))
    page = page_of(root)
    assert page.text.index("older line 0.") < page.text.index("older line 4999.") < page.text.index("new line")
    assert "img" not in page.tags
    assert (root / RAW).read_text().startswith(old)


def test_a_line_that_was_cut_short_does_not_swallow_the_next(root: Path, proposal: ProposalFolder) -> None:
    (root / RAW).write_text('{"key": "0", "time": 1.7e9, "te')
    log = MessageLog()
    assert log.note(proposal, LogEntry("1", 1.7e9, "first whole line"))
    assert not log.note(proposal, LogEntry("1", 1.7e9, "first whole line"))
    assert "first whole line" in page_of(root).text


def test_killed_between_record_and_page(root: Path, proposal: ProposalFolder) -> None:
    """The record alone is there: the same message again makes the page complete, and no second line."""
    log = MessageLog()
    log.note(proposal, LogEntry("1", 1.7e9, "one"))
    (root / PAGE).unlink()
    assert log.note(proposal, LogEntry("1", 1.7e9, "one")) is False
    assert page_of(root).text.count("one") == 1


def test_a_flood_does_not_make_an_endless_page(root: Path, proposal: ProposalFolder) -> None:
    lines = b"".join(record(LogEntry(str(number), 1.7e9 + number, f"line-{number}.")) for number in range(MOST_SHOWN))
    (root / RAW).write_bytes(lines)
    MessageLog().note(proposal, LogEntry("new", 1.8e9, "the newest"))
    text = page_of(root).text
    assert "The first 1 lines are in the file .rawlog alone" in text
    assert "line-0." not in text
    assert "line-1." in text
    assert "the newest" in text
    assert (root / RAW).read_bytes().startswith(lines)


def test_several_threads(root: Path, proposal: ProposalFolder) -> None:
    """K2: whoever calls, lines neither mix nor get lost."""
    log = MessageLog()

    def write(name: str) -> None:
        for number in range(10):
            log.note(proposal, LogEntry(f"{name}{number}", 1.7e9, f"line-{name}-{number}."))

    threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30.0)
    text = page_of(root).text
    assert all(text.count(f"line-{name}-{number}.") == 1 for name in "abc" for number in range(10))


@pytest.mark.parametrize(
    "picture", ["../../etc/passwd", "/etc/passwd", "x" * 5000, "a\0b", "snapshots/../../x", "\ud800"]
)
def test_a_picture_that_cannot_be_does_no_harm(picture: str, root: Path, proposal: ProposalFolder) -> None:
    log = MessageLog()
    assert log.note(proposal, LogEntry("1", 1.7e9, "first", picture=picture))
    assert log.note(proposal, LogEntry("2", 1.7e9, "second"))
    page = page_of(root)
    assert "first" in page.text
    assert "second" in page.text
    assert "img" not in page.tags


def test_no_folder_appears_because_of_a_line(tmp_path: Path) -> None:
    (tmp_path / "2025-1").mkdir()
    settings = Storage(proposals_root=tmp_path, root_aliases={})
    nowhere = ProposalFolder(Roots.from_settings(settings), "2025-1", "pass-9")
    with pytest.raises(Absent):
        MessageLog().note(nowhere, LogEntry("1", 1.7e9, "x"))
    assert list((tmp_path / "2025-1").iterdir()) == []
