"""File manager and headless worker as processes beside each other: the dossier of a measured sequence."""

from __future__ import annotations

import copy
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.dossiers import ParsedPage, find_broken_links
from helpers.processes import Station, TwoWorkerStation
from helpers.streams import Entry, read_entries
from xafs_workers.simulation.broker import EmbeddedBroker


@pytest.fixture
def station(tmp_path: Path, embedded_broker: EmbeddedBroker, larch: None) -> Iterator[TwoWorkerStation]:
    made = TwoWorkerStation(
        tmp_path, embedded_broker.bootstrap_servers, lambda n, _: embedded_broker.create_topic(n), "dossiers"
    )
    made.start_drawing()
    made.start()
    yield made
    made.close()


def load_session(folder: Path, proposal: Path) -> list[Entry]:
    """Return a measured stream whose files go to the station's proposal folder."""
    entries = copy.deepcopy(read_entries(folder / "ni2o3.jsonl"))
    for kind, body in entries:
        if kind == "start":
            body.update(data_session="pass-123456", cycle="2026-3")
        elif body.get("folder"):
            body["folder"] = str(proposal)
    return entries


@pytest.mark.slow
def test_a_kill_before_the_page_is_written_loses_nothing(station: TwoWorkerStation, measured: Path) -> None:
    """The page comes once, with all its pictures, whenever the file manager was killed."""
    folder = station.folder / "proposals/2026-3/pass-123456"
    entries = load_session(measured, folder)
    filled = next(index for index, (_, body) in enumerate(entries) if body.get("dossier") == "set")
    asked = next(index for index, (_, body) in enumerate(entries) if body.get("dossier") == "write")
    for begin, end in ((0, filled + 1), (filled + 1, asked + 1)):
        station.put(entries[begin:end])
        station.kill()
        station.start()
    station.put(entries[asked + 1 :])
    station.wait(lambda: bool(station.list_final_answers("dossier", "write")), "the dossier")
    page = folder / "dossier/Ni2O3-01.html"
    (answer,) = station.list_final_answers("dossier", "write")
    assert (answer["state"], answer["paths"]) == ("done", [str(page)])
    wanted = {"snapshots/Ni2O3_01.png", "snapshots/Ni2O3_liveplot_01.png", "prj/Ni2O3_01.prj"}
    data = {f"Ni2O3.{number:03d}" for number in (1, 2, 3)}
    assert {f"../{name}" for name in (*wanted, *data)} <= set(ParsedPage(page.read_bytes()).addresses)
    for name in ("Ni2O3-01.html", "00INDEX.html", "messagelog.html"):
        assert ParsedPage((folder / "dossier" / name).read_bytes()).problems == []
        assert find_broken_links(folder / "dossier" / name) == []
    page = ParsedPage((folder / "dossier/Ni2O3-01.html").read_bytes())
    assert "../Ni2O3.merge_01.xdi" in page.addresses
    for fact in (
        "E0 of the merge 8346.000 eV",
        "Edge step 0.449",
        "Noise of the merge 1.1",
        "Repetitions merged 1, 2, 3",
    ):
        assert fact in page.text
    log = ParsedPage((folder / "dossier/messagelog.html").read_bytes()).text
    for line in ("starting repetition 2 of 3", "wrote XAFS dossier", "finished 🎉"):
        assert log.count(line) == 1
    assert log.count("wrote XAS data to") == 3
    assert (folder / "dossier/MANIFEST").read_text().count("\n") == 1
    assert station.received["dead-letter"] == []


QUICK = """
import sys
from xafs_workers.filemanager import dossier_sources
dossier_sources.PICTURE_TIMEOUT = 0.5
from xafs_workers.cli.main import run
run()
"""
"""Runs the command with half a second of patience for pictures, in place of a minute."""


class LateDrawingStation(TwoWorkerStation):
    """A file manager without patience; the headless worker starts when a test asks."""

    program = ("-c", QUICK)

    def close(self) -> None:
        if hasattr(self, "drawing"):
            super().close()
        else:
            Station.close(self)


@pytest.mark.slow
def test_pictures_of_a_late_headless_worker_are_linked(
    tmp_path: Path, embedded_broker: EmbeddedBroker, larch: None, measured: Path
) -> None:
    """The page is written without them; the file manager is killed between page and pictures."""
    station = LateDrawingStation(
        tmp_path, embedded_broker.bootstrap_servers, lambda n, _: embedded_broker.create_topic(n), "late"
    )
    try:
        folder = station.folder / "proposals/2026-3/pass-123456"
        page = folder / "dossier/Ni2O3-01.html"
        station.start_drawing()
        station.drawing.send_signal(signal.SIGSTOP)
        station.start()
        station.put(load_session(measured, folder))
        station.wait(lambda: bool(station.list_final_answers("dossier", "write")), "the dossier")
        assert not list((folder / "snapshots").glob("*.png"))
        wanted = {"../snapshots/Ni2O3_01.png", "../snapshots/Ni2O3_liveplot_01.png", "../prj/Ni2O3_01.prj"}
        assert not wanted & set(ParsedPage(page.read_bytes()).addresses)
        station.kill()
        station.drawing.send_signal(signal.SIGCONT)
        station.start()
        station.wait(lambda: wanted <= set(ParsedPage(page.read_bytes()).addresses), "the pictures on the page")
        assert {answer["state"] for answer in station.list_final_answers("dossier", "write")} == {"done"}
        assert find_broken_links(page) == []
        station.wait(
            lambda: (
                ParsedPage((folder / "dossier/messagelog.html").read_bytes()).addresses.count(
                    "../snapshots/Ni2O3_01.png"
                )
                == 2
            ),
            "the picture in the log",
        )
        assert (folder / "dossier/MANIFEST").read_text().count("\n") == 1
        assert station.received["dead-letter"] == []
    finally:
        station.close()
