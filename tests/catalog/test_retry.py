"""A run that does not exist yet is waited for; the reasons for its absence are distinguished; no key is ever shown."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import structlog

from helpers.patience import SECONDS as PATIENCE
from helpers.processes import wait_until
from helpers.streams import Entry, build_run_documents, fold, stamp_entries
from plugins.tiled import QUICK, Connect
from xafs_workers.catalog.errors import (
    CatalogRefused,
    CatalogUnavailable,
    Interrupted,
    MissingData,
    NotComplete,
    NotFound,
    NotYetAvailable,
)
from xafs_workers.catalog.followed_runs import FollowedRuns
from xafs_workers.catalog.retry import RetryPolicy, call_with_retries
from xafs_workers.catalog.tiled_runs import TiledRuns
from xafs_workers.configuration import ConfigurationError, load
from xafs_workers.scans.board import Board
from xafs_workers.settings import Catalog
from xafs_workers.simulation.tiled_server import TiledServer, create_tiled_writer

NEVER = Event()
LONG = RetryPolicy(appears_within=60, complete_within=60, outage=60, pauses=(0.02, 0.1))


class Clock:
    """Time that passes only while something waits; also an event that is never set."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def is_set(self) -> bool:
        return False

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        self.pauses.append(seconds)
        return False


def run_attempts(troubles: Iterator[NotYetAvailable], **patience: Any) -> tuple[NotYetAvailable, Clock]:
    """Wait, in made-up time, while attempts raise these; return what was raised at last."""
    clock: Any = Clock()

    def attempt() -> None:
        raise next(troubles)

    with pytest.raises(NotYetAvailable) as caught:
        call_with_retries(attempt, RetryPolicy(clock=clock, **patience), clock)
    return caught.value, clock


def repeat_errors(*troubles: type[NotYetAvailable]) -> Iterator[NotYetAvailable]:
    while True:
        for kind in troubles:
            yield kind(kind.__name__)


@pytest.mark.parametrize(
    ("kind", "seconds"), [(NotFound, 20.0), (NotComplete, 180.0), (CatalogUnavailable, 600.0)], ids=lambda v: str(v)
)
def test_each_error_is_retried_until_its_time_limit(kind: type[NotYetAvailable], seconds: float) -> None:
    raised, clock = run_attempts(repeat_errors(kind))
    assert type(raised) is kind
    assert clock.now == pytest.approx(seconds)


def test_pauses_double_up_to_the_maximum() -> None:
    _, clock = run_attempts(repeat_errors(NotComplete), complete_within=30.0, pauses=(1.0, 8.0))
    assert clock.pauses == [1.0, 2.0, 4.0, 8.0, 8.0, 7.0]


def test_alternating_errors_end_at_the_time_limit() -> None:
    raised, clock = run_attempts(
        repeat_errors(NotComplete, CatalogUnavailable, NotFound), complete_within=10.0, appears_within=50.0, outage=5.0
    )
    assert type(raised) is NotComplete
    assert clock.now < 40


def test_an_outage_does_not_use_up_the_time_limit_of_the_run() -> None:
    troubles = iter([*[CatalogUnavailable("away")] * 8, *[NotComplete("not yet")] * 100])
    raised, clock = run_attempts(troubles, complete_within=10.0, outage=None)
    assert type(raised) is NotComplete
    assert clock.now > 30


def test_a_time_limit_of_zero_means_one_attempt() -> None:
    _, clock = run_attempts(iter([NotFound("no")]), appears_within=0.0)
    assert clock.pauses == []


def test_a_stop_request_ends_the_pause_between_attempts() -> None:
    stop = Event()
    threading.Timer(0.1, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Interrupted):
        call_with_retries(
            lambda: (_ for _ in ()).throw(NotFound("no")), RetryPolicy(pauses=(60.0, 60.0), appears_within=60.0), stop
        )
    assert time.monotonic() - began < 30


# With a real server.


@pytest.fixture
def in_background() -> Iterator[Callable[..., Future[Any]]]:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit


def run_entries(points: int = 6) -> tuple[str, list[Entry]]:
    numbers = [float(n) for n in range(points)]
    entries = list(
        build_run_documents(hint="xafs", motors=["dcm_energy"], columns={"dcm_energy": numbers, "I0": numbers})
    )
    entries[-1][1]["num_events"] = {"baseline": 2, "primary": points}
    return entries[0][1]["uid"], entries


def write(writer: Any, entries: list[Entry]) -> None:
    for name, doc in entries:
        writer(name, doc)


def list_reasons(logged: list[Any]) -> str:
    return " | ".join(str(entry.get("reason")) for entry in list(logged))


