"""The message log of a proposal: each line once, by one writer, whatever interrupts it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from helpers.dossiers import ParsedPage, find_broken_links, touch_files
from xafs_workers.services.message_log import MessageLog
from xafs_workers.settings import Settings
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.errors import Absent
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.writers.message_log import LOG_PAGE_PATH, MAX_PAGE_LINES, RAW_LOG_PATH, LogEntry, encode_entry


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "2025-1" / "pass-1"
    (folder / "dossier").mkdir(parents=True)
    touch_files(folder, "dossier/00INDEX.html")
    return folder


@pytest.fixture
def proposal(root: Path) -> ProposalFolder:
    settings = Settings(storage={"proposals_root": root.parent.parent, "root_aliases": {}}).storage
    return ProposalFolder(Roots.from_settings(settings), "2025-1", "pass-1")


def page_of(root: Path) -> ParsedPage:
    page = ParsedPage((root / LOG_PAGE_PATH).read_bytes())
    assert page.problems == []
    assert find_broken_links(root / LOG_PAGE_PATH) == []
    return page


def test_each_line_is_written_once(root: Path, proposal: ProposalFolder) -> None:
    """A line sent twice, by the same message or by another worker process, is written once."""
    log = MessageLog()
    told = [log.add_entry(proposal, LogEntry("t/0/1/post", 1.7e9, "wrote XAS data to s.001")) for _ in range(3)]
    assert told == [True, False, False]
    assert MessageLog().add_entry(proposal, LogEntry("t/0/1/post", 1.7e9, "wrote XAS data to s.001")) is False
    assert page_of(root).text.count("wrote XAS data") == 1
    assert (root / RAW_LOG_PATH).read_text().count("\n") == 1


def test_lines_have_order_anchors_icons_and_pictures(root: Path, proposal: ProposalFolder) -> None:
    """Pictures have their icon whether or not they carry a rid."""
    touch_files(root, "snapshots/a b.png", "snapshots/c.jpg")
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
        assert log.add_entry(proposal, entry), number
    page = page_of(root)
    assert page.ids.count("1a2b3c4d") == 1
    icons = [address for address in page.addresses if address.startswith("#icon")]
    assert icons == ["#icon-message", "#icon-plot", "#icon-camera", "#icon-plot", "#icon-message", "#icon-message"]
    assert page.addresses.count("../snapshots/a%20b.png") == 3, "the picture, and the links to it"
    assert "gone (gone.png is not there)" in page.text
    assert "begins 🎉" in page.text
    assert page.text.index("begins") < page.text.index("webcam") < page.text.index("next day")


def test_lines_are_shown_in_the_order_of_their_times(root: Path, proposal: ProposalFolder) -> None:
    """A line that waited for its file is appended after later ones."""
    log = MessageLog()
    for key, later in (("a", 0.0), ("c", 9.0), ("b", 4.0), ("d", 9.0)):
        log.add_entry(proposal, LogEntry(key, 1.7e9 + later, f"line {key}"))
    text = page_of(root).text
    places = [text.index(f"line {key}") for key in "abcd"]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("wrote data to /srv/data3/proposals/2025-1/pass-1/maps/a.xlsx", "wrote data to maps/a.xlsx"),
        ('two: "/a/pass-1/x.001" (/b/pass-1/y.001)', 'two: "x.001" (y.001)'),
        ("/srv/2025-1/pass-12/x.001 and and/pass-1/x", "/srv/2025-1/pass-12/x.001 and and/pass-1/x"),
    ],
)
def test_the_page_shows_names_within_the_folder(text: str, shown: str, root: Path, proposal: ProposalFolder) -> None:
    MessageLog().add_entry(proposal, LogEntry("1", 1.7e9, text))
    assert page_of(root).text.endswith(shown)
    assert parse_raw_texts(root) == [text], "the record keeps what was posted"


def parse_raw_texts(root: Path) -> list[str]:
    return [json.loads(line)["text"] for line in (root / RAW_LOG_PATH).read_text().splitlines()]


def test_lines_of_an_earlier_program_are_not_changed(root: Path, proposal: ProposalFolder) -> None:
    lines = (f"<p>older line {number}.</p>\n" for number in range(5000))
    old = '<div class="left"><img src="message.png" onerror="x()"></div>\n' + "".join(lines)
    (root / RAW_LOG_PATH).write_text(old)
    MessageLog().add_entry(proposal, LogEntry("1", 1.7e9, "new line"))
    page = page_of(root)
    assert page.text.index("older line 0.") < page.text.index("older line 4999.") < page.text.index("new line")
    assert "img" not in page.tags
    assert (root / RAW_LOG_PATH).read_text().startswith(old)


def test_a_truncated_line_does_not_swallow_the_next(root: Path, proposal: ProposalFolder) -> None:
    (root / RAW_LOG_PATH).write_text('{"key": "0", "time": 1.7e9, "te')
    log = MessageLog()
    assert log.add_entry(proposal, LogEntry("1", 1.7e9, "first whole line"))
    assert not log.add_entry(proposal, LogEntry("1", 1.7e9, "first whole line"))
    assert "first whole line" in page_of(root).text


def test_a_kill_between_record_and_page_loses_no_line(root: Path, proposal: ProposalFolder) -> None:
    """The record alone is there: the same message again makes the page complete, and no second line."""
    log = MessageLog()
    log.add_entry(proposal, LogEntry("1", 1.7e9, "one"))
    (root / LOG_PAGE_PATH).unlink()
    assert log.add_entry(proposal, LogEntry("1", 1.7e9, "one")) is False
    assert page_of(root).text.count("one") == 1


@pytest.mark.slow
def test_many_lines_do_not_make_an_endless_page(root: Path, proposal: ProposalFolder) -> None:
    lines = b"".join(
        encode_entry(LogEntry(str(number), 1.7e9 + number, f"line-{number}.")) for number in range(MAX_PAGE_LINES)
    )
    (root / RAW_LOG_PATH).write_bytes(lines)
    MessageLog().add_entry(proposal, LogEntry("new", 1.8e9, "the newest"))
    text = page_of(root).text
    assert "The first 1 lines are in the file .rawlog alone" in text
    assert "line-0." not in text
    assert "line-1." in text
    assert "the newest" in text
    assert (root / RAW_LOG_PATH).read_bytes().startswith(lines)


def test_several_threads_write_without_mixing_lines(root: Path, proposal: ProposalFolder) -> None:
    """Lines of several callers neither mix nor get lost."""
    log = MessageLog()

    def write(name: str) -> None:
        for number in range(10):
            log.add_entry(proposal, LogEntry(f"{name}{number}", 1.7e9, f"line-{name}-{number}."))

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
def test_an_invalid_picture_does_no_harm(picture: str, root: Path, proposal: ProposalFolder) -> None:
    log = MessageLog()
    assert log.add_entry(proposal, LogEntry("1", 1.7e9, "first", picture=picture))
    assert log.add_entry(proposal, LogEntry("2", 1.7e9, "second"))
    page = page_of(root)
    assert "first" in page.text
    assert "second" in page.text
    assert "img" not in page.tags


def test_a_line_creates_no_proposal_folder(tmp_path: Path) -> None:
    (tmp_path / "2025-1").mkdir()
    settings = Settings(storage={"proposals_root": tmp_path, "root_aliases": {}}).storage
    nowhere = ProposalFolder(Roots.from_settings(settings), "2025-1", "pass-9")
    with pytest.raises(Absent):
        MessageLog().add_entry(nowhere, LogEntry("1", 1.7e9, "x"))
    assert list((tmp_path / "2025-1").iterdir()) == []


def test_a_page_that_grew_equals_one_made_at_once(root: Path, proposal: ProposalFolder) -> None:
    """Only new lines are rendered: also after foreign lines, anchors, days, and a picture that comes later."""
    log = MessageLog()
    for number in range(40):
        if number in (10, 11, 30):
            with (root / RAW_LOG_PATH).open("a") as raw:
                raw.write(f"<p>foreign {number}</p>\n")
        if number == 20:
            touch_files(root, "snapshots/late.png")
        picture = "snapshots/late.png" if number % 5 == 0 else ""
        rid = f"anchor{number % 3}" if number % 2 else None
        log.add_entry(proposal, LogEntry(str(number), 1.7e9 + 9000 * number, f"line {number}", picture, rid))
        grown = (root / LOG_PAGE_PATH).read_bytes()
        MessageLog().add_entry(proposal, LogEntry(str(number), 1.7e9, "again"))
        assert grown == (root / LOG_PAGE_PATH).read_bytes()
    assert page_of(root).addresses.count("../snapshots/late.png") == 16


def test_a_log_that_was_replaced_is_read_again(root: Path, proposal: ProposalFolder) -> None:
    log = MessageLog()
    log.add_entry(proposal, LogEntry("1", 1.7e9, "one"))
    (root / RAW_LOG_PATH).write_bytes(encode_entry(LogEntry("2", 1.7e9, "two")))
    assert log.add_entry(proposal, LogEntry("1", 1.7e9, "one"))
    assert page_of(root).text.index("two") < page_of(root).text.index("one")
