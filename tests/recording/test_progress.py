import structlog

from xafs_workers.recording.progress import Progress, StreamPosition, show_progress
from xafs_workers.recording.record import Record


def control(time, body):
    return Record(time, "control", "bmm", body)


def start(time=1.0):
    return Record(time, "documents", "start", {"uid": "0123456789abcdef", "scan_id": 42})


def test_progress_shows_the_run_and_the_repetition():
    place = StreamPosition()
    for record in (
        start(),
        control(1.0, {"xafsscan": "start", "repetitions": 3}),
        control(1.0, {"xafsscan": "next", "count": 2}),
    ):
        place.follow(record)
    place.follow(Record(1.0, "documents", raw=b"\xc1"))
    assert (place.run, place.repetition) == ("42 01234567", "2/3")
    place.follow(control(1.0, {"xafsscan": "end"}))
    assert place.repetition == ""


def test_progress_counts_records_or_recorded_seconds():
    shown = []
    following = Progress(lambda done, place, rate: shown.append(done), interval=0.0)
    timed = Progress(lambda done, place, rate: shown.append(done), by_time=True, longest_gap=5.0, interval=0.0)
    for record in (start(10.0), start(12.0), start(100.0), start(99.0)):
        following(record)
        timed(record)
    assert shown == [1, 0, 2, 2, 3, 7, 4, 7]


def test_progress_is_shown_only_at_intervals():
    shown = []
    following = Progress(lambda done, place, rate: shown.append(done), interval=3600.0)
    for _ in range(100):
        following(start())
    assert shown == []


def test_progress_is_logged_without_a_terminal():
    with structlog.testing.capture_logs() as lines, show_progress("replaying", 4) as follow:
        follow(control(1.0, {"xafsscan": "start", "repetitions": 3}))
        follow(start())
        follow.show()
    (line,) = lines
    assert (line["event"], line["run"], line["repetition"], line["done"]) == ("replaying", "42 01234567", "0/3", "50%")
    assert {"rate", "seconds_left"} <= set(line)


def test_progress_is_a_bar_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    with show_progress("replaying", 4, terminal=True) as follow:
        follow(start())
        follow(start())
    shown = capsys.readouterr().err
    assert "replaying" in shown
    assert "run 42 01234567" in shown
    assert "50%" in shown
