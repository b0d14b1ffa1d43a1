"""The number of a sequence: one for each uid, the same for all workers, above all that were used."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.patience import SECONDS as PATIENCE
from xafs_workers.storage import sequence_number as sequence_number_module
from xafs_workers.storage.errors import Absent, Refused
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.sequence_number import reserve_sequence_number

Start = Callable[..., "subprocess.Popen[str]"]


def uid(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


def test_a_uid_keeps_its_number_and_another_gets_the_next(folder: ProposalFolder, home: Path) -> None:
    assert [reserve_sequence_number(folder, "fe", uid(n)) for n in (1, 2, 1, 3, 2)] == [1, 2, 1, 3, 2]
    assert reserve_sequence_number(folder, "cu", uid(4)) == 1
    assert reserve_sequence_number(folder, "fe-01", uid(5)) == 1
    assert (home / "dossier/.sequence/fe-02").read_text().strip() == uid(2)


@pytest.mark.parametrize(
    ("older", "expected"),
    [
        ("dossier/fe-07.html", 8),
        ("snapshots/fe_07.png", 8),
        ("snapshots/fe_liveplot_07.png", 8),
        ("snapshots/fe_liveplot_07.pdf", 8),
        ("prj/fe_07.prj", 8),
        ("dossier/fe-99.html", 100),
        ("prj/fe_100.prj", 101),
        ("snapshots/fe_07_after3.png", 1),
        ("snapshots/fe_XASwebcam_2026-11-23T04-00-00.jpg", 1),
        ("snapshots/cufe_07.png", 1),
        ("snapshots/fe_liveplot_x.png", 1),
        ("prj/fe_2_07.prj", 1),
        ("dossier/fe-20261123.html", 1),
    ],
)
def test_a_new_number_is_above_all_used_ones(folder: ProposalFolder, home: Path, older: str, expected: int) -> None:
    (home / older).parent.mkdir(exist_ok=True)
    (home / older).touch()
    assert reserve_sequence_number(folder, "fe", uid(1)) == expected
    (home / "prj").mkdir(exist_ok=True)
    (home / "prj/fe_500.prj").touch()
    assert reserve_sequence_number(folder, "fe", uid(1)) == expected
    assert reserve_sequence_number(folder, "fe", uid(2)) == 501


def test_a_worker_killed_after_its_reservation_finds_it_again(folder: ProposalFolder, home: Path) -> None:
    assert reserve_sequence_number(folder, "fe", uid(1)) == 1
    (home / f"dossier/.sequence/by-uid/{uid(1)}@fe").unlink()
    (home / "dossier/fe-07.html").touch()
    assert reserve_sequence_number(folder, "fe", uid(1)) == 1


def test_two_workers_that_saw_different_foreign_files_agree(
    folder: ProposalFolder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker goes the whole way while this one, having looked, is about to reserve a smaller number."""
    real, others = ProposalFolder.reserve, []

    def late(self: ProposalFolder, name: str, content: bytes) -> bool:
        if not others:
            monkeypatch.setattr(ProposalFolder, "reserve", real)
            (home / "dossier").mkdir()
            (home / "dossier/fe-04.html").touch()
            others.append(reserve_sequence_number(folder, "fe", uid(1)))
        return real(self, name, content)

    monkeypatch.setattr(ProposalFolder, "reserve", late)
    assert reserve_sequence_number(folder, "fe", uid(1)) == 5
    assert others == [5]