def test_a_run_that_is_being_written_is_waited_for(
    tiled_server: TiledServer, connect: Connect, in_background: Callable[..., Future[Any]]
) -> None:
    uid, entries = run_entries()
    writer = create_tiled_writer(tiled_server.uri, tiled_server.api_key, batch_size=2)
    with structlog.testing.capture_logs() as logged:
        waiting = in_background(connect(LONG).wait_for_run, uid, NEVER)
        wait_until(lambda: "not in the catalog" in list_reasons(logged), "the wait for an unknown run")
        write(writer, entries[:7])
        wait_until(lambda: "no stop document" in list_reasons(logged), "the wait for the stop document")
        assert not waiting.done()
        write(writer, entries[7:])
        run = waiting.result(30)
    writer.client.context.close()
    assert run.points.get_column("I0").tolist() == [0, 1, 2, 3, 4, 5]


def test_points_that_the_stop_document_counts_are_waited_for(writer: Any, connect: Connect) -> None:
    uid, entries = run_entries()
    write(writer, [*entries[:7], *entries[9:]])  # two points never come
    with pytest.raises(NotComplete, match=f"{uid}: the catalog has 4 of 6 points yet"):
        connect().wait_for_run(uid, NEVER)


def test_an_aborted_run_is_complete_with_what_it_has(writer: Any, connect: Connect) -> None:
    uid, entries = run_entries(3)
    aborted = {**entries[-1][1], "exit_status": "abort", "num_events": {"baseline": 1, "primary": 3}}
    write(writer, [*entries[:-1], ("stop", aborted)])
    run = connect().wait_for_run(uid, NEVER)
    assert run.stop["exit_status"] == "abort"
    assert not run.run.has_succeeded
    assert len(run.points) == 3


def test_a_server_that_restarts_is_waited_for(
    tiled_server: TiledServer, connect: Connect, in_background: Callable[..., Future[Any]]
) -> None:
    uid, entries = run_entries()
    runs = connect(LONG)
    with structlog.testing.capture_logs() as logged:
        waiting = in_background(runs.wait_for_run, uid, NEVER)
        wait_until(lambda: "not in the catalog" in list_reasons(logged), "the wait for an unknown run")
        port = tiled_server.uri
        tiled_server.kill()
        try:
            wait_until(
                lambda: "Connect" in list_reasons(logged) or "disconnect" in list_reasons(logged), "the outage noticed"
            )
            assert not waiting.done()
        finally:
            tiled_server.start()
        assert tiled_server.uri == port
        writer = create_tiled_writer(tiled_server.uri, tiled_server.api_key)
        write(writer, entries)
        assert len(waiting.result(60).points) == 6
    writer.client.context.close()


def test_a_hanging_server_is_unavailable_after_the_time_limit(
    tiled_server: TiledServer, followed: tuple[str, Board], connect: Connect
) -> None:
    uid, _ = followed
    runs = connect(timeout=0.5)
    with pytest.raises(NotFound):
        runs.find_run(str(uuid.uuid4()))
    assert tiled_server._process is not None
    tiled_server._process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        with pytest.raises(CatalogUnavailable, match="Timeout"):
            runs.wait_for_run(uid, NEVER)
        assert time.monotonic() - began < 30
    finally:
        tiled_server._process.send_signal(signal.SIGCONT)
    assert runs.wait_for_run(uid, NEVER).uid == uid


def test_a_server_that_never_answered_is_unavailable(connect: Connect, unused_port: int) -> None:
    runs = connect(uri=f"http://127.0.0.1:{unused_port}")
    began = time.monotonic()
    with pytest.raises(CatalogUnavailable, match=f"127.0.0.1:{unused_port}: ConnectError"):
        runs.wait_for_run(str(uuid.uuid4()), NEVER)
    assert time.monotonic() - began < 30, "the client's own 45 s of repetitions"


def test_an_unknown_run_or_an_invalid_uid_is_reported(connect: Connect) -> None:
    uid = str(uuid.uuid4())
    with pytest.raises(NotFound, match=uid):
        connect().wait_for_run(uid, NEVER)
    for uid in ("", "..", "a/b", "a?b=c", "a#b", "x" * 200, "\n"):
        with pytest.raises(MissingData, match="expected letters, digits and hyphens"):
            connect().wait_for_run(uid, NEVER)


def test_an_entry_that_is_not_a_run_is_not_waited_for(tiled_server: TiledServer, connect: Connect) -> None:
    name = str(uuid.uuid4())
    writer = create_tiled_writer(tiled_server.uri, tiled_server.api_key)
    writer.client.create_container(key=name)
    writer.client.context.close()
    with pytest.raises(MissingData, match="no start document"):
        connect(LONG).wait_for_run(name, NEVER)


