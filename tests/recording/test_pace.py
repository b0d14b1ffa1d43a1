import itertools

import pytest

from xafs_workers.recording.pace import Clock, FastPacer, ScaledPacer


class FakeClock:
    """Clock that advances by each wait, and by `step` at each reading."""

    def __init__(self, now=1_700_000_000.0, step=0.0, stop_after=None):
        self.now, self.step, self.waits, self.stop_after = now, step, [], stop_after

    def read(self):
        self.now += self.step
        return self.now

    def wait(self, seconds):
        if seconds:
            self.waits.append(seconds)
        self.now += seconds
        return self.stop_after is not None and len(self.waits) >= self.stop_after

    def clock(self):
        return Clock(self.wait, self.read, self.read)


def ms(time):
    return int(time * 1000)


@pytest.mark.parametrize("step", [0.0, 0.0001, 0.003])
def test_unpaced_stamps_increase_and_end_at_the_present(step):
    time = FakeClock(step=step)
    pace = FastPacer(500, time.clock())
    stamps, nows = [], []
    for recorded in range(500):
        stamps.append(pace.wait_until_due(recorded * 3600.0))
        nows.append(ms(time.now))
    assert all(b - a >= 1 for a, b in itertools.pairwise(stamps))
    assert stamps[-1] == nows[-1]
    assert all(stamp <= now for stamp, now in zip(stamps, nows, strict=True))
    assert time.waits == []


def test_unpaced_stamps_increase_when_the_clock_steps_back():
    time = FakeClock()
    pace = FastPacer(1, time.clock())
    first = pace.wait_until_due(0.0)
    time.now -= 100
    assert [pace.wait_until_due(0.0), pace.wait_until_due(0.0)] == [first + 1, first + 2]


def test_an_unpaced_replay_stops_on_request():
    assert FastPacer(3, Clock(lambda seconds: True)).wait_until_due(0.0) is None


@pytest.mark.parametrize(
    ("speed", "longest", "waits"), [(1, 30, [2.0, 30.0]), (10, 30, [0.2, 3.0]), (0.5, 5, [4.0, 10.0])]
)
def test_a_paced_replay_waits_for_the_recorded_gaps(speed, longest, waits):
    time = FakeClock()
    pace = ScaledPacer(speed, longest, time.clock())
    stamps = [pace.wait_until_due(recorded) for recorded in (50.0, 52.0, 4000.0)]
    assert time.waits == pytest.approx(waits)
    assert stamps[0] == 1_700_000_000_000
    assert stamps[-1] == ms(time.now)


def test_paced_records_of_equal_time_are_a_millisecond_apart():
    time = FakeClock()
    pace = ScaledPacer(1, 30, time.clock())
    stamps = []
    for _ in range(20):
        stamps.append(pace.wait_until_due(7.0))
        assert stamps[-1] <= ms(time.now)
    assert [b - a for a, b in itertools.pairwise(stamps)] == [1] * 19


def test_a_paced_replay_catches_up_after_a_delay():
    time = FakeClock()
    pace = ScaledPacer(1, 30, time.clock())
    pace.wait_until_due(0.0)
    time.now += 5.0
    pace.wait_until_due(1.0)
    assert time.waits == []
    pace.wait_until_due(10.0)
    assert time.waits == pytest.approx([5.0])


def test_a_paced_replay_does_not_wait_for_decreasing_times():
    time = FakeClock()
    pace = ScaledPacer(1, 30, time.clock())
    stamps = [pace.wait_until_due(t) for t in (10.0, 4.0, 5.0)]
    assert stamps == sorted(set(stamps))
    assert sum(time.waits) == pytest.approx(1.0, abs=0.01)


def test_a_paced_replay_continues_when_the_clock_is_set_back():
    time = FakeClock()
    pace = ScaledPacer(1, 30, time.clock())
    first = pace.wait_until_due(0.0)
    time.now -= 3600
    assert pace.wait_until_due(0.0) == first + 1


def test_a_paced_replay_stops_during_a_wait():
    time = FakeClock(stop_after=1)
    pace = ScaledPacer(1, 30, time.clock())
    assert pace.wait_until_due(0.0) is not None
    assert pace.wait_until_due(20.0) is None


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_a_speed_must_be_positive(speed):
    with pytest.raises(ValueError, match="positive"):
        ScaledPacer(speed, 30, Clock(lambda seconds: False))
