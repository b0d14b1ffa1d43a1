"""Measure costs that must not grow with the files that exist: numbers, logs, folders, the ledger, a map's workbook."""

from __future__ import annotations

import io
import os
import sqlite3
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.costs import Cost, measure
from benchmarks.feeds import EPOCH
from xafs_workers.services.message_log import MessageLog
from xafs_workers.storage.confined import Root, Roots
from xafs_workers.storage.ledger import EffectKey, Ledger
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.sequence_number import reserve_sequence_number
from xafs_workers.writers.message_log import LOG_PAGE_PATH, RAW_LOG_PATH, LogEntry, encode_entry
from xafs_workers.writers.spreadsheet import build_xlsx_file

NUMBERS = 5000
FILES = 20_000
ENTRIES = 1_000_000
SIDE = 501


@contextmanager
def _proposal() -> Iterator[tuple[ProposalFolder, Path]]:
    with tempfile.TemporaryDirectory() as root:
        home = Path(root, "2026-3", "pass-1")
        home.mkdir(parents=True)
        yield ProposalFolder(Roots(Root(root)), "2026-3", "pass-1"), home


def sequence_numbers() -> Iterator[Cost]:
    """Measure one more sequence number among many."""
    with _proposal() as (folder, home):
        reservations = home / "dossier" / ".sequence"
        (reservations / "by-uid").mkdir(parents=True)
        for number in range(1, NUMBERS + 1):
            (reservations / f"fe-{number:02d}").write_text(f"{number:08x}-0000\n")
            (reservations / "by-uid" / f"{number:08x}-0000@fe").write_text(f"{number}\n")
        uids = iter(range(10**6, 10**7))

        def reserve() -> int:
            return reserve_sequence_number(folder, "fe", f"{next(uids):08x}-0000")

        reserve()
        yield Cost(f"sequence number among {NUMBERS}", measure(reserve, 9), 50e-3)
        yield Cost("  processor time of it", measure(reserve, 9, clock=time.process_time), 25e-3)


def log_lines() -> Iterator[Cost]:
    """Measure one more line of a long message log, also beside the disk's part: the same bytes written durably."""
    with _proposal() as (folder, home):
        entries = [LogEntry(f"t/0/{n}/post", EPOCH + n, f"wrote XAS data to s.{n:03d}") for n in range(2 * NUMBERS)]
        folder.append(RAW_LOG_PATH, b"".join(encode_entry(entry) for entry in entries[:NUMBERS]))
        log, more = MessageLog(), iter(entries[NUMBERS:])
        log.add_entry(folder, next(more))
        page = (home / LOG_PAGE_PATH).read_bytes()

        def add() -> bool:
            return log.add_entry(folder, next(more))

        ours = measure(add, 15)
        disk = measure(lambda: _write_durably(home, page), 15)
        yield Cost(f"line of a message log of {NUMBERS}", ours, 10e-3)
        yield Cost("  processor time of it", measure(add, 15, clock=time.process_time), 10e-3)
        yield Cost("  against its bytes written and synchronized alone", ours / disk, 2.0, "ratio")


def _write_durably(home: Path, page: bytes) -> None:
    for name, flags, content in (
        ("raw", os.O_WRONLY | os.O_CREAT | os.O_APPEND, b"x" * 100),
        (".page", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, page),
    ):
        handle = os.open(home / name, flags)
        os.write(handle, content)
        os.fsync(handle)
        os.close(handle)
    os.rename(home / ".page", home / "page")


def publications() -> Iterator[Cost]:
    """Measure a file published into a folder of many files against one published into a folder of few."""
    with _proposal() as (folder, home):
        for where, count in (("few", 10), ("many", FILES)):
            (home / where).mkdir()
            for number in range(count):
                (home / where / f"a.{number:05d}").touch()
        costs = dict.fromkeys(("few", "many"), 0.0)
        names = iter(range(10**6))
        for where in costs:
            folder.publish(f"{where}/first", b"x", before_publish=lambda *_: None)
        for where in costs:
            publish = lambda where=where: folder.publish(f"{where}/{next(names)}", b"x", before_publish=lambda *_: None)  # noqa: E731
            costs[where] = measure(publish, 15)
        yield Cost(f"file into a folder of {FILES}", costs["many"], 25e-3)
        yield Cost("  against one into a folder of 10", costs["many"] / costs["few"], 1.5, "ratio")


def ledgers() -> Iterator[Cost]:
    """Measure a ledger of many entries: look-up, begin and end of an effect, nothing and something to prune."""
    with tempfile.TemporaryDirectory() as home:
        path = Path(home, "effects.sqlite")
        Ledger.open(path).close()
        now = time.time()
        rows = ((n, n, now - n) for n in range(ENTRIES))
        with sqlite3.connect(path) as connection:
            connection.executemany(
                "INSERT INTO effects VALUES ('k', 't', 0, ?, ?, 'file', 'done', '/a/b/c', '', '', '[]', ?)", rows
            )
        connection.close()
        yield from _ledger_costs(path)


def _ledger_costs(path: Path) -> Iterator[Cost]:
    with Ledger.open(path) as ledger:
        keys = (EffectKey("k", "t", 1, n, n, "file") for n in range(10**6))
        yield Cost(f"ledger of {ENTRIES}: look-up", measure(lambda: ledger.look_up(next(keys))), 1e-3)
        yield Cost("  begin and finish", measure(lambda: _run_effect(ledger, next(keys))), 25e-3)
        yield Cost("  prune, nothing to delete", measure(lambda: ledger.prune(90)), 5e-3)
        days = iter((ENTRIES - 1000 * n) / 86400 for n in range(1, 9))
        yield Cost("  prune, 1000 to delete", measure(lambda: ledger.prune(next(days))), 25e-3)


def _run_effect(ledger: Ledger, key: EffectKey) -> None:
    ledger.begin(key)
    ledger.finish(key, "done")


def workbooks() -> Iterator[Cost]:
    """Measure the workbook of a large map against the compression of its sheet."""
    chance, count = np.random.default_rng(1), SIDE * SIDE
    slow, fast = np.divmod(np.arange(count), SIDE)
    counted = {
        name: chance.random(count) * scale for name, scale in (("Fe/I0", 1), ("I0", 100), ("It", 50), ("Ir", 20))
    }
    columns = {"xafs_y": 0.01 * slow, "xafs_x": 0.01 * fast, "Fe": np.floor(1e6 * chance.random(count)), **counted}
    made = [b""]

    def build() -> None:
        made[0] = build_xlsx_file("map", columns, EPOCH)

    ours = measure(build, 3)
    with zipfile.ZipFile(io.BytesIO(made[0])) as archive:
        sheet = max((archive.read(name) for name in archive.namelist()), key=len)
    compression = measure(lambda: zlib.compress(sheet), 3)
    yield Cost(f"workbook of a map of {SIDE} x {SIDE}", ours, 10.0)
    yield Cost(
        f"workbook of a map of {SIDE} x {SIDE}, against the compression of its sheet", ours / compression, 2.0, "ratio"
    )