def test_reading_part_of_a_run_waits_until_it_is_complete(writer: Any, connect: Connect) -> None:
    """The board may have the end of a run before the catalog has."""
    uid, entries = run_entries()
    write(writer, entries[:-1])
    run = FollowedRuns(partial(fold, stamp_entries(entries)), connect(), QUICK).wait_for_run(uid, NEVER)
    with pytest.raises(NotComplete, match="no stop document"):
        run.read_baseline(NEVER)
    write(writer, entries[-1:])
    assert len(run.read_baseline(NEVER)) == 2


def test_a_connection_closed_under_a_reader_is_an_outage(followed: tuple[str, Board], connect: Connect) -> None:
    uid, _ = followed
    runs = connect()

    def read() -> None:
        with runs._connection.open_runs() as root:
            runs.close()
            root[uid]

    with pytest.raises(CatalogUnavailable, match="closed meanwhile"):
        read()
    assert runs.wait_for_run(uid, NEVER).uid == uid


def test_a_followed_run_needs_no_server(followed: tuple[str, Board], connect: Connect, unused_port: int) -> None:
    uid, board = followed
    away = connect(uri=f"http://127.0.0.1:{unused_port}")
    run = FollowedRuns(lambda: board, away, QUICK).wait_for_run(uid, NEVER)
    assert run.run is board.runs[uid]
    with pytest.raises(CatalogUnavailable):
        run.read_baseline(NEVER)


def test_data_missing_in_documents_are_read_from_tiled(followed: tuple[str, Board], connect: Connect) -> None:
    uid, board = followed
    run = FollowedRuns(lambda: board, connect(), QUICK).wait_for_run(uid, NEVER)
    assert run.run is board.runs[uid]
    assert len(run.read_baseline(NEVER)) == 2


def test_a_run_not_followed_to_its_end_is_read_from_tiled(writer: Any, connect: Connect) -> None:
    uid, entries = run_entries()
    write(writer, entries)
    for lost in (entries[:-1], [*entries[:5], *entries[6:]]):
        board = fold(stamp_entries(lost))
        assert uid in board.runs
        assert len(FollowedRuns(partial(fold, (), board), connect(), QUICK).wait_for_run(uid, NEVER).points) == 6


def test_a_followed_run_is_waited_for_without_a_catalog(
    in_background: Callable[..., Future[Any]],
) -> None:
    uid, entries = run_entries()
    items = stamp_entries(entries)
    boards = [Board(), fold(items[:6])]
    runs = FollowedRuns(lambda: boards[-1], None, LONG)
    with structlog.testing.capture_logs() as logged:
        waiting = in_background(runs.wait_for_run, uid, NEVER)
        wait_until(
            lambda: "its stop document did not come yet" in list_reasons(logged), "the wait for the stop document"
        )
        boards.append(fold(items))
        run = waiting.result(10)
    assert len(run.points) == 6
    assert run.list_assets(NEVER) == ()  # its documents would have named them
    for ask in (lambda: run.read_baseline(NEVER), lambda: run.read_array("I0", NEVER)):
        with pytest.raises(CatalogRefused, match="none is configured"):
            ask()
    with pytest.raises(NotFound, match="no catalog is configured"):
        FollowedRuns(lambda: boards[-1], None, QUICK).wait_for_run("other", NEVER)


# The key.


def format_error_and_logs(error: BaseException, logs: str) -> str:
    import traceback

    return "".join(traceback.format_exception(error)) + repr(error) + logs


