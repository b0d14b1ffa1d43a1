"""Sequence numbers agree between processes; the ledger survives a kill."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xafs_workers.storage.confined import Root
from xafs_workers.storage.errors import Refused
from xafs_workers.storage.folder import ProposalFolder
from xafs_workers.storage.ledger import Entry, Key, Ledger, LedgerInUse
from xafs_workers.storage.names import next_index, numbered, picture_name, with_form
from xafs_workers.storage.sequence import sequence_number


@pytest.fixture
def folder(tmp_path: Path) -> ProposalFolder:
    (tmp_path / "2026-3/pass-1").mkdir(parents=True)
    return ProposalFolder(Root(tmp_path), "2026-3", "pass-1")


def test_a_uid_keeps_its_number_and_another_gets_the_next(folder: ProposalFolder) -> None:
    assert [sequence_number(folder, "fe", uid) for uid in ("a", "b", "a", "c")] == [1, 2, 1, 3]
    assert sequence_number(folder, "cu", "a") == 1


@pytest.mark.parametrize(
    "older", ["dossier/fe-07.html", "snapshots/fe_07.png", "snapshots/fe_liveplot_07.png", "prj/fe_07.prj"]
)
def test_numbers_of_older_files_are_not_used_again(folder: ProposalFolder, older: str) -> None:
    """S5."""
    folder.publish(older, b"older")
    folder.publish("snapshots/fe_liveplot_x.png", b"foreign")
    assert sequence_number(folder, "fe", "new") == 8


def test_numbers_grow_past_99(folder: ProposalFolder) -> None:
    folder.publish("dossier/fe-99.html", b"older")
    assert sequence_number(folder, "fe", "new") == 100


def test_a_stub_with_folders_is_refused(folder: ProposalFolder) -> None:
    with pytest.raises(Refused):
        sequence_number(folder, "../fe", "u")


RACE = """
import sys
from pathlib import Path
from xafs_workers.storage.confined import Root
from xafs_workers.storage.folder import ProposalFolder
from xafs_workers.storage.sequence import sequence_number
folder = ProposalFolder(Root(Path(sys.argv[1])), "2026-3", "pass-1")
sys.stdin.readline()
print([sequence_number(folder, "fe", f"uid {n // int(sys.argv[2])}") for n in range(12)])
"""


def test_workers_that_race_agree(folder: ProposalFolder, tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(tmp_path), "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = {process.communicate(timeout=60)[0] for process in processes}
    assert len(answers) == 1
    assert sorted(eval(answers.pop())) == list(range(1, 13))


KEY = Key("cluster", "topic", 0, 5, 1000, "answer")


def test_an_entry_is_found_by_all_of_its_key(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.write(KEY, Entry("pending", "/p", "ab"))
        ledger.write(KEY, Entry("done", paths=("/a", "/b")))
        assert ledger.entry(KEY) == Entry("done", paths=("/a", "/b"))
        for other in ("another", "topic2"):
            assert ledger.entry(Key(other, "topic", 0, 5, 1000, "answer")) is None
        assert ledger.entry(Key("cluster", "topic", 0, 5, 1001, "answer")) is None
    with Ledger(tmp_path) as ledger:
        assert ledger.entry(KEY) == Entry("done", paths=("/a", "/b"))


def test_two_workers_cannot_have_one_ledger(tmp_path: Path) -> None:
    with Ledger(tmp_path), pytest.raises(LedgerInUse, match="in use"):
        Ledger(tmp_path)


WRITE = """
import os, signal, sys
from pathlib import Path
from xafs_workers.storage.ledger import Entry, Key, Ledger
ledger = Ledger(Path(sys.argv[1]))
for n in range(50):
    ledger.write(Key("c", "t", 0, n, 0, "e"), Entry("done", path=str(n)))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_written_before_a_kill_is_there(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", WRITE, str(tmp_path)], check=False)
    with Ledger(tmp_path) as ledger:
        assert [ledger.entry(Key("c", "t", 0, n, 0, "e")) for n in range(50)] == [
            Entry("done", path=str(n)) for n in range(50)
        ]


@pytest.mark.parametrize(
    ("names", "expected"),
    [([], 1), (["fe.001", "fe.010"], 11), (["fe.999", "fe.1000"], 1001), (["fe.003.bak", "fex.009", "fe.x"], 1)],
)
def test_the_next_index_is_numeric_and_ignores_foreign_names(names: list[str], expected: int) -> None:
    """F14."""
    assert next_index(names, "fe") == expected


@given(st.text(), st.text(max_size=20))
def test_the_next_index_never_raises(name: str, stub: str) -> None:
    assert next_index([name], stub) >= 1


def test_picture_names() -> None:
    assert picture_name("cu.001") == "cu.001.png"
    assert picture_name("a.PNG") == "a.PNG"
    assert numbered("snapshots/a_liveplot.png", 7) == "snapshots/a_liveplot_07.png"
    assert with_form("a.png", "pdf") == "a.pdf"