def test_an_outdated_listing_does_not_stop_a_reservation(
    folder: ProposalFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders over a network are listed from a cache."""
    for number in (1, 2, 3):
        reserve_sequence_number(folder, "fe", uid(number))
    monkeypatch.setattr(ProposalFolder, "list_names", lambda *_: [])
    assert reserve_sequence_number(folder, "fe", uid(4)) == 4


def test_a_reserved_number_is_cached(folder: ProposalFolder, home: Path) -> None:
    assert reserve_sequence_number(folder, "fe", uid(1)) == 1
    (home / "dossier/.sequence/fe-01").unlink()
    assert reserve_sequence_number(folder, "fe", uid(1)) == 1


@pytest.mark.parametrize("planted", ["folder", "link", "large"])
def test_foreign_files_among_reservations_are_ignored(planted: str, folder: ProposalFolder, home: Path) -> None:
    reservations = home / "dossier/.sequence"
    reservations.mkdir(parents=True)
    if planted == "folder":
        (reservations / "fe-01").mkdir()
    elif planted == "link":
        (reservations / "fe-01").symlink_to("/etc/passwd")
    else:
        (reservations / "fe-01").write_bytes(b"x" * 10_000)
    assert reserve_sequence_number(folder, "fe", uid(1)) == 2


@pytest.mark.parametrize("stub", ["", "..", "../fe", "a/b", "a\n", "a" * 255])
def test_a_stub_must_be_one_path_component(stub: str, folder: ProposalFolder, home: Path) -> None:
    with pytest.raises(Refused):
        reserve_sequence_number(folder, stub, uid(1))
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("wrong", ["", "a/b", "../x", "a\nb", None, 7, "x" * 65])
def test_an_invalid_uid_is_refused(wrong: str, folder: ProposalFolder, home: Path) -> None:
    with pytest.raises(Refused, match="expected a run's uid"):
        reserve_sequence_number(folder, "fe", wrong)
    assert list(home.iterdir()) == []


def test_a_number_beyond_the_largest_is_refused(folder: ProposalFolder, home: Path) -> None:
    (home / "prj").mkdir()
    (home / f"prj/fe_{sequence_number_module._MAX_NUMBER}.prj").touch()
    with pytest.raises(Refused, match="expected another name"):
        reserve_sequence_number(folder, "fe", uid(1))


def test_a_missing_session_has_no_numbers(folder: ProposalFolder, home: Path) -> None:
    home.rmdir()
    with pytest.raises(Absent, match="pass-1"):
        reserve_sequence_number(folder, "fe", uid(1))


RACE = """
from xafs_workers.storage.sequence_number import reserve_sequence_number
print("ready", flush=True)
sys.stdin.readline()
for number in range(10):
    name = f"{number:08x}-shared" if sys.argv[2] == "same" else f"{number:08x}-of-{sys.argv[3]}"
    print(name, reserve_sequence_number(folder, "fe", name), flush=True)
"""


@pytest.mark.parametrize("kind", ["same", "different"])
def test_concurrent_processes_get_distinct_numbers(kind: str, start_program: Start, home: Path) -> None:
    processes = [start_program(RACE, kind, number) for number in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=PATIENCE) for process in processes]
    pairs = [tuple(line.split()) for out, _ in outputs for line in out.splitlines()]
    assert len(pairs) == 40, outputs
    numbers = dict(pairs)
    assert len(set(pairs)) == len(numbers), "one uid has one number, whoever asks"
    assert sorted(map(int, numbers.values())) == list(range(1, len(numbers) + 1))
    assert len(numbers) == (10 if kind == "same" else 40)
    assert not [name for name in (home / "dossier/.sequence").iterdir() if name.name.endswith(".tmp")]


def test_few_of_many_reservations_are_read(folder: ProposalFolder, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 301):
        reserve_sequence_number(folder, "fe", uid(number)) if number == 1 else (
            home / f"dossier/.sequence/fe-{number:02d}"
        ).write_text(f"{uid(number)}\n")
    read: list[str] = []
    inner = ProposalFolder.read
    monkeypatch.setattr(
        ProposalFolder, "read", lambda self, path, **more: (read.append(path), inner(self, path, **more))[1]
    )
    assert reserve_sequence_number(folder, "fe", uid(999)) == 301
    assert reserve_sequence_number(folder, "fe", uid(1)) == 1
    assert reserve_sequence_number(folder, "fe", uid(295)) == 295
    assert len(read) < 60