def test_a_wrong_key_is_refused_at_once_and_not_logged(
    connect: Connect, wrong_key_file: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    runs = connect(LONG, api_key_file=wrong_key_file)
    with pytest.raises(CatalogRefused, match="401") as caught:
        runs.wait_for_run(str(uuid.uuid4()), NEVER)
    output = capsys.readouterr()
    said = format_error_and_logs(caught.value, caplog.text + output.out + output.err)
    assert "0badc0de" not in said


def test_the_key_is_not_logged_when_the_server_is_away(
    tiled_server: TiledServer,
    connect: Connect,
    unused_port: int,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    for uri in (tiled_server.uri, f"http://127.0.0.1:{unused_port}"):
        with pytest.raises(NotYetAvailable) as caught:
            connect(uri=uri).wait_for_run(str(uuid.uuid4()), NEVER)
        output = capsys.readouterr()
        said = format_error_and_logs(caught.value, caplog.text + output.out + output.err)
        assert "run_awaited" in output.out + output.err
        assert tiled_server.api_key not in said


def test_a_key_replaced_in_its_file_is_used(
    tiled_server: TiledServer, followed: tuple[str, Board], connect: Connect, wrong_key_file: Path
) -> None:
    uid, _ = followed
    runs = connect(api_key_file=wrong_key_file)
    with pytest.raises(CatalogRefused):
        runs.wait_for_run(uid, NEVER)
    wrong_key_file.write_text(tiled_server.api_key)
    assert runs.wait_for_run(uid, NEVER).uid == uid


def test_the_key_is_read_from_environment_or_profile(
    tiled_server: TiledServer,
    followed: tuple[str, Board],
    connect: Connect,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    uid, _ = followed
    with pytest.raises(CatalogRefused, match="API key"):
        connect(api_key_file=None).wait_for_run(uid, NEVER)
    monkeypatch.setenv("TILED_API_KEY", tiled_server.api_key)
    assert connect(api_key_file=None).wait_for_run(uid, NEVER).uid == uid
    monkeypatch.delenv("TILED_API_KEY")
    monkeypatch.setenv("TILED_PROFILES", str(tmp_path))
    for uri, more in (
        (f"{tiled_server.uri}?api_key={tiled_server.api_key}", ""),
        (tiled_server.uri, f', api_key_file="{tiled_server.api_key_file}"'),
    ):
        (tmp_path / "profiles.yml").write_text(f"bmm:\n  uri: {uri}\n")
        script = f"""
import threading
from xafs_workers.catalog.tiled_runs import TiledRuns
from xafs_workers.settings import Catalog
runs = TiledRuns(Catalog(profile="bmm"{more}))
print(runs.wait_for_run("{uid}", threading.Event()).uid)
runs.close()
"""
        assert python(script).strip() == uid
    with pytest.raises(CatalogRefused, match="no profile 'nowhere'"):
        connect(uri=None, profile="nowhere").wait_for_run(uid, NEVER)


def python(script: str) -> str:
    """Run a script in an interpreter of its own: Tiled reads its profiles' folders once, at import."""
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("content", [None, "", "two\nlines", "lines-and-hyphens", b"\xff\xfe"])
def test_an_invalid_key_file_is_refused(content: str | bytes | None, connect: Connect, tmp_path: Path) -> None:
    path = tmp_path / "key"
    if isinstance(content, str):
        path.write_text(content)
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(CatalogRefused, match="api_key_file") as caught:
        connect(api_key_file=path).find_run("u")
    assert "lines" not in str(caught.value)


def test_a_key_in_the_settings_is_refused_and_not_logged(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("catalog:\n  uri: http://tiled/api/v1?api_key=0badc0de\n")
    with pytest.raises(ConfigurationError, match=r"catalog\.uri: .*api_key_file") as caught:
        load(path)
    assert "0badc0de" not in str(caught.value)


def test_a_missing_or_invalid_address_is_refused() -> None:
    for given in ({}, {"uri": "ftp://tiled"}):
        with pytest.raises(CatalogRefused, match=r"expected catalog\.uri"):
            TiledRuns(Catalog(**given), QUICK).wait_for_run("u", NEVER)


def test_tiled_is_imported_only_when_needed() -> None:
    script = """
import sys
import xafs_workers.catalog.followed_runs, xafs_workers.catalog.tiled_runs, xafs_workers.simulation.tiled_server
print([name for name in ("tiled", "httpx", "pandas", "bluesky_tiled_plugins") if name in sys.modules])
"""
    assert python(script).strip() == "[]"


def test_reading_needs_no_plugin(tiled_server: TiledServer, followed: tuple[str, Board]) -> None:
    """The plug-in's clients take seconds to load; reading goes without."""
    uid, _ = followed
    script = f"""
import sys, threading
from xafs_workers.catalog.tiled_runs import TiledRuns
from xafs_workers.settings import Catalog
runs = TiledRuns(Catalog(uri="{tiled_server.uri}", api_key_file="{tiled_server.api_key_file}"))
print(len(runs.wait_for_run("{uid}", threading.Event()).points), "bluesky_tiled_plugins" in sys.modules)
runs.close()
"""
    assert python(script).split() == ["24", "False"]


def test_files_of_a_followed_run_are_known_without_a_catalog() -> None:
    entries = list(build_run_documents(hint=None, motors=None, columns={"I0": [1.0]}))
    uid = entries[0][1]["uid"]
    old = {"uid": "r", "run_start": uid, "spec": "AD_JPEG", "root": "/assets", "resource_path": "cam/a_%6.6d.jpg"}
    new = {"uid": "s", "run_start": uid, "uri": "file://localhost/assets/b%20c.h5", "mimetype": "application/x-hdf5"}
    board = fold(
        stamp_entries([entries[0], ("resource", old), ("stream_resource", new), ("resource", old), *entries[1:]])
    )
    run = FollowedRuns(lambda: board, None, QUICK).wait_for_run(uid, NEVER)
    assert [asset.path for asset in run.list_assets(NEVER)] == ["/assets/cam/a_%6.6d.jpg", "/assets/b c.h5"]
